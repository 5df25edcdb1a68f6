// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kApp = 1400000001;

const RoomId kRoom = RoomId::number(8888);

std::string reasonOf(const Effects &effects, SessionId to)
{
	const auto found = sent(effects, to, Event::ClientBanned);
	return found.size() == 1 ? std::get<protocol::ClientBanned>(found[0].payload).reason : "";
}

/// anchor 1 on air, audience 2 that watches, anchor 3
struct AdminFixture : RoomFixture {
	AdminFixture()
	{
		enter(1, "ann");
		enter(2, "bob", Role::Audience);
		enter(3, "cid");
		publish(1);
		subscribe(2, "ann", 1);
		subscribe(3, "ann", 1);
	}
};

} // namespace

TEST_CASE_FIXTURE(AdminFixture, "kick: told, closed, gone for the others, and free to come back")
{
	Effects out;
	CHECK_FALSE(service.kick(kApp, kRoom, UserId("nobody"), out));
	CHECK_FALSE(service.kick(kApp, RoomId::string("8888"), UserId("ann"), out));
	CHECK_FALSE(service.kick(kApp + 1, kRoom, UserId("ann"), out));
	CHECK(out.empty());
	REQUIRE(service.kick(kApp, kRoom, UserId("ann"), out));
	CHECK(reasonOf(out, 1) == "kick");
	REQUIRE(all<CloseSession>(out).size() == 1);
	CHECK(all<CloseSession>(out)[0].session == 1);
	CHECK(all<CloseSession>(out)[0].code == close_code::kRemoved);
	// The message comes before the close.
	CHECK(indexOf<CloseSession>(out) == out.size() - 1);
	CHECK(all<StopUplink>(out).size() == 1);
	CHECK(all<StopDownlink>(out).size() == 2);
	for (const SessionId other : { 2U, 3U }) {
		CHECK(leavesOf(out, other) == "ann:2");
		CHECK(listOf(out, other).empty());
	}
	CHECK(service.users() == 2);
	CHECK(say(1, protocol::GetUserList {}).empty());
	open(4, "ann");
	CHECK(codeOf(join(4), 4, Event::JoinResult) == 0);
}

TEST_CASE_FIXTURE(AdminFixture, "kick of an audience is told to nobody else")
{
	Effects out;
	REQUIRE(service.kick(kApp, kRoom, UserId("bob"), out));
	CHECK(reasonOf(out, 2) == "kick");
	CHECK(sentTo(out, 1) == 0);
	CHECK(sentTo(out, 3) == 0);
}

TEST_CASE_FIXTURE(AdminFixture, "ban: out, and not in again until unban; only this user, this room, this application")
{
	Effects out;
	CHECK(service.ban(kApp, kRoom, UserId("ann"), out));
	CHECK(reasonOf(out, 1) == "banned");
	CHECK(all<CloseSession>(out)[0].code == close_code::kRemoved);
	open(4, "ann");
	const auto refused = join(4);
	CHECK(codeOf(refused, 4, Event::JoinResult) == code::kNotPermitted);
	CHECK(textOf(refused, 4, Event::JoinResult).find("banned") != std::string::npos);
	CHECK(codeOf(join(4, "8888", Role::Anchor, Mode::Live, true), 4, Event::JoinResult) == 0); // the string room
	open(5, "ann", kApp + 1);
	CHECK(codeOf(join(5), 5, Event::JoinResult) == 0);
	REQUIRE(service.listBans(kApp).size() == 1);
	CHECK(service.listBans(kApp)[0].userId.str() == "ann");
	CHECK(service.listBans(kApp)[0].room == kRoom);
	CHECK(service.listBans(kApp + 1).empty());
	CHECK(service.unban(kApp, kRoom, UserId("ann")));
	CHECK_FALSE(service.unban(kApp, kRoom, UserId("ann")));
	open(6, "ann");
	CHECK(codeOf(join(6), 6, Event::JoinResult) == 0);
}

TEST_CASE_FIXTURE(AdminFixture,
		  "a ban holds for one who is not there, outlives the room, and a refused join kicks nobody")
{
	Effects out;
	CHECK_FALSE(service.ban(kApp, kRoom, UserId("eve"), out));
	CHECK_FALSE(service.ban(kApp, kRoom, UserId("eve"), out)); // twice is once
	CHECK(out.empty());
	CHECK(service.listBans(kApp).size() == 1);
	CHECK(service.disband(kApp, kRoom, out) == 3);
	CHECK(service.rooms() == 0);
	open(4, "eve");
	CHECK(codeOf(join(4), 4, Event::JoinResult) == code::kNotPermitted);
	CHECK(service.rooms() == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "bans have a limit")
{
	Effects out;
	for (std::size_t i = 1; i <= kMaxBans; ++i)
		service.ban(kApp, RoomId::number(i), UserId("eve"), out);
	CHECK_THROWS_AS(service.ban(kApp, kRoom, UserId("one-more"), out), Exception);
	CHECK_NOTHROW(service.ban(kApp, RoomId::number(1), UserId("eve"), out));
}

TEST_CASE_FIXTURE(AdminFixture, "disband: everybody is told and closed, nobody hears of the others")
{
	enter(4, "dan", Role::Anchor, "9999");
	Effects out;
	CHECK(service.disband(kApp, RoomId::number(7), out) == 0);
	CHECK(out.empty());
	CHECK(service.disband(kApp, kRoom, out) == 3);
	for (const SessionId each : { 1U, 2U, 3U }) {
		CHECK(reasonOf(out, each) == "room_disband");
		CHECK(sentTo(out, each) == 1);
	}
	CHECK(sentTo(out, 4) == 0);
	CHECK(all<CloseSession>(out).size() == 3);
	for (const auto &close : all<CloseSession>(out))
		CHECK(close.code == close_code::kDisbanded);
	CHECK(all<StopUplink>(out).size() == 1);
	CHECK(service.rooms() == 1);
	enter(5, "ann");
	CHECK(service.rooms() == 2);
}

TEST_CASE_FIXTURE(AdminFixture, "a member without a socket is removed as well")
{
	service.lost(2, now);
	Effects out;
	REQUIRE(service.kick(kApp, kRoom, UserId("bob"), out));
	CHECK(sentTo(out, 2) == 0);
	CHECK(all<StopDownlink>(out).size() == 1);
	CHECK(service.users() == 2);

	// It is told when it comes back, instead of being asked to join again, once and again within the time it had.
	for (const SessionId id : { SessionId(7), SessionId(8) }) {
		const auto back = service.reopened(id, identity(id, "bob"), { "8888", false, ticket(2) }, now += 10s);
		CHECK(reasonOf(back, id) == "kick");
		CHECK(sent(back, id, Event::ChannelReconnect).empty());
		CHECK(all<CloseSession>(back).at(0).code == close_code::kRemoved);
	}
	// Another visit of the same user is another matter.
	CHECK(codeOf(service.reopened(9, identity(9, "bob"), { "8888", false, ticket(9) }, now), 9,
		     Event::ChannelReconnect) == code::kSessionUnknown);
	service.tick(now += 10s);
	CHECK(codeOf(service.reopened(10, identity(10, "bob"), { "8888", false, ticket(2) }, now), 10,
		     Event::ChannelReconnect) == code::kSessionUnknown);
}

TEST_CASE_FIXTURE(AdminFixture, "a room disbanded while a member has no socket does not come back with it")
{
	service.lost(2, now);
	Effects out;
	CHECK(service.disband(kApp, kRoom, out) == 3);
	const auto back = service.reopened(7, identity(7, "bob"), { "8888", false, ticket(2) }, now);
	CHECK(reasonOf(back, 7) == "room_disband");
	CHECK(all<CloseSession>(back).at(0).code == close_code::kDisbanded);
}

TEST_CASE_FIXTURE(AdminFixture, "rooms and members as they are")
{
	enter(4, "dan", Role::Anchor, "9999");
	const auto rooms = service.listRooms(kApp);
	REQUIRE(rooms.size() == 2);
	CHECK(rooms[0].room == kRoom);
	CHECK(rooms[0].users == 3);
	CHECK(rooms[0].anchors == 2);
	CHECK(rooms[0].publishers == 1);
	CHECK(service.listRooms(kApp + 1).empty());
	CHECK_FALSE(service.listMembers(kApp, RoomId::number(7)));
	say(1, protocol::MuteUplink { { .audio = true } });
	const auto members = service.listMembers(kApp, kRoom);
	REQUIRE(members);
	REQUIRE(members->size() == 3);
	const auto &ann = (*members)[0];
	CHECK(ann.userId.str() == "ann");
	CHECK(ann.audio);
	CHECK(ann.video);
	CHECK(ann.audioMuted);
	CHECK_FALSE(ann.videoMuted);
	CHECK_FALSE(ann.auxVideo);
	CHECK(((*members)[1].role == Role::Audience));
	CHECK_FALSE((*members)[1].audio);
}
