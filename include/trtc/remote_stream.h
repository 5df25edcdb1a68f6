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

/// One stream of a remote user. Owned by Client, valid from StreamAdded until the handler of StreamRemoved
/// returns. Thread-bound.
class RemoteStream {
public:
	virtual ~RemoteStream() = default;
	virtual const StreamInfo &info() const noexcept = 0;
	virtual bool subscribed() const noexcept = 0;
	/// Records from the first frame on, without decoding, into a new file @p name with the extension `.mkv` in
	/// @p directory, which is created if missing. May be called before the subscription. Throws
	/// Exception(OutputFailed) if the directory cannot be written, InvalidOperation if it already records.
	/// No effect on a stream that has ended before its StreamRemoved is delivered.
	virtual void startRecording(const std::string &directory, const RecordName &name = {}) = 0;
	/// Closes the file; RecordingStopped follows. No effect if it does not record.
	virtual void stopRecording() = 0;

	/// Plays from the next keyframe on, until stopPlaying(), unsubscribe or the end of the stream. Replaces an earlier
	/// play(). PlayStarted and PlayStopped report it. An output that fails causes Failed; the other outputs continue.
	/// May be called before the subscription. Throws Exception(InvalidOperation) if @p options has no output.
	virtual void play(const PlayOptions &options) = 0;
	/// PlayStopped follows. No effect if it does not play.
	virtual void stopPlaying() = 0;
	virtual bool playing() const noexcept = 0;

	using SnapshotDone = std::function<void(Result<Snapshot>)>;
	/// Writes the next keyframe to @p path (.png, .jpg or .jpeg), completely or not at all; SnapshotSaved follows.
	/// @p done runs once, on the loop. Errors: InvalidParameter (another file extension), InvalidOperation (no video,
	/// muted, not subscribed, another snapshot is running), OutputFailed, MediaFailed (no picture within 5 s).
	virtual void snapshot(const std::string &path, SnapshotDone done) = 0;

	/// Starts or stops measuring the volume of the stream.
	virtual void measureVolume(bool on) = 0;
	/// 0…100: the loudest 20 ms since the last call, on a decibel scale (0: -60 dBFS or less, 100: full scale). 0 if
	/// the volume is not measured.
	virtual int takeVolume() = 0;
};

} // namespace trtc
