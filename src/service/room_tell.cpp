// SPDX-License-Identifier: MIT
#include "service/room_rules.h"

#include <utility>

/// What the operator is told of the rooms.
namespace trtc::service {

namespace {

AboutRoom about(const Session &session)
{
	const auto &[app, room] = session.room->key;
	return { app, room, session.who.userId, session.who.clientIp };
}

/// One stream before and after a change.
void tellStream(const Session &session, StreamType type, std::pair<bool, bool> before, std::pair<bool, bool> now,
		const char *reason, Effects &out)
{
	if (before == now)
		return;
	if (now.first || now.second)
		out.emplace_back(
			Tell { session.id, StreamPublished { about(session), type, now.first, now.second, {} } });
	else
		out.emplace_back(Tell {
			session.id, StreamUnpublished { about(session), type, before.first, before.second, reason } });
}

} // namespace

void RoomService::Impl::tellJoined(Session &session, Effects &out)
{
	session.told = true;
	if (!std::exchange(session.room->told, true))
		out.emplace_back(Tell { session.id, RoomCreated { about(session) } });
	out.emplace_back(Tell { session.id, UserJoined { about(session), session.role, session.mode } });
	// A client of SDK v5 that publishes as v4 does may be on air before its join is answered.
	tellStreams(session, stream_reason::kUnpublished, out);
}

void RoomService::Impl::tellLeft(Session &session, const char *reason, Effects &out)
{
	if (std::exchange(session.told, false))
		out.emplace_back(Tell { session.id, UserLeft { about(session), reason } });
	if (session.room->told && session.room->members.size() == 1)
		out.emplace_back(Tell { session.id, RoomEmpty { about(session), reason } });
}

void RoomService::Impl::tellRole(const Session &session, Role prevRole, Effects &out)
{
	if (session.told)
		out.emplace_back(Tell { session.id, RoleChanged { about(session), session.role, prevRole } });
}

void RoomService::Impl::tellStreams(Session &session, const char *reason, Effects &out)
{
	if (!session.told)
		return;
	const auto now = session.visible() ? session.publication->shown() : protocol::PublishState {};
	const auto before = std::exchange(session.toldStreams, now);
	const auto main = [](const protocol::PublishState &state) {
		return std::pair(state.audio, state.bigVideo || state.smallVideo);
	};
	tellStream(session, StreamType::Main, main(before), main(now), reason, out);
	tellStream(session, StreamType::Auxiliary, { false, before.auxVideo }, { false, now.auxVideo }, reason, out);
}

} // namespace trtc::service
