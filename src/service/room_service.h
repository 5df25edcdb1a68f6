// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"
#include "service/room_event.h"

#include <trtc/error.h>
#include <trtc/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The rules of the room: (session, message) in, effects out. No socket, no clock, no media, no
/// thread of its own; reentrant. `server` carries the effects out.
namespace trtc::service {

/// One visit of a user, from the first socket on; never reused. It outlives its socket: while it is lost, and when another
/// one takes its place.
using SessionId = std::uint64_t;
using TimePoint = std::chrono::steady_clock::time_point;

struct Limits {
	std::size_t maxRooms = 1000;
	std::size_t maxUsersPerRoom = 200;
	std::size_t maxAnchorsPerRoom = 50;	      ///< publishing users, as TRTC counts
	std::chrono::seconds heartbeatTimeout { 30 }; ///< no frame for that long: user_time_out
	/// A member whose socket was lost is kept that long. The public service waits 90 s, and its peers look at a frozen
	/// picture all the time; the SDK's tries 1 to 8 take 28 s.
	std::chrono::seconds resumeGrace { 30 };
	/// Members without a socket, over all rooms: sockets have a limit (4096) and do not hold these any more.
	std::size_t maxKept = 1000;
	std::size_t maxKeptPerUser = 8; ///< of them; one UserSig must not take all the places
	/// Rooms that one user is in at a time; a recorder of many rooms under one name needs one each.
	std::size_t maxRoomsPerUser = 64;
	/// Of them, rooms in which it publishes: each publication costs threads.
	std::size_t maxPublicationsPerUser = 16;
};

/// What the caller must do, in this order.
struct Send { ///< to one session
	SessionId to;
	protocol::ServerMessage message;
};
struct CloseSession { ///< after the messages before it are written; its socket may be lost already
	SessionId session;
	unsigned short code; ///< WebSocket close code, 4000 and up, or 1000 after `leave`
	std::string reason;
};
struct StartUplink { ///< answer this offer; then uplinkAnswered()
	SessionId session;
	std::int64_t seq;
	protocol::Event replyEvent; ///< 4098, or 4128 for publish_change
	std::string sdp;
	std::string preferredCodec; ///< constraintConfig.videoCodec: "H264", "VP8" or ""
};
struct StopUplink {
	SessionId session;
};
struct StartDownlink { ///< answer this offer with the publisher's tracks
	SessionId session;
	std::int64_t seq;
	SessionId publisher;
	std::string sdp;
	protocol::SubscribeWishes wishes;
};
struct ChangeDownlink {
	SessionId session, publisher;
	protocol::SubscribeWishes wishes;
};
struct StopDownlink {
	SessionId session, publisher;
};
/// What of the publisher's media is to be forwarded now: published and not muted.
struct UplinkFlow {
	SessionId session;
	bool audio, bigVideo, smallVideo, auxVideo;
};
/// The client wants one connection for everything: make it, then singleAnswered(). The one before has been stopped.
struct StartSingle {
	SessionId session;
	std::int64_t seq;
	protocol::Ability ability;
};
/// With everything on it.
struct StopSingle {
	SessionId session;
};
/// The client's tracks come on its one connection with these SSRCs: audio, big, small, auxiliary. What is sent again has SSRCs of
/// its own, 0: none. Nothing is answered.
struct StartSingleUplink {
	SessionId session;
	std::array<std::uint32_t, 4> ssrcs, repairs;
};
/// The publisher's tracks go out on the client's one connection with these SSRCs: audio, main, auxiliary; then downlinkAnswered().
struct StartSingleDownlink {
	SessionId session;
	std::int64_t seq;
	SessionId publisher;
	protocol::SubscribeWishes wishes;
	std::array<std::uint32_t, 3> ssrcs, repairs; ///< likewise
};
/// For the operator; @p session is the one it is about.
struct Tell {
	SessionId session;
	RoomEvent event;
};
using Effect = std::variant<Send, CloseSession, StartUplink, StopUplink, StartDownlink, ChangeDownlink, StopDownlink,
			    UplinkFlow, StartSingle, StopSingle, StartSingleUplink, StartSingleDownlink, Tell>;
using Effects = std::vector<Effect>;

/// Why the service closes a socket (CloseSession::code). All but `left` make the SDK notice; 1000 would leave
/// a live client disconnected for good, so it is kept for those who said `leave`.
namespace close_code {
inline constexpr unsigned short kLeft = 1000;
inline constexpr unsigned short kNeverJoined = 4001; ///< opened and no room within kJoinDeadline
inline constexpr unsigned short kKicked = 4002;	     ///< the same user entered the same room again
inline constexpr unsigned short kTimedOut = 4003;    ///< heartbeatTimeout or resumeGrace has passed
inline constexpr unsigned short kRemoved = 4004;     ///< an administrator removed or banned the user
inline constexpr unsigned short kDisbanded = 4005;   ///< an administrator closed the room
} // namespace close_code

inline constexpr std::chrono::seconds kJoinDeadline { 10 };
inline constexpr std::chrono::seconds kListPeriod { 2 };
/// User names whose tinyId is remembered; past it the ids of users that have no session are forgotten.
inline constexpr std::size_t kMaxTinyIds = 100'000;

/// Who opened a session: what the UserSig proved, and from where.
struct Identity {
	UserId userId;
	std::uint32_t sdkAppId = 0;
	std::string clientIp;
	/// Names this visit, and no other one in any life of the service: kTicketPrefix and [0-9a-z-]. The join result carries
	/// it as relayInnerIp, which clients give back with rc=1.
	std::string ticket;
};
inline constexpr std::string_view kTicketPrefix = "visit-";

/// What a socket with rc=1 says about the visit it was cut off from. Nothing of it is proved.
struct Comeback {
	std::string roomId;
	bool useStringRoomId = false;
	std::string ticket; ///< what is no ticket of ours matches every visit
};

/// What a PrivateMapKey permits, and until when.
struct Permit {
	std::uint32_t privileges = 0; ///< bits of usersig::privilege
	TimePoint expiresAt;	      ///< on the clock of the rules; from then on nothing new is permitted
};
/// Looks at a PrivateMapKey that @p who has shown for @p room. Error: why it is none; the message is for the client.
using PermitCheck = std::function<Result<Permit>(const Identity &who, const RoomId &room,
						 const std::string &privateMapKey, TimePoint now)>;

/// Bans that are remembered at a time; they are few, and made by hand.
inline constexpr std::size_t kMaxBans = 100'000;

/// A room as an administrator sees it.
struct RoomInfo {
	RoomId room;
	std::size_t users = 0, anchors = 0, publishers = 0;
};
struct MemberInfo {
	UserId userId;
	Role role = Role::Anchor;
	Mode mode = Mode::Live;
	std::string clientIp;
	bool connected = true; ///< false: the socket is lost, the user may come back
	/// What others are told that the user publishes.
	bool audio = false, video = false, smallVideo = false, auxVideo = false, audioMuted = false, videoMuted = false;
};
struct BanInfo {
	RoomId room;
	UserId userId;
};

/// Promises about effects: StopUplink and StopDownlink may name a connection that has failed already (ignore
/// it then); a stopped connection's late answer must not be handed in for the one that took its place; nothing
/// but Stop* and Tell names a session after its CloseSession or closed(); nothing is sent to a session that is lost. A StartUplink with PublishChangeResult asks
/// for a new answer on the uplink that runs: no StopUplink comes before it, and a caller that cannot renegotiate
/// answers with kNotSupported, which leaves the publication as it was.
class RoomService {
public:
	explicit RoomService(Limits limits);
	~RoomService();
	/// From now on a PrivateMapKey says who may do what (room_permits.cpp); before, none is looked at. Call it before
	/// the first session.
	void requirePermits(PermitCheck check);

	/// A socket whose UserSig is already verified: event 19 goes out.
	/// @p nowMs: Unix epoch in ms, for `svrTime` only.
	Effects opened(SessionId session, const Identity &who, TimePoint now, std::int64_t nowMs);
	/// The session that a socket with rc=1 takes over: of the same user, in that room, whether its socket is known to be
	/// lost or not. The caller puts the socket in the place of the old one, closes that, and says resumed().
	std::optional<SessionId> resumable(const Identity &who, const Comeback &comeback) const;
	/// 514 and the published list. @p clientIp: where the new socket comes from; @p seq: of the command that asked for it.
	Effects resumed(SessionId session, const std::string &clientIp, TimePoint now, std::int64_t seq = 0);
	/// A socket with rc=1 and nothing to take over: a new session and 514 with kSessionUnknown, so that the client joins
	/// again; or event 9, when the same user is there from elsewhere.
	Effects reopened(SessionId session, const Identity &who, const Comeback &comeback, TimePoint now);
	/// One message. Any frame counts as a sign of life.
	Effects received(SessionId session, const protocol::ClientMessage &message, TimePoint now);
	/// A frame that was no message: a sign of life no more; the caller decides what to do with the socket.
	/// The client, or we, have ended it, for this one of leave_reason. Idempotent.
	Effects closed(SessionId session, const char *reason = leave_reason::kClosed);
	/// The socket is gone without `leave`. A member stays as it is, for Limits::resumeGrace, and is sent nothing; what
	/// cannot be kept ends with CloseSession.
	Effects lost(SessionId session, TimePoint now);
	/// Called about once a second: heartbeat timeouts, and the published list every two seconds.
	Effects tick(TimePoint now);

	/// Outcome of StartUplink. @p code other than 0: reply with it and forget the publication.
	Effects uplinkAnswered(SessionId session, std::int64_t seq, protocol::Event replyEvent, int code,
			       const std::string &sdpOrMessage);
	/// Outcome of StartDownlink.
	Effects downlinkAnswered(SessionId session, std::int64_t seq, SessionId publisher, int code,
				 const std::string &sdpOrMessage);
	/// Outcome of StartSingle. @p code other than 0: join or rebuild is refused with it.
	Effects singleAnswered(SessionId session, std::int64_t seq, int code, const std::string &message,
			       const protocol::Ability &ability);
	/// A client's one connection broke: what was on it ends, others are told. The client makes it anew (rebuild_pc).
	Effects singleFailed(SessionId session);
	/// The service's peer connection of an uplink or downlink failed (ICE, DTLS, forged certificate):
	/// the publication or subscription ends, others are told.
	Effects uplinkFailed(SessionId session);
	Effects downlinkFailed(SessionId session, SessionId publisher);
	/// Packets counted at the uplink since the last call: event 22 goes to the publisher.
	Effects uplinkStats(SessionId session, const protocol::UplinkStats &stats);

	// Administration (room_admin.cpp). Whoever is removed hears event 9 first, then the socket is closed.
	/// Out of the room with `kick`; may come back. False: not there.
	bool kick(std::uint32_t sdkAppId, const RoomId &room, const UserId &user, Effects &out);
	/// Out of the room with `banned`, and not let in again until unban(). True: was there.
	/// Throws Exception(InvalidOperation) when kMaxBans are remembered.
	bool ban(std::uint32_t sdkAppId, const RoomId &room, const UserId &user, Effects &out);
	/// False: was not banned.
	bool unban(std::uint32_t sdkAppId, const RoomId &room, const UserId &user);
	/// Everybody out with `room_disband`; the next one to enter makes a new room. How many were there; 0: no such room.
	std::size_t disband(std::uint32_t sdkAppId, const RoomId &room, Effects &out);
	std::vector<RoomInfo> listRooms(std::uint32_t sdkAppId) const;
	/// Nothing: no such room.
	std::optional<std::vector<MemberInfo>> listMembers(std::uint32_t sdkAppId, const RoomId &room) const;
	std::vector<BanInfo> listBans(std::uint32_t sdkAppId) const;

	// for metrics
	std::size_t rooms() const noexcept;
	std::size_t users() const noexcept;
	std::size_t anchors() const noexcept;
	std::size_t publishers() const noexcept;
	std::size_t streams() const noexcept;
	std::size_t kept() const noexcept; ///< members without a socket

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc::service
