// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/stats.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace trtc::client {

/// Sums over all links a client has had.
struct Totals {
	std::uint64_t bytesSent = 0, bytesReceived = 0;	    ///< payload
	std::uint64_t packetsReceived = 0, packetsLost = 0; ///< media we receive
};

/// Turns running totals into figures of the last period. No clock of its own.
class TrafficMeter {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	/// Called about once a second. @p sendLoss: 0..1, as the service reports.
	void sample(TimePoint now, const Totals &totals, std::optional<std::chrono::microseconds> roundTrip,
		    std::optional<double> sendLoss);
	/// A new room: nothing flows yet.
	void reset(TimePoint now, const Totals &totals);
	/// Without the byte sums.
	const Traffic &last() const noexcept { return last_; }

private:
	TimePoint time_ {};
	Totals totals_;
	Traffic last_;
};

} // namespace trtc::client
