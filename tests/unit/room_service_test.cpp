// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

/// Sessions, rooms, roles. Beside it: room_service_time_test.cpp, _publish_test.cpp, _subscribe_test.cpp.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

// ---- channel ------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "an opened session is told its number, its address and the time")
{
	const auto effects = open(1, "ann");
	REQUIRE(effects.size() == 1);
	const auto setup = sent(effects, 1, Event::ChannelSetup);
	REQUIRE(setup.size() == 1);
	CHECK(setup[0].code == 0);
	const auto &data = std::get<protocol::ChannelSetup>(setup[0].payload);
	CHECK(!data.tinyId.empty());
	CHECK(data.clientIp == "198.51.100.7");
	CHECK(data.svrTimeMs == 1700000000000);
}

TEST_CASE_FIXTURE(RoomFixture, "a tinyId stays with its user and belongs to nobody else")
{
	const auto ann = tinyIdOf(open(1, "ann"), 1);
	CHECK(tinyIdOf(open(2, "bob"), 2) != ann);
	CHECK(tinyIdOf(open(3, "ann", 1400000002), 3) != ann);
	service.closed(1);
	CHECK(tinyIdOf(open(4, "ann"), 4) == ann);
}

TEST_CASE_FIXTURE(RoomFixture, "tinyIds of absent users are forgotten past the bound, those of present ones are not")
{
	const auto ann = tinyIdOf(open(1, "ann"), 1);
	const auto bob = tinyIdOf(open(2, "bob"), 2);
	service.closed(2);
	for (SessionId id = 3; id < 3 + kMaxTinyIds; ++id) {
		open(id, "u" + std::to_string(id));
		service.closed(id);
	}
	CHECK(tinyIdOf(open(9'000'001, "ann"), 9'000'001) == ann);
	const auto again = tinyIdOf(open(9'000'002, "bob"), 9'000'002);
	CHECK(again != bob);
	CHECK(again != ann);
}

TEST_CASE_FIXTURE(RoomFixture, "a session number that is in use is not opened again")
{
	open(1, "ann");
	CHECK(open(1, "bob").empty());
}

TEST_CASE_FIXTURE(RoomFixture, "a reconnected socket is sent to join again, and may do so")
{
	const auto effects = service.reopened(1, { UserId("ann"), 1400000001, "", "" }, {}, now);
	CHECK(codeOf(effects, 1, Event::ChannelReconnect) == code::kSessionUnknown);
	CHECK(effects.size() == 1);
	CHECK(codeOf(join(1), 1, Event::JoinResult) == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "a message of a session nobody opened has no effect")
{
	CHECK(join(7).empty());
	CHECK(service.closed(7).empty());
	CHECK(service.uplinkAnswered(7, 1, Event::PublishResult, 0, "").empty());
	CHECK(service.downlinkAnswered(7, 1, 8, 0, "").empty());
	CHECK(service.uplinkFailed(7).empty());
	CHECK(service.downlinkFailed(7, 8).empty());
	CHECK(service.uplinkStats(7, {}).empty());
}

// ---- join ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "join is answered with its seq and the publishers")
{
	enter(1, "ann");
	publish(1);
	open(2, "bob");
	const auto effects = join(2, "8888", Role::Audience);
	const auto result = sent(effects, 2, Event::JoinResult);
	REQUIRE(result.size() == 1);
	CHECK(result[0].code == 0);
	CHECK(result[0].seq == seq);
	const auto *data = std::get_if<protocol::JoinResult>(&result[0].payload);
	REQUIRE(data);
	REQUIRE(data->publishers.size() == 1);
	CHECK(data->publishers[0].userId == "ann");
	CHECK(data->publishers[0].flags == 9);
}

TEST_CASE_FIXTURE(RoomFixture, "a second join on a joined session is refused and changes nothing")
{
	enter(1, "ann");
	const auto effects = join(1, "9999");
	CHECK(codeOf(effects, 1, Event::JoinResult) == code::kBadRequest);
	CHECK(effects.size() == 1);
	CHECK(service.rooms() == 1);
	CHECK(service.users() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "a room id that breaks the rule is refused with the rule")
{
	open(1, "ann");
	for (const char *bad : { "", "0", "-1", "4294967295", "99999999999999999999", "12a", "1 " }) {
		CAPTURE(bad);
		const auto effects = join(1, bad);
		CHECK(codeOf(effects, 1, Event::JoinResult) == code::kBadRequest);
		CHECK(textOf(effects, 1, Event::JoinResult).find("4294967294") != std::string::npos);
	}
	CHECK(codeOf(join(1, "", Role::Anchor, Mode::Live, true), 1, Event::JoinResult) == code::kBadRequest);
	CHECK(codeOf(join(1, "a/b", Role::Anchor, Mode::Live, true), 1, Event::JoinResult) == code::kBadRequest);
	CHECK(service.rooms() == 0);
	CHECK(codeOf(join(1, "4294967294"), 1, Event::JoinResult) == 0);
}

TEST_CASE_FIXTURE(RoomFixture,
		  "number room 123, string room \"123\" and the room of another application are three rooms")
{
	open(1, "ann");
	open(2, "bob");
	open(3, "cid", 1400000002);
	join(1, "123");
	const auto second = join(2, "123", Role::Anchor, Mode::Live, true);
	const auto third = join(3, "123");
	CHECK(service.rooms() == 3);
	CHECK(joinsOf(second, 1).empty());
	CHECK(joinsOf(third, 1).empty());
	CHECK(users(1).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "leading zeros do not make another room")
{
	enter(1, "ann", Role::Anchor, "8888");
	CHECK(joinsOf(enter(2, "bob", Role::Anchor, "08888"), 1) == "bob");
}

TEST_CASE_FIXTURE(RoomFixture, "an audience in mode rtc is refused")
{
	open(1, "ann");
	const auto effects = join(1, "8888", Role::Audience, Mode::Rtc);
	CHECK(codeOf(effects, 1, Event::JoinResult) == code::kBadRequest);
	CHECK(service.users() == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "members of both scenes meet in one room")
{
	open(1, "ann");
	join(1, "8888", Role::Anchor, Mode::Rtc);
	CHECK(codeOf(enter(2, "bob", Role::Audience), 2, Event::JoinResult) == 0);
	CHECK(users(2) == "ann");
}

TEST_CASE("the limits of rooms and users hold, and leaving makes place")
{
	Limits limits;
	limits.maxRooms = 1;
	limits.maxUsersPerRoom = 2;
	RoomFixture f(limits);
	f.enter(1, "ann");
	f.enter(2, "bob");
	const auto full = f.enter(3, "cid");
	CHECK(codeOf(full, 3, Event::JoinResult) == code::kLimit);
	CHECK(textOf(full, 3, Event::JoinResult).find("--max-users") != std::string::npos);
	const auto rooms = f.join(3, "9999");
	CHECK(codeOf(rooms, 3, Event::JoinResult) == code::kLimit);
	CHECK(textOf(rooms, 3, Event::JoinResult).find("--max-rooms") != std::string::npos);
	f.say(2, protocol::Leave {});
	CHECK(codeOf(f.join(3), 3, Event::JoinResult) == 0);
}

TEST_CASE("one user is in so many rooms, and publishes in so many of them")
{
	Limits limits;
	limits.maxRoomsPerUser = 3;
	limits.maxPublicationsPerUser = 1;
	RoomFixture f(limits);
	for (SessionId id = 1; id <= 3; ++id) {
		f.open(id, "ann");
		CHECK(codeOf(f.join(id, std::to_string(100 + id)), id, Event::JoinResult) == 0);
	}
	f.open(4, "ann");
	const auto refused = f.join(4, "104");
	CHECK(codeOf(refused, 4, Event::JoinResult) == code::kLimit);
	CHECK(textOf(refused, 4, Event::JoinResult).find("--max-rooms-per-user") != std::string::npos);
	// Not for others, and not for the same user in a room it is in: that takes the older one's place.
	CHECK(codeOf(f.enter(5, "bob"), 5, Event::JoinResult) == 0);
	CHECK(codeOf(f.join(4, "103"), 4, Event::JoinResult) == 0);

	protocol::Publish publish;
	publish.sdp = "v=0";
	publish.state.audio = true;
	CHECK(!all<StartUplink>(f.say(1, publish)).empty());
	const auto second = f.say(2, publish);
	CHECK(all<StartUplink>(second).empty());
	CHECK(codeOf(second, 2, Event::PublishResult) == code::kLimit);
	CHECK(textOf(second, 2, Event::PublishResult).find("--max-publications-per-user") != std::string::npos);
	CHECK(!all<StartUplink>(f.say(1, publish)).empty()); // again in the same room
	f.say(1, protocol::Leave {});
	CHECK(!all<StartUplink>(f.say(2, publish)).empty());
}

TEST_CASE("a full room still lets a user replace itself")
{
	Limits limits;
	limits.maxRooms = 1;
	limits.maxUsersPerRoom = 1;
	RoomFixture f(limits);
	f.enter(1, "ann");
	CHECK(codeOf(f.enter(2, "ann"), 2, Event::JoinResult) == 0);
	CHECK(f.service.users() == 1);
}

// ---- the same user twice ------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "the same user in the same room: the old session is told and closed, the new one is in")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	const auto effects = enter(3, "ann");
	const auto banned = sent(effects, 1, Event::ClientBanned);
	REQUIRE(banned.size() == 1);
	CHECK(std::get<protocol::ClientBanned>(banned[0].payload).reason == "kick");
	const auto close = all<CloseSession>(effects);
	REQUIRE(close.size() == 1);
	CHECK(close[0].session == 1);
	CHECK(close[0].code >= 4000);
	CHECK(!close[0].reason.empty());
	CHECK(leavesOf(effects, 2) == "ann:2");
	CHECK(joinsOf(effects, 2) == "ann");
	CHECK(codeOf(effects, 3, Event::JoinResult) == 0);
	CHECK(service.users() == 2);
	CHECK(say(1, protocol::GetUserList {}).empty());
	CHECK(service.closed(1).empty());
	CHECK(service.users() == 2);
}

TEST_CASE_FIXTURE(RoomFixture, "a kicked publisher takes its uplink and both kinds of downlinks with it")
{
	enter(1, "ann");
	enter(2, "bob");
	publish(1);
	publish(2);
	subscribe(2, "ann", 1);
	subscribe(1, "bob", 2);
	const auto effects = enter(3, "ann");
	REQUIRE(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopUplink>(effects)[0].session == 1);
	const auto stops = all<StopDownlink>(effects);
	REQUIRE(stops.size() == 2);
	CHECK(stops[0].session + stops[1].session == 3);
	CHECK(listOf(effects, 2) == "bob:9");
	const auto result = sent(effects, 3, Event::JoinResult);
	REQUIRE(result.size() == 1);
	CHECK(std::get<protocol::JoinResult>(result[0].payload).publishers.size() == 1);
	// nothing of the old one is left
	CHECK(codeOf(say(3, protocol::MuteUplink {}), 3, Event::MuteResult) == code::kBadRequest);
	CHECK(codeOf(ask(2, "ann"), 2, Event::SubscribeResult) == code::kNoSuchUser);
}

TEST_CASE_FIXTURE(RoomFixture, "a kicked audience was never announced, so nobody hears of it")
{
	enter(1, "ann", Role::Audience);
	enter(2, "bob");
	const auto effects = enter(3, "ann", Role::Audience);
	CHECK(sentTo(effects, 2) == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "the same user may be in two rooms, and a join that fails kicks nobody")
{
	enter(1, "ann");
	CHECK(all<CloseSession>(enter(2, "ann", Role::Anchor, "9999")).empty());
	open(3, "ann");
	CHECK(all<CloseSession>(join(3, "8888", Role::Audience, Mode::Rtc)).empty());
	CHECK(service.users() == 2);
}

// ---- who knows whom -----------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "an anchor's coming and going is told to the others, an audience's is not")
{
	enter(1, "ann", Role::Audience);
	CHECK(joinsOf(enter(2, "bob"), 1) == "bob");
	const auto third = enter(3, "cid", Role::Audience);
	CHECK(joinsOf(third, 1).empty());
	CHECK(joinsOf(third, 2).empty());
	const auto cid = say(3, protocol::Leave {});
	CHECK(leavesOf(cid, 1).empty());
	const auto bob = say(2, protocol::Leave {});
	CHECK(leavesOf(bob, 1) == "bob:0");
}

TEST_CASE_FIXTURE(RoomFixture, "the user list names the other anchors")
{
	enter(1, "ann");
	enter(2, "bob");
	enter(3, "cid", Role::Audience);
	CHECK(users(1) == "bob");
	CHECK(users(3) == "ann bob");
	const auto list = sent(say(3, protocol::GetUserList {}), 3, Event::UserList);
	CHECK(list[0].seq == seq);
	CHECK((std::get<protocol::UserList>(list[0].payload).users[0].role == Role::Anchor));
}

TEST_CASE_FIXTURE(RoomFixture, "two rooms know nothing of each other")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	enter(3, "cid", Role::Anchor, "9999");
	const auto effects = publish(1);
	CHECK(listOf(effects, 2) == "ann:9");
	CHECK(sentTo(effects, 3) == 0);
	CHECK(users(3).empty());
	CHECK(codeOf(ask(3, "ann"), 3, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(sentTo(say(1, protocol::Leave {}), 3) == 0);
	CHECK(service.rooms() == 2);
}

// ---- roles --------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "an audience that becomes anchor is announced")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	const auto effects = say(2, protocol::ChangeRole { Role::Anchor, "" });
	CHECK(codeOf(effects, 2, Event::ChangeRoleResult) == 0);
	CHECK(sent(effects, 2, Event::ChangeRoleResult)[0].seq == seq);
	CHECK(joinsOf(effects, 1) == "bob");
	CHECK(joinsOf(effects, 2).empty());
	CHECK(codeOf(publish(2), 2, Event::PublishResult) == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "an anchor that becomes audience publishes no more and keeps watching")
{
	enter(1, "ann");
	const auto bob = tinyIdOf(open(2, "bob"), 2);
	join(2);
	publish(1);
	publish(2);
	subscribe(2, "ann", 1);
	subscribe(1, "bob", 2);
	const auto effects = say(1, protocol::ChangeRole { Role::Audience, "" });
	CHECK(codeOf(effects, 1, Event::ChangeRoleResult) == 0);
	REQUIRE(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopUplink>(effects)[0].session == 1);
	REQUIRE(all<StopDownlink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects)[0].session == 2);
	CHECK(leavesOf(effects, 2) == "ann:3");
	CHECK(leavesOf(effects, 1).empty());
	CHECK(listOf(effects, 1) == "bob:9");
	CHECK(listOf(effects, 2) == "bob:9");
	CHECK(users(2).empty());
	CHECK(codeOf(say(1, protocol::SubscribeChange { bob, { .audio = true } }), 1, Event::SubscribeChangeResult) ==
	      0);
}

TEST_CASE_FIXTURE(RoomFixture, "the role one has is a success that changes nothing")
{
	enter(1, "ann");
	enter(2, "bob");
	publish(1);
	const auto effects = say(1, protocol::ChangeRole { Role::Anchor, "" });
	CHECK(codeOf(effects, 1, Event::ChangeRoleResult) == 0);
	CHECK(effects.size() == 1);
	CHECK(service.publishers() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "there is no change of role in mode rtc")
{
	open(1, "ann");
	join(1, "8888", Role::Anchor, Mode::Rtc);
	publish(1);
	const auto effects = say(1, protocol::ChangeRole { Role::Audience, "" });
	CHECK(codeOf(effects, 1, Event::ChangeRoleResult) == code::kBadRequest);
	CHECK(effects.size() == 1);
	CHECK(service.publishers() == 1);
}

// ---- leaving ------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "leave ends everything at once and only then is 1000 a fair close")
{
	enter(1, "ann");
	enter(2, "bob");
	publish(1);
	publish(2);
	subscribe(2, "ann", 1);
	subscribe(1, "bob", 2);
	const auto effects = say(1, protocol::Leave {});
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects).size() == 2);
	CHECK(leavesOf(effects, 2) == "ann:0");
	CHECK(listOf(effects, 2) == "bob:9");
	CHECK(sentTo(effects, 1) == 0);
	const auto close = all<CloseSession>(effects);
	REQUIRE(close.size() == 1);
	CHECK(close[0].session == 1);
	CHECK(close[0].code == 1000);
	CHECK(service.users() == 1);
	CHECK(say(1, protocol::Leave {}).empty());
	CHECK(service.closed(1).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "a lost socket ends everything at once, as a timeout to the others")
{
	enter(1, "ann");
	enter(2, "bob");
	publish(1);
	subscribe(2, "ann", 1);
	const auto effects = service.closed(1);
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(leavesOf(effects, 2) == "ann:1");
	CHECK(listOf(effects, 2).empty());
	CHECK(sentTo(effects, 1) == 0);
	CHECK(service.closed(1).empty());
	CHECK(service.users() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "the last one closes the room")
{
	enter(1, "ann");
	publish(1);
	say(1, protocol::Leave {});
	CHECK(service.rooms() == 0);
	CHECK(service.users() == 0);
	CHECK(service.publishers() == 0);
}
