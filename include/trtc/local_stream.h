// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <functional>
#include <memory>
#include <vector>

namespace trtc {

/// What we send. Made and owned by the caller, lent to Client::publish() until unpublish() or leave()
/// is done. Thread-bound.
class LocalStream {
public:
	LocalStream(MainLoop &loop, LocalStreamConfig config);
	~LocalStream();
	LocalStream(const LocalStream &) = delete;
	LocalStream &operator=(const LocalStream &) = delete;

	/// Opens the sources and tries them. Throws Exception: DeviceNotFound (no such device, display or file),
	/// InitializeFailed (in use, no permission, not decodable, the asked track is not in it), NotSupported (a plug-in
	/// is missing). Blocks up to 5 s on a file, up to 10 s on a device that gives nothing.
	void initialize();
	/// What initialize() would make. Looks into files, opens no device. Throws as initialize().
	std::vector<TrackPlan> plan() const;
	using Done = std::function<void(Status)>;
	/// Takes another source for a track that is there, as replaceTrack() of the SDK; published or not, and without
	/// negotiation. On air the old source goes on until the new one has given something, and for good if that fails.
	/// Errors: InvalidOperation (no such track, not initialized, a replace is running), InvalidParameter (the source
	/// gives no such media) and those of initialize(). @p done runs once, later, on the loop, unless the stream dies.
	/// The auxiliary stream has a picture only.
	void replace(MediaKind kind, const SourceSpec &spec, Done done, StreamType type = StreamType::Main);
	/// Adds a track that is not there, as addTrack() of the SDK; published or not. On air it is there when the source has
	/// given something; the room is told, without negotiation, and Published tells it. Errors: as replace(), and
	/// InvalidOperation while a publish or unpublish or another change of tracks is running, and for a second
	/// auxiliary stream in the room; what the service says.
	void addTrack(MediaKind kind, const SourceSpec &spec, Done done, StreamType type = StreamType::Main);
	/// Removes a track, as removeTrack() of the SDK; the last one is refused. Published or Unpublished tells it.
	/// It is not muted when it is added again. Errors: InvalidOperation; what the service says.
	void removeTrack(MediaKind kind, Done done, StreamType type = StreamType::Main);
	bool hasAudio() const noexcept;
	bool hasVideo() const noexcept;
	bool hasSmallVideo() const noexcept; ///< smallProfile, and there is video
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
