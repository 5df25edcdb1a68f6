// SPDX-License-Identifier: MIT
#include "service/room_service.h"

#include "service/room_rules.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace trtc::service {

using protocol::Event;
namespace code = protocol::code;

namespace {

struct CloudFeature {
	std::string_view cmd;
	int replyEvent;
};
/// Features of the public cloud: the SDK waits for these answers.
constexpr std::array<CloudFeature, 14> kCloudFeatures = { {
	{ "start_publishing", 1286 },
	{ "stop_publishing", 1288 },
	{ "start_push_user_cdn", 777 },
	{ "stop_push_user_cdn", 779 },
	{ "start_mcu_mix", 781 },
	{ "stop_mcu_mix", 783 },
	{ "connect_other_room", 8209 },
	{ "disconnect_other_room", 8211 },
	{ "update_other_room_forward_mode", 8213 },
	{ "start_publish_cdn_stream", 8196 },
	{ "update_publish_cdn_stream", 8198 },
	{ "stop_publish_cdn_stream", 8200 },
	{ "switch_room", 4160 },
	{ "abstract_cmd", 8220 },
} };

} // namespace

// ---- sessions -----------------------------------------------------------------------------

Session *RoomService::Impl::find(SessionId id)
{
	const auto found = sessions.find(id);
	return found == sessions.end() ? nullptr : &found->second;
}

Session *RoomService::Impl::open(SessionId id, const Identity &who, TimePoint now)
{
	if (find(id))
		return nullptr;
	// A UserSig proves a name, but there is no end of names: past the bound, forget users that are not here.
	// They get a new number when they come back, which a client object that was gone cannot notice.
	if (tinyIds.size() >= kMaxTinyIds)
		std::erase_if(tinyIds, [](const auto &entry) { return entry.second.sessions == 0; });
	TinyId &tiny = tinyIds[{ who.sdkAppId, who.userId }];
	if (tiny.text.empty())
		tiny.text = std::to_string(nextTinyId++);
	++tiny.sessions;

	Session &session = sessions[id];
	session.id = id;
	session.who = who;
	session.tinyId = tiny.text;
	session.openedAt = session.lastSeen = now;
	return &session;
}

void RoomService::Impl::forget(Session &session)
{
	setLost(session, {});
	const auto tiny = tinyIds.find({ session.who.sdkAppId, session.who.userId });
	if (tiny != tinyIds.end() && tiny->second.sessions > 0)
		--tiny->second.sessions;
	const SessionId id = session.id; // erase() must not read its key from what it destroys
	sessions.erase(id);
}

RoomService::Impl::Elsewhere RoomService::Impl::elsewhere(const Session &session) const
{
	Elsewhere out;
	for (const auto &[id, other] : sessions) {
		if (&other == &session || !other.room || other.who.userId != session.who.userId ||
		    other.who.sdkAppId != session.who.sdkAppId)
			continue;
		++out.rooms;
		out.publications += other.publication ? 1U : 0U;
	}
	return out;
}

void RoomService::Impl::removeFromRoom(Session &session, int reason, const char *told, Effects &out)
{
	if (!session.room)
		return;
	Room &room = *session.room;
	for (const auto &[publisher, subscription] : session.subscriptions)
		out.emplace_back(StopDownlink { session.id, publisher });
	session.subscriptions.clear();
	if (session.publication)
		session.publication->pending.reset(); // nobody is there to hear that it failed
	const bool listChanged = endPublication(session, told, out);
	if (std::exchange(session.single, std::nullopt))
		out.emplace_back(StopSingle { session.id });

	if (session.role == Role::Anchor)
		pushToOthers(out, session, Event::PeerLeave,
			     protocol::PeerLeave { session.who.userId.str(), session.tinyId, reason });
	tellLeft(session, told, out);
	room.members.erase(session.who.userId);
	session.room = nullptr;
	if (listChanged)
		pushList(out, room);
	if (room.members.empty()) {
		const RoomKey key = room.key;
		rooms.erase(key);
	}
}

void RoomService::Impl::ban(Session &session, Removal removal, Effects &out)
{
	removeFromRoom(session, removal.leaveReason, removal.told, out);
	if (session.lostAt)
		verdicts.insert_or_assign(session.who.ticket,
					  Verdict { removal.reason, removal.closeCode, removal.closeReason,
						    *session.lostAt + limits.resumeGrace });
	push(out, session, Event::ClientBanned, protocol::ClientBanned { removal.reason });
	out.emplace_back(CloseSession { session.id, removal.closeCode, std::move(removal.closeReason) });
	forget(session);
}

// ---- messages -----------------------------------------------------------------------------

void RoomService::Impl::push(Effects &out, const Session &to, Event event, protocol::Payload payload) const
{
	reply(out, to, 0, event, std::move(payload));
}

void RoomService::Impl::pushToOthers(Effects &out, const Session &about, Event event,
				     const protocol::Payload &payload) const
{
	for (const auto &[name, session] : about.room->members)
		if (session != &about)
			push(out, *session, event, payload);
}

void RoomService::Impl::pushList(Effects &out, const Room &room) const
{
	const protocol::PublishedList list { room.publishers() };
	for (const auto &[name, session] : room.members)
		push(out, *session, Event::PublishedList, list);
}

void RoomService::Impl::reply(Effects &out, const Session &to, std::int64_t seq, Event event, protocol::Payload payload,
			      std::string message) const
{
	if (!to.lostAt)
		out.emplace_back(Send { to.id, { event, code::kOk, std::move(message), seq, std::move(payload) } });
}

void RoomService::Impl::refuse(Effects &out, const Session &to, std::int64_t seq, Event event, int code,
			       std::string message) const
{
	if (!to.lostAt)
		out.emplace_back(Send { to.id, { event, code, std::move(message), seq, protocol::Ack {} } });
}

protocol::JoinResult RoomService::Impl::joinResult(const Session &session) const
{
	protocol::JoinResult result;
	result.relayInnerIp = session.who.ticket;
	result.publishers = session.room->publishers();
	result.tinyId = session.tinyId;
	return result;
}

bool RoomService::Impl::inRoom(Effects &out, const Session &session, std::int64_t seq, Event event) const
{
	if (session.room)
		return true;
	refuse(out, session, seq, event, code::kNotJoined, "this connection is in no room: send join first");
	return false;
}

// ---- commands -----------------------------------------------------------------------------

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Join &join, Effects &out)
{
	const auto no = [&](int code, std::string message) {
		refuse(out, session, seq, Event::JoinResult, code, std::move(message));
	};
	if (session.room)
		return no(code::kBadRequest,
			  "this connection is in a room already: leave and connect again to enter another one");
	if (join.mode == Mode::Rtc && join.role == Role::Audience)
		return no(code::kBadRequest,
			  "role audience does not exist in mode rtc: join as anchor, or use mode live");

	RoomKey key;
	try {
		key = { session.who.sdkAppId,
			join.useStringRoomId ? RoomId::string(join.roomId) : RoomId::parseNumber(join.roomId) };
	} catch (const Exception &bad) {
		return no(code::kBadRequest, bad.error().message);
	}

	if (banned.contains({ key, session.who.userId }))
		return no(code::kNotPermitted,
			  fmt::format("user {} is banned from this room by its administrator, who can lift the ban",
				      session.who.userId.str()));

	// Everything that can refuse comes before the kick: a join that fails must change nothing.
	auto found = rooms.find(key);
	if (!permitEntering(session, seq, key.second, found != rooms.end(), join.privateMapKey, out))
		return;
	Session *const older = found == rooms.end() ? nullptr : found->second.member(session.who.userId);
	if (found == rooms.end() && rooms.size() >= limits.maxRooms)
		return no(
			code::kLimit,
			fmt::format(
				"this service holds {} rooms, its limit: wait until one is empty, or raise --max-rooms",
				limits.maxRooms));
	if (found != rooms.end() && !older && found->second.members.size() >= limits.maxUsersPerRoom)
		return no(
			code::kLimit,
			fmt::format("this room holds {} users, its limit: wait until one leaves, or raise --max-users",
				    limits.maxUsersPerRoom));

	if (const auto count = elsewhere(session).rooms - (older ? 1U : 0U); count >= limits.maxRoomsPerUser)
		return no(code::kLimit,
			  fmt::format("user {} is in {} rooms, the limit of one user: leave one, or raise "
				      "--max-rooms-per-user",
				      session.who.userId.str(), count));

	if (older) // its room may go with it
		ban(*older,
		    { "kick", close_code::kKicked, "the same user joined this room again", kReasonKicked,
		      leave_reason::kReplaced },
		    out);

	Room &room = rooms[key];
	room.key = key;
	room.members[session.who.userId] = &session;
	session.room = &room;
	session.role = join.role;
	session.mode = join.mode;

	if (join.ability) { // the answer needs the connection's addresses
		session.single = SingleConnection { seq, Event::JoinResult, false, {} };
		out.emplace_back(StartSingle { session.id, seq, *join.ability });
	} else {
		tellJoined(session, out);
		reply(out, session, seq, Event::JoinResult, joinResult(session));
	}
	if (session.role == Role::Anchor)
		pushToOthers(out, session, Event::PeerJoin,
			     protocol::PeerJoin { session.who.userId.str(), session.tinyId, session.role });
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::GetUserList &, Effects &out)
{
	if (inRoom(out, session, seq, Event::UserList))
		reply(out, session, seq, Event::UserList, protocol::UserList { session.room->users(session) });
}

void RoomService::Impl::on(Session &, std::int64_t, const protocol::QualityReport &, Effects &)
{
	// A heartbeat: received() has noted the time.
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::ChangeRole &change, Effects &out)
{
	if (!inRoom(out, session, seq, Event::ChangeRoleResult))
		return;
	// A new permit may come with the role one has, in mode rtc too.
	const bool renewal = checkPermit && change.role == session.role && !change.privateMapKey.empty();
	if (session.mode != Mode::Live && !renewal)
		return refuse(out, session, seq, Event::ChangeRoleResult, code::kBadRequest,
			      "roles do not exist in mode rtc, where every user is an anchor: join in mode live to "
			      "change role");
	if (!permitRole(session, seq, change, out))
		return;
	const bool changed = session.role != change.role; // the SDK repeats the command when an answer is late
	const auto prevRole = std::exchange(session.role, change.role);
	if (changed && change.role == Role::Audience)
		endPublication(session, stream_reason::kRoleChange, out);
	if (changed)
		tellRole(session, prevRole, out);
	reply(out, session, seq, Event::ChangeRoleResult);
	if (!changed)
		return;
	if (change.role == Role::Anchor)
		return pushToOthers(out, session, Event::PeerJoin,
				    protocol::PeerJoin { session.who.userId.str(), session.tinyId, session.role });
	pushToOthers(out, session, Event::PeerLeave,
		     protocol::PeerLeave { session.who.userId.str(), session.tinyId, kReasonRole });
	pushList(out, *session.room);
}

void RoomService::Impl::on(Session &session, std::int64_t, const protocol::Leave &, Effects &out)
{
	removeFromRoom(session, kReasonLeft, leave_reason::kLeft, out);
	out.emplace_back(CloseSession { session.id, close_code::kLeft, "left" });
	forget(session);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Other &other, Effects &out)
{
	for (const auto &feature : kCloudFeatures)
		if (feature.cmd == other.cmd)
			refuse(out, session, seq, static_cast<Event>(feature.replyEvent), code::kNotSupported,
			       fmt::format(
				       "{} is a cloud feature this service does not have: do it outside of the room",
				       feature.cmd));
}

// ---- the interface ------------------------------------------------------------------------

RoomService::RoomService(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RoomService::~RoomService() = default;

void RoomService::requirePermits(PermitCheck check) { impl_->checkPermit = std::move(check); }

Effects RoomService::opened(SessionId id, const Identity &who, TimePoint now, std::int64_t nowMs)
{
	Effects out;
	if (const Session *session = impl_->open(id, who, now))
		impl_->push(out, *session, Event::ChannelSetup,
			    protocol::ChannelSetup { session->tinyId, who.clientIp, "", nowMs });
	return out;
}

Effects RoomService::received(SessionId id, const protocol::ClientMessage &message, TimePoint now)
{
	Effects out;
	if (Session *session = impl_->find(id)) {
		session->lastSeen = now;
		std::visit([&](const auto &command) { impl_->on(*session, message.seq, command, out); },
			   message.command);
	}
	return out;
}

Effects RoomService::closed(SessionId id, const char *reason)
{
	Effects out;
	if (Session *session = impl_->find(id)) {
		impl_->removeFromRoom(*session, kReasonTimeout, reason, out);
		impl_->forget(*session);
	}
	return out;
}

Effects RoomService::tick(TimePoint now)
{
	Effects out;
	std::vector<SessionId> silent, homeless;
	for (const auto &[id, session] : impl_->sessions) {
		if (session.room && !session.lostAt && now - session.lastSeen >= impl_->limits.heartbeatTimeout)
			silent.push_back(id);
		else if (!session.room && now - session.openedAt >= kJoinDeadline)
			homeless.push_back(id);
	}
	for (SessionId id : silent)
		impl_->ban(*impl_->find(id),
			   { "user_time_out", close_code::kTimedOut,
			     fmt::format("no message for {} s: send quality_report every 2 s",
					 impl_->limits.heartbeatTimeout.count()),
			     kReasonTimeout, leave_reason::kTimeout },
			   out);
	for (SessionId id : homeless) {
		out.emplace_back(
			CloseSession { id, close_code::kNeverJoined,
				       fmt::format("no room joined within {} s: send join", kJoinDeadline.count()) });
		impl_->forget(*impl_->find(id));
	}
	impl_->endLost(now, out);

	auto &next = impl_->nextListAt;
	if (!next || now >= *next) {
		for (const auto &[key, room] : impl_->rooms)
			impl_->pushList(out, room);
		// From the planned time, so that calls a little late do not stretch the period; not after a long gap.
		next = (next && now - *next < kListPeriod ? *next : now) + kListPeriod;
	}
	return out;
}

Effects RoomService::uplinkAnswered(SessionId id, std::int64_t seq, Event replyEvent, int code,
				    const std::string &sdpOrMessage)
{
	Session *session = impl_->find(id);
	return session ? impl_->uplinkAnswered(*session, seq, replyEvent, code, sdpOrMessage) : Effects {};
}

Effects RoomService::downlinkAnswered(SessionId id, std::int64_t seq, SessionId publisher, int code,
				      const std::string &sdpOrMessage)
{
	Session *session = impl_->find(id);
	return session ? impl_->downlinkAnswered(*session, seq, publisher, code, sdpOrMessage) : Effects {};
}

Effects RoomService::singleAnswered(SessionId id, std::int64_t seq, int code, const std::string &message,
				    const protocol::Ability &ability)
{
	Session *session = impl_->find(id);
	return session ? impl_->singleAnswered(*session, seq, code, message, ability) : Effects {};
}

Effects RoomService::singleFailed(SessionId id)
{
	Session *session = impl_->find(id);
	return session ? impl_->singleFailed(*session) : Effects {};
}

Effects RoomService::uplinkFailed(SessionId id)
{
	Session *session = impl_->find(id);
	return session ? impl_->uplinkFailed(*session) : Effects {};
}

Effects RoomService::downlinkFailed(SessionId id, SessionId publisher)
{
	Session *session = impl_->find(id);
	return session ? impl_->downlinkFailed(*session, publisher) : Effects {};
}

Effects RoomService::uplinkStats(SessionId id, const protocol::UplinkStats &stats)
{
	Effects out;
	const Session *session = impl_->find(id);
	if (session && session->publication && session->publication->answered)
		impl_->push(out, *session, Event::UplinkStats, stats);
	return out;
}

std::size_t RoomService::rooms() const noexcept { return impl_->rooms.size(); }

std::size_t RoomService::users() const noexcept
{
	std::size_t count = 0;
	for (const auto &[key, room] : impl_->rooms)
		count += room.members.size();
	return count;
}

std::size_t RoomService::anchors() const noexcept
{
	std::size_t count = 0;
	for (const auto &[id, session] : impl_->sessions)
		count += session.room && session.role == Role::Anchor ? 1U : 0U;
	return count;
}

std::size_t RoomService::streams() const noexcept
{
	std::size_t count = 0;
	for (const auto &[id, session] : impl_->sessions) {
		if (!session.visible())
			continue;
		const auto state = session.publication->shown();
		count += (state.audio || state.bigVideo || state.smallVideo ? 1U : 0U) + (state.auxVideo ? 1U : 0U);
	}
	return count;
}

std::size_t RoomService::publishers() const noexcept
{
	std::size_t count = 0;
	for (const auto &[id, session] : impl_->sessions)
		count += session.visible() ? 1U : 0U;
	return count;
}

} // namespace trtc::service
