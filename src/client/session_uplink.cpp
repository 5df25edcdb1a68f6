// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::client {

namespace {

Error invalid(const char *message) { return { ErrorCode::InvalidOperation, message }; }

std::string codecOf(const Link::Sending &sending) { return sending.video ? toString(sending.codec) : "opus"; }

Link::Sending sendingOf(const LocalStream::Impl &stream)
{
	return { stream.has(MediaKind::Audio), stream.has(MediaKind::Video), stream.hasSmall(), stream.hasAuxiliary(),
		 stream.config.videoCodec };
}

signalling::PublishInfo infoOf(const LocalStream::Impl &stream)
{
	const auto sending = sendingOf(stream);
	const auto &config = stream.config;
	signalling::PublishInfo info;
	info.audio = sending.audio;
	info.video = sending.video;
	info.small = sending.small;
	info.auxiliary = sending.auxiliary;
	info.codec = sending.codec;
	info.videoProfile = config.videoProfile;
	if (config.smallProfile)
		info.smallProfile = smallVideoProfile(config.videoProfile, *config.smallProfile);
	info.auxiliaryProfile = config.auxiliaryProfile;
	info.audioProfile = config.audioProfile;
	return info;
}

constexpr const char *kAuxiliaryTaken =
	"another user publishes an auxiliary stream, and a room has only one: wait until that stream ends";

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
		obstacle = "a role switch is running";
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
	else if (impl.hasAuxiliary() && auxiliaryTaken())
		obstacle = kAuxiliaryTaken;
	if (obstacle)
		return complete(std::move(done), invalid(obstacle));

	uplink_.phase = Uplink::Phase::Starting;
	uplink_.stream = &impl;
	impl.complete();
	uplink_.sending = sendingOf(impl);
	uplink_.done = std::move(done);
	impl.user = this;
	sendPublish();
}

void Session::sendPublish()
{
	const auto &impl = *uplink_.stream;
	driver_->send(signalling::Mute { impl.audioMuted, impl.videoMuted });
	driver_->send(signalling::StartPublish { infoOf(impl) });
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
	const auto answerKeyframes = [this](StreamType type, bool small) {
		const auto video = uplink_.link->sender(MediaKind::Video, type, small);
		if (!video)
			return;
		// Of two requests in one packet rtpsession 1.22 lets the first one through only (it counts them by who sends
		// them, not by what they are for): the picture of the other stream would come a second or two later. So
		// each is one for all of them.
		video->onKeyframeRequest([this, weak = weak_from_this()] {
			const auto self = weak.lock();
			if (!self || uplink_.phase != Uplink::Phase::Up || !uplink_.stream)
				return;
			uplink_.stream->capture->requestKeyframe();
			uplink_.stream->capture->requestSmallKeyframe();
			uplink_.stream->auxiliary->requestKeyframe();
		});
	};
	answerKeyframes(StreamType::Main, false);
	answerKeyframes(StreamType::Main, true);
	answerKeyframes(StreamType::Auxiliary, false);
}

void Session::uplinkConnected()
{
	if (uplink_.phase == Uplink::Phase::Relinking)
		return uplinkBack();
	if (uplink_.phase != Uplink::Phase::Starting)
		return;
	uplink_.messages.clear();
	try {
		// All of them: tracks may be added later.
		const auto steady = [this](MediaKind kind, StreamType type, bool small) {
			auto sender = uplink_.link->sender(kind, type, small);
			auto made = sender ? std::make_shared<SteadySender>(sender->mLine()) : nullptr;
			if (made)
				made->use(std::move(sender));
			return made;
		};
		uplink_.audio = steady(MediaKind::Audio, StreamType::Main, false);
		uplink_.video = steady(MediaKind::Video, StreamType::Main, false);
		uplink_.small = steady(MediaKind::Video, StreamType::Main, true);
		uplink_.auxiliary = steady(MediaKind::Video, StreamType::Auxiliary, false);
		if (uplink_.audio)
			uplink_.tap = std::make_shared<media::SenderTap>(uplink_.audio);
		uplink_.stream->capture->start(uplink_.tap, withMessages(uplink_.video),
					       uplink_.stream->config.smallProfile ? withMessages(uplink_.small)
										   : uplink_.small);
		uplink_.stream->auxiliary->start(nullptr, uplink_.auxiliary);
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
	if (auto changed = std::exchange(uplink_.changeDone, nullptr)) {
		// The stream has it; the next publication will tell the room.
		uplink_.sending = uplink_.before;
		complete(std::move(changed), Unit {});
	}
	if (auto *stream = std::exchange(uplink_.stream, nullptr)) {
		stream->user = nullptr;
		stream->stop();
	}
	uplink_.tap.reset();
	uplink_.meter.reset();
	uplink_.relink.reset();
	uplink_.audio = uplink_.video = uplink_.small = uplink_.auxiliary = nullptr;
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

// ---- other tracks -------------------------------------------------------------------------

bool Session::auxiliaryTaken() const
{
	return std::any_of(remotes_.begin(), remotes_.end(),
			   [](const auto &entry) { return entry.second.auxiliary != nullptr; });
}

const char *Session::trackObstacle(std::optional<StreamType> added) const
{
	if (uplink_.phase == Uplink::Phase::Starting)
		return "a publish is running";
	if (uplink_.phase == Uplink::Phase::Stopping)
		return "an unpublish is running";
	return added == StreamType::Auxiliary && auxiliaryTaken() ? kAuxiliaryTaken : nullptr;
}

void Session::onTracksChanged(bool mutes, Done done)
{
	if (uplink_.phase != Uplink::Phase::Up && uplink_.phase != Uplink::Phase::Relinking)
		return complete(std::move(done), Unit {}); // the next publication tells it
	uplink_.before = std::exchange(uplink_.sending, sendingOf(*uplink_.stream));
	uplink_.changeDone = std::move(done);
	measureUplink();
	if (uplink_.phase == Uplink::Phase::Up)
		sendTracks();
	// After the change: whoever sees a muted track go must not see it unmuted first.
	if (mutes)
		muteChanged();
}

void Session::sendTracks() { driver_->send(signalling::ChangePublish { infoOf(*uplink_.stream) }); }

void Session::publishChanged(const Status &status)
{
	auto done = std::exchange(uplink_.changeDone, nullptr);
	if (!done)
		return;
	const auto &before = uplink_.before, &now = uplink_.sending;
	if (status) {
		const auto main = [](const Link::Sending &one) { return one.audio || one.video; };
		const auto tell = [this](Event event) { emit(std::move(event)); };
		Link::Sending begun = now, over = before;
		if (!main(now) || (now.audio == before.audio && now.video == before.video))
			begun.audio = begun.video = false;
		if (main(now))
			over.audio = over.video = false;
		begun.auxiliary = now.auxiliary && !before.auxiliary;
		over.auxiliary = before.auxiliary && !now.auxiliary;
		tellStreams<Unpublished>(over, tell);
		tellStreams<Published>(begun, tell);
	} else {
		uplink_.sending = before;
		measureUplink();
	}
	complete(std::move(done), status);
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
				       ? "roles exist only in live mode: in rtc mode every user is an anchor"
			       : switching_ ? "a role switch is running"
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
