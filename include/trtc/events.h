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

/// What a Client tells; names and meaning follow the SDK's events. All arrive on the loop.
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
}; ///< "left", "timeout", "kicked", "role-change"; "connection-lost": we went
/// What the remote user publishes in one stream, at the time of the event.
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
/// Media of one connection broke off and is being brought back: what that user sends us or, if it is our own name, what we
/// send. Streams stay what they are.
struct StreamReconnecting {
	UserId userId;
	bool local; ///< our own publication
	std::string reason;
};
struct StreamReconnected {
	UserId userId;
	bool local;
	int tries;
	std::chrono::milliseconds lost; ///< since the last sign of the other end
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
/// A recording goes on in the same file after its connection was lost; the file has a hole as long as the gap.
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
/// Every two seconds while in a room: 0 unknown, no such connection yet; 1 excellent … 5 very poor; 6 down (downlink: all of
/// them). By loss or round trip, whichever is worse, as the SDK has it. What is not known is left out.
struct NetworkQuality {
	int uplink = 0, downlink = 0;
	std::optional<int> uplinkRtt, downlinkRtt;   ///< milliseconds; downlink: averages over the users
	std::optional<int> uplinkLoss, downlinkLoss; ///< percent, over the last two seconds
	bool operator==(const NetworkQuality &) const = default;
};
/// A message in a remote user's video, in the order of their frames.
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
}; ///< a file source without loop has come to its end
/// A device that is published has gone or gives nothing. The track stays published: black or silence goes out until
/// the device is back, which is looked for, or replaced.
struct SourceLost {
	MediaKind kind;
	std::string source; ///< SourceSpec::str()
	std::string reason;
};
/// It is back on air.
struct DeviceRecovered {
	MediaKind kind;
	std::string source;
	std::chrono::milliseconds lost;
};
/// recoverable: the client stays in the room.
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

/// One of the above. A class of its own so that copying, moving and destroying thirty structs is compiled once, not in every
/// file that passes an event on. std::visit, std::get_if and std::holds_alternative take it as the variant that it is.
class Event : public EventVariant {
public:
	using EventVariant::EventVariant;
	Event(const Event &);
	Event(Event &&) noexcept;
	Event &operator=(const Event &);
	Event &operator=(Event &&) noexcept;
	~Event();
};

/// For std::visit; no default branch, so that a new event breaks the build where it matters.
template <class... F>
struct overloaded : F... {
	using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

} // namespace trtc
