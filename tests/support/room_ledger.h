// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace trtc::service {

/// What an operator knows who hears nothing but the events of rooms. Complains about an event that does not fit the ones before.
class RoomLedger {
public:
	/// "" or what is wrong.
	const char *take(const Tell &tell)
	{
		return std::visit([&](const auto &event) { return note(tell.session, event); }, tell.event);
	}
	/// "" or what differs from the rooms as they are. @p joining: members whose join has no answer yet.
	const char *compare(const RoomService &rooms, std::size_t joining) const
	{
		if (users_.size() + joining != rooms.users())
			return "told of other users than there are";
		if (streams_.size() > rooms.streams() || (joining == 0 && streams_.size() != rooms.streams()))
			return "told of other streams than there are";
		if (rooms_.size() > rooms.rooms() || rooms_.size() + joining < rooms.rooms())
			return "told of other rooms than there are";
		return "";
	}

	std::size_t users() const noexcept { return users_.size(); }

private:
	using Key = std::pair<std::uint32_t, RoomId>;
	static Key key(const AboutRoom &about) { return { about.sdkAppId, about.room }; }
	bool inside(SessionId id, const AboutRoom &about) const
	{
		const auto found = users_.find(id);
		return found != users_.end() && found->second.first == key(about);
	}

	const char *note(SessionId, const RoomCreated &e)
	{
		return rooms_.insert(key(e)).second ? "" : "told twice that a room was created";
	}
	const char *note(SessionId, const RoomEmpty &e)
	{
		for (const auto &[id, user] : users_)
			if (user.first == key(e))
				return "told that a room with users is empty";
		return e.reason.empty()		   ? "told no reason"
		       : rooms_.erase(key(e)) == 1 ? ""
						   : "an unknown room is empty";
	}
	const char *note(SessionId id, const UserJoined &e)
	{
		if (!rooms_.contains(key(e)))
			return "a user joined an unknown room";
		return users_.insert({ id, { key(e), e.role } }).second ? "" : "a user joined twice";
	}
	const char *note(SessionId id, const UserLeft &e)
	{
		if (streams_.contains({ id, StreamType::Main }) || streams_.contains({ id, StreamType::Auxiliary }))
			return "a user left who still publishes";
		return !inside(id, e)	  ? "an unknown user left"
		       : e.reason.empty() ? "told no reason"
					  : (users_.erase(id), "");
	}
	const char *note(SessionId id, const RoleChanged &e)
	{
		if (!inside(id, e) || users_.at(id).second != e.prevRole || e.role == e.prevRole)
			return "a change of role that does not fit";
		users_.at(id).second = e.role;
		return "";
	}
	const char *note(SessionId id, const StreamPublished &e)
	{
		if (!inside(id, e) || users_.at(id).second != Role::Anchor)
			return "a stream of no anchor";
		auto &stream = streams_[{ id, e.streamType }];
		const auto before = std::exchange(stream, { e.audio, e.video });
		return before == stream ? "told a stream without news" : "";
	}
	const char *note(SessionId id, const StreamUnpublished &e)
	{
		const auto found = streams_.find({ id, e.streamType });
		if (found == streams_.end() || found->second != std::pair(e.audio, e.video))
			return "an unknown stream ended";
		streams_.erase(found);
		return e.reason.empty() ? "told no reason" : "";
	}

	std::set<Key> rooms_;
	std::map<SessionId, std::pair<Key, Role>> users_;
	std::map<std::pair<SessionId, StreamType>, std::pair<bool, bool>> streams_;
};

} // namespace trtc::service
