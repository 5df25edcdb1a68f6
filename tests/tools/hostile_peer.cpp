// SPDX-License-Identifier: MIT
//
// hostile-peer: a media connection whose every packet is under control. Told and telling line by line, "|" instead of line ends
// in descriptions:
//   → offer SDP            first of all; two lines that send, sound (111) and H.264 (102)
//   ← answer SDP           → connected
//   ← media SECONDS        what an honest publisher would send
//   ← ssrcs COUNT SECONDS  so many packets, each of an SSRC of its own
//   ← rotate SECONDS       the picture's packets come from 20 SSRCs in turn, with numbers of their own
//   ← types SECONDS        the announced streams with every payload type
//   ← numbers SECONDS      sequence numbers that jump, 120 forward and back
//   ← broken SECONDS       RTP with lies in its header and in its payload
//   ← rtcp SECONDS         reports of unknown SSRCs, with lies
//   ← from SSRC COUNT      a packet of the picture of each SSRC from that one on
//                          → sent COUNT, for each of these
//   ← stats                → stats SSRC=PACKETS/LONGEST_GAP_MS …, of what came in, since the stats before
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr int kOpus = 111, kH264 = 102;
constexpr std::uint32_t kAudioSsrc = 0x0a0a0a0a, kVideoSsrc = 0x0b0b0b0b;

void say(std::string text)
{
	for (auto &c : text)
		if (c == '\n')
			c = '|';
	std::erase(text, '\r');
	static std::mutex mutex;
	const std::lock_guard lock(mutex);
	std::cout << text << std::endl;
}

[[noreturn]] void die(const std::string &why)
{
	std::cerr << "hostile-peer: " << why << std::endl;
	std::exit(1);
}

void put(Bytes &bytes, std::uint64_t value, int size)
{
	for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
		bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes rtp(std::uint32_t ssrc, int payloadType, std::uint16_t number, std::uint32_t timestamp, const Bytes &payload)
{
	Bytes bytes { 0x80, static_cast<std::uint8_t>(0x80 | payloadType) };
	put(bytes, number, 2);
	put(bytes, timestamp, 4);
	put(bytes, ssrc, 4);
	bytes.insert(bytes.end(), payload.begin(), payload.end());
	return bytes;
}

class Peer {
public:
	Peer()
	{
		pipeline_ = gst_pipeline_new(nullptr);
		webrtc_ = gst_element_factory_make("webrtcbin", nullptr);
		if (!webrtc_)
			die("there is no webrtcbin");
		gst_bin_add(GST_BIN(pipeline_), webrtc_);
		g_object_set(webrtc_, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
		GObject *ice = nullptr;
		g_object_get(webrtc_, "ice-agent", &ice, nullptr);
		gboolean added = FALSE;
		g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
		g_object_unref(ice);
		g_signal_connect(webrtc_, "deep-element-added", G_CALLBACK(elementAdded), this);
		g_signal_connect(webrtc_, "notify::connection-state", G_CALLBACK(stateChanged), this);
		sources_[0] = line("audio,encoding-name=OPUS,clock-rate=48000", kOpus, kAudioSsrc);
		sources_[1] = line("video,encoding-name=H264,clock-rate=90000", kH264, kVideoSsrc);
		gst_element_set_state(pipeline_, GST_STATE_PLAYING);
		g_signal_emit_by_name(webrtc_, "create-offer", nullptr, promise([this](const GstStructure *reply) {
					      GstWebRTCSessionDescription *offer = nullptr;
					      gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
								&offer, nullptr);
					      g_signal_emit_by_name(webrtc_, "set-local-description", offer, nullptr);
					      gchar *text = gst_sdp_message_as_text(offer->sdp);
					      say(std::string("offer ") + text);
					      g_free(text);
					      gst_webrtc_session_description_free(offer);
				      }));
	}

	void answer(std::string text)
	{
		std::string lines;
		for (const char c : text)
			lines += c == '|' ? std::string("\r\n") : std::string(1, c);
		GstSDPMessage *message = nullptr;
		gst_sdp_message_new_from_text(lines.c_str(), &message);
		auto *description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
		g_signal_emit_by_name(webrtc_, "set-remote-description", description, nullptr);
		gst_webrtc_session_description_free(description);
	}

	/// Past rtpbin, right into the encryption.
	void inject(const Bytes &bytes, bool rtcp = false)
	{
		auto *pad = (rtcp ? rtcpPad_ : rtpPad_).load();
		if (!pad)
			return;
		auto *caps = gst_pad_get_current_caps(pad);
		if (!caps)
			return; // webrtcbin has not sent anything yet
		gst_caps_unref(caps);
		gst_pad_chain(pad, gst_buffer_new_memdup(bytes.data(), bytes.size()));
		++sent_;
	}
	void push(std::size_t source, const Bytes &bytes)
	{
		gst_app_src_push_buffer(GST_APP_SRC(sources_[source]),
					gst_buffer_new_memdup(bytes.data(), bytes.size()));
	}

	/// One picture and the sound that belongs to it, as an honest publisher would; twenty a second.
	void honest()
	{
		Bytes picture { 0x65 };
		picture.resize(600, 0x88);
		const Bytes parameters { 0x67, 0x42, 0xe0, 0x1f, 0xda, 0x02, 0x80, 0xbf, 0xe5 };
		inject(rtp(kVideoSsrc, kH264, video_++, ticks_ * 4500, parameters));
		inject(rtp(kVideoSsrc, kH264, video_++, ticks_ * 4500, picture));
		inject(rtp(kAudioSsrc, kOpus, audio_++, ticks_++ * 2400, { 0xf8, 0xff, 0xfe }));
	}

	/// Calls @p step @p rate times a second.
	void run(double seconds, double rate, const std::function<void()> &step)
	{
		const auto begin = Clock::now();
		const auto count = static_cast<long>(seconds * rate);
		sent_ = 0;
		for (long i = 0; i < count; ++i) {
			std::this_thread::sleep_until(
				begin + std::chrono::duration_cast<Clock::duration>(
						std::chrono::duration<double>(static_cast<double>(i) / rate)));
			step();
		}
		say("sent " + std::to_string(sent_));
	}

	void command(const std::string &line);
	void report();

private:
	struct Stream {
		long packets = 0;
		Clock::time_point last {};
		Clock::duration gap {};
	};

	GstElement *line(const std::string &media, int payloadType, std::uint32_t ssrc)
	{
		auto *source = gst_element_factory_make("appsrc", nullptr);
		auto *caps = gst_caps_from_string(("application/x-rtp,media=" + media + ",payload=" +
						   std::to_string(payloadType) + ",ssrc=(uint)" + std::to_string(ssrc))
							  .c_str());
		g_object_set(source, "caps", caps, "is-live", TRUE, "format", GST_FORMAT_TIME, "do-timestamp", TRUE,
			     nullptr);
		gst_bin_add(GST_BIN(pipeline_), source);
		auto *pad = gst_element_request_pad_simple(webrtc_, "sink_%u");
		GstWebRTCRTPTransceiver *transceiver = nullptr;
		g_object_get(pad, "transceiver", &transceiver, nullptr);
		g_object_set(transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY,
			     "codec-preferences", caps, nullptr);
		gst_object_unref(transceiver);
		gst_caps_unref(caps);
		auto *out = gst_element_get_static_pad(source, "src");
		gst_pad_link(out, pad);
		gst_object_unref(out);
		gst_object_unref(pad);
		return source;
	}

	using Reply = std::function<void(const GstStructure *)>;
	static GstPromise *promise(Reply reply)
	{
		return gst_promise_new_with_change_func(
			[](GstPromise *done, gpointer data) noexcept {
				const auto *answer = gst_promise_get_reply(done);
				if (answer && !gst_structure_has_field(answer, "error"))
					(*static_cast<Reply *>(data))(answer);
				gst_promise_unref(done);
			},
			new Reply(std::move(reply)), [](gpointer data) noexcept { delete static_cast<Reply *>(data); });
	}

	static void elementAdded(GstBin *, GstBin *, GstElement *element, gpointer data) noexcept
	{
		auto *made = gst_element_get_factory(element); // some of webrtcbin's have none
		const std::string_view factory = made ? GST_OBJECT_NAME(made) : "";
		if (factory == "srtpenc") {
			g_signal_connect(element, "pad-added", G_CALLBACK(padAdded), data);
			gst_element_foreach_sink_pad(
				element,
				[](GstElement *encoder, GstPad *pad, gpointer held) noexcept -> gboolean {
					padAdded(encoder, pad, held);
					return TRUE;
				},
				data);
		}
		if (factory != "srtpdec")
			return;
		auto *pad = gst_element_get_static_pad(element, "rtp_src");
		gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, received, data, nullptr);
		gst_object_unref(pad);
	}
	static void padAdded(GstElement *, GstPad *pad, gpointer data) noexcept
	{
		auto &self = *static_cast<Peer *>(data);
		const std::string_view name = GST_PAD_NAME(pad);
		if (name.starts_with("rtp_sink"))
			self.rtpPad_ = pad;
		else if (name.starts_with("rtcp_sink"))
			self.rtcpPad_ = pad;
		g_signal_connect(pad, "notify::caps", G_CALLBACK(+[](GObject *, GParamSpec *, gpointer peer) noexcept {
					 static_cast<Peer *>(peer)->news();
				 }),
				 data);
		self.news();
	}
	/// Something that attend() waits for may have come.
	void news() noexcept
	{
		++news_;
		news_.notify_all();
	}
	template <class F>
	void await(F there)
	{
		for (auto seen = news_.load(); !there(); seen = news_.load())
			news_.wait(seen);
	}
	/// What comes in is counted, and goes no further: nothing here has negotiated it.
	static GstPadProbeReturn received(GstPad *, GstPadProbeInfo *info, gpointer data) noexcept
	{
		auto &self = *static_cast<Peer *>(data);
		std::uint8_t ssrc[4] {};
		gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 8, ssrc, sizeof(ssrc));
		const std::lock_guard lock(self.mutex_);
		auto &stream = self.streams_[GST_READ_UINT32_BE(ssrc)];
		const auto now = Clock::now();
		if (stream.packets++)
			stream.gap = std::max(stream.gap, now - stream.last);
		stream.last = now;
		return GST_PAD_PROBE_DROP;
	}
	static void stateChanged(GObject *object, GParamSpec *, gpointer data) noexcept
	{
		GstWebRTCPeerConnectionState state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
		g_object_get(object, "connection-state", &state, nullptr);
		if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED) {
			static_cast<Peer *>(data)->connected_ = true;
			static_cast<Peer *>(data)->news();
		}
		if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
			say("failed");
	}

public:
	/// The first packets go the usual way, so that the encryption has its formats; reports go on for as long as we live.
	void attend()
	{
		await([this] { return connected_.load(); });
		push(0, rtp(kAudioSsrc, kOpus, 1, 1, { 0xf8, 0xff, 0xfe }));
		push(1, rtp(kVideoSsrc, kH264, 1, 1, { 0x67, 0x42 }));
		const auto ready = [](GstPad *pad) { return pad && gst_pad_has_current_caps(pad); };
		await([&] { return ready(rtpPad_.load()) && ready(rtcpPad_.load()); });
		say("connected");
		Bytes receiverReport { 0x80, 201, 0, 1 };
		put(receiverReport, kAudioSsrc, 4);
		for (;; std::this_thread::sleep_for(500ms)) {
			auto *pad = rtcpPad_.load();
			gst_pad_chain(pad, gst_buffer_new_memdup(receiverReport.data(), receiverReport.size()));
		}
	}

private:
	GstElement *pipeline_ = nullptr, *webrtc_ = nullptr;
	std::array<GstElement *, 2> sources_ {};
	std::atomic<GstPad *> rtpPad_ { nullptr }, rtcpPad_ { nullptr };
	std::atomic<bool> connected_ { false };
	std::atomic<int> news_ { 0 };
	std::uint16_t audio_ = 100, video_ = 100;
	std::uint32_t ticks_ = 100;
	long sent_ = 0;
	std::mt19937 random_ { 20261130 };
	std::mutex mutex_;
	std::map<std::uint32_t, Stream> streams_;
};

void Peer::report()
{
	const std::lock_guard lock(mutex_);
	std::ostringstream text;
	text << "stats";
	for (const auto &[ssrc, stream] : streams_) {
		const auto gap = std::max(stream.gap, Clock::now() - stream.last);
		text << ' ' << ssrc << '=' << stream.packets << '/' << gap / 1ms;
	}
	streams_.clear();
	say(text.str());
}

void Peer::command(const std::string &text)
{
	std::istringstream words(text);
	std::string name;
	double first = 1, second = 1;
	words >> name;
	if (name == "answer") {
		answer(text.substr(7));
		return;
	}
	words >> first >> second;
	const auto any = [this] { return static_cast<std::uint32_t>(random_()); };
	const Bytes picture { 0x65, 0x88, 0x84, 0 };
	std::map<std::uint32_t, std::uint16_t> numbers;
	if (name == "media")
		run(first, 20, [this] { honest(); });
	else if (name == "ssrcs")
		run(second, first / second,
		    [&] { inject(sent_ % 2 ? rtp(any(), kH264, 1, 1, picture) : rtp(any(), kOpus, 1, 1, { 0xf8 })); });
	else if (name == "from")
		run(1, second, [&] {
			inject(rtp(static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(sent_), kH264, 1, 1,
				   picture));
		});
	else if (name == "rotate")
		run(first, 500, [&] {
			const auto ssrc = 1000 + any() % 20;
			if (!numbers.contains(ssrc))
				numbers[ssrc] = static_cast<std::uint16_t>(any());
			inject(rtp(sent_ % 5 ? ssrc : kVideoSsrc, kH264, sent_ % 5 ? numbers[ssrc]++ : video_++, any(),
				   picture));
		});
	else if (name == "types")
		run(first, 200, [&] {
			const auto type = static_cast<int>(sent_ / 2 % 128);
			// Some would be taken for RTCP.
			if (sent_ % 2)
				inject(rtp(kAudioSsrc, type, audio_++, any(), picture));
			else
				inject(rtp(kVideoSsrc, type, video_++, any(), picture));
		});
	else if (name == "numbers")
		run(first, 200, [&] {
			const auto base = video_;
			video_ = static_cast<std::uint16_t>(video_ + 120);
			inject(rtp(kVideoSsrc, kH264, video_, any(), picture));
			inject(rtp(kVideoSsrc, kH264, static_cast<std::uint16_t>(base + 1 + any() % 100), any(),
				   picture));
			inject(rtp(kAudioSsrc, kOpus, audio_ = static_cast<std::uint16_t>(audio_ + 30000), any(),
				   { 0xf8 }));
		});
	else if (name == "broken")
		run(first, 500, [&] {
			const bool sound = any() % 4 == 0;
			auto bytes = rtp(sound ? kAudioSsrc : kVideoSsrc, sound ? kOpus : kH264,
					 sound ? audio_++ : video_++, any(), {});
			const auto lies = any();
			if (lies & 1)
				bytes[0] |= 0x20; // padding, of any length
			// SRTP itself needs a header that ends within the packet.
			const auto size = any() % 60 + (any() % 50 == 0 ? 1300 : 0);
			if (lies & 2 && size > 16) {
				bytes[0] |= 0x10;
				put(bytes, 0xbede0000u | (any() % 3), 4);
				put(bytes, any(), 4);
				put(bytes, any(), 4);
			}
			// Fragments, aggregates, parameter sets, SEI; then anything.
			static constexpr std::uint8_t kKinds[] = { 0x7c, 0x78, 0x67, 0x68, 0x06, 0x65, 0x1c, 0x00 };
			if (size)
				bytes.push_back(kKinds[any() % 8]);
			for (std::uint32_t i = 1; i < size; ++i)
				bytes.push_back(static_cast<std::uint8_t>(any()));
			inject(bytes);
		});
	else if (name == "rtcp")
		run(first, 1000, [&] {
			const auto sender = any() % 3 ? any() : kVideoSsrc;
			Bytes bytes;
			const auto head = [&bytes](std::uint32_t count, int type, std::uint32_t words_) {
				bytes.push_back(static_cast<std::uint8_t>(0x80 | (count & 0x1f)));
				bytes.push_back(static_cast<std::uint8_t>(type));
				put(bytes, words_, 2);
			};
			switch (any() % 5) {
			case 0: // sender report
				head(0, 200, 6);
				put(bytes, sender, 4);
				for (int i = 0; i < 5; ++i)
					put(bytes, any(), 4);
				break;
			case 1: // receiver report on anybody
				head(1, 201, 7);
				put(bytes, sender, 4);
				for (int i = 0; i < 6; ++i)
					put(bytes, any(), 4);
				break;
			case 2: // 31 names, behind a report that is in order
				head(0, 201, 1);
				put(bytes, kVideoSsrc, 4);
				head(31, 202, 62);
				for (int i = 0; i < 31; ++i) {
					put(bytes, any(), 4);
					put(bytes, 0x01015800u, 4); // CNAME "X"
				}
				break;
			case 3: // goodbye of everybody
				head(1, 203, 1);
				put(bytes, sender, 4);
				break;
			default: // feedback: NACK, PLI, FIR, TWCC, and what does not exist
				head(any(), any() % 2 ? 205 : 206, 4);
				put(bytes, sender, 4);
				put(bytes, any(), 4);
				put(bytes, any(), 4);
				put(bytes, any(), 4);
			}
			inject(bytes, true);
		});
	else if (name == "stats")
		report();
	else
		die("unknown command " + text);
}

} // namespace

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	Peer peer;
	std::thread([&peer] { peer.attend(); }).detach();
	for (std::string line; std::getline(std::cin, line);)
		peer.command(line);
	std::quick_exit(0); // also out of the middle of an attack
}
