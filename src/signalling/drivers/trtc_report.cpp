// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace trtc::signalling {

namespace {

constexpr int kAudio = 1; // beside the protocol's stream types of video

int typeOf(StreamType type) { return type == StreamType::Main ? protocol::kReportBig : protocol::kReportAuxiliary; }

std::int64_t whole(double value) { return std::llround(value); }

} // namespace

void TrtcReport::note(int event, std::int64_t dateMs, std::string_view userId)
{
	if (events_.size() >= kMaxEvents)
		events_.erase(events_.begin());
	events_.push_back({ event, dateMs, std::string(userId) });
}

TrtcReport::Totals TrtcReport::grown(const Track &track, const Totals &now)
{
	now_[track] = now;
	const auto found = before_.find(track);
	if (found == before_.end())
		return {};
	// A connection that was made anew counts from zero.
	const auto difference = [](std::uint64_t after, std::uint64_t before) {
		return after > before ? after - before : 0;
	};
	const auto &old = found->second;
	return { difference(now.bytes, old.bytes), difference(now.packets, old.packets), difference(now.lost, old.lost),
		 difference(now.frames, old.frames), difference(now.encoded, old.encoded) };
}

std::int64_t TrtcReport::perSecond(std::uint64_t amount) const
{
	return seconds_ > 0 ? whole(static_cast<double>(amount) / seconds_) : 0;
}

protocol::QualityReport TrtcReport::take(const Stats &stats, std::int64_t dateMs, TimePoint now,
					 const TinyIdOf &tinyIdOf)
{
	seconds_ = std::chrono::duration<double>(now - last_).count();
	last_ = now;
	protocol::QualityReport report;
	report.dateMs = dateMs;
	report.events = std::exchange(events_, {});
	report.rttMs = whole(stats.rtt.value_or(0));
	if (stats.localAudio) {
		const auto period = grown({ "", kAudio }, { stats.localAudio->bytesSent });
		report.audio = protocol::ReportedAudio { perSecond(8 * period.bytes) };
		report.bitrate += report.audio->bitrate;
	}
	for (const auto &video : stats.localVideo) {
		protocol::ReportedVideo out { video.small ? protocol::kReportSmall : typeOf(video.streamType),
					      video.frameWidth, video.frameHeight };
		const auto period = grown({ "", out.streamType },
					  { video.bytesSent, 0, 0, video.framesSent, video.framesEncoded.value_or(0) });
		out.bitrate = perSecond(8 * period.bytes);
		out.fps = perSecond(period.frames);
		out.encodedFps = perSecond(period.encoded);
		report.bitrate += out.bitrate;
		report.video.push_back(out);
	}

	std::map<UserId, protocol::ReportedDownlink> users;
	for (const auto &one : stats.downlinksRTT)
		users[one.userId].rttMs = whole(one.rtt);
	for (const auto &audio : stats.remoteAudio) {
		const auto period = grown({ audio.userId.str(), kAudio },
					  { audio.bytesReceived, audio.packetsReceived, audio.packetsLost });
		users[audio.userId].audio =
			protocol::ReportedAudio { perSecond(8 * period.bytes),
						  static_cast<std::int64_t>(period.packets + period.lost),
						  static_cast<std::int64_t>(period.lost) };
	}
	for (const auto &video : stats.remoteVideo) {
		protocol::ReportedVideo out { typeOf(video.streamType), video.frameWidth, video.frameHeight };
		const auto period =
			grown({ video.userId.str(), out.streamType },
			      { video.bytesReceived, video.packetsReceived, video.packetsLost, video.framesReceived });
		out.bitrate = perSecond(8 * period.bytes);
		out.fps = perSecond(period.frames);
		out.packets = static_cast<std::int64_t>(period.packets + period.lost);
		out.lost = static_cast<std::int64_t>(period.lost);
		users[video.userId].video.push_back(out);
	}
	for (auto &[user, downlink] : users) {
		downlink.userId = user.str();
		downlink.tinyId = tinyIdOf(user);
		report.downlinks.push_back(std::move(downlink));
	}
	before_ = std::exchange(now_, {});
	return report;
}

} // namespace trtc::signalling
