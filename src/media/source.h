// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/peer_connection.h"

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace trtc::media {

/// One track's way out. Sources take turns in it: the one whose outlet was the last to bring its first keyframe holds it.
/// Made on the loop; its outlets are used by streaming threads.
class Lane {
public:
	explicit Lane(std::shared_ptr<webrtc::Sender> sender) : sender_(std::move(sender)) {}
	/// Muted: nothing passes, and afterwards nothing before a keyframe. Thread-safe.
	void setMuted(bool muted) noexcept { muted_ = muted; }

private:
	friend class Outlet;
	std::shared_ptr<webrtc::Sender> sender_;
	std::atomic<bool> muted_ { false };
	std::mutex mutex_; // guards what follows
	const void *holder_ = nullptr;
	GstClockTime last_ = 0; // of what passed, process timeline
	bool waitForKeyframe_ = true;
};

/// Where the encoded buffers of one source and one kind go. Made on the loop, used by one streaming thread.
class Outlet {
public:
	/// @p taken: this outlet has the lane now; once, on the streaming thread.
	Outlet(std::shared_ptr<Lane> lane, MediaKind kind, std::function<void()> taken = {})
		: lane_(std::move(lane)), kind_(kind), taken_(std::move(taken))
	{
	}
	/// Of a small video: it takes its lane after @p big has taken the big one's.
	Outlet(std::shared_ptr<Lane> lane, std::shared_ptr<const Outlet> big)
		: lane_(std::move(lane)), kind_(MediaKind::Video), big_(std::move(big))
	{
	}
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
	/// Nothing passes any more. Thread-safe.
	void close();
	/// Closes it if it has not got the lane yet; false if it has. Thread-safe.
	bool giveUp();
	/// Base time of the pipeline in front of us; set before it plays. Thread-safe.
	void setBaseTime(GstClockTime base) noexcept { base_ = base; }

private:
	std::shared_ptr<Lane> lane_;
	MediaKind kind_;
	std::function<void()> taken_; // lane's mutex
	std::shared_ptr<const Outlet> big_;
	std::atomic<bool> hasTaken_ { false };
	GstClockTime floor_ = 0; // lane's mutex; nothing goes out at or before it
	bool fresh_ = true;	 // lane's mutex; has not held the lane yet
	std::atomic<GstClockTime> base_ { gst::epoch() };
	std::atomic<std::uint64_t> frames_ { 0 };
	std::atomic<int> width_ { 0 }, height_ { 0 };
};

/// One pipeline that ends in one or two outlets. Thread-bound. A new source is a file pair in sources/ and a line in
/// capture.cpp.
class Source {
public:
	struct Events {
		std::function<void(const Error &)> failed; ///< once; nothing follows
		std::function<void()> ended;		   ///< a file is through
		/// What is captured has gone; black or silence goes out until it is back.
		std::function<void(const Error &)> lost;
		std::function<void(std::chrono::milliseconds)> recovered; ///< how long it was gone
	};
	virtual ~Source() = default; ///< stops
	/// Null outlets are kinds this source does not give. Throws Exception.
	virtual void start() = 0;
	virtual void requestKeyframe() = 0;
	virtual void requestSmallKeyframe() = 0;
};

struct SourceSetup {
	LocalStreamConfig config;
	std::shared_ptr<Outlet> audio, video;
	std::shared_ptr<Outlet> small; ///< only with video, and with config.smallProfile
	Source::Events events;
	/// It is on trial, in place of another source: nothing goes out before it has given something.
	bool trial = false;
};

/// A source that has been looked at and may be started, again and again.
struct SourcePlan {
	std::function<std::unique_ptr<Source>(SourceSetup)> make;
	bool audioPassed = false, videoPassed = false; ///< goes out without encoding
};

/// What a source would be made of.
struct SourceText {
	std::string pipeline; ///< as gst-launch would have it, from the source to the encoder
	bool encoded = true;  ///< false: goes out as it is
	/// Of the small video, from what it shares with the big one to its encoder; "": there is none.
	std::string small;
	std::string reason {}; ///< why a film is encoded
};

/// What to look at.
struct SourceRequest {
	MainLoop &loop;
	const LocalStreamConfig &config;
	SourceSpec spec;
	bool audio = false, video = false; ///< what it has to give
	/// Capture something from it now, to be sure; blocks. Without it only what can be seen at once is checked.
	bool tryOut = true;
};

/// gst-launch chain from raw I420 to what webrtc::Sender takes. Throws Exception(NotSupported) without an encoder.
std::string videoEncoder(VideoCodec codec, const VideoProfile &profile);
std::string audioEncoder(const AudioProfile &profile);

/// From raw I420 pictures, or with @p decoder ("" or "ELEMENTS !") from others, to the small video's encoder.
/// @p big: what they are. @p recorded: they wait for us. Throws as videoEncoder().
std::string smallVideoChain(const LocalStreamConfig &config, const VideoProfile &big, bool recorded,
			    const std::string &decoder = {});
/// @p head, then @p encoder ("": none) and an appsink @p name with @p properties; with @p small (smallVideoChain(), "":
/// none) that and an appsink "small" beside them. @p recorded: as there.
std::string encodedEnds(const std::string &head, const std::string &encoder, const std::string &small, const char *name,
			const char *properties, bool recorded);

/// Hands every buffer of the appsink @p name in @p bin to @p outlet.
void connectOutlet(GstBin *bin, const char *name, std::shared_ptr<Outlet> outlet);
/// Asks the encoder in front of the appsink @p name for a keyframe.
void forceKeyframe(GstBin *bin, const char *name);

} // namespace trtc::media
