// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the service remembers of a room, and questions about it that change nothing. Private to the rules.
namespace trtc::service {

/// An offer whose answer the media side still owes.
struct PendingOffer {
	std::int64_t seq = 0;
	protocol::Event replyEvent = protocol::Event::PublishResult;
	protocol::PublishState state; ///< holds from the answer on
};

/// One user's uplink, from `publish` on.
struct Publication {
	std::optional<PendingOffer> pending;
	bool answered = false;
	bool single = false; ///< on the client's one connection
	protocol::PublishState state;
	protocol::PublishState permitted { true, true, true, true }; ///< what else of the state stays unseen
	protocol::MuteState mute;
	std::string codec; ///< "H264", "VP8" or ""

	/// Others see it: answered, and a track is there.
	bool visible() const noexcept { return answered && shown().any(); }
	/// What is published as far as it is permitted.
	protocol::PublishState shown() const noexcept;
	/// What nobody gets of it, as a sentence for the publisher; "" when everything is permitted.
	std::string unseen() const;
	/// `flag` of the published list; 0 when not visible. Mute bits are set for published kinds only.
	unsigned flags() const noexcept;
	/// What is to be forwarded: published and not muted. Small video is the camera too and follows its mute.
	protocol::PublishState flow() const noexcept;
};

/// One downlink: a member's wish for one publisher.
struct Subscription {
	std::int64_t seq = 0;
	protocol::Event replyEvent = protocol::Event::SubscribeResult;
	bool answered = false;
	protocol::SubscribeWishes started; ///< what StartDownlink or the last ChangeDownlink said
	protocol::SubscribeWishes wishes;  ///< what the client asked for last, as far as it is permitted
	protocol::SubscribeWishes asked;   ///< all of it
	std::vector<std::uint32_t> ssrcs;  ///< on a shared connection, those of repairs too
};

/// The one connection of a client that has one for everything.
struct SingleConnection {
	std::int64_t seq = 0;
	protocol::Event replyEvent = protocol::Event::JoinResult; ///< or RebuildResult
	bool answered = false;
	std::array<std::uint32_t, 4> ssrcs {}, repairs {};
};

/// What a user has sent of custom messages in the second that began at `since`.
struct MessageBudget {
	TimePoint since {};
	unsigned count = 0;
	std::size_t bytes = 0;
};

struct Room;

/// One visit, in a room or not yet.
struct Session {
	SessionId id = 0;
	Identity who;
	std::string tinyId;
	TimePoint openedAt, lastSeen;
	std::optional<TimePoint> lostAt; ///< since then it has no socket; set by RoomService::Impl::setLost()
	Room *room = nullptr;
	Role role = Role::Audience;
	Mode mode = Mode::Live;
	std::optional<Permit> permit; ///< where permits are required
	std::string privateMapKey;    ///< that gave it
	std::optional<Publication> publication;
	std::optional<SingleConnection> single;
	MessageBudget messages;
	bool told = false;				 ///< the operator knows that it is in the room
	protocol::PublishState toldStreams;		 ///< what the operator knows of its streams
	std::map<SessionId, Subscription> subscriptions; ///< by the publisher's session

	bool visible() const noexcept { return publication && publication->visible(); }
};

/// Rooms of different applications are different rooms, and so are number 123 and string "123".
using RoomKey = std::pair<std::uint32_t, RoomId>;

/// A room has no scene of its own. Each member keeps the scene it entered with, and everything the scene decides
/// follows from the member's role: an rtc member is an anchor for good, a live member may change. So a live
/// audience may watch an rtc call and nobody is refused for what the first one chose.
struct Room {
	RoomKey key;
	std::map<UserId, Session *> members; ///< ordered, so that lists and pushes are the same in every run
	bool told = false;		     ///< the operator knows of it

	Session *member(const UserId &userId) const;
	/// By name, number or both: an empty text matches all, both empty none. Null when nobody matches.
	Session *member(std::string_view userId, std::string_view tinyId) const;
	std::vector<protocol::Publisher> publishers() const;
	/// Those whom @p asker should know: anchors. The asker is left out, since the SDK is not known to skip itself here.
	std::vector<protocol::User> users(const Session &asker) const;
	/// Members with an uplink, answered or not: what the anchor limit counts.
	std::size_t uplinks() const;
};

} // namespace trtc::service
