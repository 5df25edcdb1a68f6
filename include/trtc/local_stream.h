// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <memory>

namespace trtc {

/// What we send. Made and owned by the caller, lent to Client::publish() until unpublish() or leave()
/// is done. Thread-bound.
class LocalStream {
public:
	LocalStream(MainLoop &loop, LocalStreamConfig config);
	~LocalStream();
	LocalStream(const LocalStream &) = delete;
	LocalStream &operator=(const LocalStream &) = delete;

	/// Opens the sources. Throws Exception: DeviceNotFound (no such file), InitializeFailed (not
	/// decodable, the asked track is not in it), NotSupported (a plug-in is missing). Blocks up to 5 s on a file.
	void initialize();
	bool hasAudio() const noexcept;
	bool hasVideo() const noexcept;
	bool hasAuxiliary() const noexcept;
	/// Mute: the track stays published, its packets stop, peers get `mute-*`. False without such a track.
	bool muteAudio();
	bool unmuteAudio();
	bool muteVideo();
	bool unmuteVideo();
	bool audioMuted() const noexcept;
	bool videoMuted() const noexcept;

	struct Impl;
	Impl &impl() noexcept { return *impl_; } ///< for Client

private:
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc
