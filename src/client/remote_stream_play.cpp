// SPDX-License-Identifier: MIT
#include "client/remote_stream.h"

#include "media/sinks/outputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

// What a remote stream does with decoded media: playing, snapshots, volume.
namespace trtc::client {

namespace {

constexpr std::chrono::seconds kAskAgain { 1 }; // for the keyframe of a snapshot

std::string sinksOf(const PlayOptions &options)
{
	std::string out;
	const auto add = [&](bool wanted, const char *name) {
		if (wanted)
			out += fmt::format("{}{}", out.empty() ? "" : ",", name);
	};
	add(options.window != nullptr, "window");
	add(options.picture != nullptr, "picture");
	add(options.sound, "sound");
	return out;
}

} // namespace

std::string RemoteStreamImpl::name() const
{
	return fmt::format("{} stream of {}", toString(info_.streamType), info_.userId.str());
}

// ---- playing ------------------------------------------------------------------------------

void RemoteStreamImpl::play(const PlayOptions &options)
{
	// As with recording: it ended, and StreamRemoved is on its way.
	if (!owner_)
		return;
	if (!options.any())
		throw Exception(
			ErrorCode::InvalidOperation,
			fmt::format("no output to play the {} on: name a window, a sound card or a handler", name()));
	auto ear = std::make_shared<PlayerEar>(this);
	auto player = factories_.player(loop_, { name(), options, latency_ }, *ear);
	finishPlaying("restarted");
	playerEar_ = std::move(ear);
	player_ = std::move(player);
	playSinks_ = sinksOf(options);
	if (subscribed_)
		owner_->onKeyframeWanted(*this);
}

void RemoteStreamImpl::stopPlaying() { finishPlaying("stopped"); }

/// The player may be the caller: it goes when the stack is clear.
void RemoteStreamImpl::finishPlaying(const std::string &reason)
{
	if (!player_)
		return;
	playerEar_->stream = nullptr;
	// The ear is the last to go.
	loop_.post([ear = std::move(playerEar_), player = std::move(player_)]() mutable { player.reset(); });
	playerEar_.reset();
	player_.reset();
	if (std::exchange(playTold_, false) && owner_)
		owner_->onStreamEvent(PlayStopped { info_.userId, info_.streamType, reason });
}

void RemoteStreamImpl::PlayerEar::onPlayerStarted()
{
	if (!stream)
		return;
	stream->playTold_ = true;
	if (stream->owner_)
		stream->owner_->onStreamEvent(
			PlayStarted { stream->info_.userId, stream->info_.streamType, stream->playSinks_ });
}

void RemoteStreamImpl::PlayerEar::onPlayerNeedsKeyframe()
{
	if (stream && stream->owner_)
		stream->owner_->onKeyframeWanted(*stream);
}

void RemoteStreamImpl::PlayerEar::onPlayerClosed()
{
	if (stream)
		stream->finishPlaying("window-closed");
}

void RemoteStreamImpl::PlayerEar::onPlayerFailed(const Error &error, bool over)
{
	if (stream && stream->owner_)
		stream->owner_->onStreamEvent(Failed { error, true });
	if (stream && over)
		stream->finishPlaying("failed");
}

// ---- snapshots ----------------------------------------------------------------------------

void RemoteStreamImpl::snapshot(const std::string &path, SnapshotDone done)
{
	const auto refuse = [&](ErrorCode code, std::string message) {
		loop_.post([done, error = Error { code, std::move(message) }] { done(error); });
	};
	if (!owner_)
		return refuse(ErrorCode::RemoteStreamNotExist, fmt::format("the {} has ended", name()));
	if (taker_)
		return refuse(ErrorCode::InvalidOperation,
			      fmt::format("a snapshot of the {} is being taken: wait for it", name()));
	if (!info_.hasVideo)
		return refuse(ErrorCode::InvalidOperation, fmt::format("the {} has no video for a snapshot", name()));
	if (videoMuted_)
		return refuse(ErrorCode::InvalidOperation,
			      fmt::format("the video of the {} is muted: it has no picture for a snapshot", name()));
	if (!subscribed_)
		return refuse(ErrorCode::InvalidOperation,
			      fmt::format("the {} is not subscribed: subscribe {} first", name(), info_.userId.str()));
	try {
		auto asked = std::make_shared<bool>(true);
		taker_ = factories_.snapshot(loop_, path, [this, weak = std::weak_ptr(asked)](Result<Snapshot> result) {
			if (weak.lock())
				finishSnapshot(std::move(result));
		});
		takerAsked_ = std::move(asked);
	} catch (const Exception &exception) {
		return refuse(exception.error().code, exception.error().message);
	}
	snapshotDone_ = std::move(done);
	owner_->onKeyframeWanted(*this);
	// A request may be lost, or come so soon after a keyframe that the publisher lets it pass.
	snapshotTimer_ = loop_.every(kAskAgain, [this] {
		if (owner_ && subscribed_)
			owner_->onKeyframeWanted(*this);
	});
}

void RemoteStreamImpl::finishSnapshot(Result<Snapshot> result)
{
	if (!taker_)
		return;
	snapshotTimer_.reset();
	takerAsked_.reset();
	loop_.post([taker = std::move(taker_)] {});
	taker_.reset();
	if (result && owner_)
		owner_->onStreamEvent(SnapshotSaved { info_.userId, result.value().path, result.value().width,
						      result.value().height });
	loop_.post([done = std::exchange(snapshotDone_, nullptr), result = std::move(result)] { done(result); });
}

// ---- volume -------------------------------------------------------------------------------

void RemoteStreamImpl::measureVolume(bool on)
{
	measured_[0] = on;
	changeMeter();
}

void RemoteStreamImpl::evaluateVolume(bool on)
{
	measured_[1] = on;
	changeMeter();
}

void RemoteStreamImpl::changeMeter()
{
	const bool wanted = (measured_[0] || measured_[1]) && info_.streamType == StreamType::Main;
	if (!wanted || meter_ || !owner_) {
		if (!wanted)
			meter_.reset();
		return;
	}
	try {
		meter_ = factories_.meter();
	} catch (const Exception &exception) {
		spdlog::warn("the volume of the {} is not measured: {}", name(), exception.error().message);
	}
}

int RemoteStreamImpl::readVolume(std::size_t reader)
{
	const int volume = meter_ ? meter_->take() : 0;
	for (auto &loudest : loudest_)
		loudest = std::max(loudest, volume);
	return std::exchange(loudest_[reader], 0);
}

} // namespace trtc::client

namespace trtc {

Result<std::shared_ptr<WindowSystem>> WindowSystem::open() { return media::openWindowSystem(); }

Status checkSound(const std::string &device) { return media::checkSoundSink(device); }

} // namespace trtc
