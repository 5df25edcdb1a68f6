// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>
#include <trtc/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Events of a Client. Names and meaning follow the SDK's events. All of them are delivered on the loop.
namespace trtc {

enum class ConnectionState { Disconnected, Connecting, Connected, Reconnecting };
const char *toString(ConnectionState state) noexcept; ///< "DISCONNECTED" …

struct ConnectionStateChanged {
	ConnectionState prevState, state;
};
struct Joined {
	RoomId room;
	UserId userId;
	Role role;
	Mode mode;
};
struct Left {
	std::string reason;
}; ///< "leave", "connection-lost", "banned" …
struct PeerJoin {
	UserId userId;
	Role role;
};
struct PeerLeave {
	UserId userId;
	std::string reason;
}; ///< "left", "timeout", "kicked", "role-change"; "connection-lost": the local user left
/// The tracks of one stream of a remote user at the time of the event.
struct StreamInfo {
	UserId userId;
	StreamType streamType = StreamType::Main;
	bool hasAudio = false, hasVideo = false, hasSmallVideo = false;
};
struct StreamAdded : StreamInfo {};
struct StreamUpdated : StreamInfo {};
struct StreamRemoved : StreamInfo {};
struct StreamSubscribed : StreamInfo {};
struct StreamUnsubscribed : StreamInfo {};
struct FirstFrame {
	UserId userId;
	StreamType streamType;
	MediaKind kind;
	std::chrono::milliseconds sinceSubscribe;
	int width = 0, height = 0; ///< video: pixels
	std::string codec;	   ///< "h264", "vp8", "opus"
};
struct Published {
	StreamType streamType;
	bool audio, video;
	std::string codec;
};
struct Unpublished {
	StreamType streamType;
	bool audio, video;
	std::string codec;
};
struct RoleSwitched {
	Role role, prevRole;
};
/// A media connection failed and is reconnecting: the downlink from that user or, with `local`, the uplink. The streams
/// stay unchanged.
struct StreamReconnecting {
	UserId userId;
	bool local; ///< the uplink of the local user
	std::string reason;
};
struct StreamReconnected {
	UserId userId;
	bool local;
	int tries;
	std::chrono::milliseconds lost; ///< since the last packet from the remote end
};
struct MuteChanged {
	UserId userId;
	MediaKind kind;
	bool muted;
};
struct RecordingStarted {
	UserId userId;
	StreamType streamType;
	std::string path;
};
struct RecordingStopped {
	UserId userId;
	StreamType streamType;
	std::string path;
	std::chrono::milliseconds duration;
	std::uint64_t bytes, videoFrames, audioPackets;
	std::string
		reason; ///< "leave", "stream-removed", "connection-lost", "unsubscribed", "format-changed", "disk" …
};
/// A recording continues in the same file after its connection was lost. The file has a hole of length `gap`.
struct RecordingResumed {
	UserId userId;
	StreamType streamType;
	std::string path;
	std::chrono::milliseconds gap;
};
struct PlayStarted {
	UserId userId;
	StreamType streamType;
	std::string sinks; ///< "window", "picture", "sound", separated by commas
};
struct PlayStopped {
	UserId userId;
	StreamType streamType;
	std::string reason; ///< "stopped", "window-closed", "failed", "unsubscribed", "stream-removed", "leave" …
};
struct SnapshotSaved {
	UserId userId;
	std::string path;
	int width, height; ///< pixels
};
struct AudioVolume {
	UserId userId;
	int volume; ///< 0…100, as RemoteStream::takeVolume()
};
/// Emitted every two seconds while in a room. 0: unknown, no such connection yet; 1: excellent … 5: very poor; 6: down
/// (downlink: all downlinks). The worse of loss and round trip decides, as in the SDK. Unknown values are empty.
struct NetworkQuality {
	int uplink = 0, downlink = 0;
	std::optional<int> uplinkRtt, downlinkRtt;   ///< milliseconds; downlink: averages over the users
	std::optional<int> uplinkLoss, downlinkLoss; ///< percent, over the last two seconds
	bool operator==(const NetworkQuality &) const = default;
};
/// A message in a remote user's video, delivered in the order of the frames.
struct SeiMessage {
	UserId userId;
	std::vector<std::uint8_t> data; ///< any bytes, at least one
	int seiPayloadType;		///< 243 or 5
	bool isFromAuxiliary;
};
struct ClientBanned {
	std::string reason;
}; ///< "kick", "banned", "room-disband"
struct SourceEnded {
	std::string source;
}; ///< a file source without loop has ended
/// A published device disappeared or delivers no data. The track stays published with black pictures or silence until the
/// device is available again (the client keeps checking) or is replaced.
struct SourceLost {
	MediaKind kind;
	std::string source; ///< SourceSpec::str()
	std::string reason;
};
/// A lost device is available and published again.
struct DeviceRecovered {
	MediaKind kind;
	std::string source;
	std::chrono::milliseconds lost;
};
/// An error. With `recoverable` the client stays in the room.
struct Failed {
	Error error;
	bool recoverable;
};

using EventVariant =
	std::variant<ConnectionStateChanged, Joined, Left, PeerJoin, PeerLeave, StreamAdded, StreamUpdated,
		     StreamRemoved, StreamSubscribed, StreamUnsubscribed, FirstFrame, Published, Unpublished,
		     RoleSwitched, StreamReconnecting, StreamReconnected, MuteChanged, RecordingStarted,
		     RecordingStopped, RecordingResumed, PlayStarted, PlayStopped, SnapshotSaved, AudioVolume,
		     NetworkQuality, SeiMessage, ClientBanned, SourceEnded, SourceLost, DeviceRecovered, Failed>;

/// One of the events above. A separate class, so that the code to copy, move and destroy an event is compiled once and not in
/// every file that forwards one. It works with std::visit, std::get_if and std::holds_alternative like its base class.
class Event : public EventVariant {
public:
	using EventVariant::EventVariant;
	Event(const Event &);
	Event(Event &&) noexcept;
	Event &operator=(const Event &);
	Event &operator=(Event &&) noexcept;
	~Event();
};

/// For std::visit. There is no default branch, so a new event breaks the build of every visitor that misses it.
template <class... F>
struct overloaded : F... {
	using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

} // namespace trtc
