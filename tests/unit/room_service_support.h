// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

/// Talking to RoomService in a test: clients are numbers, time moves by hand.
namespace trtc::service::test {

namespace code = protocol::code;
using protocol::Event;

template <class T>
std::vector<T> all(const Effects &effects)
{
	std::vector<T> found;
	for (const auto &effect : effects)
		if (const T *item = std::get_if<T>(&effect))
			found.push_back(*item);
	return found;
}

/// The messages of one kind that one session is sent.
inline std::vector<protocol::ServerMessage> sent(const Effects &effects, SessionId to, Event event)
{
	std::vector<protocol::ServerMessage> found;
	for (const auto &send : all<Send>(effects))
		if (send.to == to && send.message.event == event)
			found.push_back(send.message);
	return found;
}

inline std::size_t sentTo(const Effects &effects, SessionId to)
{
	const auto sends = all<Send>(effects);
	return static_cast<std::size_t>(
		std::count_if(sends.begin(), sends.end(), [to](const Send &s) { return s.to == to; }));
}

/// Code of the only message of that kind to that session; -1 when there is none, -2 when there are several.
inline int codeOf(const Effects &effects, SessionId to, Event event)
{
	const auto found = sent(effects, to, event);
	return found.size() == 1 ? found[0].code : found.empty() ? -1 : -2;
}

inline std::string textOf(const Effects &effects, SessionId to, Event event)
{
	const auto found = sent(effects, to, event);
	return found.empty() ? "" : found[0].message;
}

/// Where in the order of effects the first T stands; effects.size() when nowhere.
template <class T>
std::size_t indexOf(const Effects &effects)
{
	const auto found = std::find_if(effects.begin(), effects.end(),
					[](const Effect &e) { return std::holds_alternative<T>(e); });
	return static_cast<std::size_t>(found - effects.begin());
}

/// "user:flags user:flags" of the last published list that session was sent; "none" when it was sent none.
inline std::string listOf(const Effects &effects, SessionId to)
{
	const auto found = sent(effects, to, Event::PublishedList);
	if (found.empty())
		return "none";
	std::string text;
	for (const auto &user : std::get<protocol::PublishedList>(found.back().payload).users)
		text += (text.empty() ? "" : " ") + user.userId + ":" + std::to_string(user.flags);
	return text;
}

/// "user:reason" of every peer-leave to that session.
inline std::string leavesOf(const Effects &effects, SessionId to)
{
	std::string text;
	for (const auto &message : sent(effects, to, Event::PeerLeave)) {
		const auto &leave = std::get<protocol::PeerLeave>(message.payload);
		text += (text.empty() ? "" : " ") + leave.userId + ":" + std::to_string(leave.reason);
	}
	return text;
}

inline std::string joinsOf(const Effects &effects, SessionId to)
{
	std::string text;
	for (const auto &message : sent(effects, to, Event::PeerJoin))
		text += (text.empty() ? "" : " ") + std::get<protocol::PeerJoin>(message.payload).userId;
	return text;
}

inline constexpr protocol::PublishState kCameraAndMicrophone { .audio = true, .bigVideo = true };

struct RoomFixture {
	explicit RoomFixture(Limits limits = {}) : service(limits) {}

	RoomService service;
	TimePoint now { std::chrono::hours(1) };
	std::int64_t seq = 0;

	static std::string ticket(SessionId id) { return "visit-" + std::to_string(id); }
	static Identity identity(SessionId id, const std::string &user, std::uint32_t app = 1400000001)
	{
		return { UserId(user), app, "198.51.100.7", ticket(id) };
	}
	Effects open(SessionId id, const std::string &user, std::uint32_t app = 1400000001)
	{
		return service.opened(id, identity(id, user, app), now, 1700000000000);
	}
	Effects say(SessionId id, protocol::Command command)
	{
		return service.received(id, { ++seq, "", "", std::move(command) }, now);
	}
	Effects join(SessionId id, const std::string &room = "8888", Role role = Role::Anchor, Mode mode = Mode::Live,
		     bool stringRoom = false)
	{
		protocol::Join join;
		join.roomId = room;
		join.useStringRoomId = stringRoom;
		join.role = role;
		join.mode = mode;
		return say(id, join);
	}
	/// open and join; the effects of the join.
	Effects enter(SessionId id, const std::string &user, Role role = Role::Anchor, const std::string &room = "8888")
	{
		open(id, user);
		return join(id, room, role);
	}
	Effects offer(SessionId id, protocol::PublishState state = kCameraAndMicrophone)
	{
		protocol::Publish publish;
		publish.sdp = "offer of the uplink";
		publish.state = state;
		return say(id, publish);
	}
	Effects answerUplink(SessionId id, int code = code::kOk, const std::string &text = "answer of the uplink")
	{
		return service.uplinkAnswered(id, seq, Event::PublishResult, code, text);
	}
	/// publish and its answer; the effects of the answer.
	Effects publish(SessionId id, protocol::PublishState state = kCameraAndMicrophone)
	{
		offer(id, state);
		return answerUplink(id);
	}
	Effects ask(SessionId id, const std::string &user, const std::string &tinyId = "",
		    protocol::SubscribeWishes wishes = { .audio = true, .bigVideo = true })
	{
		protocol::Subscribe subscribe;
		subscribe.sdp = "offer of the downlink";
		subscribe.srcUserId = user;
		subscribe.srcTinyId = tinyId;
		subscribe.wishes = wishes;
		return say(id, subscribe);
	}
	Effects answerDownlink(SessionId id, SessionId publisher, int code = code::kOk,
			       const std::string &text = "answer of the downlink")
	{
		return service.downlinkAnswered(id, seq, publisher, code, text);
	}
	/// subscribe and its answer; the effects of the answer.
	Effects subscribe(SessionId id, const std::string &user, SessionId publisher)
	{
		ask(id, user);
		return answerDownlink(id, publisher);
	}
	std::string tinyIdOf(const Effects &opened, SessionId id)
	{
		const auto setup = sent(opened, id, Event::ChannelSetup);
		return setup.empty() ? "" : std::get<protocol::ChannelSetup>(setup[0].payload).tinyId;
	}
	/// "user user" of the answer to get_user_list.
	std::string users(SessionId id)
	{
		std::string text;
		for (const auto &message : sent(say(id, protocol::GetUserList {}), id, Event::UserList))
			if (const auto *list = std::get_if<protocol::UserList>(&message.payload))
				for (const auto &user : list->users)
					text += (text.empty() ? "" : " ") + user.userId;
		return text;
	}
};

} // namespace trtc::service::test
