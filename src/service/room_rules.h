// SPDX-License-Identifier: MIT
#pragma once

#include "service/room.h"

#include <map>
#include <set>
#include <string>
#include <utility>

/// The body of RoomService. room_service.cpp: sessions, rooms, roles, time; room_resume.cpp: lost sockets;
/// room_media.cpp: uplinks and downlinks; room_single.cpp: clients with one connection for everything, and their messages.
namespace trtc::service {

/// `reason` of 4135.
constexpr int kReasonLeft = 0, kReasonTimeout = 1, kReasonKicked = 2, kReasonRole = 3;

struct RoomService::Impl {
	struct TinyId {
		std::string text;
		std::size_t sessions = 0; ///< of that user
		std::size_t kept = 0;	  ///< of them: without a socket
	};

	/// What a member without a socket was removed for; it is told when it comes back.
	struct Verdict {
		const char *reason; ///< of event 9
		unsigned short closeCode;
		std::string closeReason;
		TimePoint until; ///< later it would not have been kept anyway
	};

	/// Why a member is put out.
	struct Removal {
		const char *reason; ///< of event 9
		unsigned short closeCode;
		std::string closeReason;
		int leaveReason;  ///< of 4135
		const char *told; ///< one of leave_reason
	};

	explicit Impl(Limits someLimits) : limits(someLimits) {}

	Limits limits;
	PermitCheck checkPermit;	       ///< empty: permits are not required
	std::map<SessionId, Session> sessions; ///< a map: rooms hold pointers to its values
	std::map<RoomKey, Room> rooms;
	std::map<std::pair<std::uint32_t, UserId>, TinyId> tinyIds;
	std::set<std::pair<RoomKey, UserId>> banned;
	std::map<std::string, Verdict> verdicts; ///< by ticket
	/// Twelve digits: SDK v5 looks for the number in a text that holds an SSRC (ten digits) and somebody's number, so none may
	/// be found in another one or in an SSRC.
	std::uint64_t nextTinyId = 100'000'001'001;
	std::optional<TimePoint> nextListAt;
	std::size_t kept = 0; ///< sessions without a socket

	// ---- sessions
	Session *find(SessionId id);
	Session *open(SessionId id, const Identity &who, TimePoint now);
	void forget(Session &session);
	/// Out of its room: media stopped, others told (reason as in 4135), the operator told (one of leave_reason). No-op outside
	/// a room.
	void removeFromRoom(Session &session, int reason, const char *told, Effects &out);
	/// Out of its room, told why with event 9 (without a socket: by reopened()), and its socket closed. @p session is gone
	/// afterwards.
	void ban(Session &session, Removal removal, Effects &out);

	/// Of @p session's user, this session not counted.
	struct Elsewhere {
		std::size_t rooms = 0, publications = 0;
	};
	Elsewhere elsewhere(const Session &session) const;

	/// The member, or null.
	Session *memberAt(const RoomKey &key, const UserId &user);

	// ---- lost sockets
	/// The one place where a session loses its socket or has one again.
	void setLost(Session &session, std::optional<TimePoint> since);
	/// A place for one more member without a socket, this one.
	bool mayKeep(const Session &session) const;
	/// The member that a socket with rc=1 speaks of; its ticket may be another.
	const Session *memberOf(const Identity &who, const Comeback &comeback) const;
	/// Those who did not come back in time.
	void endLost(TimePoint now, Effects &out);

	// ---- what the operator is told (room_tell.cpp)
	/// Its join has succeeded.
	static void tellJoined(Session &session, Effects &out);
	/// It is about to leave its room.
	static void tellLeft(Session &session, const char *reason, Effects &out);
	static void tellRole(const Session &session, Role prevRole, Effects &out);
	/// What has changed of its streams since the last call. @p reason: one of stream_reason or leave_reason.
	static void tellStreams(Session &session, const char *reason, Effects &out);

	// ---- messages; none to a session that is lost
	void push(Effects &out, const Session &to, protocol::Event event, protocol::Payload payload) const;
	void pushToOthers(Effects &out, const Session &about, protocol::Event event,
			  const protocol::Payload &payload) const;
	/// The complete list to everybody in the room.
	void pushList(Effects &out, const Room &room) const;
	void reply(Effects &out, const Session &to, std::int64_t seq, protocol::Event event,
		   protocol::Payload payload = {}, std::string message = {}) const;
	void refuse(Effects &out, const Session &to, std::int64_t seq, protocol::Event event, int code,
		    std::string message) const;
	/// For a member of a room.
	protocol::JoinResult joinResult(const Session &session) const;
	/// False, and refused with kNotJoined, outside a room.
	bool inRoom(Effects &out, const Session &session, std::int64_t seq, protocol::Event event) const;

	// ---- permits; without a check everything is permitted
	/// What @p session may do at the time of its last message.
	protocol::PublishState maySend(const Session &session) const;
	protocol::SubscribeWishes mayReceive(const Session &session) const;
	/// A permit for entering; false and refused without one.
	bool permitEntering(Session &session, std::int64_t seq, const RoomId &room, bool roomExists,
			    const std::string &privateMapKey, Effects &out) const;
	/// The permit that comes with a change of role; false and refused when it will not do.
	bool permitRole(Session &session, std::int64_t seq, const protocol::ChangeRole &change, Effects &out) const;
	/// A permit that lacks @p names, or has run out.
	void refuseLacking(const Session &session, std::int64_t seq, protocol::Event event, const std::string &names,
			   Effects &out) const;
	/// What of @p wanted may be sent, what is sent already included; false and refused when there is nothing of it.
	bool permitSending(const Session &session, const protocol::PublishState &sent,
			   const protocol::PublishState &wanted, std::int64_t seq, protocol::Event event,
			   protocol::PublishState &permitted, Effects &out) const;
	/// The same for what is received; @p granted is what of the wishes is left.
	bool permitReceiving(const Session &session, const protocol::SubscribeWishes &received,
			     const protocol::SubscribeWishes &wishes, std::int64_t seq, protocol::Event event,
			     protocol::SubscribeWishes &granted, Effects &out) const;
	/// A new permit for what runs already.
	void applyPermit(Session &session, Effects &out) const;

	// ---- commands; each one replies as the protocol wants
	void on(Session &, std::int64_t seq, const protocol::Join &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::GetUserList &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::QualityReport &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::ChangeRole &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Leave &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Other &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Publish &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::PublishChange &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::PublishStateChange &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Unpublish &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::UpdateConstraintConfig &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::MuteUplink &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Subscribe &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::SubscribeChange &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Unsubscribe &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::RebuildConnection &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::SinglePublish &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::SingleSubscribe &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::Reconnect &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::AbilityReport &, Effects &out);
	void on(Session &, std::int64_t seq, const protocol::SendCustomMessage &, Effects &out);

	// ---- media
	/// True, and refused: the user publishes in as many rooms as it may.
	bool refuseMorePublications(const Session &session, std::int64_t seq, protocol::Event event,
				    Effects &out) const;
	/// A publication the command can work on, or null and refused.
	Publication *publicationOf(Effects &out, Session &session, std::int64_t seq, protocol::Event event) const;
	/// Forget the publication, stop it and every downlink of it. True when the list has changed. @p told: as for tellStreams().
	bool endPublication(Session &session, const char *told, Effects &out);
	/// Every subscriber of @p publisher loses its downlink; one that still waits for its answer gets a refusal.
	void endDownlinksOf(const Session &publisher, Effects &out) const;
	/// One downlink; @p waiting is told to a client that still waits for its answer, unless empty.
	void endDownlink(Session &subscriber, SessionId publisher, int code, const std::string &waiting,
			 Effects &out) const;
	/// A publish_change in flight gets its refusal.
	void dropPendingChange(const Session &session, Publication &publication, Effects &out) const;
	/// What changed between two looks at a publication: forwarding, list, downlinks.
	void publicationChanged(Session &session, const protocol::PublishState &flowBefore, unsigned flagsBefore,
				const char *told, Effects &out) const;

	Effects uplinkAnswered(Session &session, std::int64_t seq, protocol::Event replyEvent, int code,
			       const std::string &text);
	Effects downlinkAnswered(Session &session, std::int64_t seq, SessionId publisher, int code,
				 const std::string &text);
	/// The publisher a subscribe command names, or null and refused with @p event.
	Session *publisherOf(Effects &out, const Session &session, std::int64_t seq, protocol::Event event,
			     const std::string &userId, const std::string &tinyId) const;
	/// Publication, subscriptions and the connection they are on. @p told: as for tellStreams().
	void endSingle(Session &session, const char *told, Effects &out);
	Effects singleAnswered(Session &session, std::int64_t seq, int code, const std::string &message,
			       const protocol::Ability &ability);
	Effects singleFailed(Session &session);
	Effects uplinkFailed(Session &session);
	Effects downlinkFailed(Session &session, SessionId publisher);
};

} // namespace trtc::service
