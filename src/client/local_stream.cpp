// SPDX-License-Identifier: MIT
#include "client/local_stream_impl.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace trtc {

LocalStream::Impl::Impl(MainLoop &ownerLoop, LocalStreamConfig streamConfig)
	: loop(ownerLoop), config(std::move(streamConfig))
{
}

LocalStream::Impl::~Impl()
{
	if (auto *borrower = std::exchange(user, nullptr))
		borrower->onStreamGone();
}

void LocalStream::Impl::stop()
{
	for (auto *each : { capture.get(), auxiliary.get() })
		if (each)
			each->stop();
}

void LocalStream::Impl::onCaptureFailed(const Error &error)
{
	if (user)
		user->onCaptureFailed(error);
	else
		spdlog::warn("source failed while nothing was published: {}", error.message);
}

void LocalStream::Impl::onCaptureEnded(const std::string &source)
{
	if (user)
		user->onCaptureEnded(source);
}

bool LocalStream::Impl::has(MediaKind kind) const
{
	return capture && (kind == MediaKind::Audio ? capture->hasAudio() : capture->hasVideo());
}

bool LocalStream::Impl::setMuted(MediaKind kind, bool muted)
{
	if (!has(kind))
		return false;
	(kind == MediaKind::Audio ? audioMuted : videoMuted) = muted;
	capture->setMuted(kind, muted);
	return true;
}

LocalStream::LocalStream(MainLoop &loop, LocalStreamConfig config)
	: impl_(std::make_unique<Impl>(loop, std::move(config)))
{
}

LocalStream::~LocalStream() = default;

void LocalStream::initialize()
{
	if (impl_->initialized())
		return;
	const auto &config = impl_->config;
	const bool main = config.audio.kind != SourceSpec::Kind::None || config.video.kind != SourceSpec::Kind::None;
	const bool auxiliary = config.auxiliary.kind != SourceSpec::Kind::None;
	if (!main && !auxiliary)
		throw Exception(ErrorCode::InvalidOperation,
				"there is nothing to publish: name a video, an audio or an auxiliary source");
	if (main)
		impl_->capture = media::Capture::create(impl_->loop, config, *impl_);
	if (auxiliary) {
		auto screen = config;
		screen.video = config.auxiliary;
		screen.videoProfile = config.auxiliaryProfile;
		screen.audio = {};
		impl_->auxiliary = media::Capture::create(impl_->loop, screen, *impl_);
	}
}

bool LocalStream::hasAudio() const noexcept { return impl_->has(MediaKind::Audio); }

bool LocalStream::hasVideo() const noexcept { return impl_->has(MediaKind::Video); }

bool LocalStream::hasAuxiliary() const noexcept { return impl_->auxiliary != nullptr; }

bool LocalStream::muteAudio() { return impl_->setMuted(MediaKind::Audio, true); }

bool LocalStream::unmuteAudio() { return impl_->setMuted(MediaKind::Audio, false); }

bool LocalStream::muteVideo() { return impl_->setMuted(MediaKind::Video, true); }

bool LocalStream::unmuteVideo() { return impl_->setMuted(MediaKind::Video, false); }

bool LocalStream::audioMuted() const noexcept { return impl_->audioMuted; }

bool LocalStream::videoMuted() const noexcept { return impl_->videoMuted; }

} // namespace trtc
