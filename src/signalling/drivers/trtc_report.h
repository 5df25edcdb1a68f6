// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"

#include <trtc/stats.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace trtc::signalling {

/// Event ids of `quality_report` that we tell.
namespace report_event {
inline constexpr int kPublishVideo = 32768, kPublishAudio = 32769, kUnpublishVideo = 32770, kUnpublishAudio = 32771;
inline constexpr int kMuteAudio = 32772, kMuteVideo = 32773, kUnmuteAudio = 32774, kUnmuteVideo = 32775;
inline constexpr int kSubscribe = 32777, kUnsubscribeVideo = 32778, kUnsubscribeAudio = 32779;
inline constexpr int kRemoteMuteVideo = 32784, kRemoteMuteAudio = 32785, kRemoteUnmuteVideo = 32786,
		     kRemoteUnmuteAudio = 32787;
inline constexpr int kJoining = 32788, kLeaving = 32789, kSignallingLost = 32790, kSignallingConnected = 32791;
inline constexpr int kUplinkConnected = 32792, kDownlinkConnected = 32793;
inline constexpr int kSignallingReconnecting = 32794, kSignallingReconnected = 32795;
} // namespace report_event

/// Turns running totals and what has happened into the next `quality_report`. No clock of its own.
class TrtcReport {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	/// The service's name of a user; "" when it is not known.
	using TinyIdOf = std::function<std::string(const UserId &)>;
	/// Told in the next report. What nobody fetches any more is dropped, the oldest first.
	void note(int event, std::int64_t dateMs, std::string_view userId = {});
	protocol::QualityReport take(const Stats &stats, std::int64_t dateMs, TimePoint now, const TinyIdOf &tinyIdOf);

private:
	struct Totals {
		std::uint64_t bytes = 0, packets = 0, lost = 0, frames = 0, encoded = 0;
	};
	/// Whose, and which kind: "" is our own.
	using Track = std::tuple<std::string, int>;
	/// What has come since the report before; nothing when the track was not in it.
	Totals grown(const Track &track, const Totals &now);
	std::int64_t perSecond(std::uint64_t amount) const;

	static constexpr std::size_t kMaxEvents = 200;
	std::vector<protocol::ReportedEvent> events_;
	std::map<Track, Totals> before_, now_;
	TimePoint last_ {};
	double seconds_ = 0; // since the report before
};

} // namespace trtc::signalling
