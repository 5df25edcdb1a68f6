// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

/// Downlinks, and connections that fail.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

// ---- subscribe ----------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "subscribe asks for an answer with the publisher's tracks")
{
	const auto tinyId = tinyIdOf(open(1, "ann"), 1);
	join(1);
	publish(1);
	enter(2, "bob", Role::Audience);
	const auto effects = ask(2, "ann", tinyId, { .audio = true, .smallVideo = true });
	REQUIRE(effects.size() == 1);
	const auto start = all<StartDownlink>(effects);
	REQUIRE(start.size() == 1);
	CHECK(start[0].session == 2);
	CHECK(start[0].publisher == 1);
	CHECK(start[0].seq == seq);
	CHECK(start[0].sdp == "offer of the downlink");
	CHECK(start[0].wishes == protocol::SubscribeWishes { .audio = true, .smallVideo = true });
	const auto answered = answerDownlink(2, 1);
	const auto result = sent(answered, 2, Event::SubscribeResult);
	REQUIRE(result.size() == 1);
	CHECK(result[0].code == 0);
	CHECK(result[0].seq == seq);
	CHECK(std::get<protocol::SdpAnswer>(result[0].payload).sdp == "answer of the downlink");
	CHECK(answered.size() == 1);
	CHECK(answerDownlink(2, 1).empty()); // once
}

TEST_CASE_FIXTURE(RoomFixture, "subscribe names a user that publishes, by name and number, or is refused")
{
	const auto ann = tinyIdOf(open(1, "ann"), 1);
	join(1);
	const auto bob = tinyIdOf(open(2, "bob"), 2);
	join(2);
	enter(3, "cid", Role::Audience);
	publish(1);
	CHECK(codeOf(ask(3, "bob"), 3, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(codeOf(ask(3, "ann", bob), 3, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(codeOf(ask(3, "nobody"), 3, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(codeOf(ask(3, ""), 3, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(textOf(ask(3, "<b>\n"), 3, Event::SubscribeResult).find('<') == std::string::npos);
	CHECK(all<StartDownlink>(ask(3, "", ann)).size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "nobody subscribes to itself")
{
	enter(1, "ann");
	publish(1);
	const auto effects = ask(1, "ann");
	CHECK(codeOf(effects, 1, Event::SubscribeResult) == code::kBadRequest);
	CHECK(effects.size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "a second subscribe takes the place of the first, whose answer is dropped")
{
	enter(1, "ann");
	publish(1);
	enter(2, "bob", Role::Audience);
	ask(2, "ann");
	const auto first = seq;
	const auto effects = ask(2, "ann");
	CHECK(indexOf<StopDownlink>(effects) < indexOf<StartDownlink>(effects));
	REQUIRE(all<StopDownlink>(effects).size() == 1);
	const auto overtaken = sent(effects, 2, Event::SubscribeResult);
	REQUIRE(overtaken.size() == 1);
	CHECK(overtaken[0].seq == first);
	CHECK(overtaken[0].code != 0);
	CHECK(service.downlinkAnswered(2, first, 1, 0, "old").empty());
	CHECK(codeOf(answerDownlink(2, 1), 2, Event::SubscribeResult) == 0);
	const auto third = ask(2, "ann"); // an answered one goes without a word
	CHECK(all<StopDownlink>(third).size() == 1);
	CHECK(sentTo(third, 2) == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "a downlink that cannot be answered is forgotten")
{
	enter(1, "ann");
	publish(1);
	enter(2, "bob", Role::Audience);
	ask(2, "ann");
	const auto effects = answerDownlink(2, 1, code::kNoCommonCodec, "no codec");
	CHECK(codeOf(effects, 2, Event::SubscribeResult) == code::kNoCommonCodec);
	CHECK(textOf(effects, 2, Event::SubscribeResult) == "no codec");
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(all<StopDownlink>(say(1, protocol::Unpublish {})).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "a subscriber that waits hears at once that the publisher has gone")
{
	enter(1, "ann");
	publish(1);
	enter(2, "bob", Role::Audience);
	ask(2, "ann");
	const auto asked = seq;
	const auto effects = service.closed(1);
	const auto refused = sent(effects, 2, Event::SubscribeResult);
	REQUIRE(refused.size() == 1);
	CHECK(refused[0].code == code::kNoSuchUser);
	CHECK(refused[0].seq == asked);
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(service.downlinkAnswered(2, asked, 1, 0, "").empty());
}

TEST_CASE_FIXTURE(RoomFixture, "subscribe_change changes what is forwarded")
{
	const auto tinyId = tinyIdOf(open(1, "ann"), 1);
	join(1);
	publish(1);
	enter(2, "bob", Role::Audience);
	subscribe(2, "ann", 1);
	const auto effects = say(2, protocol::SubscribeChange { tinyId, { .audio = true } });
	CHECK(codeOf(effects, 2, Event::SubscribeChangeResult) == 0);
	const auto change = all<ChangeDownlink>(effects);
	REQUIRE(change.size() == 1);
	CHECK(change[0].session == 2);
	CHECK(change[0].publisher == 1);
	CHECK(change[0].wishes == protocol::SubscribeWishes { .audio = true });
	CHECK(all<ChangeDownlink>(say(2, protocol::SubscribeChange { tinyId, { .audio = true } })).empty());
	CHECK(codeOf(say(2, protocol::SubscribeChange { "4711", {} }), 2, Event::SubscribeChangeResult) ==
	      code::kNoSuchUser);
	CHECK(codeOf(say(2, protocol::SubscribeChange { "", {} }), 2, Event::SubscribeChangeResult) ==
	      code::kNoSuchUser);
	CHECK(codeOf(say(1, protocol::SubscribeChange { tinyId, {} }), 1, Event::SubscribeChangeResult) ==
	      code::kNoSuchUser);
}

TEST_CASE_FIXTURE(RoomFixture, "a wish that comes before the answer is carried out after it")
{
	const auto tinyId = tinyIdOf(open(1, "ann"), 1);
	join(1);
	publish(1);
	enter(2, "bob", Role::Audience);
	ask(2, "ann");
	const auto asked = seq;
	const auto early = say(2, protocol::SubscribeChange { tinyId, { .audio = true } });
	CHECK(codeOf(early, 2, Event::SubscribeChangeResult) == 0);
	CHECK(all<ChangeDownlink>(early).empty());
	const auto effects = service.downlinkAnswered(2, asked, 1, 0, "");
	REQUIRE(all<ChangeDownlink>(effects).size() == 1);
	CHECK(all<ChangeDownlink>(effects)[0].wishes == protocol::SubscribeWishes { .audio = true });
}

TEST_CASE_FIXTURE(RoomFixture, "unsubscribe stops the downlink, and may be said twice")
{
	const auto tinyId = tinyIdOf(open(1, "ann"), 1);
	join(1);
	publish(1);
	enter(2, "bob", Role::Audience);
	subscribe(2, "ann", 1);
	const auto effects = say(2, protocol::Unsubscribe { tinyId, "ann" });
	CHECK(codeOf(effects, 2, Event::UnsubscribeResult) == 0);
	CHECK(all<StopDownlink>(effects).size() == 1);
	const auto again = say(2, protocol::Unsubscribe { tinyId, "ann" });
	CHECK(codeOf(again, 2, Event::UnsubscribeResult) == 0);
	CHECK(again.size() == 1);
	CHECK(codeOf(say(2, protocol::Unsubscribe { "", "nobody" }), 2, Event::UnsubscribeResult) == 0);
}

// ---- failures and figures -----------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "a failed uplink ends the publication for the others")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1);
	subscribe(2, "ann", 1);
	const auto effects = service.uplinkFailed(1);
	CHECK(listOf(effects, 2).empty());
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(sent(effects, 1, Event::PublishResult).empty());
	CHECK(leavesOf(effects, 2).empty()); // still an anchor
	CHECK(service.uplinkFailed(1).empty());
	CHECK(listOf(publish(1), 2) == "ann:9");
}

TEST_CASE_FIXTURE(RoomFixture, "a connection that fails before its answer is an answer")
{
	enter(1, "ann");
	offer(1);
	CHECK(codeOf(service.uplinkFailed(1), 1, Event::PublishResult) == code::kMediaFailed);
	publish(1);
	enter(2, "bob", Role::Audience);
	ask(2, "ann");
	const auto effects = service.downlinkFailed(2, 1);
	CHECK(codeOf(effects, 2, Event::SubscribeResult) == code::kMediaFailed);
	CHECK(all<StopDownlink>(effects).size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "a failed downlink ends that subscription only")
{
	enter(1, "ann");
	publish(1);
	enter(2, "bob", Role::Audience);
	enter(3, "cid", Role::Audience);
	subscribe(2, "ann", 1);
	subscribe(3, "ann", 1);
	const auto effects = service.downlinkFailed(2, 1);
	REQUIRE(effects.size() == 1);
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(service.downlinkFailed(2, 1).empty());
	const auto stops = all<StopDownlink>(say(1, protocol::Unpublish {}));
	REQUIRE(stops.size() == 1);
	CHECK(stops[0].session == 3);
}

TEST_CASE_FIXTURE(RoomFixture, "packet counts go to a publisher, and to nobody else")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	const protocol::UplinkStats stats { 100, 60, 99, 58, 18 };
	CHECK(service.uplinkStats(1, stats).empty());
	publish(1);
	const auto effects = service.uplinkStats(1, stats);
	REQUIRE(effects.size() == 1);
	const auto found = sent(effects, 1, Event::UplinkStats);
	REQUIRE(found.size() == 1);
	CHECK(found[0].code == 0);
	CHECK(std::get<protocol::UplinkStats>(found[0].payload).recvVidPkg == 58);
	say(1, protocol::Unpublish {});
	CHECK(service.uplinkStats(1, stats).empty());
}
