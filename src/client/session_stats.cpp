// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <utility>

// What the session knows of its media, in figures.
namespace trtc::client {

namespace {

using namespace std::chrono_literals;

double toMilliseconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; }

} // namespace

void Session::addTotals(Totals &totals, const Link &link)
{
	for (const auto &line : link.stats().lines) {
		(line.sending ? totals.bytesSent : totals.bytesReceived) += line.bytes;
		if (line.sending)
			continue;
		totals.packetsReceived += line.packets;
		totals.packetsLost += line.lost;
	}
}

void Session::startMeter()
{
	meter_.reset(std::chrono::steady_clock::now(), totals());
	meterTimer_ = loop_.every(1s, [this] {
		webrtc::PeerConnection::Stats up;
		if (uplink_.link && !uplink_.link->closed())
			up = uplink_.link->stats();
		meter_.sample(std::chrono::steady_clock::now(), totals(), up.roundTrip, up.sendLoss);
	});
}

/// What the links of the past have carried, and those of today.
Totals Session::totals() const
{
	auto sum = retiredTotals_;
	if (uplink_.link)
		addTotals(sum, *uplink_.link);
	for (const auto &[user, remote] : remotes_)
		if (remote.link)
			addTotals(sum, *remote.link);
	return sum;
}

Traffic Session::traffic() const
{
	auto traffic = meterTimer_ ? meter_.last() : Traffic {};
	const auto sum = totals();
	traffic.bytesSent = sum.bytesSent;
	traffic.bytesReceived = sum.bytesReceived;
	return traffic;
}

void Session::stats(std::function<void(const Stats &)> done)
{
	enqueue([this, done = std::move(done)] { done(collect()); });
}

Stats Session::collect() const
{
	Stats stats;
	if (published() && uplink_.link)
		collectUplink(stats);
	for (const auto &[user, remote] : remotes_)
		if (remote.link && remote.phase != Remote::Phase::Starting)
			collectRemote(stats, user, remote);
	return stats;
}

void Session::collectUplink(Stats &stats) const
{
	const auto told = uplink_.link->stats();
	if (told.roundTrip)
		stats.rtt = toMilliseconds(*told.roundTrip);
	for (const auto &line : told.lines) {
		const auto *track = uplink_.link->mapped(line.mLine);
		if (!track || track->small)
			continue;
		if (track->kind == MediaKind::Audio) {
			stats.localAudio = { line.bytes, line.packets };
			continue;
		}
		const auto &capture =
			track->streamType == StreamType::Main ? uplink_.stream->capture : uplink_.stream->auxiliary;
		const auto picture = capture ? capture->videoFigures() : media::Capture::VideoFigures {};
		stats.localVideo.push_back({ track->streamType, line.bytes, line.packets, picture.framesEncoded,
					     line.frames, picture.width, picture.height });
	}
}

void Session::collectRemote(Stats &stats, const UserId &user, const Remote &remote) const
{
	const auto told = remote.link->stats();
	if (told.roundTrip)
		stats.downlinksRTT.push_back({ user, toMilliseconds(*told.roundTrip) });
	std::optional<std::int64_t> audioDelay, videoDelay;
	if (remote.delay) {
		audioDelay = remote.delay->audio.count();
		videoDelay = remote.delay->video.count();
	}
	for (const auto &line : told.lines) {
		const auto *track = remote.link->mapped(line.mLine);
		if (!track || track->userId != user)
			continue;
		const auto &stream = track->streamType == StreamType::Main ? remote.main : remote.auxiliary;
		if (!stream || !stream->subscribed())
			continue;
		if (track->kind == MediaKind::Audio) {
			if (remote.wishes.audio)
				stats.remoteAudio.push_back({ user, line.bytes, line.packets, line.lost, audioDelay });
			continue;
		}
		if (track->streamType == StreamType::Main && !remote.wishes.video)
			continue;
		const auto &picture = stream->picture();
		stats.remoteVideo.push_back({ user, track->streamType, line.bytes, line.packets, line.lost,
					      picture.frames, picture.width, picture.height,
					      track->streamType == StreamType::Main ? videoDelay : std::nullopt });
	}
}

} // namespace trtc::client
