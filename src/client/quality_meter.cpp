// SPDX-License-Identifier: MIT
#include "client/quality_meter.h"

#include <algorithm>
#include <cmath>

namespace trtc::client {

namespace {

constexpr int kUnknown = 0, kVeryPoor = 5, kDown = 6;

int percent(double part, double whole) { return static_cast<int>(std::lround(100 * part / whole)); }

int milliseconds(std::chrono::microseconds time)
{
	return static_cast<int>(std::lround(static_cast<double>(time.count()) / 1000));
}

} // namespace

int qualityLevel(int loss, int roundTrip) noexcept
{
	return loss > 50 || roundTrip > 500   ? 5
	       : loss > 30 || roundTrip > 350 ? 4
	       : loss > 20 || roundTrip > 200 ? 3
	       : loss > 10 || roundTrip > 100 ? 2
					      : 1;
}

void QualityMeter::uplinkReport(std::int64_t expected, std::int64_t received,
				std::optional<std::chrono::milliseconds> roundTrip)
{
	if (expected <= 0 && received <= 0)
		return; // as in the SDK: nothing was sent, so nothing is known
	Report report;
	if (expected > received)
		report.loss =
			std::min(percent(static_cast<double>(expected - received), static_cast<double>(expected)), 100);
	if (roundTrip)
		report.roundTrip = static_cast<int>(std::clamp<std::int64_t>(roundTrip->count(), 0, 60'000));
	report_ = report;
}

NetworkQuality QualityMeter::sample(LinkState uplink, const std::vector<Downlink> &downlinks)
{
	sampleUplink(uplink);
	sampleDownlinks(downlinks);
	return last_;
}

void QualityMeter::sampleUplink(LinkState uplink)
{
	const bool wasDown = last_.uplink == kDown;
	last_.uplinkLoss.reset();
	last_.uplinkRtt.reset();
	if (uplink != LinkState::Up) {
		report_.reset();
		last_.uplink = uplink == LinkState::Down ? kDown : kUnknown;
	} else if (report_) {
		last_.uplink = qualityLevel(report_->loss, report_->roundTrip.value_or(0));
		last_.uplinkLoss = report_->loss;
		last_.uplinkRtt = report_->roundTrip;
	} else if (wasDown) {
		last_.uplink = kVeryPoor; // the SDK's word until the service has counted again
	}
}

void QualityMeter::sampleDownlinks(const std::vector<Downlink> &downlinks)
{
	int losses = 0, roundTrips = 0;
	std::size_t known = 0, timed = 0, down = 0;
	std::map<std::string, Downlink> now;
	for (const auto &link : downlinks) {
		if (link.state != LinkState::Up) {
			down += link.state == LinkState::Down;
			continue;
		}
		if (const auto before = before_.find(link.name); before != before_.end()) {
			// A connection that was made anew, or a late packet, may take some back.
			const auto &old = before->second;
			const auto lost = link.lost > old.lost ? link.lost - old.lost : 0;
			const auto received = link.received > old.received ? link.received - old.received : 0;
			if (lost > 0)
				losses += percent(static_cast<double>(lost), static_cast<double>(lost + received));
			++known;
			if (link.roundTrip) {
				roundTrips += milliseconds(*link.roundTrip);
				++timed;
			}
		}
		now.emplace(link.name, link);
	}
	before_ = std::move(now);
	if (known == 0) {
		if (downlinks.empty() || (down > 0 && down == downlinks.size())) {
			last_.downlink = downlinks.empty() ? kUnknown : kDown;
			last_.downlinkLoss.reset();
			last_.downlinkRtt.reset();
		}
		return; // otherwise one is new, and the next sample tells
	}
	const auto average = [](int sum, std::size_t count) {
		return static_cast<int>(std::lround(static_cast<double>(sum) / static_cast<double>(count)));
	};
	last_.downlinkLoss = average(losses, known);
	last_.downlinkRtt.reset();
	if (timed > 0)
		last_.downlinkRtt = average(roundTrips, timed);
	last_.downlink = qualityLevel(*last_.downlinkLoss, last_.downlinkRtt.value_or(0));
}

} // namespace trtc::client
