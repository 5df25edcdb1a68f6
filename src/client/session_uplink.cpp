// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace trtc::client {

namespace {

Error invalid(const char *message) { return { ErrorCode::InvalidOperation, message }; }

std::string codecOf(const Link::Sending &sending) { return sending.video ? toString(sending.codec) : "opus"; }

/// One event a stream: Published or Unpublished.
template <class E, class F>
void tellStreams(const Link::Sending &sending, F &&tell)
{
	if (sending.audio || sending.video)
		tell(E { StreamType::Main, sending.audio, sending.video, codecOf(sending) });
	if (sending.auxiliary)
		tell(E { StreamType::Auxiliary, false, true, toString(sending.codec) });
}

} // namespace

// ---- publishing ---------------------------------------------------------------------------

void Session::publish(LocalStream &stream, Done done) { publish(stream.impl(), std::move(done)); }

void Session::publish(LocalStream::Impl &impl, Done done)
{
	const char *obstacle = nullptr;
	if (state_ != State::Joined)
		obstacle = absence();
	else if (switching_)
		obstacle = "a switch of role is running";
	else if (config_.mode == Mode::Live && role_ == Role::Audience)
		obstacle = "an audience cannot publish: switch-role anchor first";
	else if (uplink_.phase == Uplink::Phase::Starting)
		obstacle = "a publish is running";
	else if (uplink_.phase == Uplink::Phase::Stopping)
		obstacle = "an unpublish is running";
	else if (published())
		obstacle = "already published: unpublish first";
	else if (!impl.initialized())
		obstacle = "the stream is not initialized";
	else if (impl.user)
		obstacle = "the stream is published by another client";
	if (obstacle)
		return complete(std::move(done), invalid(obstacle));

	uplink_.phase = Uplink::Phase::Starting;
	uplink_.stream = &impl;
	uplink_.sending = { impl.has(MediaKind::Audio), impl.has(MediaKind::Video), impl.auxiliary != nullptr,
			    impl.config.videoCodec };
	uplink_.done = std::move(done);
	impl.user = this;
	sendPublish();
}

void Session::sendPublish()
{
	const auto &impl = *uplink_.stream;
	driver_->send(signalling::Mute { impl.audioMuted, impl.videoMuted });
	const auto &sending = uplink_.sending;
	driver_->send(signalling::StartPublish { { sending.audio, sending.video, sending.auxiliary, sending.codec,
						   impl.config.videoProfile, impl.config.auxiliaryProfile,
						   impl.config.audioProfile } });
}

void Session::startUplink(const signalling::NeedOffer &need)
{
	if (uplink_.phase != Uplink::Phase::Starting && (uplink_.phase != Uplink::Phase::Relinking || uplink_.clearing))
		return;
	retire(uplink_.link); // a try that was given up
	Error error;
	uplink_.link = makeLink(need, error);
	if (!uplink_.link)
		return uplinkFailed(error, true);
	uplink_.link->offerToSend(uplink_.sending);
	if (!uplink_.link)
		return;
	for (const auto type : { StreamType::Main, StreamType::Auxiliary }) {
		const auto video = uplink_.link->sender(MediaKind::Video, type);
		if (!video)
			continue;
		video->onKeyframeRequest([this, weak = weak_from_this(), type] {
			const auto self = weak.lock();
			if (!self || uplink_.phase != Uplink::Phase::Up || !uplink_.stream)
				return;
			const auto &capture =
				type == StreamType::Main ? uplink_.stream->capture : uplink_.stream->auxiliary;
			if (capture)
				capture->requestKeyframe();
		});
	}
}

void Session::uplinkConnected()
{
	if (uplink_.phase == Uplink::Phase::Relinking)
		return uplinkBack();
	if (uplink_.phase != Uplink::Phase::Starting)
		return;
	uplink_.messages.clear();
	try {
		const auto &sending = uplink_.sending;
		const auto senderOf = [this](bool sent, MediaKind kind, StreamType type) {
			auto sender = sent ? uplink_.link->sender(kind, type) : nullptr;
			auto steady = sender ? std::make_shared<SteadySender>(sender->mLine()) : nullptr;
			if (steady)
				steady->use(std::move(sender));
			return steady;
		};
		uplink_.audio = senderOf(sending.audio, MediaKind::Audio, StreamType::Main);
		uplink_.video = senderOf(sending.video, MediaKind::Video, StreamType::Main);
		uplink_.auxiliary = senderOf(sending.auxiliary, MediaKind::Video, StreamType::Auxiliary);
		if (uplink_.audio)
			uplink_.tap = std::make_shared<media::SenderTap>(uplink_.audio);
		if (auto &main = uplink_.stream->capture)
			main->start(uplink_.tap, withMessages(uplink_.video));
		if (auto &auxiliary = uplink_.stream->auxiliary)
			auxiliary->start(nullptr, uplink_.auxiliary);
	} catch (const Exception &exception) {
		return uplinkFailed(exception.error(), true);
	}
	uplink_.phase = Uplink::Phase::Up;
	measureUplink();
	watchLinks();
	driver_->send(signalling::LinkConnected { uplink_.link->id() });
	tellStreams<Published>(uplink_.sending, [this](Event event) { emit(std::move(event)); });
	complete(std::exchange(uplink_.done, nullptr), Unit {});
}

void Session::uplinkFailed(const Error &error, bool tellService)
{
	if (published() && config_.reconnectTries > 0)
		return relinkUplink(error);
	const auto phase = uplink_.phase;
	auto done = std::exchange(uplink_.done, nullptr);
	dropUplink();
	if (phase == Uplink::Phase::Stopping)
		return complete(std::move(done), Unit {}); // what was asked for, if not in that way
	if (tellService)
		driver_->send(signalling::StopPublish {});
	if (phase == Uplink::Phase::Starting)
		complete(std::move(done), error);
	else
		emit(Failed { error, true });
}

void Session::dropUplink()
{
	const auto phase = std::exchange(uplink_.phase, Uplink::Phase::None);
	if (auto *stream = std::exchange(uplink_.stream, nullptr)) {
		stream->user = nullptr;
		stream->stop();
	}
	uplink_.tap.reset();
	uplink_.meter.reset();
	uplink_.relink.reset();
	uplink_.audio = uplink_.video = uplink_.auxiliary = nullptr;
	uplink_.messages.clear();
	retire(uplink_.link);
	if (phase == Uplink::Phase::Up || phase == Uplink::Phase::Relinking || phase == Uplink::Phase::Stopping)
		tellStreams<Unpublished>(uplink_.sending, [this](Event event) { emit(std::move(event)); });
}

void Session::unpublish(Done done)
{
	const char *obstacle = state_ != State::Joined			  ? absence()
			       : uplink_.phase == Uplink::Phase::None	  ? "nothing is published"
			       : uplink_.phase == Uplink::Phase::Starting ? "a publish is running"
			       : uplink_.phase == Uplink::Phase::Stopping ? "an unpublish is running"
									  : nullptr;
	if (obstacle)
		return complete(std::move(done), invalid(obstacle));
	uplink_.phase = Uplink::Phase::Stopping;
	uplink_.relink.reset();
	uplink_.done = std::move(done);
	uplink_.stream->stop();
	driver_->send(signalling::StopPublish {});
}

void Session::unpublishDone()
{
	if (uplink_.phase == Uplink::Phase::Relinking)
		return uplinkCleared();
	if (uplink_.phase != Uplink::Phase::Stopping)
		return;
	auto done = std::exchange(uplink_.done, nullptr);
	dropUplink();
	complete(std::move(done), Unit {});
}

void Session::muteChanged()
{
	if (state_ == State::Joined && uplink_.stream)
		driver_->send(signalling::Mute { uplink_.stream->audioMuted, uplink_.stream->videoMuted });
}

void Session::onCaptureFailed(const Error &error) { emit(Failed { error, true }); }

void Session::onCaptureEnded(const std::string &source) { emit(SourceEnded { source }); }

void Session::onStreamGone()
{
	if (std::exchange(comeback_.stream, nullptr))
		return; // it was to be published again
	spdlog::warn("a published stream was destroyed: it is unpublished");
	const auto phase = uplink_.phase;
	auto done = std::exchange(uplink_.done, nullptr);
	dropUplink();
	if (driver_ && phase != Uplink::Phase::Stopping)
		driver_->send(signalling::StopPublish {});
	complete(std::move(done), invalid("the stream was destroyed"));
}

// ---- the role -----------------------------------------------------------------------------

void Session::switchRole(Role role, Done done)
{
	// Without a change of role it hands in a new ticket, which even a call has a use for.
	const bool renewal = role == role_ && ticketToShow_;
	const char *obstacle = state_ != State::Joined ? absence()
			       : config_.mode != Mode::Live && !renewal
				       ? "roles are for live mode: in rtc mode everybody is an anchor"
			       : switching_ ? "a switch of role is running"
					    : nullptr;
	if (obstacle)
		return complete(std::move(done), invalid(obstacle));
	if (role == role_ && !renewal)
		return complete(std::move(done), Unit {});
	if (!renewal && role == Role::Audience && uplink_.phase != Uplink::Phase::None) {
		const auto phase = uplink_.phase;
		auto pending = std::exchange(uplink_.done, nullptr);
		dropUplink();
		if (phase != Uplink::Phase::Stopping)
			driver_->send(signalling::StopPublish {});
		if (phase == Uplink::Phase::Stopping)
			complete(std::move(pending), Unit {});
		else
			complete(std::move(pending), invalid("the role was switched to audience before this was done"));
	}
	switching_ = role;
	roleDone_ = std::move(done);
	ticketToShow_ = false;
	driver_->send(signalling::SwitchRole { role, options_.privateMapKey });
}

void Session::updatePrivateMapKey(std::string privateMapKey)
{
	if (privateMapKey.empty())
		throw Exception(ErrorCode::InvalidParameter, "the PrivateMapKey is empty");
	options_.privateMapKey = std::move(privateMapKey);
	ticketToShow_ = true;
}

void Session::roleDone(const Status &status)
{
	if (!switching_)
		return;
	const auto role = *std::exchange(switching_, std::nullopt);
	if (status && role != role_)
		emit(RoleSwitched { role, std::exchange(role_, role) });
	complete(std::exchange(roleDone_, nullptr), status);
}

} // namespace trtc::client
