// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <algorithm>

namespace trtc::service {

namespace {

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
	enabled_ = on;
}

bool Fanout::wanted()
{
	std::lock_guard lock(mutex_);
	return enabled_ &&
	       std::any_of(routes_.begin(), routes_.end(), [&](const auto &route) { return route->wants(source()); });
}

bool Fanout::keyframeSince(std::chrono::steady_clock::time_point time)
{
	std::lock_guard lock(mutex_);
	return lastKeyframe_ >= time;
}

void Fanout::packet(GstBuffer *buffer)
{
	std::lock_guard lock(mutex_);
	if (!enabled_ || routes_.empty())
		return;
	GstMapInfo map;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return;
	RtpPacket packet;
	packet.buffer = buffer;
	packet.payloadAt = headerLength(map.data, map.size);
	if (packet.payloadAt) {
		const auto *payload = map.data + packet.payloadAt;
		const auto size = map.size - packet.payloadAt;
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
	if (!packet.payloadAt)
		return;
	if (packet.keyframe)
		lastKeyframe_ = std::chrono::steady_clock::now();
	for (const auto &route : routes_)
		route->packet(source(), packet);
}

} // namespace trtc::service
