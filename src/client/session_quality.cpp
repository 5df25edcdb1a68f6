// SPDX-License-Identifier: MIT
#include "client/session.h"

// How good the network is, every two seconds while in a room.
namespace trtc::client {

namespace {

using namespace std::chrono_literals;

constexpr auto kQualityPeriod = 2s; // the SDK's

} // namespace

void Session::startQuality()
{
	quality_.reset();
	qualityTimer_ = loop_.every(kQualityPeriod, [this] { tellQuality(); });
}

void Session::tellQuality()
{
	using LinkState = QualityMeter::LinkState;
	// As in the SDK, also while the media does without the signalling.
	const bool lost = connection_ == ConnectionState::Reconnecting;
	std::vector<QualityMeter::Downlink> downlinks;
	for (const auto &[user, remote] : remotes_) {
		const bool relinking = remote.phase == Remote::Phase::Relinking;
		if (!remote.link && !relinking)
			continue;
		QualityMeter::Downlink one { user.str(), LinkState::Up };
		if (relinking)
			one.state = LinkState::Down;
		else if (remote.phase == Remote::Phase::Starting)
			one.state = LinkState::None; // on its way
		const auto stats = relinking ? webrtc::PeerConnection::Stats {} : remote.link->stats();
		for (const auto &line : stats.lines) {
			one.received += line.packets;
			one.lost += line.lost;
		}
		one.roundTrip = stats.roundTrip;
		downlinks.push_back(std::move(one));
	}
	// What was watched before the room was lost is down as long as it is not back.
	if (lost && downlinks.empty() && quality_.last().downlink != 0)
		downlinks.push_back({ "", LinkState::Down });
	const bool down = lost || uplink_.phase == Uplink::Phase::Relinking;
	emit(quality_.sample(down ? LinkState::Down : published() ? LinkState::Up : LinkState::None, downlinks));
}

} // namespace trtc::client
