// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

/// What the operator of the service is told of the rooms.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

namespace {

std::string media(bool audio, bool video) { return std::string(audio ? "a" : "") + (video ? "v" : ""); }

/// "joined ann anchor; published ann main av; ...": every event, in order.
std::string told(const Effects &effects)
{
	struct Name {
		std::string operator()(const RoomCreated &e) const
		{
			return "created " + e.room.str() + " by " + e.userId.str();
		}
		std::string operator()(const RoomEmpty &e) const { return "empty " + e.room.str() + " " + e.reason; }
		std::string operator()(const UserJoined &e) const
		{
			return fmt::format("joined {} {} {}", e.userId.str(), toString(e.role), toString(e.mode));
		}
		std::string operator()(const UserLeft &e) const { return "left " + e.userId.str() + " " + e.reason; }
		std::string operator()(const RoleChanged &e) const
		{
			return fmt::format("role {} {} was {}", e.userId.str(), toString(e.role), toString(e.prevRole));
		}
		std::string operator()(const StreamPublished &e) const
		{
			return fmt::format("published {} {} {}", e.userId.str(), toString(e.streamType),
					   media(e.audio, e.video));
		}
		std::string operator()(const StreamUnpublished &e) const
		{
			return fmt::format("unpublished {} {} {} {}", e.userId.str(), toString(e.streamType),
					   media(e.audio, e.video), e.reason);
		}
	};
	std::string text;
	for (const auto &tell : all<Tell>(effects))
		text += (text.empty() ? "" : "; ") + std::visit(Name {}, tell.event);
	return text;
}

protocol::Ability ability()
{
	protocol::Ability ability;
	ability.iceUfrag = "x";
	return ability;
}

struct EventFixture : RoomFixture {
	EventFixture() : RoomFixture({ .maxKept = 2 }) {}

	/// SDK v5: join/v2, without the answer of its one connection.
	Effects askJoin(SessionId id, const std::string &user)
	{
		open(id, user);
		protocol::Join join;
		join.roomId = "8888";
		join.role = Role::Anchor;
		join.ability = ability();
		return say(id, join);
	}
	Effects answerSingle(SessionId id, int result = code::kOk)
	{
		return service.singleAnswered(id, seq, result, "", ability());
	}
	Effects publishSingle(SessionId id, protocol::PublishState state)
	{
		return say(id, protocol::SinglePublish { 1, 2, 3, 4, state, {} });
	}
};

} // namespace

TEST_CASE_FIXTURE(EventFixture, "operator: a room is created, filled, and empty again")
{
	const auto first = enter(1, "ann");
	CHECK(told(first) == "created 8888 by ann; joined ann anchor live");
	const auto created = std::get<RoomCreated>(all<Tell>(first)[0].event);
	CHECK(created.sdkAppId == 1400000001);
	CHECK(created.address == "198.51.100.7");
	CHECK_FALSE(created.room.isString());
	CHECK(told(enter(2, "bob", Role::Audience)) == "joined bob audience live");
	CHECK(told(say(1, protocol::Leave {})) == "left ann left");
	CHECK(told(say(2, protocol::Leave {})) == "left bob left; empty 8888 left");
	// A refused join is no news, nor is a message of one who is in no room.
	open(3, "eve");
	CHECK(told(join(3, "0")).empty());
	CHECK(told(service.closed(3)).empty());
	// Rooms with the same digits are different ones.
	open(4, "eve");
	const auto string = all<Tell>(join(4, "8888", Role::Anchor, Mode::Rtc, true));
	REQUIRE(string.size() == 2);
	CHECK(std::get<UserJoined>(string[1].event).room.isString());
}

TEST_CASE_FIXTURE(EventFixture, "operator: the reasons of those who leave")
{
	enter(9, "stays");
	const auto leaves = [&](SessionId id, const std::string &user, auto how) {
		enter(id, user, Role::Audience);
		return told(how(id));
	};
	CHECK(leaves(1, "a", [&](SessionId id) { return service.closed(id); }) == "left a closed");
	CHECK(leaves(2, "b", [&](SessionId id) { return service.closed(id, leave_reason::kRefused); }) ==
	      "left b refused");
	Effects out;
	enter(3, "c", Role::Audience);
	service.kick(1400000001, RoomId::number(8888), UserId("c"), out);
	CHECK(told(out) == "left c kicked");
	out.clear();
	enter(4, "d", Role::Audience);
	service.ban(1400000001, RoomId::number(8888), UserId("d"), out);
	CHECK(told(out) == "left d banned");
	// A ban of one who is not there concerns no room.
	out.clear();
	service.ban(1400000001, RoomId::number(8888), UserId("ghost"), out);
	CHECK(told(out).empty());
	// The same user again: the first one goes, the second one comes.
	enter(5, "e", Role::Audience);
	CHECK(told(enter(6, "e")) == "left e replaced; joined e anchor live");
	now += std::chrono::seconds(29);
	say(9, protocol::QualityReport {});
	now += std::chrono::seconds(1);
	CHECK(told(service.tick(now)) == "left e timeout");
	out.clear();
	enter(7, "f");
	service.disband(1400000001, RoomId::number(8888), out);
	CHECK(told(out) == "left f room-disband; left stays room-disband; empty 8888 room-disband");
}

TEST_CASE_FIXTURE(EventFixture, "operator: one who lost the connection leaves when the time to come back is over")
{
	enter(1, "ann");
	publish(1);
	CHECK(told(service.lost(1, now)).empty());
	now += std::chrono::seconds(29);
	CHECK(told(service.tick(now)).empty());
	now += std::chrono::seconds(1);
	CHECK(told(service.tick(now)) ==
	      "unpublished ann main av connection-lost; left ann connection-lost; empty 8888 connection-lost");
	// One who comes back was never away, and has the new address.
	enter(2, "bob");
	CHECK(told(service.lost(2, now)).empty());
	CHECK(told(service.resumed(2, "203.0.113.9", now)).empty());
	const auto left = all<Tell>(say(2, protocol::Leave {}));
	CHECK(std::get<UserLeft>(left.at(0).event).address == "203.0.113.9");
	// Without a place to be kept in, it is over at once.
	for (const SessionId id : { SessionId { 3 }, SessionId { 4 } }) {
		enter(id, "u" + std::to_string(id));
		CHECK(told(service.lost(id, now)).empty());
	}
	enter(5, "u5");
	CHECK(told(service.lost(5, now)) == "left u5 connection-lost");
}

TEST_CASE_FIXTURE(EventFixture, "operator: streams from the moment others can see them")
{
	enter(1, "ann");
	CHECK(told(offer(1)).empty());
	CHECK(told(answerUplink(1)) == "published ann main av");
	// Muting is nothing that is published or not.
	CHECK(told(say(1, protocol::MuteUplink { { .audio = true } })).empty());
	CHECK(told(say(1, protocol::PublishStateChange { { .audio = true } })) == "published ann main a");
	CHECK(told(say(1, protocol::PublishStateChange { { .audio = true } })).empty());
	CHECK(told(say(1, protocol::PublishStateChange { { .audio = true, .auxVideo = true } })) ==
	      "published ann auxiliary v");
	// Small video is part of the main stream.
	CHECK(told(say(1, protocol::PublishStateChange { { .bigVideo = true, .smallVideo = true } })) ==
	      "published ann main v; unpublished ann auxiliary v unpublished");
	CHECK(told(say(1, protocol::PublishStateChange { { .bigVideo = true } })).empty());
	CHECK(told(say(1, protocol::Unpublish {})) == "unpublished ann main v unpublished");
	CHECK(told(say(1, protocol::Unpublish {})).empty());
	// A refused one was never there.
	offer(1);
	CHECK(told(answerUplink(1, code::kBadSdp)).empty());
	publish(1);
	CHECK(told(offer(1)) == "unpublished ann main av republished");
	CHECK(told(answerUplink(1)) == "published ann main av");
	CHECK(told(service.uplinkFailed(1)) == "unpublished ann main av media-failed");
	CHECK(told(service.uplinkFailed(1)).empty());
	publish(1);
	CHECK(told(say(1, protocol::Leave {})) == "unpublished ann main av left; left ann left; empty 8888 left");
}

TEST_CASE_FIXTURE(EventFixture, "operator: roles")
{
	enter(1, "ann");
	publish(1);
	CHECK(told(say(1, protocol::ChangeRole { Role::Audience })) ==
	      "unpublished ann main av role-change; role ann audience was anchor");
	// The SDK says it again when the answer is late.
	CHECK(told(say(1, protocol::ChangeRole { Role::Audience })).empty());
	CHECK(told(say(1, protocol::ChangeRole { Role::Anchor })) == "role ann anchor was audience");
}

TEST_CASE_FIXTURE(EventFixture, "operator: SDK v5 joins when its connection is there")
{
	CHECK(told(askJoin(1, "ann")).empty());
	CHECK(told(answerSingle(1)) == "created 8888 by ann; joined ann anchor live");
	CHECK(told(publishSingle(1, { .audio = true })) == "published ann main a");
	CHECK(told(publishSingle(1, { .audio = true, .bigVideo = true })) == "published ann main av");
	CHECK(told(publishSingle(1, { .audio = true, .bigVideo = true })).empty());
	CHECK(told(service.singleFailed(1)) == "unpublished ann main av media-failed");
	CHECK(told(say(1, protocol::RebuildConnection { ability() })).empty());
	CHECK(told(answerSingle(1)).empty());
	CHECK(told(publishSingle(1, { .audio = true })) == "published ann main a");
	CHECK(told(say(1, protocol::RebuildConnection { ability() })) == "unpublished ann main a republished");
	CHECK(told(say(1, protocol::Leave {})) == "left ann left; empty 8888 left");
	// One whose connection cannot be made was never there, and neither was its room.
	CHECK(told(askJoin(2, "bob")).empty());
	CHECK(told(answerSingle(2, code::kMediaFailed)).empty());
	CHECK(told(askJoin(3, "cat")).empty());
	CHECK(told(service.closed(3)).empty());
	// Nor is it the one who creates the room that another one enters meanwhile.
	askJoin(4, "dan");
	CHECK(told(enter(5, "eve")) == "created 8888 by eve; joined eve anchor live");
	CHECK(told(say(5, protocol::Leave {})) == "left eve left");
	CHECK(told(service.closed(4)) == "empty 8888 closed");
}
