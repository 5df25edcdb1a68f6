// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/types.h>

#include <cstdint>
#include <string>
#include <variant>

/// What happens in the rooms, for the operator of the service; clients are never sent it. Pairs are complete: each user that joined
/// leaves, each stream that was published is unpublished, each room that was created becomes empty.
namespace trtc::service {

/// Which room and user an event is about.
struct AboutRoom {
	std::uint32_t sdkAppId = 0;
	RoomId room;
	UserId userId;
	std::string address; ///< of the user's connection, the latest one
};
struct RoomCreated : AboutRoom {}; ///< by the first user in it
struct RoomEmpty : AboutRoom {	   ///< the last user has left, with this reason
	std::string reason;
};
struct UserJoined : AboutRoom {
	Role role = Role::Anchor;
	Mode mode = Mode::Live;
};
/// The user is really gone: a member that lost its connection is kept for Limits::resumeGrace first.
struct UserLeft : AboutRoom {
	std::string reason; ///< one of leave_reason
};
struct RoleChanged : AboutRoom {
	Role role = Role::Anchor, prevRole = Role::Anchor;
};
/// Others can see it now. Told again when the tracks of the stream change.
struct StreamPublished : AboutRoom {
	StreamType streamType = StreamType::Main;
	bool audio = false, video = false;
	std::string codec; ///< of the video, "H264" or "VP8"; the rules leave it empty
};
struct StreamUnpublished : AboutRoom {
	StreamType streamType = StreamType::Main;
	bool audio = false, video = false; ///< what it had
	std::string reason;		   ///< one of stream_reason, or the leave_reason of a user that left
};
using RoomEvent =
	std::variant<RoomCreated, RoomEmpty, UserJoined, UserLeft, RoleChanged, StreamPublished, StreamUnpublished>;

/// UserLeft::reason.
namespace leave_reason {
inline constexpr const char *kLeft = "left";			  ///< said so
inline constexpr const char *kClosed = "closed";		  ///< the page was closed
inline constexpr const char *kConnectionLost = "connection-lost"; ///< and did not come back in time
inline constexpr const char *kTimeout = "timeout";		  ///< connected, but silent
inline constexpr const char *kReplaced = "replaced";		  ///< the same user entered the room again
inline constexpr const char *kKicked = "kicked";		  ///< by an administrator, like the next two
inline constexpr const char *kBanned = "banned";
inline constexpr const char *kDisbanded = "room-disband";
inline constexpr const char *kRefused = "refused"; ///< sent too much, or something malformed
inline constexpr const char *kStopped = "service-stopped";
inline constexpr const char *kMediaFailed = "media-failed"; ///< its one connection could not be made
} // namespace leave_reason

/// StreamUnpublished::reason.
namespace stream_reason {
inline constexpr const char *kUnpublished = "unpublished";    ///< said so
inline constexpr const char *kRepublished = "republished";    ///< a new publication takes its place
inline constexpr const char *kRoleChange = "role-change";     ///< an audience publishes nothing
inline constexpr const char *kMediaFailed = "media-failed";   ///< the connection with the media broke
inline constexpr const char *kNotPermitted = "not-permitted"; ///< by a new PrivateMapKey
} // namespace stream_reason

} // namespace trtc::service
