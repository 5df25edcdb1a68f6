// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>

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
};

} // namespace trtc
