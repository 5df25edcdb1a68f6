// SPDX-License-Identifier: MIT
#include "service/rtp_rewriter.h"

#include <algorithm>
#include <utility>

namespace trtc::service {

namespace {

/// Times of arrival say where a source's timestamps stand, give or take what the network does. An offset that is further
/// away belongs to a clock that has started anew.
constexpr unsigned kTolerancePerSecond = 2; // half a second

/// Serial number arithmetic (RFC 1982), for fields of any width.
bool isNewer(unsigned value, unsigned than, unsigned mask) noexcept
{
	const unsigned distance = (value - than) & mask;
	return distance != 0 && distance <= mask / 2;
}

} // namespace

RtpRewriter::RtpRewriter(std::shared_ptr<webrtc::Sender> sender, std::uint32_t ssrc, int payloadType,
			 unsigned clockRate, std::shared_ptr<webrtc::PacketFaults> faults)
	: sender_(std::move(sender)), ssrc_(ssrc), payloadType_(payloadType), clockRate_(clockRate),
	  faults_(std::move(faults))
{
}

void RtpRewriter::select(Source source)
{
	const std::lock_guard lock(mutex_);
	wanted_ = source;
	if (!source)
		current_ = nullptr;
}

void RtpRewriter::interrupt(Source source)
{
	const std::lock_guard lock(mutex_);
	if (source == current_)
		interrupted_ = true;
}

void RtpRewriter::renew(Source source)
{
	const std::lock_guard lock(mutex_);
	timestampOffsets_.erase(source);
	if (before_ == source)
		before_ = nullptr;
	if (source == current_)
		interrupted_ = true;
}

bool RtpRewriter::wants(Source source) const
{
	const std::lock_guard lock(mutex_);
	return wanted_ && (source == wanted_ || source == current_);
}

bool RtpRewriter::waiting() const
{
	const std::lock_guard lock(mutex_);
	return wanted_ && wanted_ != current_;
}

bool RtpRewriter::waitsFor(Source source) const
{
	const std::lock_guard lock(mutex_);
	return wanted_ && source == wanted_ && (source != current_ || interrupted_);
}

bool RtpRewriter::replay(Source source, std::span<const RtpPacket> packets)
{
	const std::lock_guard lock(mutex_);
	if (!wanted_ || source != wanted_ || (source == current_ && !interrupted_) || packets.empty())
		return false;
	// One that slept for a moment only has seen what is kept, and one that has seen the other size knows what was in it.
	if (begun_ && source != before_)
		return false;
	if (begun_ && static_cast<std::int32_t>(packets.front().timestamp() + offset_.timestamp - last_.timestamp) <= 0)
		return false;
	begin(source, packets.front());
	for (const auto &packet : packets)
		send(packet);
	return true;
}

void RtpRewriter::packet(Source source, const RtpPacket &packet)
{
	const std::lock_guard lock(mutex_);
	if (!wanted_)
		return;
	const bool changes = source != current_;
	if (changes && source != wanted_)
		return;
	if (changes || interrupted_) {
		if (!packet.keyframe)
			return;
		begin(source, packet);
	}
	send(packet);
}

void RtpRewriter::begin(Source source, const RtpPacket &packet)
{
	current_ = source;
	interrupted_ = false;
	if (!begun_) {
		timestampOffsets_[source] = 0;
	} else {
		offset_.sequence = static_cast<std::uint16_t>(last_.sequence + 1 - packet.sequence());
		offset_.pictureId = static_cast<std::uint16_t>(last_.pictureId + 1 - packet.vp8.pictureId);
		offset_.tl0PicIdx = static_cast<std::uint8_t>(last_.tl0PicIdx + 1 - packet.vp8.tl0PicIdx);
		// One that only had a pause has kept its clock.
		if (source != before_)
			offset_.timestamp = timestampOffset(source, packet);
	}
	before_ = source;
}

std::uint32_t RtpRewriter::timestampOffset(Source source, const RtpPacket &packet)
{
	const auto time = packet.time;
	std::uint32_t passed = 0; // since the newest that went out
	if (GST_CLOCK_TIME_IS_VALID(time) && GST_CLOCK_TIME_IS_VALID(last_.time) && time > last_.time)
		passed = static_cast<std::uint32_t>(gst_util_uint64_scale(time - last_.time, clockRate_, GST_SECOND));
	auto offset = last_.timestamp + passed - packet.timestamp();
	const auto tolerance = static_cast<std::int32_t>(clockRate_ / kTolerancePerSecond);
	if (const auto known = timestampOffsets_.find(source); known != timestampOffsets_.end()) {
		const auto difference = static_cast<std::int32_t>(known->second - offset);
		if (difference > -tolerance && difference < tolerance)
			offset = known->second;
	}
	timestampOffsets_[source] = offset;
	// A source that is a little late for the one before it must not go back in time.
	if (static_cast<std::int32_t>(packet.timestamp() + offset - last_.timestamp) <= 0)
		offset = last_.timestamp + 1 - packet.timestamp();
	return offset;
}

void RtpRewriter::send(const RtpPacket &packet)
{
	const auto sequence = static_cast<std::uint16_t>(packet.sequence() + offset_.sequence);
	if (!window_.take(sequence)) {
		if (faults_)
			++faults_->late;
		return;
	}
	const auto timestamp = packet.timestamp() + offset_.timestamp;
	const bool first = !std::exchange(begun_, true);
	if (first || isNewer(sequence, last_.sequence, 0xffff))
		last_.sequence = sequence;
	if (first || static_cast<std::int32_t>(timestamp - last_.timestamp) > 0) {
		last_.timestamp = timestamp;
		last_.time = packet.time;
	}

	auto descriptor = packet.vp8Bytes;
	const auto &vp8 = packet.vp8;
	if (vp8.pictureIdAt) {
		const auto mask = vp8.pictureIdMask();
		const auto id = static_cast<std::uint16_t>((vp8.pictureId + offset_.pictureId) & mask);
		if (first || isNewer(id, last_.pictureId, mask))
			last_.pictureId = id;
		auto *at = descriptor.data() + vp8.pictureIdAt;
		if (vp8.longPictureId)
			GST_WRITE_UINT16_BE(at, static_cast<std::uint16_t>(id | 0x8000));
		else
			*at = static_cast<std::uint8_t>(id);
	}
	if (vp8.tl0PicIdxAt) {
		const auto index = static_cast<std::uint8_t>(vp8.tl0PicIdx + offset_.tl0PicIdx);
		if (first || isNewer(index, last_.tl0PicIdx, 0xff))
			last_.tl0PicIdx = index;
		descriptor[vp8.tl0PicIdxAt] = index;
	}

	auto *memory = gst_allocator_alloc(nullptr, RtpPacket::kHeader + vp8.size, nullptr);
	GstMapInfo write;
	gst_memory_map(memory, &write, GST_MAP_WRITE);
	// Version 2, padding kept, no extension, no CSRC.
	write.data[0] = static_cast<guint8>(0x80 | (packet.header[0] & 0x20));
	write.data[1] = static_cast<guint8>((packet.header[1] & 0x80) | payloadType_);
	GST_WRITE_UINT16_BE(write.data + 2, sequence);
	GST_WRITE_UINT32_BE(write.data + 4, timestamp);
	GST_WRITE_UINT32_BE(write.data + 8, ssrc_);
	std::copy_n(descriptor.begin(), vp8.size, write.data + RtpPacket::kHeader);
	gst_memory_unmap(memory, &write);
	// The payload's memory is shared.
	auto *copy =
		gst_buffer_copy_region(packet.buffer, GST_BUFFER_COPY_MEMORY, packet.payloadAt + vp8.size, G_MAXSIZE);
	gst_buffer_prepend_memory(copy, memory);
	// Timestamps of a region are dropped when it does not start at 0.
	GST_BUFFER_PTS(copy) = packet.time;
	sender_->push(copy);
}

} // namespace trtc::service
