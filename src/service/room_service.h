// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"

#include <trtc/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

/// The rules of the room: (session, message) in, effects out. No socket, no clock, no media, no
/// thread of its own; reentrant. `server` carries the effects out.
namespace trtc::service {

using SessionId = std::uint64_t; ///< one WebSocket; never reused
using TimePoint = std::chrono::steady_clock::time_point;

struct Limits {
	std::size_t maxRooms = 1000;
	std::size_t maxUsersPerRoom = 200;
	std::size_t maxAnchorsPerRoom = 50;	      ///< publishing users, as TRTC counts
	std::chrono::seconds heartbeatTimeout { 30 }; ///< no frame for that long: user_time_out
};

/// What the caller must do, in this order.
struct Send { ///< to one session
	SessionId to;
	protocol::ServerMessage message;
};
struct CloseSession { ///< after the messages before it are written
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
/// The client's tracks come on its one connection with these SSRCs: audio, big, small, auxiliary. Nothing is answered.
struct StartSingleUplink {
	SessionId session;
	std::array<std::uint32_t, 4> ssrcs;
};
/// The publisher's tracks go out on the client's one connection with these SSRCs: audio, main, auxiliary; then downlinkAnswered().
struct StartSingleDownlink {
	SessionId session;
	std::int64_t seq;
	SessionId publisher;
	protocol::SubscribeWishes wishes;
	std::array<std::uint32_t, 3> ssrcs;
};
using Effect = std::variant<Send, CloseSession, StartUplink, StopUplink, StartDownlink, ChangeDownlink, StopDownlink,
			    UplinkFlow, StartSingle, StopSingle, StartSingleUplink, StartSingleDownlink>;
using Effects = std::vector<Effect>;

/// Why the service closes a socket (CloseSession::code). All but `left` make the SDK notice; 1000 would leave
/// a live client disconnected for good, so it is kept for those who said `leave`.
namespace close_code {
inline constexpr unsigned short kLeft = 1000;
inline constexpr unsigned short kNeverJoined = 4001; ///< opened and no room within kJoinDeadline
inline constexpr unsigned short kKicked = 4002;	     ///< the same user entered the same room again
inline constexpr unsigned short kTimedOut = 4003;    ///< Limits::heartbeatTimeout passed without a message
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
};

/// Promises about effects: StopUplink and StopDownlink may name a connection that has failed already (ignore
/// it then); a stopped connection's late answer must not be handed in for the one that took its place; nothing
/// but Stop* names a session after its CloseSession or closed(). A StartUplink with PublishChangeResult asks
/// for a new answer on the uplink that runs: no StopUplink comes before it, and a caller that cannot renegotiate
/// answers with kNotSupported, which leaves the publication as it was.
class RoomService {
public:
	explicit RoomService(Limits limits);
	~RoomService();

	/// A socket whose UserSig is already verified: event 19 goes out.
	/// @p nowMs: Unix epoch in ms, for `svrTime` only.
	Effects opened(SessionId session, const Identity &who, TimePoint now, std::int64_t nowMs);
	/// A socket with rc=1: 514 with kSessionUnknown, so that the client joins again.
	Effects reopened(SessionId session, const Identity &who, TimePoint now);
	/// One message. Any frame counts as a sign of life.
	Effects received(SessionId session, const protocol::ClientMessage &message, TimePoint now);
	/// A frame that was no message: a sign of life no more; the caller decides what to do with the socket.
	/// The socket is gone, whoever closed it. Idempotent.
	Effects closed(SessionId session);
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

	// for metrics
	std::size_t rooms() const noexcept;
	std::size_t users() const noexcept;
	std::size_t anchors() const noexcept;
	std::size_t publishers() const noexcept;
	std::size_t streams() const noexcept;

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc::service
