// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>
#include <trtc/play.h>

#include <functional>
#include <memory>
#include <string>

namespace trtc {

/// What a remote user sends in one stream. Owned by Client, valid from StreamAdded until the handler
/// of StreamRemoved returns. Thread-bound.
class RemoteStream {
public:
	virtual ~RemoteStream() = default;
	virtual const StreamInfo &info() const noexcept = 0;
	virtual bool subscribed() const noexcept = 0;
	/// Records into a new file called @p name with `.mkv` in @p directory (made if missing), from the
	/// first frame on, without decoding. May be called before the subscription. Throws
	/// Exception(OutputFailed) if the directory cannot be written, InvalidOperation if it records already.
	/// Does nothing on a stream that has ended while its StreamRemoved is still on the way.
	virtual void startRecording(const std::string &directory, const RecordName &name = {}) = 0;
	/// Closes the file; RecordingStopped follows. No-op if it does not record.
	virtual void stopRecording() = 0;

	/// Shows and plays from the next keyframe on, until stopPlaying(), unsubscription or the end of the stream; what
	/// was played before is played no more. PlayStarted and PlayStopped tell it; a part that fails is told as
	/// Failed, and the rest goes on. May be called before the subscription. Throws
	/// Exception(InvalidOperation) when no place is named.
	virtual void play(const PlayOptions &options) = 0;
	/// PlayStopped follows. No-op if it does not play.
	virtual void stopPlaying() = 0;
	virtual bool playing() const noexcept = 0;

	using SnapshotDone = std::function<void(Result<Snapshot>)>;
	/// Writes the next keyframe to @p path, .png, .jpg or .jpeg, and tells SnapshotSaved; the file is there whole or
	/// not at all. @p done runs once, on the loop. Errors: InvalidParameter (another ending), InvalidOperation (no
	/// video, muted, not subscribed, another one is being taken), OutputFailed, MediaFailed (no picture in 5 s).
	virtual void snapshot(const std::string &path, SnapshotDone done) = 0;

	/// Starts and stops measuring how loud the stream is.
	virtual void measureVolume(bool on) = 0;
	/// 0…100: the loudest 20 ms since the last call, on a scale of decibels (0: -60 dBFS and less, 100: full scale).
	/// 0 when it is not measured.
	virtual int takeVolume() = 0;
};

} // namespace trtc
