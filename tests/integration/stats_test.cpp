// SPDX-License-Identifier: MIT
// Figures, against what is counted in other places: the recording, and the other end.
#include "integration/room_support.h"

#include <cmath>

using namespace trtc;
using namespace trtc::test;

namespace {

struct StatsFixture : RoomFixture {
	Stats ask(Agent &agent)
	{
		std::optional<Stats> told;
		agent.client->stats([&](const Stats &stats) { told = stats; });
		REQUIRE(waitFor([&] { return told.has_value(); }));
		return *told;
	}
	static bool near(std::uint64_t figure, double counted, double part)
	{
		return std::abs(static_cast<double>(figure) - counted) <= counted * part;
	}
	static double grown(std::uint64_t after, std::uint64_t before) { return static_cast<double>(after - before); }
};

} // namespace

TEST_CASE_FIXTURE(StatsFixture, "what is received is what is in the recording")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(4s);
	// Muted, so that both ends come to rest.
	REQUIRE(alice.stream->muteAudio());
	REQUIRE(alice.stream->muteVideo());
	alice.client->muteChanged();
	auto stats = ask(bob);
	REQUIRE(waitFor([&, same = 0]() mutable {
		const auto before = std::exchange(stats, ask(bob));
		const bool still = before.remoteAudio[0].packetsReceived == stats.remoteAudio[0].packetsReceived;
		// Longer than both receive buffers.
		record(50ms);
		return (same = still ? same + 1 : 0) > 10;
	}));
	REQUIRE(leave(bob));
	const auto stopped = bob.last<RecordingStopped>();
	const Figures figures(stopped.path);
	INFO(figures.report());
	REQUIRE(stats.remoteAudio.size() == 1);
	REQUIRE(stats.remoteVideo.size() == 1);
	const auto &audio = stats.remoteAudio[0];
	const auto &video = stats.remoteVideo[0];
	CHECK(audio.userId.str() == "alice");
	CHECK(audio.packetsReceived == stopped.audioPackets);
	CHECK(audio.packetsLost == 0);
	CHECK(video.packetsLost == 0);
	CHECK(static_cast<double>(video.framesReceived) == figures.number("video.frames"));
	CHECK(video.frameWidth == 320);
	CHECK(video.frameHeight == 240);
	CHECK(video.packetsReceived >= video.framesReceived);
	// The container adds some bytes a frame.
	CHECK(near(audio.bytesReceived + video.bytesReceived, static_cast<double>(stopped.bytes), 0.10));
	CHECK(audio.bytesReceived + video.bytesReceived < stopped.bytes);
	CHECK(bob.client->traffic().bytesReceived >= audio.bytesReceived + video.bytesReceived);
	CHECK(bob.client->traffic().bytesSent == 0);
}

TEST_CASE_FIXTURE(StatsFixture, "what is sent is what arrives, and the rates fit")
{
	auto &alice = publishing("alice");
	auto &bob = joined("bob", Role::Audience);
	REQUIRE(sees(bob, "alice"));
	record(500ms);
	const auto sentBefore = ask(alice), gotBefore = ask(bob);
	const auto bytesBefore = alice.client->traffic().bytesSent;
	const auto start = Clock::now();
	record(6s);
	const auto sent = ask(alice), got = ask(bob);
	const auto seconds = std::chrono::duration<double>(Clock::now() - start).count();
	REQUIRE(sent.localAudio);
	REQUIRE(sent.localVideo.size() == 1);
	const auto packets = grown(sent.localAudio->packetsSent, sentBefore.localAudio->packetsSent);
	// 20 ms a packet, 15 frames a second, whoever counts.
	CHECK(near(static_cast<std::uint64_t>(packets), seconds * 50, 0.05));
	const auto frames = grown(sent.localVideo[0].framesSent, sentBefore.localVideo[0].framesSent);
	CHECK(near(static_cast<std::uint64_t>(frames), seconds * 15, 0.05));
	CHECK(near(*sent.localVideo[0].framesEncoded - *sentBefore.localVideo[0].framesEncoded, frames, 0.05));
	CHECK(sent.localVideo[0].frameWidth == 320);
	CHECK(sent.localVideo[0].frameHeight == 240);
	// What is on the way at the two moments differs by a buffer at most.
	CHECK(near(got.remoteAudio.at(0).packetsReceived - gotBefore.remoteAudio.at(0).packetsReceived, packets, 0.05));
	CHECK(near(got.remoteVideo.at(0).framesReceived - gotBefore.remoteVideo.at(0).framesReceived, frames, 0.05));
	const auto bytes = grown(sent.localVideo[0].bytesSent, sentBefore.localVideo[0].bytesSent);
	CHECK(near(got.remoteVideo.at(0).bytesReceived - gotBefore.remoteVideo.at(0).bytesReceived, bytes, 0.15));

	const auto traffic = alice.client->traffic();
	const auto kbps = grown(traffic.bytesSent, bytesBefore) * 8 / 1000 / seconds;
	INFO(kbps, " kbit/s in the mean, ", traffic.upKbps, " up, ", bob.client->traffic().downKbps, " down");
	CHECK(std::abs(traffic.upKbps - kbps) < kbps / 2); // one second with or without a keyframe
	CHECK(std::abs(bob.client->traffic().downKbps - kbps) < kbps / 2);
	CHECK(bob.client->traffic().lossPercent.value_or(-1) == 0);
	// On one machine, but for whoever is late to his work.
	REQUIRE(waitFor([&] { return ask(alice).rtt.has_value(); }, 10s));
	CHECK(*ask(alice).rtt >= 0);
	CHECK(*ask(alice).rtt < patient(200));
	CHECK_FALSE(ask(bob).rtt);
}
