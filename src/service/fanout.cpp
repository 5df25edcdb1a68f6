// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <algorithm>

namespace trtc::service {

namespace {

constexpr std::size_t kFixedHeader = 12;

/// Length of header, CSRCs and extension (RFC 3550 5.1, 5.3.1); 0 for what is no RTP packet.
std::size_t headerLength(const std::uint8_t *data, std::size_t size)
{
	if (size < kFixedHeader || data[0] >> 6 != 2)
		return 0;
	std::size_t length = kFixedHeader + 4u * (data[0] & 0x0fu);
	if (data[0] & 0x10) {
		if (size < length + 4)
			return 0;
		length += 4 + 4u * (static_cast<std::size_t>(data[length + 2]) << 8 | data[length + 3]);
	}
	return length < size ? length : 0;
}

bool h264Starts(const std::uint8_t *p, std::size_t size)
{
	if (size < 2)
		return false;
	constexpr unsigned kIdr = 5, kSps = 7, kStapA = 24, kFuA = 28;
	const unsigned type = p[0] & 0x1f;
	if (type == kFuA)
		return (p[1] & 0x80) && ((p[1] & 0x1f) == kIdr || (p[1] & 0x1f) == kSps);
	if (type == kStapA) {
		for (std::size_t at = 1; at + 2 < size;) {
			const std::size_t length = static_cast<std::size_t>(p[at]) << 8 | p[at + 1];
			const unsigned inner = p[at + 2] & 0x1f;
			if (inner == kIdr || inner == kSps)
				return true;
			at += 2 + length;
		}
		return false;
	}
	return type == kIdr || type == kSps;
}

bool vp8Starts(const std::uint8_t *p, std::size_t size)
{
	// RFC 7741 4.2: S set and PID 0 begin a frame; the descriptor's length depends on its flags.
	if (size < 1 || !(p[0] & 0x10) || (p[0] & 0x07))
		return false;
	std::size_t at = 1;
	if (p[0] & 0x80) {
		if (size < 2)
			return false;
		const auto flags = p[1];
		at = 2;
		if (flags & 0x80) {
			if (size <= at)
				return false;
			at += p[at] & 0x80 ? 2 : 1;
		}
		at += flags & 0x40 ? 1 : 0;
		at += flags & 0x30 ? 1 : 0;
	}
	return at < size && !(p[at] & 0x01); // payload header: P = 0 is a keyframe
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

void Fanout::add(const std::shared_ptr<webrtc::Sender> &sender, std::uint32_t ssrc, int payloadType)
{
	std::lock_guard lock(mutex_);
	for (auto &route : routes_) {
		if (route.sender != sender)
			continue;
		if (!std::exchange(route.active, true))
			route.needKeyframe = route.fresh = true;
		return;
	}
	routes_.push_back({ sender, ssrc, payloadType });
}

void Fanout::pause(const webrtc::Sender *sender)
{
	std::lock_guard lock(mutex_);
	for (auto &route : routes_)
		if (route.sender.get() == sender)
			route.active = false;
}

void Fanout::remove(const webrtc::Sender *sender)
{
	std::lock_guard lock(mutex_);
	std::erase_if(routes_, [&](const Route &route) { return route.sender.get() == sender; });
}

void Fanout::enable(bool on)
{
	std::lock_guard lock(mutex_);
	if (on && !enabled_)
		for (auto &route : routes_)
			route.needKeyframe = route.fresh = true;
	enabled_ = on;
}

bool Fanout::wanted()
{
	std::lock_guard lock(mutex_);
	return enabled_ && std::any_of(routes_.begin(), routes_.end(), [](const Route &route) { return route.active; });
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
	const auto length = headerLength(map.data, map.size);
	std::uint8_t header[kFixedHeader] = {};
	bool keyframe = false;
	if (length) {
		std::copy_n(map.data, kFixedHeader, header);
		keyframe = startsKeyframe(encodingName_, map.data + length, map.size - length);
	}
	gst_buffer_unmap(buffer, &map);
	if (!length)
		return;
	if (keyframe)
		lastKeyframe_ = std::chrono::steady_clock::now();
	const auto sequence = static_cast<std::uint16_t>(header[2] << 8 | header[3]);
	for (auto &route : routes_) {
		if (!route.active || (route.needKeyframe && !keyframe))
			continue;
		route.needKeyframe = false;
		if (std::exchange(route.fresh, false) && route.begun)
			route.offset = static_cast<std::uint16_t>(route.last + 1 - sequence);
		const auto out = static_cast<std::uint16_t>(sequence + route.offset);
		if (!std::exchange(route.begun, true) || static_cast<std::int16_t>(out - route.last) > 0)
			route.last = out;
		auto *memory = gst_allocator_alloc(nullptr, kFixedHeader, nullptr);
		GstMapInfo write;
		gst_memory_map(memory, &write, GST_MAP_WRITE);
		write.data[0] = static_cast<guint8>(
			0x80 | (header[0] & 0x20)); // version 2, padding kept, no extension, no CSRC
		write.data[1] = static_cast<guint8>((header[1] & 0x80) | route.payloadType);
		GST_WRITE_UINT16_BE(write.data + 2, out);
		std::copy_n(header + 4, 4, write.data + 4);
		GST_WRITE_UINT32_BE(write.data + 8, route.ssrc);
		gst_memory_unmap(memory, &write);
		auto *copy = gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, length, G_MAXSIZE);
		gst_buffer_prepend_memory(copy, memory);
		// Timestamps of a region are dropped when it does not start at 0.
		GST_BUFFER_PTS(copy) = GST_BUFFER_PTS(buffer);
		route.sender->push(copy);
	}
}

} // namespace trtc::service
