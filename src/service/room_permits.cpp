// SPDX-License-Identifier: MIT
#include "service/room_rules.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

/// What PrivateMapKeys permit, where the service requires them.
///
/// A permit counts at the moment something is asked for: entering, the role of an anchor, each kind of media that is
/// published or subscribed. What runs goes on when the permit runs out, as a film does whose ticket was checked at the
/// door; whatever is asked for afterwards needs a new one, which comes with change_role or the next join. A new permit
/// replaces the old one for what runs, too.
namespace trtc::service {

using protocol::Event;
using protocol::PublishState;
using protocol::SubscribeWishes;
namespace code = protocol::code;
namespace privilege = usersig::privilege;

namespace {

constexpr const char *kRunOut = "your PrivateMapKey has expired: send a new one with change_role, or join again";

bool validNow(const Session &session) noexcept
{
	return session.permit && session.lastSeen < session.permit->expiresAt;
}

bool allows(const Session &session, std::uint32_t bit) noexcept
{
	return validNow(session) && (session.permit->privileges & bit) != 0;
}

PublishState either(const PublishState &a, const PublishState &b) noexcept
{
	return { a.audio || b.audio, a.bigVideo || b.bigVideo, a.smallVideo || b.smallVideo, a.auxVideo || b.auxVideo };
}

SubscribeWishes either(const SubscribeWishes &a, const SubscribeWishes &b) noexcept
{
	return { a.audio || b.audio, a.bigVideo || b.bigVideo, a.auxVideo || b.auxVideo, a.smallVideo || b.smallVideo };
}

PublishState both(const PublishState &a, const PublishState &b) noexcept
{
	return { a.audio && b.audio, a.bigVideo && b.bigVideo, a.smallVideo && b.smallVideo, a.auxVideo && b.auxVideo };
}

SubscribeWishes both(const SubscribeWishes &a, const SubscribeWishes &b) noexcept
{
	return { a.audio && b.audio, a.bigVideo && b.bigVideo, a.auxVideo && b.auxVideo, a.smallVideo && b.smallVideo };
}

/// "to send audio (privilege 4) or video (privilege 16)"
std::string namesOf(const char *verb, bool audio, std::uint32_t audioBit, bool video, std::uint32_t videoBit,
		    bool auxiliary, std::uint32_t auxiliaryBit)
{
	std::vector<std::string> names;
	const auto add = [&](bool wanted, const char *name, std::uint32_t bit) {
		if (wanted)
			names.push_back(fmt::format("{} (privilege {})", name, bit));
	};
	add(audio, "audio", audioBit);
	add(video, "video", videoBit);
	add(auxiliary, "auxiliary video", auxiliaryBit);
	return fmt::format("to {} {}", verb, fmt::join(names, " or "));
}

std::string lacking(const std::string &what)
{
	return fmt::format("your PrivateMapKey does not permit {}: get one that does", what);
}

} // namespace

PublishState RoomService::Impl::maySend(const Session &session) const
{
	if (!checkPermit)
		return { true, true, true, true };
	const bool video = allows(session, privilege::kSendVideo);
	return { allows(session, privilege::kSendAudio), video, video, allows(session, privilege::kSendAux) };
}

SubscribeWishes RoomService::Impl::mayReceive(const Session &session) const
{
	if (!checkPermit)
		return { true, true, true, true };
	const bool video = allows(session, privilege::kReceiveVideo);
	return { allows(session, privilege::kReceiveAudio), video, allows(session, privilege::kReceiveAux), video };
}

bool RoomService::Impl::permitEntering(Session &session, std::int64_t seq, const RoomId &room, bool roomExists,
				       const std::string &privateMapKey, Effects &out) const
{
	if (!checkPermit)
		return true;
	const auto no = [&](std::string message) {
		refuse(out, session, seq, Event::JoinResult, code::kBadPrivateMapKey, std::move(message));
		return false;
	};
	if (privateMapKey.empty())
		return no("this service requires a PrivateMapKey for the room: join with one");
	auto permit = checkPermit(session.who, room, privateMapKey, session.lastSeen);
	if (!permit)
		return no(permit.error().message);
	const auto has = [&](std::uint32_t bit) { return (permit.value().privileges & bit) != 0; };
	if (!has(privilege::kEnterRoom))
		return no(lacking(fmt::format("entering a room (privilege {})", privilege::kEnterRoom)));
	if (!roomExists && !has(privilege::kCreateRoom))
		return no(fmt::format("this room does not exist, and your PrivateMapKey does not permit creating it "
				      "(privilege {}): join when another user is in it",
				      privilege::kCreateRoom));
	session.permit = permit.value();
	session.privateMapKey = privateMapKey;
	return true;
}

bool RoomService::Impl::permitRole(Session &session, std::int64_t seq, const protocol::ChangeRole &change,
				   Effects &out) const
{
	if (!checkPermit)
		return true;
	// The SDK shows the one it has with each change of role.
	if (!change.privateMapKey.empty() && change.privateMapKey != session.privateMapKey) {
		auto permit =
			checkPermit(session.who, session.room->key.second, change.privateMapKey, session.lastSeen);
		if (permit) {
			session.permit = permit.value();
			session.privateMapKey = change.privateMapKey;
			applyPermit(session, out);
		} else if (session.role != Role::Anchor || change.role != Role::Audience) {
			// Leaving the stage needs no permit, so a bad one hinders nobody.
			refuse(out, session, seq, Event::ChangeRoleResult, code::kBadPrivateMapKey,
			       permit.error().message);
			return false;
		}
	}
	if (change.role == Role::Audience || validNow(session))
		return true;
	refuse(out, session, seq, Event::ChangeRoleResult, code::kBadPrivateMapKey, kRunOut);
	return false;
}

void RoomService::Impl::refuseLacking(const Session &session, std::int64_t seq, Event event, const std::string &names,
				      Effects &out) const
{
	if (!validNow(session))
		refuse(out, session, seq, event, code::kBadPrivateMapKey, kRunOut);
	else
		refuse(out, session, seq, event, code::kNotPermitted, lacking(names));
}

bool RoomService::Impl::permitSending(const Session &session, const PublishState &sent, const PublishState &wanted,
				      std::int64_t seq, Event event, PublishState &permitted, Effects &out) const
{
	permitted = either(maySend(session), sent);
	if (!wanted.any() || both(wanted, permitted).any())
		return true;
	refuseLacking(session, seq, event,
		      namesOf("send", wanted.audio, privilege::kSendAudio, wanted.bigVideo || wanted.smallVideo,
			      privilege::kSendVideo, wanted.auxVideo, privilege::kSendAux),
		      out);
	return false;
}

bool RoomService::Impl::permitReceiving(const Session &session, const SubscribeWishes &received,
					const SubscribeWishes &wishes, std::int64_t seq, Event event,
					SubscribeWishes &granted, Effects &out) const
{
	granted = both(wishes, either(mayReceive(session), received));
	if (!wishes.any() || granted.any())
		return true;
	refuseLacking(session, seq, event,
		      namesOf("receive", wishes.audio, privilege::kReceiveAudio, wishes.bigVideo || wishes.smallVideo,
			      privilege::kReceiveVideo, wishes.auxVideo, privilege::kReceiveAux),
		      out);
	return false;
}

void RoomService::Impl::applyPermit(Session &session, Effects &out) const
{
	if (session.publication) {
		Publication &publication = *session.publication;
		const auto flow = publication.flow();
		const auto flags = publication.flags();
		publication.permitted = maySend(session);
		publicationChanged(session, flow, flags, stream_reason::kNotPermitted, out);
	}
	for (auto &[publisher, subscription] : session.subscriptions) {
		subscription.wishes = both(subscription.asked, mayReceive(session));
		if (!subscription.answered || subscription.wishes == subscription.started)
			continue;
		subscription.started = subscription.wishes;
		out.emplace_back(ChangeDownlink { session.id, publisher, subscription.wishes });
	}
}

} // namespace trtc::service
