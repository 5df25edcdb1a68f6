// SPDX-License-Identifier: MIT
#include "room_service_support.h"
#include "usersig/usersig.h"

#include <doctest/doctest.h>

#include <cstdlib>

/// What PrivateMapKeys permit. Here one is written "PRIVILEGES/SECONDS"; that real ones are checked is permit_check_test.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;
using namespace std::chrono_literals;
namespace privilege = usersig::privilege;

namespace {

constexpr protocol::PublishState kAll { .audio = true, .bigVideo = true, .smallVideo = true, .auxVideo = true };
constexpr protocol::SubscribeWishes kWishes { .audio = true, .bigVideo = true, .auxVideo = true };

struct PermitFixture : RoomFixture {
	PermitFixture()
	{
		service.requirePermits(
			[](const Identity &, const RoomId &, const std::string &key, TimePoint at) -> Result<Permit> {
				const auto slash = key.find('/');
				if (slash == std::string::npos)
					return Error { ErrorCode::JoinRoomFailed, "PrivateMapKey: forged" };
				return Permit { static_cast<std::uint32_t>(std::atoi(key.c_str())),
						at + std::chrono::seconds(std::atoi(key.c_str() + slash + 1)) };
			});
	}
	static std::string key(std::uint32_t privileges, int seconds = 3600)
	{
		return std::to_string(privileges) + "/" + std::to_string(seconds);
	}
	Effects joinWith(SessionId id, const std::string &user, const std::string &privateMapKey,
			 Role role = Role::Anchor, Mode mode = Mode::Live)
	{
		open(id, user);
		protocol::Join join;
		join.roomId = "8888";
		join.role = role;
		join.mode = mode;
		join.privateMapKey = privateMapKey;
		return say(id, join);
	}
	/// ann, who may do everything and is on air with all she has
	void onAir()
	{
		anns = tinyIdOf(open(99, "ann"), 99);
		REQUIRE(codeOf(joinWith(1, "ann", key(privilege::kAll)), 1, Event::JoinResult) == 0);
		publish(1, kAll);
	}
	std::string anns; ///< tinyId
	Effects change(SessionId id, Role role, const std::string &privateMapKey = "")
	{
		return say(id, protocol::ChangeRole { role, privateMapKey });
	}
};

} // namespace

TEST_CASE_FIXTURE(PermitFixture, "nobody enters without a PrivateMapKey that permits it")
{
	const auto refusal = [&](const std::string &privateMapKey) {
		const auto out = joinWith(static_cast<SessionId>(++seq), "eve", privateMapKey);
		CHECK(codeOf(out, static_cast<SessionId>(seq - 1), Event::JoinResult) == code::kBadPrivateMapKey);
		CHECK(service.rooms() == 0);
		return textOf(out, static_cast<SessionId>(seq - 1), Event::JoinResult);
	};
	CHECK(refusal("").find("requires a PrivateMapKey") != std::string::npos);
	CHECK(refusal("forged").find("forged") != std::string::npos);
	CHECK(refusal(key(privilege::kAll & ~privilege::kEnterRoom)).find("privilege 2") != std::string::npos);
	CHECK(refusal(key(privilege::kAll & ~privilege::kCreateRoom)).find("privilege 1") != std::string::npos);
	CHECK(refusal("0/100").find("privilege 2") != std::string::npos);
}

TEST_CASE_FIXTURE(PermitFixture, "who may not create a room enters one that is there")
{
	onAir();
	CHECK(codeOf(joinWith(2, "bob", key(privilege::kAudience)), 2, Event::JoinResult) == 0);
}

TEST_CASE_FIXTURE(PermitFixture, "a join that is refused kicks nobody")
{
	onAir();
	const auto out = joinWith(2, "ann", "forged");
	CHECK(codeOf(out, 2, Event::JoinResult) == code::kBadPrivateMapKey);
	CHECK(sentTo(out, 1) == 0);
	CHECK(service.publishers() == 1);
}

TEST_CASE_FIXTURE(PermitFixture, "each kind that may not be sent is neither listed nor forwarded")
{
	struct Case {
		std::uint32_t bit;
		unsigned flags;
		const char *name;
	};
	for (const auto &[bit, flags, name] :
	     { Case { privilege::kSendAudio, 7U, "audio" }, Case { privilege::kSendVideo, 12U, "video" },
	       Case { privilege::kSendAux, 11U, "auxiliary video" } }) {
		PermitFixture room;
		room.joinWith(1, "ann", key(privilege::kAll & ~bit));
		room.joinWith(2, "bob", key(privilege::kAudience), Role::Audience);
		room.offer(1, kAll);
		const auto out = room.answerUplink(1);
		CHECK(codeOf(out, 1, Event::PublishResult) == 0);
		CHECK(textOf(out, 1, Event::PublishResult).find(name) != std::string::npos);
		CHECK(listOf(out, 2) == "ann:" + std::to_string(flags));
		REQUIRE(all<UplinkFlow>(out).size() == 1);
		const auto flow = all<UplinkFlow>(out)[0];
		CHECK(flow.audio == (bit != privilege::kSendAudio));
		CHECK(flow.bigVideo == (bit != privilege::kSendVideo));
		CHECK(flow.smallVideo == (bit != privilege::kSendVideo));
		CHECK(flow.auxVideo == (bit != privilege::kSendAux));
		// Unmuting does not open what is not permitted.
		room.say(1, protocol::MuteUplink { { true, true, true } });
		const auto unmuted = all<UplinkFlow>(room.say(1, protocol::MuteUplink {}));
		REQUIRE(unmuted.size() == 1);
		CHECK(unmuted[0].audio == flow.audio);
		CHECK(unmuted[0].bigVideo == flow.bigVideo);
		CHECK(unmuted[0].auxVideo == flow.auxVideo);
	}
}

TEST_CASE_FIXTURE(PermitFixture, "a publication of which nothing may be sent is refused and takes no place")
{
	joinWith(1, "ann", key(privilege::kAll & ~privilege::kSendAudio));
	const auto out = offer(1, { .audio = true });
	CHECK(codeOf(out, 1, Event::PublishResult) == code::kNotPermitted);
	CHECK(textOf(out, 1, Event::PublishResult).find("privilege 4") != std::string::npos);
	CHECK(all<StartUplink>(out).empty());
	publish(1, { .bigVideo = true });
	CHECK(service.publishers() == 1);
	// Nor does a change take what is there away.
	const auto changed = say(1, protocol::PublishStateChange { { .audio = true }, {} });
	CHECK(codeOf(changed, 1, Event::PublishStateResult) == code::kNotPermitted);
	CHECK(listOf(service.tick(now), 1) == "ann:1");
	CHECK(codeOf(say(1, protocol::PublishStateChange { { .audio = true, .bigVideo = true }, {} }), 1,
		     Event::PublishStateResult) == 0);
	now += 2s;
	CHECK(listOf(service.tick(now), 1) == "ann:1");
	CHECK(codeOf(say(1, protocol::PublishStateChange {}), 1, Event::PublishStateResult) ==
	      0); // nothing needs nothing
}

TEST_CASE_FIXTURE(PermitFixture, "each kind that may not be received is not forwarded to that one")
{
	onAir();
	const std::uint32_t bits[] = { privilege::kReceiveAudio, privilege::kReceiveVideo, privilege::kReceiveAux };
	for (SessionId id = 2; id < 5; ++id) {
		const auto bit = bits[id - 2];
		joinWith(id, "bob" + std::to_string(id), key(privilege::kAll & ~bit), Role::Audience);
		const auto started = all<StartDownlink>(ask(id, "ann", "", kWishes));
		REQUIRE(started.size() == 1);
		CHECK(started[0].wishes.audio == (bit != privilege::kReceiveAudio));
		CHECK(started[0].wishes.bigVideo == (bit != privilege::kReceiveVideo));
		CHECK(started[0].wishes.auxVideo == (bit != privilege::kReceiveAux));
		answerDownlink(id, 1);
		// Small video is video, and a later wish is no way round.
		const auto changed =
			all<ChangeDownlink>(say(id, protocol::SubscribeChange { anns, { true, false, true, true } }));
		REQUIRE(changed.size() == (bit == privilege::kReceiveVideo ? 0 : 1));
		if (!changed.empty()) {
			CHECK(changed[0].wishes.audio == (bit != privilege::kReceiveAudio));
			CHECK(changed[0].wishes.auxVideo == (bit != privilege::kReceiveAux));
		}
	}
}

TEST_CASE_FIXTURE(PermitFixture, "a subscription of which nothing may be received is refused")
{
	onAir();
	joinWith(2, "bob", key(privilege::kEnterRoom | privilege::kReceiveAudio), Role::Audience);
	const auto out = ask(2, "ann", "", { .bigVideo = true, .auxVideo = true });
	CHECK(codeOf(out, 2, Event::SubscribeResult) == code::kNotPermitted);
	CHECK(textOf(out, 2, Event::SubscribeResult).find("privilege 32") != std::string::npos);
	CHECK(textOf(out, 2, Event::SubscribeResult).find("privilege 128") != std::string::npos);
	CHECK(all<StartDownlink>(out).empty());
	ask(2, "ann", "", kWishes);
	answerDownlink(2, 1);
	const auto changed = say(2, protocol::SubscribeChange { anns, { .bigVideo = true } });
	CHECK(codeOf(changed, 2, Event::SubscribeChangeResult) == code::kNotPermitted);
	CHECK(all<ChangeDownlink>(changed).empty());
}

TEST_CASE_FIXTURE(PermitFixture, "a permit that runs out: what runs goes on, nothing new begins")
{
	onAir();
	joinWith(2, "bob", key(privilege::kAll, 60));
	publish(2, { .audio = true });
	ask(2, "ann", "", { .audio = true });
	answerDownlink(2, 1);
	joinWith(3, "cid", key(privilege::kAll));
	publish(3);
	for (int second = 0; second < 59; second += 10) { // everybody gives signs of life
		now += 10s;
		for (const SessionId id : { 1U, 2U, 3U })
			say(id, protocol::QualityReport {});
	}
	CHECK(listOf(service.tick(now), 1) == "ann:15 bob:8 cid:9");

	CHECK(codeOf(ask(2, "cid", "", kWishes), 2, Event::SubscribeResult) == code::kBadPrivateMapKey);
	CHECK(textOf(ask(2, "cid", "", kWishes), 2, Event::SubscribeResult).find("has expired") != std::string::npos);
	CHECK(codeOf(offer(2, { .audio = true }), 2, Event::PublishResult) == code::kBadPrivateMapKey);
	CHECK(service.publishers() == 3); // the old uplink runs on
	// Mute and unmute, less of what one has, and the same again are nothing new.
	CHECK(codeOf(say(2, protocol::MuteUplink { { .audio = true } }), 2, Event::MuteResult) == 0);
	CHECK(codeOf(say(2, protocol::MuteUplink {}), 2, Event::MuteResult) == 0);
	CHECK(codeOf(say(2, protocol::PublishStateChange { { .audio = true, .bigVideo = true }, {} }), 2,
		     Event::PublishStateResult) == 0);
	now += 2s;
	CHECK(listOf(service.tick(now), 1) == "ann:15 bob:8 cid:9");
	CHECK(codeOf(say(2, protocol::SubscribeChange { anns, { .audio = true, .bigVideo = true } }), 2,
		     Event::SubscribeChangeResult) == 0);
	CHECK(all<ChangeDownlink>(say(2, protocol::SubscribeChange { anns, { .audio = true } })).empty());

	// Off the stage always, back only with a new one.
	CHECK(codeOf(change(2, Role::Audience, key(privilege::kAll, 61)), 2, Event::ChangeRoleResult) == 0);
	CHECK(service.publishers() == 2);
	CHECK(codeOf(change(2, Role::Anchor), 2, Event::ChangeRoleResult) == 0); // that one was new

	now += 100s;
	for (const SessionId id : { 1U, 2U, 3U })
		say(id, protocol::QualityReport {});
	CHECK(codeOf(change(2, Role::Audience, "forged"), 2, Event::ChangeRoleResult) == 0); // from the stage
	CHECK(codeOf(change(2, Role::Anchor), 2, Event::ChangeRoleResult) == code::kBadPrivateMapKey);
	CHECK(codeOf(change(2, Role::Anchor, "forged"), 2, Event::ChangeRoleResult) == code::kBadPrivateMapKey);
	CHECK(codeOf(change(2, Role::Anchor, key(privilege::kAll)), 2, Event::ChangeRoleResult) == 0);
	publish(2, { .audio = true });
	CHECK(service.publishers() == 3);
}

TEST_CASE_FIXTURE(PermitFixture, "a new permit replaces the old one for what runs, too")
{
	onAir();
	joinWith(2, "bob", key(privilege::kAll));
	publish(2, { .audio = true, .bigVideo = true });
	ask(2, "ann", "", kWishes);
	answerDownlink(2, 1);
	const auto less =
		change(2, Role::Anchor, key(privilege::kAll & ~(privilege::kSendVideo | privilege::kReceiveAudio)));
	CHECK(codeOf(less, 2, Event::ChangeRoleResult) == 0);
	CHECK(listOf(less, 1) == "ann:15 bob:8");
	REQUIRE(all<UplinkFlow>(less).size() == 1);
	CHECK_FALSE(all<UplinkFlow>(less)[0].bigVideo);
	REQUIRE(all<ChangeDownlink>(less).size() == 1);
	CHECK_FALSE(all<ChangeDownlink>(less)[0].wishes.audio);
	CHECK(all<ChangeDownlink>(less)[0].wishes.bigVideo);
	const auto more = change(2, Role::Anchor, key(privilege::kAll, 1800));
	CHECK(listOf(more, 1) == "ann:15 bob:9");
	REQUIRE(all<ChangeDownlink>(more).size() == 1);
	CHECK(all<ChangeDownlink>(more)[0].wishes.audio);
	// A bad one changes nothing and is told.
	const auto bad = change(2, Role::Anchor, "forged");
	CHECK(codeOf(bad, 2, Event::ChangeRoleResult) == code::kBadPrivateMapKey);
	CHECK(all<ChangeDownlink>(bad).empty());
}

TEST_CASE_FIXTURE(PermitFixture, "the SDK shows the permit of the join again: no renewal, no refusal")
{
	onAir();
	const auto mine = key(privilege::kAll, 60);
	joinWith(2, "bob", mine);
	now += 61s;
	say(1, protocol::QualityReport {});
	CHECK(codeOf(change(2, Role::Audience, mine), 2, Event::ChangeRoleResult) == 0);
	CHECK(codeOf(change(2, Role::Audience, mine), 2, Event::ChangeRoleResult) == 0); // a late answer, said again
	CHECK(codeOf(change(2, Role::Anchor, mine), 2, Event::ChangeRoleResult) == code::kBadPrivateMapKey);
}

TEST_CASE_FIXTURE(PermitFixture, "in mode rtc a new permit is handed in with the role one has")
{
	joinWith(1, "ann", key(privilege::kAll, 60), Role::Anchor, Mode::Rtc);
	CHECK(codeOf(change(1, Role::Audience), 1, Event::ChangeRoleResult) == code::kBadRequest);
	CHECK(codeOf(change(1, Role::Anchor), 1, Event::ChangeRoleResult) == code::kBadRequest);
	now += 61s;
	CHECK(codeOf(offer(1), 1, Event::PublishResult) == code::kBadPrivateMapKey);
	CHECK(codeOf(change(1, Role::Anchor, key(privilege::kAll)), 1, Event::ChangeRoleResult) == 0);
	CHECK(codeOf(offer(1), 1, Event::PublishResult) == -1);
	CHECK(codeOf(answerUplink(1), 1, Event::PublishResult) == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "where none is required a PrivateMapKey is not looked at")
{
	open(1, "ann");
	protocol::Join join;
	join.roomId = "8888";
	join.privateMapKey = "nonsense";
	CHECK(codeOf(say(1, join), 1, Event::JoinResult) == 0);
	CHECK(codeOf(say(1, protocol::ChangeRole { Role::Audience, "nonsense" }), 1, Event::ChangeRoleResult) == 0);
	CHECK(codeOf(say(1, protocol::ChangeRole { Role::Anchor, "nonsense" }), 1, Event::ChangeRoleResult) == 0);
	CHECK(listOf(publish(1, kAll), 1) == "ann:15");
}

TEST_CASE_FIXTURE(RoomFixture, "the limit of anchors: the 51st publish fails, mute frees nothing, the rest does")
{
	constexpr SessionId kLimit = 50, kOneMore = 51, kAudience = 52;
	for (SessionId id = 1; id <= kLimit; ++id) {
		enter(id, "anchor" + std::to_string(id));
		CHECK(codeOf(publish(id), id, Event::PublishResult) == 0);
	}
	enter(kOneMore, "one-more");
	enter(kAudience, "viewer", Role::Audience);
	const auto fails = [&] { return codeOf(offer(kOneMore), kOneMore, Event::PublishResult) == code::kLimit; };
	// It takes the place that was made, and gives it back.
	const auto fits = [&](SessionId back) {
		const bool ok = codeOf(publish(kOneMore), kOneMore, Event::PublishResult) == 0;
		say(kOneMore, protocol::Unpublish {});
		say(back, protocol::ChangeRole { Role::Anchor, "" });
		return codeOf(publish(back), back, Event::PublishResult) == 0 && ok && fails();
	};
	CHECK(fails());
	CHECK(textOf(offer(kOneMore), kOneMore, Event::PublishResult).find("--max-anchors") != std::string::npos);
	say(1, protocol::MuteUplink { { true, true, true } });
	CHECK(fails());
	say(1, protocol::PublishStateChange {}); // publishes nothing, but its connection is there
	CHECK(fails());
	CHECK(codeOf(publish(2), 2, Event::PublishResult) == 0); // again is not one more
	say(1, protocol::Unpublish {});
	CHECK(fits(1));
	say(2, protocol::ChangeRole { Role::Audience, "" });
	CHECK(fits(2));
	service.uplinkFailed(3);
	CHECK(fits(3));
	CHECK(service.publishers() == kLimit);
}
