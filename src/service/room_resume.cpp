// SPDX-License-Identifier: MIT
#include "service/room_rules.h"

#include <trtc/error.h>

#include <algorithm>

/// Members whose socket was lost: kept for a while, taken over by a socket with rc=1, or ended.
namespace trtc::service {

using protocol::Event;
namespace code = protocol::code;

namespace {

/// Not the address of another service, and not the `undefined` that the SDK makes of what it was never told.
bool isTicket(const std::string &text) { return text.starts_with(kTicketPrefix); }

} // namespace

void RoomService::Impl::setLost(Session &session, std::optional<TimePoint> since)
{
	if (session.lostAt.has_value() == since.has_value())
		return;
	session.lostAt = since;
	auto &ofUser = tinyIds[{ session.who.sdkAppId, session.who.userId }].kept;
	if (since) {
		++kept;
		++ofUser;
	} else {
		--kept;
		--ofUser;
	}
}

bool RoomService::Impl::mayKeep(const Session &session) const
{
	const auto tiny = tinyIds.find({ session.who.sdkAppId, session.who.userId });
	return session.room && kept < limits.maxKept &&
	       (tiny == tinyIds.end() || tiny->second.kept < limits.maxKeptPerUser);
}

const Session *RoomService::Impl::memberOf(const Identity &who, const Comeback &comeback) const
{
	try {
		const auto found =
			rooms.find({ who.sdkAppId, comeback.useStringRoomId ? RoomId::string(comeback.roomId)
									    : RoomId::parseNumber(comeback.roomId) });
		return found == rooms.end() ? nullptr : found->second.member(who.userId);
	} catch (const Exception &) {
		return nullptr; // no room has such a name
	}
}

void RoomService::Impl::endLost(TimePoint now, Effects &out)
{
	std::erase_if(verdicts, [now](const auto &entry) { return entry.second.until <= now; });
	if (kept == 0)
		return;
	std::vector<SessionId> over;
	for (const auto &[id, session] : sessions)
		if (session.lostAt && now - *session.lostAt >= limits.resumeGrace)
			over.push_back(id);
	for (const SessionId id : over) {
		Session &session = *find(id);
		removeFromRoom(session, kReasonTimeout, leave_reason::kConnectionLost, out);
		out.emplace_back(CloseSession { id, close_code::kTimedOut, "did not reconnect in time" });
		forget(session);
	}
}

// ---- the interface ------------------------------------------------------------------------

Effects RoomService::lost(SessionId id, TimePoint now)
{
	Effects out;
	Session *session = impl_->find(id);
	if (!session || session->lostAt)
		return out;
	if (impl_->mayKeep(*session)) {
		impl_->setLost(*session, now);
		return out;
	}
	impl_->removeFromRoom(*session, kReasonTimeout, leave_reason::kConnectionLost, out);
	out.emplace_back(CloseSession { id, close_code::kTimedOut, "cannot be kept" });
	impl_->forget(*session);
	return out;
}

std::optional<SessionId> RoomService::resumable(const Identity &who, const Comeback &comeback) const
{
	const Session *session = impl_->memberOf(who, comeback);
	if (!session || (isTicket(comeback.ticket) && comeback.ticket != session->who.ticket))
		return {};
	return session->id;
}

Effects RoomService::resumed(SessionId id, const std::string &clientIp, TimePoint now, std::int64_t seq)
{
	Effects out;
	Session *session = impl_->find(id);
	if (!session || !session->room)
		return out;
	impl_->setLost(*session, {});
	session->lastSeen = now;
	session->who.clientIp = clientIp;
	impl_->reply(out, *session, seq, Event::ChannelReconnect, protocol::ChannelReconnect {});
	// What was said meanwhile is lost. The client asks for the users by itself, but not for this.
	impl_->push(out, *session, Event::PublishedList, protocol::PublishedList { session->room->publishers() });
	return out;
}

Effects RoomService::reopened(SessionId id, const Identity &who, const Comeback &comeback, TimePoint now)
{
	Effects out;
	Session *session = impl_->open(id, who, now);
	if (!session)
		return out;
	const auto removed = [&](const char *reason, unsigned short closeCode, std::string closeReason) {
		impl_->push(out, *session, Event::ClientBanned, protocol::ClientBanned { reason });
		out.emplace_back(CloseSession { id, closeCode, std::move(closeReason) });
		impl_->forget(*session);
		return out;
	};
	// Told to join again, a client that has slept through its own removal would undo it.
	if (const auto found = impl_->verdicts.find(comeback.ticket); found != impl_->verdicts.end())
		return removed(found->second.reason, found->second.closeCode, found->second.closeReason);
	// Or remove who came after it.
	if (const Session *other = impl_->memberOf(who, comeback); other && !other->lostAt)
		return removed("kick", close_code::kKicked, "the same user joined this room again");
	impl_->refuse(out, *session, 0, Event::ChannelReconnect, code::kSessionUnknown,
		      "this service has no session of yours in that room: join the room again");
	return out;
}

std::size_t RoomService::kept() const noexcept { return impl_->kept; }

} // namespace trtc::service
