// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <algorithm>

namespace trtc::service {

namespace {

constexpr std::size_t kFixedHeader = 12;
/// Between the frames that a new route gets at once.
constexpr GstClockTime kReplayTime = GST_MSECOND;
constexpr std::uint32_t kReplayTicks = 90; // of the video clock

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

std::uint32_t Fanout::Packet::timestamp() const { return GST_READ_UINT32_BE(header.data() + 4); }

bool Fanout::add(const std::shared_ptr<webrtc::Sender> &sender, std::uint32_t ssrc, int payloadType)
{
	std::lock_guard lock(mutex_);
	auto route =
		std::find_if(routes_.begin(), routes_.end(), [&](const Route &one) { return one.sender == sender; });
	if (route == routes_.end())
		route = routes_.insert(routes_.end(), { sender, ssrc, payloadType });
	else if (!std::exchange(route->active, true))
		route->needKeyframe = route->fresh = true;
	if (enabled_ && route->needKeyframe)
		replay(*route);
	return route->needKeyframe;
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
	if (!on)
		kept_.clear();
	enabled_ = on;
}

bool Fanout::wanted()
{
	std::lock_guard lock(mutex_);
	return enabled_ && std::any_of(routes_.begin(), routes_.end(), [](const Route &route) { return route.active; });
}

bool Fanout::waiting()
{
	std::lock_guard lock(mutex_);
	return enabled_ && std::any_of(routes_.begin(), routes_.end(),
				       [](const Route &route) { return route.active && route.needKeyframe; });
}

bool Fanout::keyframeSince(TimePoint time)
{
	std::lock_guard lock(mutex_);
	return lastKeyframe_ >= time;
}

/// The kept picture, as fast as it goes: its frames get times right before the latest one, so that for the subscriber it
/// begins now, in step with the sound, and not up to a second ago.
void Fanout::replay(Route &route)
{
	if (kept_.empty() || now_() - lastKeyframe_ > kKeep)
		return;
	const auto newFrame = [this](std::size_t i) {
		return i > 0 && kept_[i].timestamp() != kept_[i - 1].timestamp();
	};
	std::uint32_t frames = 0;
	for (std::size_t i = 1; i < kept_.size(); ++i)
		frames += newFrame(i) ? 1 : 0;
	const auto timestamp = kept_.back().timestamp() - frames * kReplayTicks;
	const auto pts = GST_BUFFER_PTS(kept_.back().buffer.get());
	// A route that slept for a moment only: time does not go back.
	if (route.begun && static_cast<std::int32_t>(timestamp - route.lastTimestamp) <= 0)
		return;
	route.needKeyframe = false;
	for (std::size_t i = 0; i < kept_.size(); ++i) {
		frames -= newFrame(i) ? 1 : 0;
		const auto earlier = frames * kReplayTime;
		send(route, kept_[i], kept_.back().timestamp() - frames * kReplayTicks,
		     GST_CLOCK_TIME_IS_VALID(pts) && pts > earlier ? pts - earlier : pts);
	}
}

void Fanout::keep(const Packet &packet, bool keyframe)
{
	const auto now = now_();
	// Its parameter sets and its slices begin a keyframe each; the first of them begins the picture.
	if (keyframe && (kept_.empty() || kept_.front().timestamp() != packet.timestamp())) {
		kept_.clear();
		keptBytes_ = 0;
		lastKeyframe_ = now;
	} else if (kept_.empty()) {
		return;
	} else if (now - lastKeyframe_ > kKeep || keptBytes_ > kKeepBytes ||
		   packet.sequence() != static_cast<std::uint16_t>(kept_.back().sequence() + 1)) {
		kept_.clear();
		return;
	}
	keptBytes_ += gst_buffer_get_size(packet.buffer.get());
	kept_.push_back(packet);
}

void Fanout::packet(GstBuffer *buffer)
{
	std::lock_guard lock(mutex_);
	if (!enabled_)
		return;
	GstMapInfo map;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return;
	Packet packet { {}, {}, headerLength(map.data, map.size) };
	bool keyframe = false;
	if (packet.headerLength) {
		packet.buffer = gst::BufferPtr::share(buffer);
		std::copy_n(map.data, kFixedHeader, packet.header.begin());
		keyframe =
			startsKeyframe(encodingName_, map.data + packet.headerLength, map.size - packet.headerLength);
	}
	gst_buffer_unmap(buffer, &map);
	if (!packet.headerLength)
		return;
	if (encodingName_ != "OPUS")
		keep(packet, keyframe);
	for (auto &route : routes_) {
		if (!route.active || (route.needKeyframe && !keyframe))
			continue;
		route.needKeyframe = false;
		send(route, packet, packet.timestamp(), GST_BUFFER_PTS(buffer));
	}
}

void Fanout::send(Route &route, const Packet &packet, std::uint32_t timestamp, GstClockTime pts)
{
	const auto sequence = packet.sequence();
	if (std::exchange(route.fresh, false) && route.begun)
		route.offset = static_cast<std::uint16_t>(route.last + 1 - sequence);
	const auto out = static_cast<std::uint16_t>(sequence + route.offset);
	if (!std::exchange(route.begun, true) || static_cast<std::int16_t>(out - route.last) > 0)
		route.last = out;
	auto *memory = gst_allocator_alloc(nullptr, kFixedHeader, nullptr);
	GstMapInfo write;
	gst_memory_map(memory, &write, GST_MAP_WRITE);
	// Version 2, padding kept, no extension, no CSRC.
	write.data[0] = static_cast<guint8>(0x80 | (packet.header[0] & 0x20));
	write.data[1] = static_cast<guint8>((packet.header[1] & 0x80) | route.payloadType);
	GST_WRITE_UINT16_BE(write.data + 2, out);
	route.lastTimestamp = timestamp;
	GST_WRITE_UINT32_BE(write.data + 4, timestamp);
	GST_WRITE_UINT32_BE(write.data + 8, route.ssrc);
	gst_memory_unmap(memory, &write);
	auto *copy =
		gst_buffer_copy_region(packet.buffer.get(), GST_BUFFER_COPY_MEMORY, packet.headerLength, G_MAXSIZE);
	gst_buffer_prepend_memory(copy, memory);
	// Timestamps of a region are dropped when it does not start at 0.
	GST_BUFFER_PTS(copy) = pts;
	route.sender->push(copy);
}

} // namespace trtc::service
