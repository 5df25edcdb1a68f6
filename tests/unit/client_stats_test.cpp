// SPDX-License-Identifier: MIT
#include "client/traffic_meter.h"
#include "unit/client_support.h"

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

using Line = webrtc::PeerConnection::LineStats;

struct StatsFixture : SessionFixture {
	Stats ask()
	{
		int calls = 0;
		Stats told;
		session->stats([&](const Stats &stats) {
			++calls;
			told = stats;
		});
		CHECK(calls == 0); // never inside the call
		drain();
		CHECK(calls == 1);
		return told;
	}
	const UserId ann { "ann" };
};

} // namespace

TEST_CASE_FIXTURE(StatsFixture, "stats: nothing in an empty room, and before it")
{
	make();
	CHECK(ask().remoteAudio.empty());
	enter(Role::Audience);
	const auto stats = ask();
	CHECK_FALSE(stats.rtt);
	CHECK_FALSE(stats.localAudio);
	CHECK(stats.localVideo.empty());
	CHECK(stats.remoteAudio.empty());
	CHECK(stats.remoteVideo.empty());
	CHECK(session->traffic().bytesReceived == 0);
}

TEST_CASE_FIXTURE(StatsFixture, "stats: the uplink's lines, what the encoder made, and the round trip")
{
	enter();
	publish();
	peers.at("up")->told = { { Line { 0, true, 50, 4000, 50, 0 }, Line { 1, true, 30, 20000, 15, 0 } },
				 12500us,
				 0.5 };
	capture->figures = { 20, 320, 240 };
	const auto stats = ask();
	REQUIRE(stats.rtt);
	CHECK(*stats.rtt == doctest::Approx(12.5));
	REQUIRE(stats.localAudio);
	CHECK(stats.localAudio->bytesSent == 4000);
	CHECK(stats.localAudio->packetsSent == 50);
	REQUIRE(stats.localVideo.size() == 1);
	CHECK((stats.localVideo[0].streamType == StreamType::Main));
	CHECK(stats.localVideo[0].bytesSent == 20000);
	CHECK(stats.localVideo[0].packetsSent == 30);
	CHECK(stats.localVideo[0].framesEncoded == 20);
	CHECK(stats.localVideo[0].framesSent == 15);
	CHECK(stats.localVideo[0].frameWidth == 320);
	CHECK(stats.localVideo[0].frameHeight == 240);
	// Passed through: nobody encodes.
	capture->figures.framesEncoded.reset();
	CHECK_FALSE(ask().localVideo[0].framesEncoded);
}

TEST_CASE_FIXTURE(StatsFixture, "stats: a user's lines, with the frames that came whole")
{
	enter(Role::Audience);
	watch(ann, true);
	peers.at("down:ann")->told.lines = { Line { 2, false, 9, 900, 3, 0 }, Line { 0, false, 50, 4000, 50, 2 },
					     Line { 1, false, 30, 20000, 15, 1 } };
	frame(1);
	frame(1, 0); // size not told again
	CHECK(ask().downlinksRTT.empty());
	CHECK_FALSE(ask().remoteAudio.at(0).end2EndDelay);
	peers.at("down:ann")->told.roundTrip = 12500us;
	driver->tell(signalling::UplinkReport { 0, 0, {}, { { ann, 190ms, 210ms }, { UserId("nobody"), 1ms, 1ms } } });
	const auto stats = ask();
	CHECK_FALSE(stats.rtt);
	REQUIRE(stats.downlinksRTT.size() == 1);
	CHECK(stats.downlinksRTT[0].userId == ann);
	CHECK(stats.downlinksRTT[0].rtt == doctest::Approx(12.5));
	CHECK(stats.remoteAudio.at(0).end2EndDelay == 190);
	CHECK(stats.remoteVideo.at(1).end2EndDelay == 210);
	CHECK_FALSE(stats.remoteVideo.at(0).end2EndDelay); // auxiliary: not told of
	REQUIRE(stats.remoteAudio.size() == 1);
	CHECK(stats.remoteAudio[0].userId == ann);
	CHECK(stats.remoteAudio[0].packetsReceived == 50);
	CHECK(stats.remoteAudio[0].packetsLost == 2);
	REQUIRE(stats.remoteVideo.size() == 2);
	CHECK((stats.remoteVideo[0].streamType == StreamType::Auxiliary));
	CHECK(stats.remoteVideo[0].framesReceived == 0);
	CHECK(stats.remoteVideo[0].frameWidth == 0);
	CHECK(stats.remoteVideo[1].bytesReceived == 20000);
	CHECK(stats.remoteVideo[1].packetsLost == 1);
	CHECK(stats.remoteVideo[1].framesReceived == 2);
	CHECK(stats.remoteVideo[1].frameWidth == 640);
	CHECK(stats.remoteVideo[1].frameHeight == 480);
}

TEST_CASE_FIXTURE(StatsFixture, "traffic: what closed links have carried stays in the sum")
{
	enter();
	publish();
	watch(ann);
	peers.at("up")->told.lines = { Line { 0, true, 50, 4000, 50, 0 } };
	peers.at("down:ann")->told.lines = { Line { 1, false, 30, 20000, 15, 1 } };
	CHECK(session->traffic().bytesSent == 4000);
	CHECK(session->traffic().bytesReceived == 20000);
	session->unpublish(into(unpublished));
	driver->tell(signalling::UnpublishDone { Unit {} });
	publication(ann, false, false);
	drain();
	CHECK(session->traffic().bytesSent == 4000);
	CHECK(session->traffic().bytesReceived == 20000);
	CHECK(ask().remoteVideo.empty());
	session->leave(into(left));
	finishStops();
	CHECK(session->traffic().bytesReceived == 20000);
}

TEST_CASE("meter: rates and losses of the last period")
{
	client::TrafficMeter meter;
	const client::TrafficMeter::TimePoint start(1h);
	meter.reset(start, { 1000, 2000, 10, 1 });
	CHECK(meter.last().upKbps == 0);
	CHECK_FALSE(meter.last().lossPercent);
	meter.sample(start + 2s, { 1000 + 25'000, 2000 + 50'000, 10 + 95, 1 + 5 }, 20ms, {});
	CHECK(meter.last().upKbps == doctest::Approx(100));
	CHECK(meter.last().downKbps == doctest::Approx(200));
	CHECK(meter.last().lossPercent.value_or(-1) == doctest::Approx(5));
	CHECK(meter.last().rttMs.value_or(-1) == doctest::Approx(20));
	// The worse of the two; and nothing flows any more.
	meter.sample(start + 3s, { 26'000, 52'000, 105, 6 }, {}, 0.25);
	CHECK(meter.last().upKbps == 0);
	CHECK(meter.last().lossPercent.value_or(-1) == doctest::Approx(25));
	CHECK_FALSE(meter.last().rttMs);
	meter.sample(start + 4s, { 26'000, 52'000, 105, 6 }, {}, {});
	CHECK_FALSE(meter.last().lossPercent);
	// A sum that shrinks, and a clock that stands still.
	meter.sample(start + 5s, { 20'000, 52'000, 100, 6 }, {}, {});
	CHECK(meter.last().upKbps == 0);
	meter.sample(start + 5s, { 30'000, 52'000, 100, 6 }, {}, {});
	CHECK(meter.last().upKbps == 0);
}
