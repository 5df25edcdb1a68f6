// SPDX-License-Identifier: MIT
#include "client/local_stream_impl.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace trtc {

namespace {

/// The auxiliary stream as a stream of its own.
LocalStreamConfig auxiliaryOf(LocalStreamConfig config)
{
	config.video = config.auxiliary;
	config.videoProfile = config.auxiliaryProfile;
	config.audio = {};
	return config;
}

} // namespace

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
	if (auxiliary)
		impl_->auxiliary = media::Capture::create(impl_->loop, auxiliaryOf(config), *impl_);
}

std::vector<TrackPlan> LocalStream::plan() const
{
	auto tracks = media::Capture::plan(impl_->loop, impl_->config);
	if (impl_->config.auxiliary.kind != SourceSpec::Kind::None)
		for (auto &track : media::Capture::plan(impl_->loop, auxiliaryOf(impl_->config))) {
			track.streamType = StreamType::Auxiliary;
			tracks.push_back(std::move(track));
		}
	return tracks;
}

void LocalStream::replace(MediaKind kind, const SourceSpec &spec, Done done)
{
	if (impl_->capture)
		return impl_->capture->replace(kind, spec, std::move(done));
	impl_->loop.post([done = std::move(done)] {
		done(Error { ErrorCode::InvalidOperation, "the main stream is not there" });
	});
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
