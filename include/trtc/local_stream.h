// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <functional>
#include <memory>
#include <vector>

namespace trtc {

/// The streams of the local user. The caller owns it and keeps it alive from Client::publish() until unpublish() or
/// leave() is done. Thread-bound.
class LocalStream {
public:
	LocalStream(MainLoop &loop, LocalStreamConfig config);
	~LocalStream();
	LocalStream(const LocalStream &) = delete;
	LocalStream &operator=(const LocalStream &) = delete;

	/// Opens and tests the sources. Throws Exception: DeviceNotFound (no such device, display or file),
	/// InitializeFailed (in use, no permission, not decodable, the file lacks the requested track), NotSupported (a plug-in
	/// is missing). Blocks up to 5 s on a file, up to 10 s on a device that delivers no data.
	void initialize();
	/// The tracks that initialize() would create. Reads files, opens no device. Throws as initialize().
	std::vector<TrackPlan> plan() const;
	using Done = std::function<void(Status)>;
	/// Changes the source of an existing track, published or not, without renegotiation, as replaceTrack() of the SDK. While
	/// published, the old source continues until the new one delivers data, and keeps running if the new one fails.
	/// Errors: InvalidOperation (no such track, not initialized, a replace is running), InvalidParameter (the source
	/// cannot deliver @p kind) and those of initialize(). @p done runs once, asynchronously, on the loop, unless the
	/// stream is destroyed. The auxiliary stream has video only.
	void replace(MediaKind kind, const SourceSpec &spec, Done done, StreamType type = StreamType::Main);
	/// Adds a missing track, published or not, without renegotiation, as addTrack() of the SDK. While published, the track is
	/// added when its source delivers data; the service notifies the room, and Published follows. Errors: as replace();
	/// InvalidOperation while a publish, an unpublish or another track change is running, and for a second auxiliary
	/// stream in the room; errors of the service.
	void addTrack(MediaKind kind, const SourceSpec &spec, Done done, StreamType type = StreamType::Main);
	/// Removes a track, as removeTrack() of the SDK. The last track cannot be removed. Published or Unpublished follows.
	/// A track that is added again is not muted. Errors: InvalidOperation; errors of the service.
	void removeTrack(MediaKind kind, Done done, StreamType type = StreamType::Main);
	bool hasAudio() const noexcept;
	bool hasVideo() const noexcept;
	bool hasSmallVideo() const noexcept; ///< smallProfile is set and there is video
	bool hasAuxiliary() const noexcept;
	/// Muting stops the packets of a track; the track stays published and other users get `mute-*`. False without such a track.
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
