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

void LocalStream::Impl::onSourceLost(const SourceLost &event)
{
	if (user)
		user->onSourceEvent(event);
}

void LocalStream::Impl::onDeviceRecovered(const DeviceRecovered &event)
{
	if (user)
		user->onSourceEvent(event);
}

bool LocalStream::Impl::setMuted(MediaKind kind, bool muted)
{
	const bool present = capture && (kind == MediaKind::Audio ? capture->hasAudio() : capture->hasVideo());
	if (!present)
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
	if (impl_->capture)
		return;
	if (impl_->config.audio.kind == SourceSpec::Kind::None && impl_->config.video.kind == SourceSpec::Kind::None)
		throw Exception(ErrorCode::InvalidOperation,
				"there is nothing to publish: name a video or an audio source");
	impl_->capture = media::Capture::create(impl_->loop, impl_->config, *impl_);
}

void LocalStream::replace(MediaKind kind, const SourceSpec &spec, Done done)
{
	if (impl_->capture)
		return impl_->capture->replace(kind, spec, std::move(done));
	impl_->loop.post([done = std::move(done)] {
		done(Error { ErrorCode::InvalidOperation, "the stream is not initialized" });
	});
}

bool LocalStream::hasAudio() const noexcept { return impl_->capture && impl_->capture->hasAudio(); }

bool LocalStream::hasVideo() const noexcept { return impl_->capture && impl_->capture->hasVideo(); }

bool LocalStream::muteAudio() { return impl_->setMuted(MediaKind::Audio, true); }

bool LocalStream::unmuteAudio() { return impl_->setMuted(MediaKind::Audio, false); }

bool LocalStream::muteVideo() { return impl_->setMuted(MediaKind::Video, true); }

bool LocalStream::unmuteVideo() { return impl_->setMuted(MediaKind::Video, false); }

bool LocalStream::audioMuted() const noexcept { return impl_->audioMuted; }

bool LocalStream::videoMuted() const noexcept { return impl_->videoMuted; }

} // namespace trtc
