// SPDX-License-Identifier: MIT
#pragma once

#include "client/factories.h"
#include "media/frame.h"
#include "media/recorder.h"

#include <trtc/events.h>
#include <trtc/main_loop.h>
#include <trtc/remote_stream.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace trtc::client {

/// The RemoteStream behind the public one: state, first frames, one recorder. Thread-bound.
class RemoteStreamImpl final : public RemoteStream, private media::Recorder::Listener {
public:
	/// Outlives the stream or detach()es it.
	struct Owner {
		/// Queues the event for the user.
		virtual void onStreamEvent(Event event) = 0;
		/// A recording has begun in the middle of a stream.
		virtual void onKeyframeWanted(const RemoteStreamImpl &stream) = 0;

	protected:
		~Owner() = default;
	};
	using TimePoint = std::chrono::steady_clock::time_point;

	RemoteStreamImpl(MainLoop &loop, const Factories &factories, Owner &owner, RoomId room, StreamInfo info);
	~RemoteStreamImpl() override;

	// RemoteStream
	const StreamInfo &info() const noexcept override { return info_; }
	bool subscribed() const noexcept override { return subscribed_; }
	void startRecording(const std::string &directory, const RecordName &name = {}) override;
	void stopRecording() override;

	void setInfo(const StreamInfo &info) { info_ = info; }
	/// @p since: when the subscription was asked for; first frames are told anew.
	void subscribe(TimePoint since);
	void unsubscribe() noexcept { subscribed_ = false; }
	void write(const media::EncodedFrame &frame);
	/// Since the subscription.
	struct Picture {
		std::uint64_t frames = 0;
		int width = 0, height = 0; ///< pixels, 0 until known
	};
	const Picture &picture() const noexcept { return picture_; }
	/// Ends the recording, if there is one, with its RecordingStopped.
	void finish(const std::string &reason);
	/// The stream is over: nothing is told any more, a recording is refused.
	void detach() noexcept { owner_ = nullptr; }

private:
	void onRecordingStarted(const RecordingStarted &event) override;
	void onRecordingStopped(const RecordingStopped &event) override;
	void onRecordingFailed(const Error &error) override;
	void dropRecorder();

	MainLoop &loop_;
	const Factories &factories_;
	Owner *owner_;
	RoomId room_;
	StreamInfo info_;
	bool subscribed_ = false, audioSeen_ = false, videoSeen_ = false;
	TimePoint since_;
	Picture picture_;
	std::shared_ptr<media::Recorder> recorder_;
};

} // namespace trtc::client
