// SPDX-License-Identifier: MIT
#include "media/sei_sender.h"

#include "media/sinks/h264.h"

#include <algorithm>

namespace trtc::media {

namespace {

constexpr std::size_t kMaxUnits = 9; // the SDK's: NAL units in a frame, messages among them
constexpr unsigned kDelimiter = 9;

struct Shape {
	std::size_t units = 0;	   ///< without a delimiter in front
	std::size_t delimiter = 0; ///< bytes of it, start code and all
};

Shape shapeOf(GstBuffer *buffer)
{
	Shape shape;
	GstMapInfo map;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return shape;
	const auto units = h264::nalUnits({ map.data, map.size });
	shape.units = units.size();
	if (units.size() > 1 && (units[0][0] & 0x1fu) == kDelimiter) {
		--shape.units;
		// Up to the next start code; a fourth byte of that stays behind with it.
		auto next = static_cast<std::size_t>(units[1].data() - map.data) - 3;
		if (next > 0 && map.data[next - 1] == 0)
			--next;
		shape.delimiter = next;
	}
	gst_buffer_unmap(buffer, &map);
	return shape;
}

} // namespace

bool SeiSender::add(sei::Message message)
{
	const std::lock_guard lock(mutex_);
	if (waiting_.size() >= kMaxWaiting)
		return false;
	waiting_.push_back(std::move(message));
	return true;
}

/// The oldest @p units, the newest of them first; the receiver turns them around.
std::vector<std::uint8_t> SeiSender::take(std::size_t units)
{
	const auto count = static_cast<std::ptrdiff_t>(std::min(units, waiting_.size()));
	std::vector<std::uint8_t> bytes;
	for (auto at = count; at-- > 0;) {
		const auto unit = sei::nalUnit(waiting_[static_cast<std::size_t>(at)]);
		bytes.insert(bytes.end(), unit.begin(), unit.end());
	}
	waiting_.erase(waiting_.begin(), waiting_.begin() + count);
	return bytes;
}

void SeiSender::push(GstBuffer *buffer)
{
	{
		const std::lock_guard lock(mutex_);
		if (const auto shape = waiting_.empty() ? Shape {} : shapeOf(buffer);
		    shape.units > 0 && shape.units < kMaxUnits) {
			const auto bytes = take(kMaxUnits - shape.units);
			buffer = gst_buffer_make_writable(buffer);
			// A delimiter is the first of its access unit: behind the messages it would begin another one.
			if (shape.delimiter)
				gst_buffer_resize(buffer, static_cast<gssize>(shape.delimiter), -1);
			auto *memory = gst_allocator_alloc(nullptr, bytes.size(), nullptr);
			GstMapInfo map;
			gst_memory_map(memory, &map, GST_MAP_WRITE);
			std::copy(bytes.begin(), bytes.end(), map.data);
			gst_memory_unmap(memory, &map);
			gst_buffer_prepend_memory(buffer, memory);
		}
	}
	sender_->push(buffer);
}

const char *SeiBudget::spend(std::size_t bytes, TimePoint now)
{
	while (!spent_.empty() && now - spent_.front().first >= std::chrono::seconds(1))
		spent_.pop_front();
	std::size_t sum = bytes;
	for (const auto &[when, size] : spent_)
		sum += size;
	if (spent_.size() >= kMaxCalls)
		return "30 messages a second are the limit: wait a moment";
	if (sum > kMaxBytes)
		return "8000 bytes of messages a second are the limit: wait a moment";
	spent_.emplace_back(now, bytes);
	return nullptr;
}

} // namespace trtc::media
