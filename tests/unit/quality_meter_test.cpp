// SPDX-License-Identifier: MIT
#include "client/quality_meter.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using trtc::NetworkQuality;
using trtc::client::qualityLevel;
using trtc::client::QualityMeter;
using LinkState = QualityMeter::LinkState;

namespace {

QualityMeter::Downlink link(std::uint64_t received, std::uint64_t lost,
			    std::optional<std::chrono::microseconds> roundTrip = {}, const char *name = "down:ann")
{
	return { name, LinkState::Up, received, lost, roundTrip };
}

} // namespace

TEST_CASE("quality: the SDK's thresholds, loss or round trip, whichever is worse")
{
	struct {
		int loss, roundTrip, level;
	} const table[] = { { 0, 0, 1 },    { 10, 100, 1 }, { 11, 0, 2 },   { 0, 101, 2 }, { 20, 200, 2 },
			    { 21, 0, 3 },   { 0, 201, 3 },  { 30, 350, 3 }, { 31, 0, 4 },  { 0, 351, 4 },
			    { 50, 500, 4 }, { 51, 0, 5 },   { 0, 501, 5 },  { 100, 0, 5 }, { 11, 351, 4 } };
	for (const auto &row : table) {
		CAPTURE(row.loss);
		CAPTURE(row.roundTrip);
		CHECK(qualityLevel(row.loss, row.roundTrip) == row.level);
	}
}

TEST_CASE("quality: the uplink is what the service counts")
{
	QualityMeter meter;
	CHECK(meter.sample(LinkState::None, {}) == NetworkQuality {});
	CHECK(meter.sample(LinkState::Up, {}).uplink == 0); // nothing counted yet
	meter.uplinkReport(200, 200, 30ms);
	auto quality = meter.sample(LinkState::Up, {});
	CHECK(quality.uplink == 1);
	CHECK(quality.uplinkLoss == 0);
	CHECK(quality.uplinkRtt == 30);
	// Muted: both zero, and what was known stays.
	meter.uplinkReport(0, 0, 900ms);
	CHECK(meter.sample(LinkState::Up, {}) == quality);
	meter.uplinkReport(160, 120, {});
	quality = meter.sample(LinkState::Up, {});
	CHECK(quality.uplink == 3);
	CHECK(quality.uplinkLoss == 25);
	CHECK_FALSE(quality.uplinkRtt);
	// A late packet of the period before.
	meter.uplinkReport(100, 103, 10ms);
	CHECK(meter.sample(LinkState::Up, {}).uplinkLoss == 0);
	quality = meter.sample(LinkState::Down, {});
	CHECK(quality.uplink == 6);
	CHECK_FALSE(quality.uplinkLoss);
	CHECK(meter.sample(LinkState::Up, {}).uplink == 5); // back, and nothing counted yet
	CHECK(meter.sample(LinkState::None, {}).uplink == 0);
	CHECK(meter.sample(LinkState::Up, {}).uplink == 0);
}

TEST_CASE("quality: a report beyond all measure")
{
	QualityMeter meter;
	meter.uplinkReport(INT64_MAX, 0, std::chrono::milliseconds(INT64_MAX));
	auto quality = meter.sample(LinkState::Up, {});
	CHECK(quality.uplinkLoss == 100);
	CHECK(quality.uplinkRtt == 60'000);
	meter.uplinkReport(-5, -7, {});
	CHECK(meter.sample(LinkState::Up, {}).uplinkLoss == 100);
	meter.uplinkReport(0, 9, {});
	CHECK(meter.sample(LinkState::Up, {}).uplinkLoss == 0);
}

TEST_CASE("quality: the downlink is the average of those that are up")
{
	QualityMeter meter;
	CHECK(meter.sample(LinkState::None, { link(100, 0) }).downlink == 0); // two points make a line
	auto quality = meter.sample(LinkState::None, { link(190, 10, 20ms) });
	CHECK(quality.downlink == 1);
	CHECK(quality.downlinkLoss == 10);
	CHECK(quality.downlinkRtt == 20);
	// A second one: counted from its second sample on.
	quality = meter.sample(LinkState::None, { link(290, 10, 20ms), link(50, 50, {}, "down:bob") });
	CHECK(quality.downlinkLoss == 0);
	quality = meter.sample(LinkState::None, { link(390, 10, 20ms), link(90, 110, 41ms, "down:bob") });
	CHECK(quality.downlinkLoss == 30);
	CHECK(quality.downlinkRtt == 31);
	CHECK(quality.downlink == 3);
	// One of two is down: the other counts.
	auto bob = link(0, 0, {}, "down:bob");
	bob.state = LinkState::Down;
	quality = meter.sample(LinkState::None, { link(490, 10, 20ms), bob });
	CHECK(quality.downlink == 1);
	auto ann = link(0, 0);
	ann.state = LinkState::Down;
	quality = meter.sample(LinkState::None, { ann, bob });
	CHECK(quality.downlink == 6);
	CHECK_FALSE(quality.downlinkLoss);
	// Back again, with counters that begin anew.
	CHECK(meter.sample(LinkState::None, { link(5, 0) }).downlink == 6);
	CHECK(meter.sample(LinkState::None, { link(50, 0) }).downlink == 1);
	CHECK(meter.sample(LinkState::None, { link(10, 0) }).downlinkLoss == 0);
	CHECK(meter.sample(LinkState::None, {}) == NetworkQuality {});
}
