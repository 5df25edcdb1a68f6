// SPDX-License-Identifier: MIT
#include "cli/events/stats_record.h"

#include <cmath>

namespace trtc::cli {

namespace {

/// More digits would pretend to know more.
double oneDecimal(double value) { return std::round(value * 10) / 10; }

void addSize(Fields &fields, int width, int height)
{
	if (width <= 0 || height <= 0)
		return;
	fields.push_back({ "frameWidth", std::int64_t { width } });
	fields.push_back({ "frameHeight", std::int64_t { height } });
}

void addDelay(Fields &fields, const std::optional<std::int64_t> &delay)
{
	if (delay)
		fields.push_back({ "end2EndDelay", *delay });
}

std::vector<Fields> downlinksRtt(const Stats &stats)
{
	std::vector<Fields> all;
	for (const auto &one : stats.downlinksRTT)
		all.push_back({ { "userId", one.userId.str() }, { "rtt", oneDecimal(one.rtt) } });
	return all;
}

std::vector<Fields> localAudio(const Stats &stats, const UserId &self)
{
	if (!stats.localAudio)
		return {};
	return { { { "userId", self.str() },
		   { "bytesSent", whole(stats.localAudio->bytesSent) },
		   { "packetsSent", whole(stats.localAudio->packetsSent) } } };
}

std::vector<Fields> localVideo(const Stats &stats, const UserId &self)
{
	std::vector<Fields> all;
	for (const auto &video : stats.localVideo) {
		Fields fields { { "userId", self.str() },
				{ "streamType", toString(video.streamType) },
				{ "small", video.small },
				{ "bytesSent", whole(video.bytesSent) },
				{ "packetsSent", whole(video.packetsSent) } };
		if (video.framesEncoded)
			fields.push_back({ "framesEncoded", whole(*video.framesEncoded) });
		fields.push_back({ "framesSent", whole(video.framesSent) });
		addSize(fields, video.frameWidth, video.frameHeight);
		all.push_back(std::move(fields));
	}
	return all;
}

std::vector<Fields> remoteAudio(const Stats &stats)
{
	std::vector<Fields> all;
	for (const auto &audio : stats.remoteAudio) {
		all.push_back({ { "userId", audio.userId.str() },
				{ "bytesReceived", whole(audio.bytesReceived) },
				{ "packetsReceived", whole(audio.packetsReceived) },
				{ "packetsLost", whole(audio.packetsLost) } });
		addDelay(all.back(), audio.end2EndDelay);
	}
	return all;
}

std::vector<Fields> remoteVideo(const Stats &stats)
{
	std::vector<Fields> all;
	for (const auto &video : stats.remoteVideo) {
		all.push_back({ { "userId", video.userId.str() },
				{ "streamType", toString(video.streamType) },
				{ "bytesReceived", whole(video.bytesReceived) },
				{ "packetsReceived", whole(video.packetsReceived) },
				{ "packetsLost", whole(video.packetsLost) },
				{ "framesReceived", whole(video.framesReceived) } });
		addSize(all.back(), video.frameWidth, video.frameHeight);
		addDelay(all.back(), video.end2EndDelay);
	}
	return all;
}

} // namespace

Fields statsFields(const Stats &stats, const Traffic &traffic, const UserId &self)
{
	Fields fields;
	if (stats.rtt)
		fields.push_back({ "rtt", oneDecimal(*stats.rtt) });
	if (!stats.downlinksRTT.empty())
		fields.push_back({ "downlinksRTT", downlinksRtt(stats) });
	fields.push_back({ "upKbps", oneDecimal(traffic.upKbps) });
	fields.push_back({ "downKbps", oneDecimal(traffic.downKbps) });
	if (traffic.lossPercent)
		fields.push_back({ "lossPercent", oneDecimal(*traffic.lossPercent) });
	fields.push_back({ "localAudio", localAudio(stats, self) });
	fields.push_back({ "localVideo", localVideo(stats, self) });
	fields.push_back({ "remoteAudio", remoteAudio(stats) });
	fields.push_back({ "remoteVideo", remoteVideo(stats) });
	return fields;
}

} // namespace trtc::cli
