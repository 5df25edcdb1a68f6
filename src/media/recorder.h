// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>
#include <trtc/main_loop.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace trtc::media {

/// One remote stream into one Matroska file, without decoding or encoding. A track that is silent, late or gone never
/// holds up the other: it joins the file when it comes. The file is playable at any moment, also after a crash.
/// A recording outlives the connection it gets its frames from: after a short interruption it goes on in the same file, with
/// a hole in the timeline, after a longer one in a next file, its next part. Thread-bound.
class Recorder {
public:
	struct Listener {
		virtual void onRecordingStarted(const RecordingStarted &event) = 0;
		virtual void onRecordingStopped(const RecordingStopped &event) = 0;
		/// The first frame after an interruption is on its way into the same file.
		virtual void onRecordingResumed(const RecordingResumed &) {}
		/// The disk is full or gone (OutputFailed), or no file can hold what came (MediaFailed). It is over, and the
		/// recorder has closed what it could. RecordingStopped came before.
		virtual void onRecordingFailed(const Error &error) = 0;

	protected:
		~Listener() = default;
	};
	struct Config {
		std::string directory;
		RoomId room;
		UserId userId;
		StreamType streamType = StreamType::Main;
		RecordName name = {};
	};
	/// Makes the directory and checks that a file can be made there. Throws Exception(OutputFailed).
	static std::unique_ptr<Recorder> create(MainLoop &loop, Config config, Listener &listener);
	virtual ~Recorder() = default; ///< stop("leave") without events

	/// The file is made with the first frame that can start it (video: a keyframe).
	virtual void write(const EncodedFrame &frame) = 0;
	/// The frames' connection is gone; it has been silent for @p already. When resume() does not come within kLongestGap of
	/// silence the file is closed, and a frame that comes later begins the next part, under the same name with the
	/// next number. So does one that does not fit the file: another codec, another size of picture. Idempotent.
	virtual void interrupt(std::chrono::milliseconds already) = 0;
	/// A new connection is there. Video goes on with its first keyframe. No-op without interrupt().
	virtual void resume() = 0;
	static constexpr std::chrono::seconds kLongestGap { 10 };
	/// Closes the file, with its index. Idempotent. onRecordingStopped is called before it returns, if a file was begun.
	virtual void stop(const std::string &reason) = 0;
};

} // namespace trtc::media
