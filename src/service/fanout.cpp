// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace trtc::service {

namespace {

/// Between the frames that a new route gets at once.
constexpr GstClockTime kReplayTime = GST_MSECOND;
constexpr std::uint32_t kReplayTicks = 90; // of the video clock

/// Length of header, CSRCs and extension (RFC 3550 5.1, 5.3.1); 0 for what is no RTP packet.
std::size_t headerLength(const std::uint8_t *data, std::size_t size)
{
	if (size < RtpPacket::kHeader || data[0] >> 6 != 2)
		return 0;
	std::size_t length = RtpPacket::kHeader + 4u * (data[0] & 0x0fu);
	if (data[0] & 0x10) {
		if (size < length + 4)
			return 0;
		length += 4 + 4u * (static_cast<std::size_t>(data[length + 2]) << 8 | data[length + 3]);
	}
	return length < size ? length : 0;
}

/// Of a packet whose payload begins at @p payloadAt: the bytes at its end that are none of it (RFC 3550 5.1). Empty: it says what
/// cannot be.
std::optional<std::size_t> paddingOf(const std::uint8_t *data, std::size_t size, std::size_t payloadAt)
{
	if (!(data[0] & 0x20))
		return 0;
	const std::size_t padding = data[size - 1];
	if (padding == 0 || padding > size - payloadAt)
		return std::nullopt;
	return padding;
}

/// True if one of the NAL units that begin here fits.
template <class F>
bool anyNal(const std::uint8_t *p, std::size_t size, F fits)
{
	if (size < 2)
		return false;
	constexpr unsigned kStapA = 24, kFuA = 28;
	const unsigned type = p[0] & 0x1f;
	if (type == kFuA)
		return (p[1] & 0x80) && fits(p[1] & 0x1fu);
	if (type == kStapA) {
		for (std::size_t at = 1; at + 2 < size;) {
			const std::size_t length = static_cast<std::size_t>(p[at]) << 8 | p[at + 1];
			if (fits(p[at + 2] & 0x1fu))
				return true;
			at += 2 + length;
		}
		return false;
	}
	return fits(type);
}

constexpr unsigned kIdr = 5, kSps = 7;

bool h264Starts(const std::uint8_t *p, std::size_t size)
{
	return anyNal(p, size, [](unsigned type) { return type == kIdr || type == kSps; });
}

bool vp8Starts(const std::uint8_t *p, std::size_t size)
{
	const auto descriptor = Vp8Descriptor::parse(p, size);
	return descriptor.size && descriptor.startsFrame && descriptor.size < size &&
	       !(p[descriptor.size] & 0x01); // payload header: P = 0 is a keyframe
}

} // namespace

bool startsKeyframe(const std::string &encodingName, const std::uint8_t *payload, std::size_t size)
{
	if (encodingName == "H264")
		return h264Starts(payload, size);
	if (encodingName == "VP8")
		return vp8Starts(payload, size);
	return true;
}

bool startsParameters(const std::uint8_t *payload, std::size_t size)
{
	return anyNal(payload, size, [](unsigned type) { return type == kSps; });
}

void Fanout::add(const std::shared_ptr<RtpRewriter> &route)
{
	std::lock_guard lock(mutex_);
	if (std::find(routes_.begin(), routes_.end(), route) == routes_.end())
		routes_.push_back(route);
}

void Fanout::remove(const RtpRewriter *route)
{
	std::lock_guard lock(mutex_);
	std::erase_if(routes_, [&](const auto &one) { return one.get() == route; });
}

void Fanout::enable(bool on)
{
	std::lock_guard lock(mutex_);
	if (on && !enabled_)
		for (const auto &route : routes_)
			route->interrupt(source());
	if (!on)
		kept_.clear();
	enabled_ = on;
}

bool Fanout::wanted()
{
	std::lock_guard lock(mutex_);
	return enabled_ &&
	       std::any_of(routes_.begin(), routes_.end(), [&](const auto &route) { return route->wants(source()); });
}

bool Fanout::waiting()
{
	std::lock_guard lock(mutex_);
	return enabled_ && std::any_of(routes_.begin(), routes_.end(),
				       [&](const auto &route) { return route->waitsFor(source()); });
}

bool Fanout::keyframeSince(TimePoint time)
{
	std::lock_guard lock(mutex_);
	return lastKeyframe_ >= time;
}

/// The kept picture, as fast as it goes: its frames get times right before the latest one, so that for the subscriber it
/// begins now, in step with the sound, and not up to a second ago.
bool Fanout::begin(RtpRewriter &route)
{
	std::lock_guard lock(mutex_);
	if (!enabled_ || !route.waitsFor(source()) || kept_.empty() || now_() - lastKeyframe_ > kKeep)
		return route.waitsFor(source());
	std::vector<RtpPacket> packets;
	packets.reserve(kept_.size());
	const auto &latest = kept_.back().packet;
	// Backwards, so that the number of frames that follow is known.
	std::uint32_t following = 0;
	for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
		if (kept != kept_.rbegin() && kept->packet.timestamp() != std::prev(kept)->packet.timestamp())
			++following;
		auto &packet = packets.emplace_back(kept->packet);
		const auto earlier = following * kReplayTime;
		packet.time = GST_CLOCK_TIME_IS_VALID(latest.time) && latest.time > earlier ? latest.time - earlier
											    : latest.time;
		GST_WRITE_UINT32_BE(packet.header.data() + 4, latest.timestamp() - following * kReplayTicks);
	}
	std::reverse(packets.begin(), packets.end());
	return !route.replay(source(), packets);
}

void Fanout::keep(const RtpPacket &packet)
{
	const auto now = now_();
	// Its parameter sets and its slices begin a keyframe each; the first of them begins the picture.
	if (packet.keyframe && (kept_.empty() || kept_.front().packet.timestamp() != packet.timestamp())) {
		kept_.clear();
		keptBytes_ = 0;
		lastKeyframe_ = now;
	} else if (kept_.empty()) {
		return;
	} else if (now - lastKeyframe_ > kKeep || keptBytes_ > kKeepBytes ||
		   packet.sequence() != static_cast<std::uint16_t>(kept_.back().packet.sequence() + 1)) {
		kept_.clear();
		return;
	}
	keptBytes_ += gst_buffer_get_size(packet.buffer);
	kept_.push_back({ packet, gst::BufferPtr::share(packet.buffer) });
}

void Fanout::packet(GstBuffer *buffer)
{
	std::lock_guard lock(mutex_);
	if (!enabled_)
		return;
	GstMapInfo map;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return;
	RtpPacket packet;
	packet.buffer = buffer;
	packet.time = GST_BUFFER_PTS(buffer);
	packet.payloadAt = headerLength(map.data, map.size);
	const auto padding = packet.payloadAt ? paddingOf(map.data, map.size, packet.payloadAt) : std::nullopt;
	if (padding) {
		const auto *payload = map.data + packet.payloadAt;
		const auto size = map.size - packet.payloadAt - *padding;
		std::copy_n(map.data, RtpPacket::kHeader, packet.header.begin());
		packet.keyframe = startsKeyframe(encodingName_, payload, size);
		if (encodingName_ == "VP8") {
			packet.vp8 = Vp8Descriptor::parse(payload, size);
			std::copy_n(payload, packet.vp8.size, packet.vp8Bytes.begin());
		} else if (encodingName_ == "H264" && packet.keyframe) {
			// A picture whose parameter sets were lost on the way would be decoded with those of before, and
			// they may belong to a source of another size.
			const bool parameters = startsParameters(payload, size);
			packet.keyframe = parameters || !parametersSeen_;
			parametersSeen_ |= parameters;
		}
	}
	gst_buffer_unmap(buffer, &map);
	if (!padding)
		return;
	// The client has begun anew: its numbers have nothing to do with those of before.
	if (std::exchange(ssrc_, packet.ssrc()).value_or(packet.ssrc()) != packet.ssrc()) {
		kept_.clear();
		for (const auto &route : routes_)
			route->renew(source());
	}
	if (encodingName_ != "OPUS")
		keep(packet);
	for (const auto &route : routes_)
		route->packet(source(), packet);
}

} // namespace trtc::service
