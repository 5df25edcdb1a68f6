// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/peer_connection.h"

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace trtc::media {

/// Where the encoded buffers of one kind go. Made on the loop, used by one streaming thread.
class Outlet {
public:
	explicit Outlet(std::shared_ptr<webrtc::Sender> sender) : sender_(std::move(sender)) {}
	/// @p buffer: PTS is running time of its pipeline. Borrowed. Streaming thread.
	void push(GstBuffer *buffer, GstClockTime runningTime);
	/// What comes to push(), muted or not.
	std::uint64_t frames() const noexcept { return frames_; }
	int width() const noexcept { return width_; }
	int height() const noexcept { return height_; }
	/// Streaming thread.
	void setSize(int width, int height) noexcept
	{
		width_ = width;
		height_ = height;
	}
	/// Muted: nothing passes, and afterwards nothing before a keyframe. Thread-safe.
	void setMuted(bool muted) noexcept { muted_ = muted; }
	/// Base time of the pipeline in front of us; set before it plays. Thread-safe.
	void setBaseTime(GstClockTime base) noexcept { base_ = base; }

private:
	std::shared_ptr<webrtc::Sender> sender_;
	std::atomic<bool> muted_ { false };
	std::atomic<GstClockTime> base_ { gst::epoch() };
	std::atomic<std::uint64_t> frames_ { 0 };
	std::atomic<int> width_ { 0 }, height_ { 0 };
	bool waitForKeyframe_ = true; // streaming thread only
};

/// One pipeline that ends in one or two outlets. Thread-bound. A new source is a file pair in sources/ and a line in
/// capture.cpp.
class Source {
public:
	struct Events {
		std::function<void(const Error &)> failed; ///< once; nothing follows
		std::function<void()> ended;		   ///< a file is through
	};
	virtual ~Source() = default; ///< stops
	/// Null outlets are kinds this source does not give. Throws Exception.
	virtual void start() = 0;
	virtual void requestKeyframe() = 0;
};

struct SourceSetup {
	LocalStreamConfig config;
	std::shared_ptr<Outlet> audio, video;
	Source::Events events;
};

/// gst-launch chain from raw I420 to what webrtc::Sender takes. Throws Exception(NotSupported) without an encoder.
std::string videoEncoder(VideoCodec codec, const VideoProfile &profile);
std::string audioEncoder(const AudioProfile &profile);

/// Hands every buffer of the appsink @p name in @p bin to @p outlet.
void connectOutlet(GstBin *bin, const char *name, std::shared_ptr<Outlet> outlet);
/// Asks the encoder in front of the appsink @p name for a keyframe.
void forceKeyframe(GstBin *bin, const char *name);

} // namespace trtc::media
