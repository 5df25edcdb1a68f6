// SPDX-License-Identifier: MIT
#include "service/room_rules.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>

/// What an administrator may do to rooms and users.
namespace trtc::service {

namespace {

/// Of one application, in the order of a map that is sorted by application first.
template <class Container, class Key, class F>
void forApplication(const Container &container, std::uint32_t app, Key keyOf, F each)
{
	for (const auto &entry : container)
		if (keyOf(entry).first == app)
			each(entry);
}

} // namespace

Session *RoomService::Impl::memberAt(const RoomKey &key, const UserId &user)
{
	const auto room = rooms.find(key);
	return room == rooms.end() ? nullptr : room->second.member(user);
}

bool RoomService::kick(std::uint32_t sdkAppId, const RoomId &room, const UserId &user, Effects &out)
{
	Session *session = impl_->memberAt({ sdkAppId, room }, user);
	if (session)
		impl_->ban(*session,
			   { "kick", close_code::kRemoved, "removed by an administrator", kReasonKicked,
			     leave_reason::kKicked },
			   out);
	return session != nullptr;
}

bool RoomService::ban(std::uint32_t sdkAppId, const RoomId &room, const UserId &user, Effects &out)
{
	const RoomKey key { sdkAppId, room };
	if (impl_->banned.size() >= kMaxBans && !impl_->banned.contains({ key, user }))
		throw Exception(ErrorCode::InvalidOperation,
				fmt::format("{} bans exist, the limit: remove some with unban", kMaxBans));
	impl_->banned.insert({ key, user });
	Session *session = impl_->memberAt(key, user);
	if (session)
		impl_->ban(*session,
			   { "banned", close_code::kRemoved, "banned by an administrator", kReasonKicked,
			     leave_reason::kBanned },
			   out);
	return session != nullptr;
}

bool RoomService::unban(std::uint32_t sdkAppId, const RoomId &room, const UserId &user)
{
	return impl_->banned.erase({ { sdkAppId, room }, user }) > 0;
}

std::size_t RoomService::disband(std::uint32_t sdkAppId, const RoomId &room, Effects &out)
{
	const auto found = impl_->rooms.find({ sdkAppId, room });
	if (found == impl_->rooms.end())
		return 0;
	std::vector<SessionId> members;
	for (const auto &[name, session] : found->second.members)
		members.push_back(session->id);
	Effects all;
	for (const SessionId id : members)
		impl_->ban(*impl_->find(id),
			   { "room_disband", close_code::kDisbanded, "the room was disbanded", kReasonKicked,
			     leave_reason::kDisbanded },
			   all);
	// Nobody stays who would have to know how the others went.
	std::erase_if(all, [](const Effect &effect) {
		const auto *send = std::get_if<Send>(&effect);
		return send && (send->message.event == protocol::Event::PeerLeave ||
				send->message.event == protocol::Event::PublishedList);
	});
	out.insert(out.end(), std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()));
	return members.size();
}

std::vector<RoomInfo> RoomService::listRooms(std::uint32_t sdkAppId) const
{
	std::vector<RoomInfo> list;
	forApplication(
		impl_->rooms, sdkAppId, [](const auto &entry) { return entry.first; },
		[&](const auto &entry) {
			RoomInfo info { entry.first.second, entry.second.members.size() };
			for (const auto &[name, session] : entry.second.members) {
				info.anchors += session->role == Role::Anchor ? 1U : 0U;
				info.publishers += session->visible() ? 1U : 0U;
			}
			list.push_back(info);
		});
	return list;
}

std::optional<std::vector<MemberInfo>> RoomService::listMembers(std::uint32_t sdkAppId, const RoomId &room) const
{
	const auto found = impl_->rooms.find({ sdkAppId, room });
	if (found == impl_->rooms.end())
		return std::nullopt;
	std::vector<MemberInfo> list;
	for (const auto &[name, session] : found->second.members) {
		namespace flag = protocol::flag;
		const unsigned flags = session->publication ? session->publication->flags() : 0;
		const auto has = [flags](unsigned bit) { return (flags & bit) != 0; };
		list.push_back({ name, session->role, session->mode, session->who.clientIp, !session->lostAt,
				 has(flag::kAudio), has(flag::kBigVideo), has(flag::kSmallVideo), has(flag::kAuxVideo),
				 has(flag::kAudioMuted), has(flag::kVideoMuted) });
	}
	return list;
}

std::vector<BanInfo> RoomService::listBans(std::uint32_t sdkAppId) const
{
	std::vector<BanInfo> list;
	forApplication(
		impl_->banned, sdkAppId, [](const auto &entry) { return entry.first; },
		[&](const auto &entry) {
			list.push_back({ entry.first.second, entry.second });
		});
	return list;
}

} // namespace trtc::service
