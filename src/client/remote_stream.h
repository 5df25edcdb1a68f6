// SPDX-License-Identifier: MIT
#pragma once

#include "client/factories.h"
#include "client/recording.h"
#include "media/frame.h"

#include <trtc/events.h>
#include <trtc/main_loop.h>
#include <trtc/remote_stream.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace trtc::client {

/// The RemoteStream behind the public one: state, first frames, at most one recorder, player, snapshot and meter.
/// Thread-bound.
class RemoteStreamImpl final : public RemoteStream {
public:
	/// Outlives the stream or detach()es it.
	struct Owner {
		/// Queues the event for the user.
		virtual void onStreamEvent(Event event) = 0;
		/// A recording, playing or a snapshot has begun in the middle of a stream.
		virtual void onKeyframeWanted(const RemoteStreamImpl &stream) = 0;
		/// A recording of this stream that was kept while it was away, or null. It is the caller's now.
		virtual std::shared_ptr<Recording> takeKeptRecording(const StreamInfo &stream) = 0;

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
	void play(const PlayOptions &options) override;
	void stopPlaying() override;
	bool playing() const noexcept override { return player_ != nullptr; }
	void snapshot(const std::string &path, SnapshotDone done) override;
	void measureVolume(bool on) override;
	int takeVolume() override { return readVolume(0); }

	void setInfo(const StreamInfo &info) { info_ = info; }
	/// How late a frame may come from the receiver.
	void setLatency(std::chrono::milliseconds latency) noexcept { latency_ = latency; }
	void setVideoMuted(bool muted) noexcept { videoMuted_ = muted; }
	/// As measureVolume() and takeVolume(), for AudioVolume; the two do not disturb each other.
	void evaluateVolume(bool on);
	int takeEvaluation() { return readVolume(1); }
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
	/// The connection behind it is gone, and has been silent for @p already; then: there is a new one.
	void interrupt(std::chrono::milliseconds already);
	void resume();
	/// Gives the recording away, null if there is none. It is interrupted.
	std::shared_ptr<Recording> giveRecording(std::chrono::milliseconds already);
	/// Since the last frame; empty: none has come since the subscription.
	std::optional<std::chrono::milliseconds> sinceFrame() const;
	/// Ends recording, playing and snapshot, if there are any, with their events.
	void finish(const std::string &reason);
	/// The stream is over: nothing is told any more, a recording is refused.
	void detach() noexcept { owner_ = nullptr; }

private:
	/// What one player has to say. It lives as long as the player, and is deaf once that is not ours any more.
	struct PlayerEar final : media::Player::Listener {
		explicit PlayerEar(RemoteStreamImpl *whose) noexcept : stream(whose) {}
		void onPlayerStarted() override;
		void onPlayerNeedsKeyframe() override;
		void onPlayerClosed() override;
		void onPlayerFailed(const Error &error, bool over) override;
		RemoteStreamImpl *stream; // null: deaf
	};
	std::string name() const;
	void record(const media::EncodedFrame &frame);
	void finishRecording(const std::string &reason);
	void finishPlaying(const std::string &reason);
	void finishSnapshot(Result<Snapshot> result);
	void changeMeter();
	int readVolume(std::size_t reader);

	MainLoop &loop_;
	const Factories &factories_;
	Owner *owner_;
	RoomId room_;
	StreamInfo info_;
	bool subscribed_ = false, audioSeen_ = false, videoSeen_ = false;
	TimePoint since_;
	Picture picture_;
	std::optional<TimePoint> lastFrame_;
	std::shared_ptr<Recording> recording_;
	std::chrono::milliseconds latency_ { 100 };
	bool videoMuted_ = false;
	std::shared_ptr<PlayerEar> playerEar_;
	std::shared_ptr<media::Player> player_;
	std::string playSinks_;
	bool playTold_ = false;
	std::shared_ptr<media::SnapshotTaker> taker_;
	std::shared_ptr<bool> takerAsked_; // while the answer of taker_ is wanted
	SnapshotDone snapshotDone_;
	SourceHandle snapshotTimer_; // asks for its keyframe again
	std::shared_ptr<media::Meter> meter_;
	// Of the two who may ask: whether they do, and the loudest since they did last.
	std::array<bool, 2> measured_ {};
	std::array<int, 2> loudest_ {};
};

} // namespace trtc::client
