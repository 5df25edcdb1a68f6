// SPDX-License-Identifier: MIT
#include "media/h264_headers.h"
#include "media/sei.h"
#include "service/fanout.h"
#include "webrtc/admission.h"

#include <gst/gst.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace {

using namespace trtc;
using Bytes = std::span<const std::uint8_t>;

void hold(bool good)
{
	if (!good)
		std::abort();
}

std::chrono::steady_clock::time_point present;

/// What a subscriber's SRTP would say: RTP without extension, each number once, none older than its window.
struct Subscriber final : webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		std::uint8_t header[12] {};
		hold(gst_buffer_extract(buffer, 0, header, sizeof(header)) == sizeof(header));
		hold((header[0] & 0xdf) == 0x80 && (header[1] & 0x7f) == 96);
		hold(GST_READ_UINT32_BE(header + 8) == 0x01020304);
		hold(gst_buffer_get_size(buffer) > sizeof(header));
		const auto number = GST_READ_UINT16_BE(header + 2);
		if (newest < 0)
			newest = 0x100000 + number;
		const auto step = static_cast<std::int16_t>(number - static_cast<std::uint16_t>(newest));
		hold(step > -128);
		hold(sent.insert(newest + step).second);
		newest = std::max(newest, newest + step);
		gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 1; }
	std::int64_t newest = -1;
	std::set<std::int64_t> sent;
};

struct Stream {
	explicit Stream(const char *codec) : fanout(codec, [] { return present; }) {}
	service::Fanout fanout;
};

void headers(Bytes bytes)
{
	service::Vp8Descriptor::parse(bytes.data(), bytes.size());
	service::startsKeyframe("H264", bytes.data(), bytes.size());
	service::startsKeyframe("VP8", bytes.data(), bytes.size());
	if (const auto sequence = media::h264::parseSequence(bytes))
		hold(sequence->width > 0 && sequence->height > 0 && sequence->sarHeight > 0);
	media::h264::isBidirectional(bytes);
	if (const auto message = media::sei::parse(bytes)) {
		const auto unit = media::sei::nalUnit(*message);
		hold(media::sei::parse(Bytes(unit).subspan(4)) == message);
	}
}

} // namespace

/// GLib leaves its table of names behind when it needs a larger one.
extern "C" const char *__lsan_default_suppressions();
extern "C" const char *__lsan_default_suppressions() { return "leak:g_malloc"; }

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	// No plug-in is needed.
	setenv("GST_REGISTRY_UPDATE", "no", 1);
	setenv("GST_PLUGIN_SYSTEM_PATH_1_0", "/nonexistent", 1);
	gst_init(nullptr, nullptr);
	return 0;
}

/// Packets, each with a byte that says what happens and one for its length: to two streams that feed one subscriber in turn, to the
/// reader of messages, and to the gate in front of rtpbin. The first byte is the codec; time passes as the packets say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	if (size < 3)
		return 0;
	const char *codec = data[0] % 3 == 0 ? "H264" : data[0] % 3 == 1 ? "VP8" : "OPUS";
	present = std::chrono::steady_clock::time_point(std::chrono::hours(1));
	Stream streams[2] { Stream(codec), Stream(codec) };
	const auto subscriber = std::make_shared<Subscriber>();
	const auto faults = std::make_shared<webrtc::PacketFaults>();
	const auto route = std::make_shared<service::RtpRewriter>(subscriber, 0x01020304, 96, 90000, faults);
	for (auto &stream : streams)
		stream.fanout.add(route);
	route->select(streams[0].fanout.source());
	webrtc::Admission admission(faults, [] { return present; });
	admission.line(0, { 111 }, {});
	admission.line(1, { 102 }, { 103 });
	admission.announce(1, 0, false);
	std::size_t messages = 0;
	media::sei::Reader reader([&](media::sei::Message message) {
		hold(message.data.size() <= media::sei::Reader::kMaxBytes);
		++messages;
	});
	std::set<std::uint32_t> inside;
	for (std::size_t at = 1; at + 2 <= size;) {
		const auto what = data[at];
		const auto length = std::min<std::size_t>(data[at + 1], size - at - 2);
		const Bytes packet(data + at + 2, length);
		at += 2 + length;
		present += std::chrono::milliseconds((what >> 4) * (what >> 4) * 40);
		auto &stream = streams[what & 1];
		if ((what & 6) == 6)
			route->select(stream.fanout.source());
		if ((what & 14) == 8)
			stream.fanout.enable(what & 16);
		auto *buffer = gst_buffer_new_allocate(nullptr, packet.size(), nullptr);
		gst_buffer_fill(buffer, 0, packet.data(), packet.size());
		GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(present.time_since_epoch().count());
		stream.fanout.packet(buffer);
		gst_buffer_unref(buffer);
		if ((what & 6) == 4)
			stream.fanout.begin(*route);
		reader.packet(packet, present);
		headers(packet);
		using Verdict = webrtc::Admission::Verdict;
		if (admission.encrypted(packet) == Verdict::Pass) {
			admission.rtcp(packet);
			if (admission.rtp(packet) == Verdict::Pass) {
				const auto ssrc = GST_READ_UINT32_BE(packet.data() + 8);
				hold(admission.lineOf(ssrc).has_value());
				inside.insert(ssrc);
			}
		}
		for (const auto gone : admission.takeGone())
			inside.erase(gone);
		hold(inside.size() <= 3); // one announced; and one that comes unannounced, with its repair
	}
	hold(messages <= size);
	return 0;
}
