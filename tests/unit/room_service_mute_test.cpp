// SPDX-License-Identifier: MIT
// The flags others see, for every combination of published and muted.
#include "unit/room_service_support.h"

#include <doctest/doctest.h>

using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

namespace {

struct Combination {
	bool audio, audioMuted, video, videoMuted;
	protocol::PublishState state() const { return { .audio = audio, .bigVideo = video }; }
	protocol::MuteState mute() const { return { .audio = audioMuted, .bigVideo = videoMuted }; }
	bool any() const { return audio || video; }
	std::string list() const
	{
		const int flags = (video ? 1 : 0) + (audio ? 8 : 0) + (video && videoMuted ? 16 : 0) +
				  (audio && audioMuted ? 64 : 0);
		return flags ? "ann:" + std::to_string(flags) : "";
	}
	bool operator==(const Combination &) const = default;
};

std::vector<Combination> combinations()
{
	std::vector<Combination> all;
	for (int bits = 0; bits < 16; ++bits)
		all.push_back({ (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0 });
	return all;
}

} // namespace

TEST_CASE("mute: flags and forwarding of every combination, at first sight and for who comes later")
{
	for (const auto &now : combinations()) {
		CAPTURE(now.list());
		RoomFixture room;
		room.enter(1, "ann");
		room.enter(2, "bob", Role::Audience);
		auto effects = room.publish(1, now.state());
		const auto muted = room.say(1, protocol::MuteUplink { now.mute() });
		CHECK(codeOf(muted, 1, Event::MuteResult) == 0);
		effects.insert(effects.end(), muted.begin(), muted.end());
		CHECK(listOf(effects, 2) == (now.any() ? now.list() : "none"));
		if (const auto flows = all<UplinkFlow>(effects); !flows.empty()) {
			CHECK(flows.back().audio == (now.audio && !now.audioMuted));
			CHECK(flows.back().bigVideo == (now.video && !now.videoMuted));
		} else {
			CHECK_FALSE(now.any());
		}
		// Who enters now is told the same, in the join result and in the list.
		const auto entered = room.enter(3, "cid", Role::Audience);
		const auto results = sent(entered, 3, Event::JoinResult);
		REQUIRE(results.size() == 1);
		const auto &publishers = std::get<protocol::JoinResult>(results[0].payload).publishers;
		REQUIRE(publishers.size() == (now.any() ? 1 : 0));
		if (now.any())
			CHECK("ann:" + std::to_string(publishers[0].flags) == now.list());
	}
}

TEST_CASE("mute: every change of what is published and muted is pushed when it shows, and only then")
{
	for (const auto &before : combinations())
		for (const auto &after : combinations()) {
			RoomFixture room;
			room.enter(1, "ann");
			room.enter(2, "bob", Role::Audience);
			room.publish(1, before.state());
			room.say(1, protocol::MuteUplink { before.mute() });
			auto effects = room.say(1, protocol::PublishStateChange { after.state(), {} });
			const auto muted = room.say(1, protocol::MuteUplink { after.mute() });
			effects.insert(effects.end(), muted.begin(), muted.end());
			const auto told = listOf(effects, 2);
			if (before.list() != after.list())
				CHECK(told == after.list());
			else if (told != "none")
				CHECK(told == after.list());
			if (before.state() == after.state() && before.list() == after.list())
				CHECK(told == "none");
		}
}
