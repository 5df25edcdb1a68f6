// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <trtc/config.h>

#include <gst/app/gstappsrc.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace trtc::media {

/// Raw pictures or sound into an encoder's appsrc, on one timeline whoever they come from: a device while there is one,
/// and black or silence from fill() while there is none. Times are on the process timeline and only go forward.
/// Thread-safe.
class RawFeed {
public:
	virtual ~RawFeed() = default;
	/// What a device gives. @p buffer in the feed's caps, borrowed. From the first one on fill() does nothing.
	void push(GstBuffer *buffer, GstClockTime time);
	/// The device is gone: fill() fills from now on.
	void release();
	/// Black or silence up to @p now. To be called every period().
	void fill(GstClockTime now);
	virtual std::chrono::milliseconds period() const noexcept = 0;
	/// When push() was called last, process timeline; 0: never.
	GstClockTime lastPush() const noexcept { return lastPush_; }

protected:
	explicit RawFeed(gst::ElementPtr source) : source_(std::move(source)) {}
	virtual void take(GstBuffer *buffer, GstClockTime time) = 0;
	virtual void fillTo(GstClockTime now) = 0;
	/// Takes ownership.
	void send(GstBuffer *buffer) { gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer); }

private:
	gst::ElementPtr source_;
	std::mutex mutex_; // of everything below and in the derived classes
	bool held_ = false;
	std::atomic<GstClockTime> lastPush_ { 0 };
};

/// Caps of what a feed takes: I420 or S16LE, interleaved.
std::string rawCaps(const VideoProfile &profile, bool withRate);
std::string rawCaps(const AudioProfile &profile);

/// @p source: an appsrc with rawCaps().
std::shared_ptr<RawFeed> makeVideoFeed(gst::ElementPtr source, const VideoProfile &profile);
std::shared_ptr<RawFeed> makeAudioFeed(gst::ElementPtr source, const AudioProfile &profile);

/// How sound is put behind sound. Samples of one channel at 48 kHz.
struct SoundJoint {
	std::uint64_t silence = 0; ///< to put in first
	std::uint64_t skip = 0;	   ///< to leave away at the beginning
	bool jump = false;	   ///< the hole is too long: the time line goes on at @p time
	bool operator==(const SoundJoint &) const = default;
};
/// @p expected: where the sound so far ends, @p time: where the next @p samples say they begin, both in samples.
/// Up to 20 ms apart they are put together as they are: clocks drift, and an encoder wants no holes. Pure.
SoundJoint joinSound(std::uint64_t expected, std::uint64_t time, std::uint64_t samples) noexcept;

} // namespace trtc::media
