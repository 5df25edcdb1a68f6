// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

/// Time, and commands nobody carries out.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;
using namespace std::chrono_literals;

// ---- time ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "a silent member is told, closed and gone")
{
	enter(1, "ann");
	enter(2, "bob");
	publish(1);
	now += 29s;
	say(2, protocol::QualityReport {});
	CHECK(all<CloseSession>(service.tick(now)).empty());
	now += 1s;
	const auto effects = service.tick(now);
	const auto banned = sent(effects, 1, Event::ClientBanned);
	REQUIRE(banned.size() == 1);
	CHECK(std::get<protocol::ClientBanned>(banned[0].payload).reason == "user_time_out");
	const auto close = all<CloseSession>(effects);
	REQUIRE(close.size() == 1);
	CHECK(close[0].session == 1);
	CHECK(close[0].code >= 4000);
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(leavesOf(effects, 2) == "ann:1");
	CHECK(listOf(effects, 2).empty());
	CHECK(service.users() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "any message is a sign of life")
{
	enter(1, "ann");
	for (int i = 0; i < 4; ++i) {
		now += 20s;
		say(1, protocol::Other { "whatever" });
		CHECK(all<CloseSession>(service.tick(now)).empty());
	}
}

TEST_CASE_FIXTURE(RoomFixture, "a socket that joins no room is closed after ten seconds, whatever it says")
{
	open(1, "ann");
	service.reopened(2, { UserId("bob"), 1400000001, "", "" }, {}, now);
	enter(3, "cid");
	now += 9s;
	say(1, protocol::QualityReport {});
	CHECK(all<CloseSession>(service.tick(now)).empty());
	now += 1s;
	const auto close = all<CloseSession>(service.tick(now));
	REQUIRE(close.size() == 2);
	CHECK(close[0].code == 4001);
	CHECK(!close[0].reason.empty());
	CHECK(join(1).empty());
	CHECK(service.users() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "the list goes out every two seconds, also when it is empty")
{
	enter(1, "ann");
	open(2, "bob");
	service.tick(now);
	now += 1s;
	CHECK(listOf(service.tick(now), 1) == "none");
	now += 1010ms;
	const auto effects = service.tick(now);
	CHECK(listOf(effects, 1).empty());
	CHECK(sentTo(effects, 2) == 0); // not joined
	now += 1s;
	CHECK(listOf(service.tick(now), 1) == "none");
	now += 990ms; // a late call does not put off the next one
	CHECK(listOf(service.tick(now), 1).empty());
}

// ---- what we do not have ------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "a cloud feature is refused in its own event, noise is ignored")
{
	enter(1, "ann");
	constexpr std::array<std::pair<std::string_view, int>, 9> kFeatures = { {
		{ "start_publishing", 1286 },
		{ "stop_publishing", 1288 },
		{ "start_push_user_cdn", 777 },
		{ "stop_push_user_cdn", 779 },
		{ "start_mcu_mix", 781 },
		{ "stop_mcu_mix", 783 },
		{ "connect_other_room", 8209 },
		{ "disconnect_other_room", 8211 },
		{ "update_other_room_forward_mode", 8213 },
	} };
	for (const auto &feature : kFeatures) {
		CAPTURE(feature.first);
		const auto effects = say(1, protocol::Other { std::string(feature.first) });
		CHECK(codeOf(effects, 1, static_cast<Event>(feature.second)) == code::kNotSupported);
		CHECK(effects.size() == 1);
	}
	CHECK(say(1, protocol::Other { "make_coffee" }).empty());
	CHECK(say(1, protocol::Other { "" }).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "before join every command is refused in its own event")
{
	open(1, "ann");
	const auto refused = [&](protocol::Command command, Event event) {
		const auto effects = say(1, std::move(command));
		return effects.size() == 1 && codeOf(effects, 1, event) == code::kNotJoined &&
		       sent(effects, 1, event)[0].seq == seq;
	};
	CHECK(refused(protocol::GetUserList {}, Event::UserList));
	CHECK(refused(protocol::Publish {}, Event::PublishResult));
	CHECK(refused(protocol::PublishChange {}, Event::PublishChangeResult));
	CHECK(refused(protocol::PublishStateChange {}, Event::PublishStateResult));
	CHECK(refused(protocol::Unpublish {}, Event::UnpublishResult));
	CHECK(refused(protocol::UpdateConstraintConfig {}, Event::ConstraintResult));
	CHECK(refused(protocol::MuteUplink {}, Event::MuteResult));
	CHECK(refused(protocol::Subscribe {}, Event::SubscribeResult));
	CHECK(refused(protocol::SubscribeChange {}, Event::SubscribeChangeResult));
	CHECK(refused(protocol::Unsubscribe {}, Event::UnsubscribeResult));
	CHECK(refused(protocol::ChangeRole {}, Event::ChangeRoleResult));
	CHECK(say(1, protocol::QualityReport {}).empty());
	CHECK(all<CloseSession>(say(1, protocol::Leave {})).size() == 1);
}
