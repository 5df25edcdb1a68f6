// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/events.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trtc::client {

/// The network in the SDK's levels: the uplink from what the service counts, the downlinks from what we count ourselves. No clock
/// of its own: sample() is called every two seconds.
class QualityMeter {
public:
	enum class LinkState { None, Up, Down };
	/// Running totals of one downlink.
	struct Downlink {
		std::string name;
		LinkState state = LinkState::Up;
		std::uint64_t received = 0, lost = 0;
		std::optional<std::chrono::microseconds> roundTrip = {};
	};
	/// What the service says of the last period of our uplink, in packets.
	void uplinkReport(std::int64_t expected, std::int64_t received,
			  std::optional<std::chrono::milliseconds> roundTrip);
	NetworkQuality sample(LinkState uplink, const std::vector<Downlink> &downlinks);
	/// The last one.
	const NetworkQuality &last() const noexcept { return last_; }
	void reset() { *this = {}; }

private:
	void sampleUplink(LinkState uplink);
	void sampleDownlinks(const std::vector<Downlink> &downlinks);

	struct Report {
		int loss = 0; ///< percent
		std::optional<int> roundTrip;
	};
	std::optional<Report> report_;
	std::map<std::string, Downlink> before_;
	NetworkQuality last_;
};

/// 1…5 by loss in percent and round trip in milliseconds, whichever is worse. Reentrant.
int qualityLevel(int loss, int roundTrip) noexcept;

} // namespace trtc::client
