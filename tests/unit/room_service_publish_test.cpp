// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

/// Uplinks: publish and its changes.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

// ---- publish ------------------------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "publish asks for an answer; nobody sees it before")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	protocol::Publish publish;
	publish.sdp = "v=0";
	publish.state = kCameraAndMicrophone;
	publish.constraint.videoCodec = "VP8";
	const auto effects = say(1, publish);
	REQUIRE(effects.size() == 1);
	const auto start = all<StartUplink>(effects);
	REQUIRE(start.size() == 1);
	CHECK(start[0].session == 1);
	CHECK(start[0].seq == seq);
	CHECK(start[0].replyEvent == Event::PublishResult);
	CHECK(start[0].sdp == "v=0");
	CHECK(start[0].preferredCodec == "VP8");
	CHECK(service.publishers() == 0);
	CHECK(codeOf(ask(2, "ann"), 2, Event::SubscribeResult) == code::kNoSuchUser);
}

TEST_CASE_FIXTURE(RoomFixture, "a codec name nobody knows is no preference")
{
	enter(1, "ann");
	protocol::Publish publish;
	publish.constraint.videoCodec = std::string(100'000, 'x');
	const auto start = all<StartUplink>(say(1, publish));
	REQUIRE(start.size() == 1);
	CHECK(start[0].preferredCodec.empty());
}

TEST_CASE_FIXTURE(RoomFixture, "the answer goes to the publisher, the flags to everybody")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	offer(1, { .audio = true, .bigVideo = true, .smallVideo = true, .auxVideo = true });
	const auto effects = answerUplink(1);
	const auto result = sent(effects, 1, Event::PublishResult);
	REQUIRE(result.size() == 1);
	CHECK(result[0].code == 0);
	CHECK(result[0].seq == seq);
	CHECK(std::get<protocol::SdpAnswer>(result[0].payload).sdp == "answer of the uplink");
	CHECK(listOf(effects, 1) == "ann:15");
	CHECK(listOf(effects, 2) == "ann:15");
	const auto flow = all<UplinkFlow>(effects);
	REQUIRE(flow.size() == 1);
	CHECK(flow[0].session == 1);
	CHECK((flow[0].audio && flow[0].bigVideo && flow[0].smallVideo && flow[0].auxVideo));
	CHECK(service.publishers() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "an offer that cannot be answered ends the publication")
{
	enter(1, "ann");
	enter(2, "bob");
	offer(1);
	const auto effects = answerUplink(1, code::kBadSdp, "the offer has no m-line");
	CHECK(codeOf(effects, 1, Event::PublishResult) == code::kBadSdp);
	CHECK(textOf(effects, 1, Event::PublishResult) == "the offer has no m-line");
	CHECK(sentTo(effects, 2) == 0);
	CHECK(service.publishers() == 0);
	CHECK(answerUplink(1).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "an audience may not publish")
{
	enter(1, "ann", Role::Audience);
	const auto effects = offer(1);
	CHECK(effects.size() == 1);
	CHECK(codeOf(effects, 1, Event::PublishResult) == code::kNotPermitted);
	CHECK(textOf(effects, 1, Event::PublishResult).find("anchor") != std::string::npos);
	CHECK(answerUplink(1).empty());
	CHECK(service.publishers() == 0);
}

TEST_CASE("the limit of publishing anchors holds, a new try of one of them does not count")
{
	RoomFixture f; // 50
	for (SessionId id = 1; id <= 50; ++id) {
		f.enter(id, "u" + std::to_string(id));
		f.offer(id); // an unanswered offer holds its place
	}
	f.enter(51, "late");
	const auto effects = f.offer(51);
	CHECK(codeOf(effects, 51, Event::PublishResult) == code::kLimit);
	CHECK(effects.size() == 1);
	CHECK(all<StartUplink>(f.offer(7)).size() == 1);
	f.say(7, protocol::Unpublish {});
	CHECK(all<StartUplink>(f.offer(51)).size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "a second publish takes the place of the first")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1);
	subscribe(2, "ann", 1);
	const auto effects = offer(1, { .audio = true });
	REQUIRE(all<StopUplink>(effects).size() == 1);
	REQUIRE(all<StartUplink>(effects).size() == 1);
	CHECK(indexOf<StopUplink>(effects) < indexOf<StartUplink>(effects));
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(listOf(effects, 2).empty());
	CHECK(listOf(answerUplink(1), 2) == "ann:8");
}

TEST_CASE_FIXTURE(RoomFixture, "the answer of a publish that was overtaken is dropped")
{
	enter(1, "ann");
	offer(1);
	const auto first = seq;
	const auto effects = offer(1);
	CHECK(sentTo(effects, 1) == 0); // a 4098 now would be heard as the answer of the second
	CHECK(service.uplinkAnswered(1, first, Event::PublishResult, 0, "old").empty());
	CHECK(codeOf(answerUplink(1), 1, Event::PublishResult) == 0);
	CHECK(answerUplink(1).empty()); // once
}

TEST_CASE_FIXTURE(RoomFixture, "an answer that comes after unpublish, change of role or leave is dropped")
{
	enter(1, "ann");
	offer(1);
	const auto first = seq;
	CHECK(all<StopUplink>(say(1, protocol::Unpublish {})).size() == 1);
	CHECK(service.uplinkAnswered(1, first, Event::PublishResult, 0, "").empty());
	offer(1);
	const auto second = seq;
	CHECK(all<StopUplink>(say(1, protocol::ChangeRole { Role::Audience, "" })).size() == 1);
	CHECK(service.uplinkAnswered(1, second, Event::PublishResult, 0, "").empty());
	say(1, protocol::ChangeRole { Role::Anchor, "" });
	offer(1);
	const auto third = seq;
	say(1, protocol::Leave {});
	CHECK(service.uplinkAnswered(1, third, Event::PublishResult, 0, "").empty());
	CHECK(service.publishers() == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "an answer of the wrong kind is dropped")
{
	enter(1, "ann");
	offer(1);
	CHECK(service.uplinkAnswered(1, seq, Event::PublishChangeResult, 0, "").empty());
	CHECK(service.publishers() == 0);
}

// ---- changes of a publication -------------------------------------------------------------

TEST_CASE_FIXTURE(RoomFixture, "publish_state_change changes flags and forwarding without an offer")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1);
	const auto effects = say(1, protocol::PublishStateChange { { .audio = true, .auxVideo = true }, {} });
	CHECK(codeOf(effects, 1, Event::PublishStateResult) == 0);
	CHECK(sent(effects, 1, Event::PublishStateResult)[0].seq == seq);
	CHECK(listOf(effects, 2) == "ann:12");
	const auto flow = all<UplinkFlow>(effects);
	REQUIRE(flow.size() == 1);
	CHECK((flow[0].audio && !flow[0].bigVideo && flow[0].auxVideo));
	const auto same = say(1, protocol::PublishStateChange { { .audio = true, .auxVideo = true }, {} });
	CHECK(same.size() == 1); // the reply alone
}

TEST_CASE_FIXTURE(RoomFixture, "a state change before the answer holds from the answer on")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	offer(1);
	const auto first = seq;
	const auto effects = say(1, protocol::PublishStateChange { { .audio = true }, {} });
	CHECK(codeOf(effects, 1, Event::PublishStateResult) == 0);
	CHECK(effects.size() == 1);
	CHECK(listOf(service.uplinkAnswered(1, first, Event::PublishResult, 0, ""), 2) == "ann:8");
}

TEST_CASE_FIXTURE(RoomFixture, "who has no track left is not listed and loses its subscribers")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1);
	subscribe(2, "ann", 1);
	const auto effects = say(1, protocol::PublishStateChange {});
	CHECK(listOf(effects, 2).empty());
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(all<StopUplink>(effects).empty());
	CHECK(codeOf(ask(2, "ann"), 2, Event::SubscribeResult) == code::kNoSuchUser);
	CHECK(listOf(say(1, protocol::PublishStateChange { { .audio = true }, {} }), 2) == "ann:8");
}

TEST_CASE_FIXTURE(RoomFixture, "mute sets the bits of what is published and stops the packets")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1, { .audio = true, .bigVideo = true, .smallVideo = true });
	const auto audio = say(1, protocol::MuteUplink { { .audio = true } });
	CHECK(codeOf(audio, 1, Event::MuteResult) == 0);
	CHECK(listOf(audio, 2) == "ann:75"); // 1 + 2 + 8 + 64
	REQUIRE(all<UplinkFlow>(audio).size() == 1);
	CHECK(!all<UplinkFlow>(audio)[0].audio);
	const auto both = say(1, protocol::MuteUplink { { .audio = true, .bigVideo = true } });
	CHECK(listOf(both, 2) == "ann:91");
	REQUIRE(all<UplinkFlow>(both).size() == 1);
	CHECK((!all<UplinkFlow>(both)[0].bigVideo && !all<UplinkFlow>(both)[0].smallVideo));
	CHECK(listOf(say(1, protocol::MuteUplink {}), 2) == "ann:11");
}

TEST_CASE_FIXTURE(RoomFixture, "a mute that changes nothing is answered and not told")
{
	enter(1, "ann");
	publish(1, { .audio = true });
	CHECK(say(1, protocol::MuteUplink {}).size() == 1);
	CHECK(say(1, protocol::MuteUplink { { .bigVideo = true } }).size() == 1); // no video published
}

TEST_CASE_FIXTURE(RoomFixture, "a new publication starts unmuted")
{
	enter(1, "ann");
	publish(1);
	say(1, protocol::MuteUplink { { .audio = true, .bigVideo = true } });
	say(1, protocol::Unpublish {});
	CHECK(listOf(publish(1), 1) == "ann:9");
}

TEST_CASE_FIXTURE(RoomFixture, "update_constraint_config is answered")
{
	open(1, "ann");
	CHECK(codeOf(say(1, protocol::UpdateConstraintConfig {}), 1, Event::ConstraintResult) == code::kNotJoined);
	join(1);
	publish(1);
	const auto effects = say(1, protocol::UpdateConstraintConfig {});
	CHECK(codeOf(effects, 1, Event::ConstraintResult) == 0);
	CHECK(effects.size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "changes of a publication that is not there are refused")
{
	enter(1, "ann");
	CHECK(codeOf(say(1, protocol::PublishStateChange { kCameraAndMicrophone, {} }), 1, Event::PublishStateResult) ==
	      code::kBadRequest);
	CHECK(codeOf(say(1, protocol::MuteUplink {}), 1, Event::MuteResult) == code::kBadRequest);
	CHECK(codeOf(say(1, protocol::PublishChange {}), 1, Event::PublishChangeResult) == code::kBadRequest);
	CHECK(service.publishers() == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "unpublish ends the uplink and its downlinks")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1);
	subscribe(2, "ann", 1);
	const auto effects = say(1, protocol::Unpublish {});
	CHECK(codeOf(effects, 1, Event::UnpublishResult) == 0);
	CHECK(all<StopUplink>(effects).size() == 1);
	REQUIRE(all<StopDownlink>(effects).size() == 1);
	CHECK(all<StopDownlink>(effects)[0].session == 2);
	CHECK(all<StopDownlink>(effects)[0].publisher == 1);
	CHECK(listOf(effects, 2).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "unpublish without a publication is a success that changes nothing")
{
	enter(1, "ann");
	const auto effects = say(1, protocol::Unpublish {});
	CHECK(codeOf(effects, 1, Event::UnpublishResult) == 0);
	CHECK(effects.size() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "publish_change asks for a new answer on the running uplink")
{
	enter(1, "ann");
	enter(2, "bob", Role::Audience);
	publish(1, { .audio = true });
	subscribe(2, "ann", 1);
	protocol::PublishChange change;
	change.sdp = "second offer";
	change.state = kCameraAndMicrophone;
	const auto effects = say(1, change);
	CHECK(effects.size() == 1);
	const auto start = all<StartUplink>(effects);
	REQUIRE(start.size() == 1);
	CHECK(start[0].replyEvent == Event::PublishChangeResult);
	const auto answered = service.uplinkAnswered(1, seq, Event::PublishChangeResult, 0, "second answer");
	CHECK(codeOf(answered, 1, Event::PublishChangeResult) == 0);
	CHECK(listOf(answered, 2) == "ann:9");
	CHECK(all<StopDownlink>(answered).empty());
}

TEST_CASE_FIXTURE(RoomFixture, "a publish_change that is refused leaves the publication as it was")
{
	enter(1, "ann");
	publish(1, { .audio = true });
	protocol::PublishChange change;
	change.state = kCameraAndMicrophone;
	say(1, change);
	const auto effects = service.uplinkAnswered(1, seq, Event::PublishChangeResult, code::kNotSupported, "no");
	CHECK(codeOf(effects, 1, Event::PublishChangeResult) == code::kNotSupported);
	CHECK(effects.size() == 1);
	CHECK(service.publishers() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "a publish_change that is overtaken or too early is refused")
{
	enter(1, "ann");
	offer(1);
	const auto first = seq;
	CHECK(codeOf(say(1, protocol::PublishChange {}), 1, Event::PublishChangeResult) == code::kBadRequest);
	service.uplinkAnswered(1, first, Event::PublishResult, 0, "");
	say(1, protocol::PublishChange {});
	const auto change = seq;
	const auto effects = say(1, protocol::Unpublish {});
	const auto refused = sent(effects, 1, Event::PublishChangeResult);
	REQUIRE(refused.size() == 1);
	CHECK(refused[0].seq == change);
	CHECK(refused[0].code != 0);
}
