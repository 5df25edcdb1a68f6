// SPDX-License-Identifier: MIT
#include "service/room.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::service {

protocol::PublishState Publication::shown() const noexcept
{
	return { state.audio && permitted.audio, state.bigVideo && permitted.bigVideo,
		 state.smallVideo && permitted.smallVideo, state.auxVideo && permitted.auxVideo };
}

std::string Publication::unseen() const
{
	const auto now = shown();
	std::vector<std::string_view> names;
	if (state.audio && !now.audio)
		names.push_back("audio");
	if ((state.bigVideo && !now.bigVideo) || (state.smallVideo && !now.smallVideo))
		names.push_back("video");
	if (state.auxVideo && !now.auxVideo)
		names.push_back("auxiliary video");
	return names.empty() ? std::string()
			     : fmt::format("your {} is not forwarded: your PrivateMapKey does not permit sending it",
					   fmt::join(names, " and "));
}

unsigned Publication::flags() const noexcept
{
	if (!visible())
		return 0;
	namespace flag = protocol::flag;
	const auto now = shown();
	unsigned flags = 0;
	if (now.bigVideo)
		flags |= flag::kBigVideo | (mute.bigVideo ? flag::kVideoMuted : 0U);
	if (now.smallVideo)
		flags |= flag::kSmallVideo;
	if (now.auxVideo)
		flags |= flag::kAuxVideo;
	if (now.audio)
		flags |= flag::kAudio | (mute.audio ? flag::kAudioMuted : 0U);
	return flags;
}

protocol::PublishState Publication::flow() const noexcept
{
	protocol::PublishState flow;
	if (!answered)
		return flow;
	const auto now = shown();
	flow.audio = now.audio && !mute.audio;
	flow.bigVideo = now.bigVideo && !mute.bigVideo;
	flow.smallVideo = now.smallVideo && !mute.bigVideo;
	flow.auxVideo = now.auxVideo && !mute.auxVideo;
	return flow;
}

Session *Room::member(const UserId &userId) const
{
	const auto found = members.find(userId);
	return found == members.end() ? nullptr : found->second;
}

Session *Room::member(std::string_view userId, std::string_view tinyId) const
{
	if (userId.empty() && tinyId.empty())
		return nullptr;
	for (const auto &[name, session] : members)
		if ((userId.empty() || name.str() == userId) && (tinyId.empty() || session->tinyId == tinyId))
			return session;
	return nullptr;
}

std::vector<protocol::Publisher> Room::publishers() const
{
	std::vector<protocol::Publisher> list;
	for (const auto &[name, session] : members)
		if (session->visible())
			list.push_back({ name.str(), session->tinyId, session->publication->flags() });
	return list;
}

std::vector<protocol::User> Room::users(const Session &asker) const
{
	std::vector<protocol::User> list;
	for (const auto &[name, session] : members)
		if (session != &asker && session->role == Role::Anchor)
			list.push_back({ name.str(), session->tinyId, session->role });
	return list;
}

std::size_t Room::uplinks() const
{
	return static_cast<std::size_t>(std::count_if(members.begin(), members.end(), [](const auto &entry) {
		return entry.second->publication.has_value();
	}));
}

} // namespace trtc::service
