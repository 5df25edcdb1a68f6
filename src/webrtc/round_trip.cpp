// SPDX-License-Identifier: MIT
#include "webrtc/round_trip.h"

#include "webrtc/rtcp_words.h"

#include <gst/gst.h>

#include <algorithm>
#include <utility>

namespace trtc::webrtc {

namespace {

using namespace std::chrono_literals;
using Bytes = std::span<const std::uint8_t>;

constexpr unsigned kExtendedReport = 207;		    // RFC 3611 2
constexpr unsigned kReferenceTime = 4, kSinceReference = 5; // block types
constexpr std::size_t kMaxSent = 16, kMaxHeard = 8;	    // a peer may invent SSRCs
constexpr auto kLongest = 60s;				    // no round trip takes that long

void put(std::vector<std::uint8_t> &out, std::uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// Seconds since 1900 in 1/2^32 (RFC 3550 4).
std::uint64_t ntpNow()
{
	constexpr std::uint64_t kEpoch = 2'208'988'800;
	const auto micros = static_cast<std::uint64_t>(g_get_real_time());
	return (micros / 1'000'000 + kEpoch) << 32 | ((micros % 1'000'000) << 32) / 1'000'000;
}

/// Nothing comes behind a BYE (RFC 3550 6.1).
bool saysGoodbye(GstBuffer *buffer)
{
	constexpr std::uint8_t kGoodbye = 203;
	std::uint8_t head[4];
	for (gsize at = 0; gst_buffer_extract(buffer, at, head, sizeof head) == sizeof head;) {
		if (head[1] == kGoodbye)
			return true;
		at += 4 * (1 + (static_cast<gsize>(head[2]) << 8 | head[3]));
	}
	return false;
}

} // namespace

std::optional<std::chrono::microseconds> RoundTrip::last() const
{
	const std::lock_guard lock(mutex_);
	return last_;
}

std::vector<std::uint8_t> RoundTrip::write(std::uint32_t sender, TimePoint now)
{
	const std::lock_guard lock(mutex_);
	const auto ntp = ntpNow();
	sent_.push_back({ static_cast<std::uint32_t>(ntp >> 16), now });
	if (sent_.size() > kMaxSent)
		sent_.pop_front();
	const auto heard = std::exchange(heard_, {});
	const auto answers = static_cast<std::uint32_t>(3 * heard.size());
	std::vector<std::uint8_t> out;
	put(out, 2U << 30 | kExtendedReport << 16 | (1 + 3 + (answers ? 1 + answers : 0)));
	put(out, sender);
	put(out, kReferenceTime << 24 | 2);
	put(out, static_cast<std::uint32_t>(ntp >> 32));
	put(out, static_cast<std::uint32_t>(ntp));
	if (answers)
		put(out, kSinceReference << 24 | answers);
	for (const auto &one : heard) {
		const auto held = std::chrono::duration_cast<std::chrono::microseconds>(now - one.at).count();
		put(out, one.ssrc);
		put(out, one.time);
		put(out, static_cast<std::uint32_t>(held * 65536 / 1'000'000));
	}
	return out;
}

void RoundTrip::read(Bytes rtcp, TimePoint now)
{
	while (rtcp.size() >= 8 && rtcp[0] >> 6 == 2) {
		const auto size = 4 * (1 + (static_cast<std::size_t>(rtcp[2]) << 8 | rtcp[3]));
		if (size > rtcp.size())
			return;
		auto packet = rtcp.first(size);
		rtcp = rtcp.subspan(size);
		if (packet[1] != kExtendedReport || size < 8)
			continue;
		const auto sender = word(packet, 4);
		for (packet = packet.subspan(8); packet.size() >= 4;) {
			const auto length = 4 * (static_cast<std::size_t>(packet[2]) << 8 | packet[3]);
			if (length > packet.size() - 4)
				break;
			block(sender, packet[0], packet.subspan(4, length), now);
			packet = packet.subspan(4 + length);
		}
	}
}

void RoundTrip::block(std::uint32_t sender, unsigned type, Bytes body, TimePoint now)
{
	const std::lock_guard lock(mutex_);
	if (type == kReferenceTime && body.size() == 8) {
		std::erase_if(heard_, [sender](const Heard &one) { return one.ssrc == sender; });
		if (heard_.size() < kMaxHeard)
			heard_.push_back({ sender, word(body, 0) << 16 | word(body, 4) >> 16, now });
		return;
	}
	if (type != kSinceReference)
		return;
	for (; body.size() >= 12; body = body.subspan(12)) {
		// Only what we have really sent counts, whoever it is said to.
		const auto time = word(body, 4);
		const auto found = std::find_if(sent_.begin(), sent_.end(),
						[time](const Sent &sent) { return sent.time == time; });
		if (found == sent_.end())
			continue;
		const std::chrono::microseconds held(std::uint64_t { word(body, 8) } * 1'000'000 / 65536);
		const auto away = std::chrono::duration_cast<std::chrono::microseconds>(now - found->at);
		if (away < kLongest && held <= away + 1ms)
			last_ = std::max(away - held, std::chrono::microseconds(0));
	}
}

std::shared_ptr<RoundTrip> RoundTrip::attach(GObject *session)
{
	using Held = std::shared_ptr<RoundTrip>;
	const auto self = std::make_shared<RoundTrip>();
	const auto release = [](gpointer data, GClosure *) noexcept { delete static_cast<Held *>(data); };
	// RTCP's own thread; the buffer is a whole compound packet that nobody else has.
	const auto sending = +[](GObject *, GstBuffer *buffer, gboolean early, gpointer data) noexcept -> gboolean {
		std::uint8_t head[8];
		if (early || !gst_buffer_is_writable(buffer) ||
		    gst_buffer_extract(buffer, 0, head, sizeof head) != sizeof head || saysGoodbye(buffer))
			return FALSE;
		const auto bytes = (*static_cast<Held *>(data))->write(word(head, 4), std::chrono::steady_clock::now());
		auto *memory = gst_allocator_alloc(nullptr, bytes.size(), nullptr);
		GstMapInfo map;
		gst_memory_map(memory, &map, GST_MAP_WRITE);
		std::copy(bytes.begin(), bytes.end(), map.data);
		gst_memory_unmap(memory, &map);
		gst_buffer_append_memory(buffer, memory);
		return FALSE;
	};
	// A streaming thread.
	const auto receiving = +[](GObject *, GstBuffer *buffer, gpointer data) noexcept {
		GstMapInfo map;
		if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
			return;
		(*static_cast<Held *>(data))->read({ map.data, map.size }, std::chrono::steady_clock::now());
		gst_buffer_unmap(buffer, &map);
	};
	g_signal_connect_data(session, "on-sending-rtcp", reinterpret_cast<GCallback>(sending), new Held(self), release,
			      GConnectFlags {});
	g_signal_connect_data(session, "on-receiving-rtcp", reinterpret_cast<GCallback>(receiving), new Held(self),
			      release, GConnectFlags {});
	return self;
}

} // namespace trtc::webrtc
