// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace trtc::client {

namespace {

using namespace std::chrono_literals;

constexpr auto kShortestInterval = 16ms; // the SDK's

} // namespace

void Session::enableAudioVolumeEvaluation(std::chrono::milliseconds interval)
{
	volumeTimer_.reset();
	if (interval > 0ms && !shutDown_)
		volumeTimer_ = loop_.every(std::max(interval, kShortestInterval), [this] { tellVolumes(); });
	for (const auto &[user, remote] : remotes_)
		if (remote.main)
			remote.main->evaluateVolume(static_cast<bool>(volumeTimer_));
	measureUplink();
}

void Session::measureUplink()
{
	if (!uplink_.tap)
		return;
	uplink_.tap->listen(nullptr);
	uplink_.meter.reset();
	if (!volumeTimer_ || !uplink_.sending.audio)
		return;
	try {
		uplink_.meter = factories_.meter();
		uplink_.tap->listen(uplink_.meter->input());
	} catch (const Exception &exception) {
		spdlog::warn("the volume of this agent is not measured: {}", exception.error().message);
	}
}

/// By the SDK's rule: the local user first.
void Session::tellVolumes()
{
	if (state_ != State::Joined)
		return;
	if (uplink_.phase == Uplink::Phase::Up && uplink_.meter)
		emit(AudioVolume { config_.userId, uplink_.meter->take() });
	for (const auto &[user, remote] : remotes_) {
		if (!remote.main || !remote.main->subscribed() || !remote.main->info().hasAudio)
			continue;
		const int volume = remote.main->takeEvaluation();
		emit(AudioVolume { user, volume });
	}
}

} // namespace trtc::client
