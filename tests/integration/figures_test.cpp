// SPDX-License-Identifier: MIT
// What agents tell each other beside media, through a real service: messages in the picture, round trips, quality.
#include "integration/room_support.h"

#include <fstream>
#include <iterator>

using namespace trtc;
using namespace trtc::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct FiguresFixture : RoomFixture {
	Status say(Agent &agent, const Bytes &data, int type = 243)
	{
		return run([&](auto done) { agent.client->sendSEIMessage(data, type, done); });
	}
	static Bytes text(const std::string &text) { return { text.begin(), text.end() }; }
	static std::vector<Bytes> heard(Agent &agent)
	{
		std::vector<Bytes> all;
		for (const auto &message : agent.all<SeiMessage>())
			all.push_back(message.data);
		return all;
	}
	bool hears(Agent &agent, std::size_t messages) { return tellsTimes<SeiMessage>(agent, messages); }
	Stats ask(Agent &agent)
	{
		std::optional<Stats> told;
		agent.client->stats([&](const Stats &stats) { told = stats; });
		REQUIRE(waitFor([&] { return told.has_value(); }));
		return *told;
	}
};

} // namespace

TEST_CASE_FIXTURE(FiguresFixture, "messages: every one arrives once, in order, whole, and the recording is not hurt")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	Bytes hard(1000);
	for (std::size_t i = 0; i < hard.size(); ++i)
		hard[i] = static_cast<std::uint8_t>(i % 7 < 3 ? 0 : i % 251);
	std::vector<Bytes> sent { text("a message that is kept"), hard, Bytes(1, 0), Bytes(255, 'x') };
	for (int i = 0; i < 16; ++i)
		sent.push_back(text(fmt::format("number {}", i)));
	for (const auto &one : sent) {
		const auto status = say(alice, one, one.size() == 1 ? 5 : 243);
		REQUIRE_MESSAGE(status, status.error().message);
	}
	REQUIRE(hears(bob, sent.size()));
	CHECK(heard(bob) == sent);
	CHECK(bob.all<SeiMessage>()[2].seiPayloadType == 5);
	CHECK(bob.all<SeiMessage>()[3].seiPayloadType == 243);
	CHECK(bob.all<SeiMessage>()[0].userId == UserId("alice"));
	CHECK_FALSE(bob.all<SeiMessage>()[0].isFromAuxiliary);
	CHECK(heard(alice).empty());
	record(1s);
	REQUIRE(leave(bob));
	CHECK(bob.failures().empty());
	const auto path = bob.last<RecordingStopped>().path;
	checkContinuous(path, 1000);
	std::ifstream file(path, std::ios::binary);
	const std::string bytes { std::istreambuf_iterator<char>(file), {} };
	CHECK(bytes.find("a message that is kept") != std::string::npos);
}

TEST_CASE_FIXTURE(FiguresFixture, "messages: with a keyframe, and to who comes later")
{
	auto &alice = publishing("alice");
	auto &bob = joined("bob", Role::Audience);
	REQUIRE(sees(bob, "alice"));
	// Each new viewer makes a keyframe, with its parameter sets, an encoder's own message and ours in front.
	for (int i = 0; i < 3; ++i) {
		auto &viewer = joined(fmt::format("viewer{}", i), Role::Audience);
		const auto before = heard(bob).size();
		bool over = false;
		std::size_t sent = 0;
		const auto timer = loop.every(80ms, [&] {
			if (!over)
				alice.client->sendSEIMessage(text(fmt::format("{} {}", i, sent++)), 243, {});
		});
		REQUIRE(sees(viewer, "alice"));
		REQUIRE(hears(viewer, 1));
		over = true;
		const auto wanted = before + sent;
		REQUIRE(hears(bob, wanted));
		CHECK(heard(bob).size() == wanted);
		CHECK(heard(bob).back() == text(fmt::format("{} {}", i, sent - 1)));
	}
	CHECK(bob.failures().empty());
}

TEST_CASE_FIXTURE(FiguresFixture, "messages: not in VP8")
{
	auto config = testPicture();
	config.videoCodec = VideoCodec::Vp8;
	auto &alice = publishing("alice", config);
	const auto refused = say(alice, text("no"));
	REQUIRE_FALSE(refused);
	CHECK((refused.error().code == ErrorCode::NotSupported));
}

TEST_CASE_FIXTURE(FiguresFixture,
		  "round trips and quality: of the uplink from the service, of the downlink from ourselves")
{
	auto &alice = publishing("alice");
	auto &bob = joined("bob", Role::Audience);
	REQUIRE(sees(bob, "alice"));
	// The reports of RTCP are seconds apart.
	REQUIRE(waitFor([&] { return !ask(bob).downlinksRTT.empty(); }, 20s));
	const auto down = ask(bob).downlinksRTT.at(0);
	CHECK(down.userId == UserId("alice"));
	CHECK(down.rtt >= 0);
	CHECK(down.rtt < patient(500));
	REQUIRE(tells<NetworkQuality>(alice, [](const NetworkQuality &quality) {
		return quality.uplink > 0 && quality.uplinkRtt.has_value();
	}));
	const auto up = alice.last<NetworkQuality>();
	CHECK(*up.uplinkLoss <= 20); // a packet that is late on a busy machine is a lost one
	CHECK(*up.uplinkRtt > 0);
	CHECK(*up.uplinkRtt < patient(500));
	CHECK(up.downlink == 0); // alice watches nobody
	CHECK_FALSE(up.downlinkLoss);
	REQUIRE(tells<NetworkQuality>(bob, [](const NetworkQuality &quality) {
		return quality.downlink > 0 && quality.downlinkRtt.has_value();
	}));
	const auto quality = bob.last<NetworkQuality>();
	CHECK(quality.uplink == 0);
	CHECK_FALSE(quality.uplinkRtt);
	CHECK(*quality.downlinkLoss <= 20);
	REQUIRE(unpublish(alice));
	const auto from = alice.told.size();
	REQUIRE(tells<NetworkQuality>(
		alice, [](const NetworkQuality &one) { return one.uplink == 0; }, from));
}
