// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

/// SDK v5: one connection for everything, and custom messages.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

namespace {

struct SingleFixture : RoomFixture {
	using RoomFixture::RoomFixture;

	static protocol::Ability ability(const std::string &ufrag)
	{
		protocol::Ability ability;
		ability.iceUfrag = ufrag;
		return ability;
	}
	Effects joinSingle(SessionId id, const std::string &user, Role role = Role::Anchor, Mode mode = Mode::Live)
	{
		open(id, user);
		protocol::Join join;
		join.roomId = "8888";
		join.role = role;
		join.mode = mode;
		join.ability = ability("client");
		return say(id, join);
	}
	Effects enterSingle(SessionId id, const std::string &user, Role role = Role::Anchor)
	{
		joinSingle(id, user, role);
		return service.singleAnswered(id, seq, code::kOk, "", ability("service"));
	}
	Effects publishSingle(SessionId id, protocol::PublishState state = kCameraAndMicrophone,
			      protocol::MuteState mute = {}, std::uint32_t first = 1)
	{
		return say(id, protocol::SinglePublish { first, first + 1, first + 2, first + 3, state, mute });
	}
	Effects askSingle(SessionId id, const std::string &user, std::array<std::uint32_t, 3> ssrcs = { 11, 12, 17 })
	{
		return say(id, protocol::SingleSubscribe { user, "", { .audio = true }, ssrcs[0], ssrcs[1], ssrcs[2] });
	}
	Effects send(SessionId id, const std::string &base64, std::int64_t streamSeq = 1)
	{
		return say(id, protocol::SendCustomMessage { 3, base64, true, streamSeq });
	}
};

} // namespace

TEST_CASE_FIXTURE(SingleFixture, "join/v2 is answered when the connection is there, with its abilities and the tinyId")
{
	enter(1, "ann");
	publish(1);
	const auto joined = joinSingle(2, "bob");
	const auto start = all<StartSingle>(joined);
	REQUIRE(start.size() == 1);
	CHECK(start[0].session == 2);
	CHECK(start[0].seq == seq);
	CHECK(start[0].ability.iceUfrag == "client");
	CHECK(sent(joined, 2, Event::JoinResult).empty());
	CHECK(joinsOf(joined, 1) == "bob");

	publish(1, { .audio = true }); // what the list says by then counts
	const auto answer = service.singleAnswered(2, start[0].seq, code::kOk, "", ability("service"));
	const auto results = sent(answer, 2, Event::JoinResult);
	REQUIRE(results.size() == 1);
	CHECK(results[0].code == 0);
	CHECK(results[0].seq == start[0].seq);
	const auto &result = std::get<protocol::JoinResult>(results[0].payload);
	REQUIRE(result.ability);
	CHECK(result.ability->iceUfrag == "service");
	CHECK(!result.tinyId.empty());
	REQUIRE(result.publishers.size() == 1);
	CHECK(result.publishers[0].flags == 8);
	CHECK(service.singleAnswered(2, start[0].seq, code::kOk, "", {}).empty()); // once
}

TEST_CASE_FIXTURE(SingleFixture, "join/v2 whose connection cannot be made is refused and leaves nobody in the room")
{
	enter(1, "ann");
	joinSingle(2, "bob");
	const auto refused = service.singleAnswered(2, seq, code::kNoCommonCodec, "no opus", {});
	CHECK(codeOf(refused, 2, Event::JoinResult) == code::kNoCommonCodec);
	CHECK(textOf(refused, 2, Event::JoinResult) == "no opus");
	CHECK(leavesOf(refused, 1) == "bob:0");
	CHECK(all<StopSingle>(refused).size() == 1);
	CHECK(service.users() == 1);
	CHECK(codeOf(join(2), 2, Event::JoinResult) == 0); // the socket is good for another try
}

TEST_CASE_FIXTURE(SingleFixture, "publish/v2 needs no SDP, holds at once, and is said again for every track")
{
	enter(1, "ann", Role::Audience);
	enterSingle(2, "bob");
	const auto video = publishSingle(2, { .bigVideo = true });
	const auto start = all<StartSingleUplink>(video);
	REQUIRE(start.size() == 1);
	CHECK(start[0].ssrcs == std::array<std::uint32_t, 4> { 1, 2, 3, 4 });
	CHECK(codeOf(video, 2, Event::SinglePublishResult) == 0);
	CHECK(sent(video, 2, Event::SinglePublishResult)[0].seq == seq);
	CHECK(listOf(video, 1) == "bob:1");
	CHECK(indexOf<StartSingleUplink>(video) < indexOf<UplinkFlow>(video));

	const auto both = publishSingle(2, kCameraAndMicrophone, { .audio = true });
	CHECK(all<StartSingleUplink>(both).empty()); // the same SSRCs
	CHECK(listOf(both, 1) == "bob:73");
	REQUIRE(all<UplinkFlow>(both).empty()); // muted: nothing more flows than before
	CHECK(listOf(say(2, protocol::MuteUplink { {} }), 1) == "bob:9");
	CHECK(all<StartSingleUplink>(publishSingle(2, kCameraAndMicrophone, {}, 21)).size() == 1); // other SSRCs

	const auto ended = say(2, protocol::Unpublish {});
	CHECK(all<StopUplink>(ended).size() == 1);
	CHECK(all<StopSingle>(ended).empty());
	CHECK(listOf(ended, 1) == "");
	CHECK(all<StartSingleUplink>(publishSingle(2)).size() == 1);
}

TEST_CASE_FIXTURE(SingleFixture, "what repairs a track has an SSRC of its own, or none")
{
	enter(1, "ann");
	publish(1);
	enterSingle(2, "bob");
	const auto publishing = [this](std::uint32_t big, std::uint32_t small, std::uint32_t aux) {
		return say(2, protocol::SinglePublish { 1, 2, 3, 4, kCameraAndMicrophone, {}, big, small, aux });
	};
	const auto start = all<StartSingleUplink>(publishing(5, 6, 7));
	REQUIRE(start.size() == 1);
	CHECK(start[0].repairs == std::array<std::uint32_t, 4> { 0, 5, 6, 7 });
	CHECK(all<StartSingleUplink>(publishing(5, 6, 7)).empty());
	CHECK(all<StartSingleUplink>(publishing(8, 6, 7)).size() == 1);
	CHECK(codeOf(publishing(0, 0, 0), 2, Event::SinglePublishResult) == 0);
	CHECK(codeOf(publishing(2, 6, 7), 2, Event::SinglePublishResult) == code::kBadRequest);
	CHECK(codeOf(publishing(5, 5, 7), 2, Event::SinglePublishResult) == code::kBadRequest);

	enter(3, "cid");
	publish(3);
	const auto subscribing = [this](const char *user, std::uint32_t audio, std::uint32_t big, std::uint32_t aux) {
		return say(2, protocol::SingleSubscribe {
				      user, "", { .bigVideo = true }, audio, audio + 1, audio + 2, big, aux });
	};
	const auto down = all<StartSingleDownlink>(subscribing("ann", 11, 14, 15));
	REQUIRE(down.size() == 1);
	CHECK(down[0].repairs == std::array<std::uint32_t, 3> { 0, 14, 15 });
	CHECK(codeOf(subscribing("ann", 11, 12, 0), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	// Nor may it be another subscription's.
	CHECK(codeOf(subscribing("cid", 21, 14, 0), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	CHECK(codeOf(subscribing("cid", 14, 24, 0), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	CHECK(all<StartSingleDownlink>(subscribing("cid", 21, 24, 0)).size() == 1);
}

TEST_CASE_FIXTURE(SingleFixture,
		  "publish/v2 is refused to an audience, without a connection, with equal SSRCs, past the limit")
{
	enterSingle(1, "ann", Role::Audience);
	CHECK(codeOf(publishSingle(1), 1, Event::SinglePublishResult) == code::kNotPermitted);
	enter(2, "bob");
	CHECK(codeOf(publishSingle(2), 2, Event::SinglePublishResult) == code::kBadRequest);
	enterSingle(3, "cid");
	for (const auto &[audio, small] : { std::pair { 0U, 3U }, { 3U, 3U } }) {
		const auto same = say(3, protocol::SinglePublish { audio, 2, small, 4, kCameraAndMicrophone, {} });
		CHECK(codeOf(same, 3, Event::SinglePublishResult) == code::kBadRequest);
	}
	open(4, "dan");
	CHECK(codeOf(publishSingle(4), 4, Event::SinglePublishResult) == code::kNotJoined);
	Limits limits;
	limits.maxAnchorsPerRoom = 1;
	SingleFixture small(limits);
	small.enter(1, "ann");
	small.publish(1);
	small.enterSingle(2, "bob");
	CHECK(codeOf(small.publishSingle(2), 2, Event::SinglePublishResult) == code::kLimit);
}

TEST_CASE_FIXTURE(SingleFixture, "subscribe/v3 starts a downlink with the client's SSRCs, whatever the publisher's SDK")
{
	enter(1, "ann");
	publish(1);
	enterSingle(2, "bob");
	publishSingle(2);
	for (const std::string user : { "ann", "bob" }) {
		const SessionId me = user == "ann" ? 2 : 3;
		if (me == 3)
			enterSingle(3, "cid", Role::Audience);
		const auto effects = askSingle(me, user);
		const auto start = all<StartSingleDownlink>(effects);
		REQUIRE(start.size() == 1);
		CHECK(start[0].publisher == (user == "ann" ? 1 : 2));
		CHECK(start[0].ssrcs == std::array<std::uint32_t, 3> { 11, 12, 17 });
		CHECK(start[0].wishes == protocol::SubscribeWishes { .audio = true });
		const auto answer = answerDownlink(me, start[0].publisher, code::kOk, "");
		CHECK(codeOf(answer, me, Event::SingleSubscribeResult) == 0);
		CHECK(std::holds_alternative<protocol::Ack>(sent(answer, me, Event::SingleSubscribeResult)[0].payload));
	}
	// an SDK of v4 subscribes to one of v5 with an SDP, as ever
	enter(4, "dan", Role::Audience);
	CHECK(codeOf(subscribe(4, "bob", 2), 4, Event::SubscribeResult) == 0);

	const auto again = askSingle(2, "ann", { 21, 22, 27 });
	CHECK(indexOf<StopDownlink>(again) < indexOf<StartSingleDownlink>(again));
	const auto refused = answerDownlink(2, 1, code::kNoCommonCodec, "VP8");
	CHECK(codeOf(refused, 2, Event::SingleSubscribeResult) == code::kNoCommonCodec);
}

TEST_CASE_FIXTURE(SingleFixture, "subscribe/v3 is refused: nobody, oneself, no connection, equal SSRCs")
{
	enter(1, "ann");
	publish(1);
	CHECK(codeOf(askSingle(1, "ann"), 1, Event::SingleSubscribeResult) == code::kBadRequest);
	enterSingle(2, "bob");
	CHECK(codeOf(askSingle(2, "nobody"), 2, Event::SingleSubscribeResult) == code::kNoSuchUser);
	CHECK(codeOf(askSingle(2, "ann", { 11, 12, 12 }), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	CHECK(codeOf(askSingle(2, "ann", { 0, 12, 17 }), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	enter(3, "cid");
	publish(3);
	CHECK(all<StartSingleDownlink>(askSingle(2, "ann")).size() == 1);
	CHECK(codeOf(askSingle(2, "cid", { 31, 12, 37 }), 2, Event::SingleSubscribeResult) == code::kBadRequest);
	CHECK(all<StartSingleDownlink>(askSingle(2, "cid", { 31, 32, 37 })).size() == 1);
	CHECK(codeOf(askSingle(3, "ann"), 3, Event::SingleSubscribeResult) == code::kBadRequest);
}

TEST_CASE_FIXTURE(SingleFixture, "rebuild_pc ends what was on the connection, and a new one is made")
{
	enter(1, "ann");
	publish(1);
	enterSingle(2, "bob");
	publishSingle(2);
	askSingle(2, "ann");
	answerDownlink(2, 1, code::kOk, "");
	const auto effects = say(2, protocol::RebuildConnection { ability("again") });
	CHECK(all<StopDownlink>(effects).size() == 1);
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(indexOf<StopSingle>(effects) < indexOf<StartSingle>(effects));
	CHECK(listOf(effects, 1) == "ann:9");
	const auto first = seq;
	const auto second = say(2, protocol::RebuildConnection { ability("and again") });
	REQUIRE(sent(second, 2, Event::RebuildResult).size() == 1);
	CHECK(sent(second, 2, Event::RebuildResult)[0].seq == first);
	CHECK(codeOf(second, 2, Event::RebuildResult) == code::kBadRequest);
	CHECK(service.singleAnswered(2, first, code::kOk, "", {}).empty());
	CHECK(codeOf(publishSingle(2), 2, Event::SinglePublishResult) == code::kBadRequest); // not yet
	const auto answer = service.singleAnswered(2, seq - 1, code::kOk, "", ability("service"));
	const auto result = sent(answer, 2, Event::RebuildResult);
	REQUIRE(result.size() == 1);
	CHECK(std::get<protocol::RebuildAnswer>(result[0].payload).ability.iceUfrag == "service");
	CHECK(codeOf(publishSingle(2), 2, Event::SinglePublishResult) == 0);
	CHECK(service.users() == 2);
}

TEST_CASE_FIXTURE(SingleFixture,
		  "a connection that breaks takes everything on it along, and the user stays in the room")
{
	enter(1, "ann");
	enterSingle(2, "bob");
	publishSingle(2);
	const auto effects = service.singleFailed(2);
	CHECK(listOf(effects, 1) == "");
	CHECK(all<StopUplink>(effects).size() == 1);
	CHECK(all<StopSingle>(effects).size() == 1);
	CHECK(service.singleFailed(2).empty());
	CHECK(service.users() == 2);
	CHECK(all<StartSingle>(say(2, protocol::RebuildConnection {})).size() == 1);
}

TEST_CASE_FIXTURE(SingleFixture, "who leaves, or is kicked, loses its connection with everything on it")
{
	enterSingle(1, "ann");
	publishSingle(1);
	const auto left = say(1, protocol::Leave {});
	CHECK(all<StopSingle>(left).size() == 1);
	CHECK(indexOf<StopUplink>(left) < indexOf<StopSingle>(left));
	joinSingle(2, "bob"); // not answered yet
	const auto kicked = joinSingle(3, "bob");
	CHECK(all<StopSingle>(kicked).size() == 1);
	CHECK(all<StartSingle>(kicked).size() == 1);
}

TEST_CASE_FIXTURE(SingleFixture,
		  "reconnect without a visit to take over is refused in 514, so that the client joins again")
{
	open(1, "ann");
	const auto effects = say(1, protocol::Reconnect { "8888", false, "" });
	CHECK(codeOf(effects, 1, Event::ChannelReconnect) == code::kSessionUnknown);
	CHECK(sent(effects, 1, Event::ChannelReconnect)[0].seq == seq);
}

TEST_CASE_FIXTURE(SingleFixture, "resumed by command, the answer has the command's seq")
{
	enterSingle(1, "ann");
	service.lost(1, now);
	const auto effects = service.resumed(1, "198.51.100.8", now, 77);
	REQUIRE(sent(effects, 1, Event::ChannelReconnect).size() == 1);
	CHECK(sent(effects, 1, Event::ChannelReconnect)[0].seq == 77);
}

TEST_CASE_FIXTURE(SingleFixture, "diagnostics are taken note of")
{
	enterSingle(1, "ann");
	CHECK(codeOf(say(1, protocol::AbilityReport {}), 1, Event::AbilityReportResult) == 0);
}

TEST_CASE_FIXTURE(SingleFixture, "a custom message goes to everybody else in the room, as it came")
{
	const auto tinyId = tinyIdOf(open(1, "ann"), 1);
	join(1);
	enterSingle(2, "bob");
	enter(3, "cid", Role::Anchor, "9999");
	const auto effects = send(1, "aGVsbG8=", 16000);
	CHECK(effects.size() == 1);
	const auto heard = sent(effects, 2, Event::CustomMessage);
	REQUIRE(heard.size() == 1);
	const auto &message = std::get<protocol::CustomMessage>(heard[0].payload);
	CHECK(message.tinyId == tinyId);
	CHECK(message.cmdId == 3);
	CHECK(message.msg == "aGVsbG8=");
	CHECK(message.ordered);
	CHECK(message.streamSeq == 16000);
}

TEST_CASE_FIXTURE(SingleFixture, "custom messages of an audience, and outside a room, go nowhere")
{
	enter(1, "ann", Role::Audience);
	enter(2, "bob");
	CHECK(send(1, "AAAA").empty());
	open(3, "cid");
	CHECK(send(3, "AAAA").empty());
}

TEST_CASE_FIXTURE(SingleFixture, "custom messages: 30 a second, 8 KiB a second, the next second is a new one")
{
	enter(1, "ann");
	enter(2, "bob");
	int heard = 0;
	const auto count = [&](const std::string &base64, int times) {
		heard = 0;
		for (int i = 0; i < times; ++i)
			heard += static_cast<int>(sent(send(1, base64), 2, Event::CustomMessage).size());
		return heard;
	};
	CHECK(count("AAAA", 40) == 30);
	now += std::chrono::seconds(1);
	const std::string thousand = std::string(1332, 'A') + "AA=="; // 1000 bytes
	CHECK(count(thousand, 20) == 8);
	CHECK(count("AAAA", 1) == 1);
	now += std::chrono::milliseconds(999);
	CHECK(count(thousand, 1) == 0);
	now += std::chrono::milliseconds(1);
	CHECK(count(thousand, 1) == 1);
}

TEST_CASE_FIXTURE(SingleFixture, "encoder figures before publishing are taken note of")
{
	enterSingle(1, "ann");
	CHECK(codeOf(say(1, protocol::UpdateConstraintConfig {}), 1, Event::ConstraintResult) == 0);
}
