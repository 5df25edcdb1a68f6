// SPDX-License-Identifier: MIT
#include "client/local_stream_impl.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace trtc {

namespace {

/// The auxiliary stream as a stream of its own.
LocalStreamConfig auxiliaryOf(LocalStreamConfig config)
{
	config.video = config.auxiliary;
	config.videoProfile = config.auxiliaryProfile;
	config.videoProfileAsked = config.auxiliaryProfileAsked;
	config.audio = {};
	config.smallProfile.reset();
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

void LocalStream::Impl::complete()
{
	auto empty = config;
	for (auto *source : { &empty.video, &empty.audio, &empty.auxiliary })
		*source = SourceSpec {};
	if (!capture)
		capture = media::Capture::create(loop, empty, *this);
	if (!auxiliary)
		auxiliary = media::Capture::create(loop, auxiliaryOf(empty), *this);
}

void LocalStream::Impl::later(Done done, Status status)
{
	loop.post([done = std::move(done), status = std::move(status)] { done(status); });
}

void LocalStream::Impl::change(bool add, MediaKind kind, StreamType type, const SourceSpec &spec, Done done)
{
	const bool isAuxiliary = type == StreamType::Auxiliary, audio = kind == MediaKind::Audio;
	const auto what = std::string(isAuxiliary ? "auxiliary " : "") + toString(kind);
	const bool there = isAuxiliary ? hasAuxiliary() && !audio : has(kind);
	const bool begins = isAuxiliary ? !there : !has(MediaKind::Audio) && !has(MediaKind::Video);
	const int tracks = has(MediaKind::Audio) + has(MediaKind::Video) + hasAuxiliary();
	std::string obstacle;
	if (!initialized())
		obstacle = "the stream is not initialized";
	else if (isAuxiliary && audio)
		obstacle = "the auxiliary stream has no audio";
	else if (add && there)
		obstacle = "it exists already";
	else if (!add && !there)
		obstacle = "it does not exist";
	else if (!add && tracks == 1)
		obstacle = "it is the only track: use unpublish, or add another track first";
	else if (changing)
		obstacle = "another change of tracks is running";
	else if (const char *why =
			 user ? user->trackObstacle(add && begins ? std::optional(type) : std::nullopt) : nullptr)
		obstacle = why;
	if (!obstacle.empty())
		return later(std::move(done),
			     Error { ErrorCode::InvalidOperation,
				     fmt::format("{} cannot be {}: {}", what, add ? "added" : "removed", obstacle) });
	changing = true;
	complete();
	auto &where = *captureOf(type);
	if (!add) {
		where.remove(kind);
		const bool mutes = !isAuxiliary && std::exchange(audio ? audioMuted : videoMuted, false);
		return tellChange(mutes, std::move(done));
	}
	where.add(kind, spec, [this, kind, type, weak = std::weak_ptr(alive), done = std::move(done)](Status status) {
		if (weak.expired())
			return;
		if (!status) {
			changing = false;
			return done(status);
		}
		tellChange(false, [this, kind, type, weak, done](const Status &told) {
			// The room does not want it.
			if (!weak.expired() && !told && captureOf(type))
				captureOf(type)->remove(kind);
			done(told);
		});
	});
}

void LocalStream::Impl::tellChange(bool mutes, Done done)
{
	auto told = [this, weak = std::weak_ptr(alive), done = std::move(done)](const Status &status) {
		if (!weak.expired())
			changing = false;
		done(status);
	};
	if (user)
		user->onTracksChanged(mutes, std::move(told));
	else
		later(std::move(told), Unit {});
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
				"nothing to publish: name a video, an audio or an auxiliary source");
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

void LocalStream::replace(MediaKind kind, const SourceSpec &spec, Done done, StreamType type)
{
	if (auto *capture = impl_->captureOf(type))
		return capture->replace(kind, spec, std::move(done));
	impl_->later(std::move(done), Error { ErrorCode::InvalidOperation,
					      fmt::format("the {} stream does not exist", toString(type)) });
}

void LocalStream::addTrack(MediaKind kind, const SourceSpec &spec, Done done, StreamType type)
{
	impl_->change(true, kind, type, spec, std::move(done));
}

void LocalStream::removeTrack(MediaKind kind, Done done, StreamType type)
{
	impl_->change(false, kind, type, {}, std::move(done));
}

bool LocalStream::hasAudio() const noexcept { return impl_->has(MediaKind::Audio); }

bool LocalStream::hasVideo() const noexcept { return impl_->has(MediaKind::Video); }

bool LocalStream::hasSmallVideo() const noexcept { return impl_->hasSmall(); }

bool LocalStream::hasAuxiliary() const noexcept { return impl_->hasAuxiliary(); }

bool LocalStream::muteAudio() { return impl_->setMuted(MediaKind::Audio, true); }

bool LocalStream::unmuteAudio() { return impl_->setMuted(MediaKind::Audio, false); }

bool LocalStream::muteVideo() { return impl_->setMuted(MediaKind::Video, true); }

bool LocalStream::unmuteVideo() { return impl_->setMuted(MediaKind::Video, false); }

bool LocalStream::audioMuted() const noexcept { return impl_->audioMuted; }

bool LocalStream::videoMuted() const noexcept { return impl_->videoMuted; }

} // namespace trtc
