// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

/// Lost sockets: who is kept, who may take over, who ends.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;
using namespace std::chrono_literals;

namespace {

struct ResumeFixture : RoomFixture {
	using RoomFixture::RoomFixture;

	std::optional<SessionId> resumable(const std::string &user, const std::string &ticket = "undefined",
					   const std::string &room = "8888", bool stringRoom = false,
					   std::uint32_t app = 1400000001) const
	{
		return service.resumable(identity(99, user, app), { room, stringRoom, ticket });
	}
	Effects resume(SessionId id) { return service.resumed(id, "198.51.100.8", now); }
	/// ann publishes, bob watches her and publishes too.
	void twoOnAir()
	{
		enter(1, "ann");
		enter(2, "bob");
		publish(1);
		publish(2);
		subscribe(2, "ann", 1);
		subscribe(1, "bob", 2);
	}
};

Limits few()
{
	Limits limits;
	limits.maxKept = 3;
	limits.maxKeptPerUser = 2;
	return limits;
}

} // namespace

TEST_CASE_FIXTURE(ResumeFixture, "a lost member stays as it is, nobody is told, and it is sent nothing")
{
	twoOnAir();
	const auto effects = service.lost(1, now);
	CHECK(effects.empty());
	CHECK(service.kept() == 1);
	CHECK(service.users() == 2);
	CHECK(service.publishers() == 2);
	CHECK(users(2) == "ann");
	now += 2s;
	const auto later = service.tick(now);
	CHECK(listOf(later, 2) == "ann:9 bob:9");
	CHECK(sentTo(later, 1) == 0);
	CHECK(service.uplinkStats(1, {}).empty());
	CHECK(sentTo(say(2, protocol::MuteUplink { { true, false, false } }), 1) == 0);
	CHECK(service.lost(1, now).empty()); // once is enough
	CHECK(service.kept() == 1);
}

TEST_CASE_FIXTURE(ResumeFixture, "coming back: 514 and the list, and everything works on")
{
	twoOnAir();
	say(1, protocol::MuteUplink { { true, false, false } });
	service.lost(1, now);
	now += 29s;
	say(2, protocol::QualityReport {});
	CHECK(all<CloseSession>(service.tick(now)).empty());
	CHECK(resumable("ann", ticket(1)) == SessionId(1));
	const auto effects = resume(1);
	CHECK(codeOf(effects, 1, Event::ChannelReconnect) == code::kOk);
	CHECK(listOf(effects, 1) == "ann:73 bob:9");
	CHECK(effects.size() == 2);
	CHECK(service.kept() == 0);
	CHECK(users(1) == "bob");
	// The grace time is over, and so is nothing else; the heartbeat counts from the return.
	now += 29s;
	say(2, protocol::QualityReport {});
	CHECK(all<CloseSession>(service.tick(now)).empty());
	CHECK(all<UplinkFlow>(say(1, protocol::MuteUplink {})).size() == 1);
	CHECK(all<ChangeDownlink>(say(1, protocol::SubscribeChange { tinyIdOf(open(3, "bob"), 3), { .audio = true } }))
		      .size() == 1);
}

TEST_CASE_FIXTURE(ResumeFixture, "not back in time: gone as by a timeout, all at once")
{
	twoOnAir();
	service.lost(1, now);
	now += 29s + 999ms;
	say(2, protocol::QualityReport {});
	CHECK(all<CloseSession>(service.tick(now)).empty());
	now += 1ms;
	const auto effects = service.tick(now);
	CHECK(leavesOf(effects, 2) == "ann:1");
	CHECK(listOf(effects, 2) == "bob:9");
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects).size() == 2);
	REQUIRE(all<CloseSession>(effects).size() == 1);
	CHECK(all<CloseSession>(effects)[0].session == 1);
	CHECK(sentTo(effects, 1) == 0);
	CHECK(service.users() == 1);
	CHECK(service.kept() == 0);
	CHECK(!resumable("ann"));
	CHECK(resume(1).empty());
}

TEST_CASE_FIXTURE(ResumeFixture, "only the same user in the same room of the same application")
{
	enter(1, "ann");
	service.lost(1, now);
	CHECK(resumable("ann") == SessionId(1));
	CHECK(resumable("ann", "") == SessionId(1));
	CHECK(resumable("ann", "10.0.0.6") == SessionId(1)); // what another service had said
	CHECK(!resumable("bob"));
	CHECK(!resumable("ann", "", "8889"));
	CHECK(!resumable("ann", "", "8888", true));
	CHECK(!resumable("ann", "", "8888", false, 2));
	for (const auto *bad : { "", "0", "-1", "x", "99999999999999999999", "8888,8888" })
		CHECK(!resumable("ann", "", bad));
	CHECK(!resumable("ann", "", std::string(1000, 'x'), true));
	open(2, "bob");
	join(2, "8888", Role::Anchor, Mode::Live, true);
	service.lost(2, now);
	CHECK(resumable("bob", "", "8888", true) == SessionId(2));
}

TEST_CASE_FIXTURE(ResumeFixture, "a socket that is only thought to be open can be taken over")
{
	twoOnAir();
	CHECK(resumable("ann", ticket(1)) == SessionId(1));
	const auto effects = resume(1);
	CHECK(codeOf(effects, 1, Event::ChannelReconnect) == code::kOk);
	CHECK(service.kept() == 0);
	CHECK(service.users() == 2);
}

TEST_CASE_FIXTURE(ResumeFixture, "nothing to take over: 514 says so, and the client joins")
{
	const auto effects = service.reopened(1, identity(1, "ann"), { "8888", false, "" }, now);
	CHECK(codeOf(effects, 1, Event::ChannelReconnect) == code::kSessionUnknown);
	CHECK(textOf(effects, 1, Event::ChannelReconnect).find("join the room again") != std::string::npos);
	CHECK(codeOf(join(1), 1, Event::JoinResult) == code::kOk);
}

TEST_CASE_FIXTURE(ResumeFixture, "the join result names the visit")
{
	const auto effects = enter(1, "ann");
	const auto result = sent(effects, 1, Event::JoinResult);
	REQUIRE(result.size() == 1);
	CHECK(std::get<protocol::JoinResult>(result[0].payload).relayInnerIp == ticket(1));
}

TEST_CASE_FIXTURE(ResumeFixture, "joining from elsewhere takes the place of a lost member, no ghost stays")
{
	twoOnAir();
	service.lost(1, now);
	open(3, "ann");
	const auto effects = join(3);
	CHECK(codeOf(effects, 3, Event::JoinResult) == code::kOk);
	CHECK(leavesOf(effects, 2) == "ann:2");
	CHECK(joinsOf(effects, 2) == "ann");
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<CloseSession>(effects).size() == 1);
	CHECK(sentTo(effects, 1) == 0);
	CHECK(service.users() == 2);
	CHECK(service.kept() == 0);

	// Who was replaced hears of it, instead of replacing who came after it.
	CHECK(!resumable("ann", ticket(1)));
	const auto late = service.reopened(4, identity(4, "ann"), { "8888", false, ticket(1) }, now);
	const auto banned = sent(late, 4, Event::ClientBanned);
	REQUIRE(banned.size() == 1);
	CHECK(std::get<protocol::ClientBanned>(banned[0].payload).reason == "kick");
	CHECK(all<CloseSession>(late).at(0).code == close_code::kKicked);
	CHECK(service.users() == 2);

	// As long as it would have been kept itself; later, when who came after it is lost, nobody is removed by a join.
	now += 20s;
	service.lost(3, now);
	now += 10s;
	service.tick(now);
	CHECK(codeOf(service.reopened(5, identity(5, "ann"), { "8888", false, ticket(1) }, now), 5,
		     Event::ChannelReconnect) == code::kSessionUnknown);
}

TEST_CASE_FIXTURE(ResumeFixture, "tinyId is the same after a rejoin")
{
	const auto first = tinyIdOf(open(1, "ann"), 1);
	join(1);
	service.lost(1, now);
	now += 31s;
	service.tick(now);
	CHECK(tinyIdOf(open(2, "ann"), 2) == first);
}

TEST_CASE_FIXTURE(ResumeFixture, "media that fails meanwhile ends as it always does")
{
	twoOnAir();
	service.lost(1, now);
	const auto failed = service.uplinkFailed(1);
	CHECK(listOf(failed, 2) == "bob:9");
	CHECK(all<StopDownlink>(failed).size() == 1);
	CHECK(sentTo(failed, 1) == 0);
	CHECK(all<StopDownlink>(service.downlinkFailed(1, 2)).size() == 1);
	const auto effects = resume(1);
	CHECK(listOf(effects, 1) == "bob:9"); // so the client knows
	CHECK(service.publishers() == 1);
}

TEST_CASE_FIXTURE(ResumeFixture, "an answer for a lost member is not sent, the connection is there")
{
	enter(1, "ann");
	enter(2, "bob");
	offer(1);
	service.lost(1, now);
	const auto effects = answerUplink(1);
	CHECK(sentTo(effects, 1) == 0);
	CHECK(listOf(effects, 2) == "ann:9");
	resume(1);
	// Asked again, it is a new connection, as after any publish without an answer.
	const auto again = offer(1);
	CHECK(indexOf<StopUplink>(again) < indexOf<StartUplink>(again));
	CHECK(codeOf(answerUplink(1), 1, Event::PublishResult) == code::kOk);
}

TEST_CASE_FIXTURE(ResumeFixture, "outside a room nothing is kept")
{
	open(1, "ann");
	CHECK(all<CloseSession>(service.lost(1, now)).size() == 1);
	CHECK(service.kept() == 0);
	CHECK(service.lost(1, now).empty());
	CHECK(service.lost(77, now).empty());
}

TEST_CASE("lost members have limits, over all and for one user")
{
	ResumeFixture room(few());
	room.enter(1, "ann", Role::Anchor, "1");
	room.enter(2, "ann", Role::Anchor, "2");
	room.enter(3, "ann", Role::Anchor, "3");
	room.enter(4, "bob", Role::Anchor, "3");
	room.enter(5, "cid", Role::Anchor, "3");
	CHECK(room.service.lost(1, room.now).empty());
	CHECK(room.service.lost(2, room.now).empty());
	// The third of one user: over at once, as without a grace time.
	const auto third = room.service.lost(3, room.now);
	CHECK(all<CloseSession>(third).size() == 1);
	CHECK(leavesOf(third, 4) == "ann:1");
	CHECK(room.service.lost(4, room.now).empty());
	CHECK(all<CloseSession>(room.service.lost(5, room.now)).size() == 1);
	CHECK(room.service.kept() == 3);
	// Who comes back makes room.
	room.resume(1);
	CHECK(room.service.kept() == 2);
	CHECK(room.service.lost(1, room.now).empty());
	room.service.closed(1);
	CHECK(room.service.kept() == 2);
	room.now += 30s;
	CHECK(all<CloseSession>(room.service.tick(room.now)).size() == 2);
	CHECK(room.service.kept() == 0);
	CHECK(room.service.rooms() == 0);
}

TEST_CASE("lost members count in the limits of the room")
{
	Limits limits;
	limits.maxUsersPerRoom = 2;
	limits.maxAnchorsPerRoom = 1;
	ResumeFixture room(limits);
	room.enter(1, "ann");
	room.publish(1);
	room.enter(2, "bob");
	room.service.lost(1, room.now);
	CHECK(codeOf(room.offer(2), 2, Event::PublishResult) == code::kLimit);
	CHECK(codeOf(room.enter(3, "cid"), 3, Event::JoinResult) == code::kLimit);
	room.open(4, "ann");
	CHECK(codeOf(room.join(4), 4, Event::JoinResult) == code::kOk);
}
