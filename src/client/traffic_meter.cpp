// SPDX-License-Identifier: MIT
#include "client/traffic_meter.h"

#include <algorithm>

namespace trtc::client {

void TrafficMeter::reset(TimePoint now, const Totals &totals)
{
	time_ = now;
	totals_ = totals;
	last_ = {};
}

void TrafficMeter::sample(TimePoint now, const Totals &totals, std::optional<std::chrono::microseconds> roundTrip,
			  std::optional<double> sendLoss)
{
	const auto milliseconds = std::chrono::duration<double, std::milli>(now - time_).count();
	if (milliseconds <= 0)
		return;
	// A late packet may take a loss back, and a link that closes may count a last packet less: no negative rates.
	const auto grown = [](std::uint64_t after, std::uint64_t before) {
		return static_cast<double>(after > before ? after - before : 0);
	};
	last_ = {};
	last_.upKbps = grown(totals.bytesSent, totals_.bytesSent) * 8 / milliseconds;
	last_.downKbps = grown(totals.bytesReceived, totals_.bytesReceived) * 8 / milliseconds;
	const auto received = grown(totals.packetsReceived, totals_.packetsReceived);
	const auto lost = grown(totals.packetsLost, totals_.packetsLost);
	if (received + lost > 0)
		last_.lossPercent = 100 * lost / (received + lost);
	if (sendLoss)
		last_.lossPercent = std::max(last_.lossPercent.value_or(0), 100 * *sendLoss);
	if (roundTrip)
		last_.rttMs = static_cast<double>(roundTrip->count()) / 1000;
	time_ = now;
	totals_ = totals;
}

} // namespace trtc::client
