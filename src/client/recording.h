// SPDX-License-Identifier: MIT
#pragma once

#include "client/factories.h"
#include "media/frame.h"
#include "media/recorder.h"

#include <trtc/events.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace trtc::client {

/// The recording of one remote stream. It outlives the stream: while the room or the publication is on its way back the
/// session keeps it, and the next stream of the same user takes it over. Thread-bound.
class Recording final : private media::Recorder::Listener {
public:
	using Tell = std::function<void(Event)>;

	/// Throws as media::Recorder::create().
	Recording(MainLoop &loop, const Factories &factories, media::Recorder::Config config, Tell tell);

	/// It failed; nothing is written any more.
	bool over() const noexcept { return over_; }
	/// What startRecording() would make with these is this one, or a next part of it.
	bool fits(const std::string &directory, const RecordName &name) const;
	void write(const media::EncodedFrame &frame) { recorder_->write(frame); }
	/// As in media::Recorder.
	void interrupt(std::chrono::milliseconds already) { recorder_->interrupt(already); }
	void resume() { recorder_->resume(); }
	void stop(const std::string &reason) { recorder_->stop(reason); }

private:
	void onRecordingStarted(const RecordingStarted &event) override { tell_(event); }
	void onRecordingStopped(const RecordingStopped &event) override { tell_(event); }
	void onRecordingResumed(const RecordingResumed &event) override { tell_(event); }
	void onRecordingFailed(const Error &error) override;

	std::string directory_;
	RecordName name_;
	Tell tell_;
	bool over_ = false;
	std::unique_ptr<media::Recorder> recorder_;
};

} // namespace trtc::client
