// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::client {

namespace {

Error nothingThere(const UserId &user)
{
	return { ErrorCode::RemoteStreamNotExist,
		 fmt::format("user \"{}\" has no stream in this room; the command streams lists all streams",
			     user.str()) };
}

bool sameInfo(const StreamInfo &a, const StreamInfo &b) noexcept
{
	return a.hasAudio == b.hasAudio && a.hasVideo == b.hasVideo && a.hasSmallVideo == b.hasSmallVideo;
}

} // namespace

// ---- what they publish --------------------------------------------------------------------

void Session::onPublication(const signalling::RemotePublication &publication)
{
	if (state_ != State::Joined)
		return;
	const auto &user = publication.userId;
	const bool hasMain = publication.audio || publication.video || publication.smallVideo;
	if (!hasMain && !publication.auxVideo)
		return closeRemote(
			user, "stream-removed",
			{ ErrorCode::RemoteStreamNotExist, fmt::format("{} stopped publishing", user.str()) });
	auto &remote = remotes_[user];
	if (!hasMain && remote.main) {
		removeStream(remote.main, "stream-removed");
		remote.audible.reset();
		remote.visible.reset();
	}
	if (!publication.auxVideo && remote.auxiliary)
		removeStream(remote.auxiliary, "stream-removed");

	bool added = false;
	if (hasMain) {
		const StreamInfo info { user, StreamType::Main, publication.audio, publication.video,
					publication.smallVideo };
		if (!remote.main) {
			remote.main = addStream(remote, info);
			added = true;
		} else if (!sameInfo(remote.main->info(), info)) {
			remote.main->setInfo(info);
			emit(StreamUpdated { info });
		}
		tellMutes(user, remote, publication);
	}
	if (publication.auxVideo && !remote.auxiliary) {
		remote.auxiliary = addStream(remote, { user, StreamType::Auxiliary, false, true, false });
		added = true;
	}
	const bool idle = remote.phase == Remote::Phase::Idle && remote.operations.empty();
	if (added && restoreWishes(user, remote))
		return;
	if (added && idle && config_.autoSubscribe && !remote.unwanted && !tooMany(user)) {
		remote.operations.push_back({ true, SubscribeOptions {}, nullptr, true });
		nextOperation(user);
	}
}

/// Each is a connection with threads of its own, and the list is the service's.
bool Session::tooMany(const UserId &user) const
{
	const auto subscribed = std::count_if(remotes_.begin(), remotes_.end(), [](const auto &entry) {
		return entry.second.phase != Remote::Phase::Idle || !entry.second.operations.empty();
	});
	if (subscribed < kMostAutomatic)
		return false;
	spdlog::warn("{} is not subscribed automatically: {} users are, which is the limit; unsubscribe from some, or "
		     "use subscribe {}",
		     user.str(), subscribed, user.str());
	return true;
}

/// Connections are made no faster than they end, whatever the service's lists say.
bool Session::takeLinkTurn()
{
	const auto now = std::chrono::steady_clock::now();
	const std::chrono::duration<double> since = now - linkTurnsAt_;
	linkTurns_ = std::min<double>(kLinkBurst, linkTurns_ + since.count() * kLinksPerSecond);
	linkTurnsAt_ = now;
	if (retiredLinks_ >= kMostRetiredLinks || linkTurns_ < 1)
		return false;
	linkTurns_ -= 1;
	return true;
}

void Session::awaitLinkTurn()
{
	if (linkTurnTimer_)
		return;
	linkTurnTimer_ = loop_.after(kLinkTurnPeriod, [this] {
		linkTurnTimer_.reset();
		std::vector<UserId> waiting;
		for (const auto &[user, remote] : remotes_)
			if (!remote.running && !remote.operations.empty())
				waiting.push_back(user);
		for (const auto &user : waiting)
			nextOperation(user);
	});
}

std::shared_ptr<RemoteStreamImpl> Session::addStream(Remote &remote, const StreamInfo &info)
{
	auto stream = std::make_shared<RemoteStreamImpl>(
		loop_, factories_, static_cast<RemoteStreamImpl::Owner &>(*this), options_.room, info);
	stream->setLatency(config_.latency);
	stream->evaluateVolume(static_cast<bool>(volumeTimer_));
	announce(stream);
	// The link of this user carries all their streams: a later one is subscribed as it comes.
	const bool wanted = info.streamType == StreamType::Main ? remote.wishes.audio || remote.wishes.video
								: remote.wishes.auxiliary;
	if (remote.phase == Remote::Phase::Up && wanted)
		applyWish(stream, true, {}, std::chrono::steady_clock::now());
	return stream;
}

void Session::removeStream(std::shared_ptr<RemoteStreamImpl> &stream, const std::string &reason)
{
	if (const auto found = remotes_.find(stream->info().userId); found != remotes_.end())
		keepIfBroken(found->second, *stream);
	auto removed = std::exchange(stream, nullptr);
	removed->finish(reason);
	removed->unsubscribe();
	removed->detach();
	withdraw(std::move(removed));
}

/// By the SDK's rule: on first sight one event a kind, later when "published and not muted" changes.
void Session::tellMutes(const UserId &user, Remote &remote, const signalling::RemotePublication &publication)
{
	const auto tell = [&](MediaKind kind, std::optional<bool> &known, bool effective) {
		if (known != effective) {
			known = effective;
			emit(MuteChanged { user, kind, !effective });
		}
	};
	tell(MediaKind::Video, remote.visible, publication.video && !publication.videoMuted);
	tell(MediaKind::Audio, remote.audible, publication.audio && !publication.audioMuted);
	if (remote.main)
		remote.main->setVideoMuted(publication.videoMuted);
}

void Session::closeRemote(const UserId &user, const std::string &reason, const Error &error)
{
	const auto found = remotes_.find(user);
	if (found == remotes_.end())
		return;
	auto &remote = found->second;
	for (auto *stream : { &remote.main, &remote.auxiliary }) {
		if (*stream)
			removeStream(*stream, reason);
	}
	for (auto &operation : remote.operations) {
		// Gone is what an unsubscribe asks for.
		if (operation.subscribe)
			complete(std::move(operation.done), error);
		else
			complete(std::move(operation.done), Unit {});
	}
	retire(remote.link);
	remotes_.erase(found);
}

// ---- subscribing --------------------------------------------------------------------------

void Session::subscribe(const UserId &user, const SubscribeOptions &options, Done done)
{
	if (state_ != State::Joined)
		return complete(std::move(done), Error { ErrorCode::InvalidOperation, absence() });
	if (!options.any())
		return complete(std::move(done),
				Error { ErrorCode::InvalidParameter,
					"nothing to subscribe to: name audio, video or auxiliary, or unsubscribe" });
	const auto found = remotes_.find(user);
	if (found == remotes_.end())
		return complete(std::move(done), nothingThere(user));
	auto &operations = found->second.operations;
	if (std::any_of(operations.begin(), operations.end(),
			[](const Operation &one) { return one.subscribe && !one.automatic; }))
		return complete(std::move(done), Error { ErrorCode::InvalidOperation,
							 fmt::format("a subscribe to {} is running", user.str()) });
	found->second.unwanted = false;
	operations.push_back({ true, options, std::move(done), false });
	nextOperation(user);
}

void Session::unsubscribe(const UserId &user, Done done)
{
	if (state_ != State::Joined)
		return complete(std::move(done), Error { ErrorCode::InvalidOperation, absence() });
	const auto found = remotes_.find(user);
	if (found == remotes_.end())
		return complete(std::move(done), nothingThere(user));
	auto &remote = found->second;
	if (std::any_of(remote.operations.begin(), remote.operations.end(),
			[](const Operation &one) { return !one.subscribe; }))
		return complete(std::move(done),
				Error { ErrorCode::InvalidOperation,
					fmt::format("an unsubscribe from {} is running", user.str()) });
	if (remote.phase == Remote::Phase::Idle && remote.operations.empty())
		return complete(std::move(done),
				Error { ErrorCode::InvalidOperation, fmt::format("{} is not subscribed", user.str()) });
	remote.unwanted = true;
	remote.operations.push_back({ false, {}, std::move(done), false });
	// What waits for the stream to come back would wait for nothing.
	if (remote.phase == Remote::Phase::Relinking && remote.running)
		return finishOperation(
			user, Error { ErrorCode::InvalidOperation, "unsubscribed before the connection was back" });
	nextOperation(user);
}

bool Session::subscribing(const UserId &user) const
{
	const auto found = remotes_.find(user);
	return found != remotes_.end() && std::any_of(found->second.operations.begin(), found->second.operations.end(),
						      [](const Operation &one) { return one.subscribe; });
}

Status Session::setRemoteVideoStreamType(const UserId &user, VideoStreamType type)
{
	if (state_ != State::Joined)
		return Error { ErrorCode::InvalidOperation, absence() };
	const auto found = remotes_.find(user);
	if (found == remotes_.end())
		return nothingThere(user);
	auto &remote = found->second;
	if (remote.phase == Remote::Phase::Idle || remote.phase == Remote::Phase::Stopping)
		return Error { ErrorCode::InvalidOperation, fmt::format("{} is not subscribed", user.str()) };
	remote.wishes.small = type == VideoStreamType::Small;
	if (remote.phase == Remote::Phase::Changing)
		remote.operations.front().options.small = remote.wishes.small;
	driver_->send(signalling::PreferSmall { user, remote.wishes.small });
	return Unit {};
}

/// Starts the front operation, if none runs.
void Session::nextOperation(const UserId &user)
{
	const auto found = remotes_.find(user);
	if (found == remotes_.end() || found->second.running || found->second.operations.empty())
		return;
	auto &remote = found->second;
	const auto &operation = remote.operations.front();
	if (operation.automatic && remote.phase == Remote::Phase::Idle && !takeLinkTurn())
		return awaitLinkTurn();
	remote.running = true;
	const bool relinking = remote.phase == Remote::Phase::Relinking;
	const bool up = remote.phase == Remote::Phase::Up || relinking;
	if (operation.subscribe && relinking) {
		remote.wishes = operation.options; // of the tries from now on
		remote.asked = std::chrono::steady_clock::now();
		tryDownlink(user);
	} else if (operation.subscribe && !up) {
		remote.phase = Remote::Phase::Starting;
		remote.wishes = operation.options;
		remote.asked = std::chrono::steady_clock::now();
		driver_->send(signalling::StartSubscribe { user, operation.options });
	} else if (operation.subscribe && operation.options == remote.wishes) {
		applyWishes(remote, {});
		finishOperation(user, Unit {});
	} else if (operation.subscribe) {
		remote.phase = Remote::Phase::Changing;
		remote.asked = std::chrono::steady_clock::now();
		driver_->send(signalling::ChangeSubscribe { user, operation.options });
	} else if (up) {
		remote.phase = Remote::Phase::Stopping;
		remote.relink.reset();
		remote.wishes = { false, false, false };
		applyWishes(remote, "unsubscribed");
		driver_->send(signalling::StopSubscribe { user });
	} else {
		finishOperation(user, Unit {}); // the subscription before it failed
	}
}

void Session::finishOperation(const UserId &user, const Status &status)
{
	const auto found = remotes_.find(user);
	if (found == remotes_.end() || !found->second.running)
		return;
	auto operation = std::move(found->second.operations.front());
	found->second.operations.pop_front();
	found->second.running = false;
	// A stream that went while it was being subscribed is no failure: StreamRemoved tells it.
	if (operation.automatic && !status && status.error().code != ErrorCode::RemoteStreamNotExist)
		emit(Failed { status.error(), true });
	complete(std::move(operation.done), status);
	nextOperation(user);
}

void Session::startDownlink(const UserId &user, const signalling::NeedOffer &need)
{
	const auto found = remotes_.find(user);
	if (found == remotes_.end() ||
	    (found->second.phase != Remote::Phase::Starting && found->second.phase != Remote::Phase::Relinking))
		return;
	auto &remote = found->second;
	retire(remote.link); // a try that was given up
	Error error;
	remote.link = makeLink(need, error);
	if (!remote.link)
		return downlinkFailed(user, error, true);
	remote.link->offerToReceive();
}

void Session::downlinkConnected(const UserId &user)
{
	auto &remote = remotes_.at(user);
	if (remote.phase == Remote::Phase::Relinking)
		return downlinkBack(user);
	if (remote.phase != Remote::Phase::Starting)
		return;
	remote.phase = Remote::Phase::Up;
	watchLinks();
	driver_->send(signalling::LinkConnected { remote.link->id() });
	applyWishes(remote, {});
	finishOperation(user, Unit {});
}

void Session::downlinkFailed(const UserId &user, const Error &error, bool tellService)
{
	auto &remote = remotes_.at(user);
	if (config_.reconnectTries > 0 &&
	    (remote.phase == Remote::Phase::Up || remote.phase == Remote::Phase::Changing ||
	     remote.phase == Remote::Phase::Relinking))
		return relinkDownlink(user, error);
	const auto phase = std::exchange(remote.phase, Remote::Phase::Idle);
	retire(remote.link);
	if (tellService && phase != Remote::Phase::Stopping)
		driver_->send(signalling::StopSubscribe { user });
	remote.wishes = { false, false, false };
	applyWishes(remote, "media-failed");
	const Error named { error.code, fmt::format("stream of {}: {}", user.str(), error.message) };
	switch (phase) {
	case Remote::Phase::Idle:
		return;
	case Remote::Phase::Relinking:
	case Remote::Phase::Up:
		return emit(Failed { named, true });
	case Remote::Phase::Stopping:
		return finishOperation(user, Unit {});
	case Remote::Phase::Starting:
	case Remote::Phase::Changing:
		return finishOperation(user, named);
	}
}

void Session::subscribeChanged(const signalling::SubscribeChangeDone &done)
{
	const auto found = remotes_.find(done.userId);
	if (found == remotes_.end() || found->second.phase != Remote::Phase::Changing)
		return;
	auto &remote = found->second;
	remote.phase = remote.relink ? Remote::Phase::Relinking : Remote::Phase::Up;
	if (done.status) {
		remote.wishes = remote.operations.front().options;
		applyWishes(remote, "unsubscribed");
	}
	const bool relinking = remote.relink.has_value();
	finishOperation(done.userId, done.status);
	if (relinking)
		tryDownlink(done.userId);
}

void Session::unsubscribed(const signalling::UnsubscribeDone &done)
{
	const auto found = remotes_.find(done.userId);
	if (found == remotes_.end() || found->second.phase != Remote::Phase::Stopping)
		return;
	found->second.phase = Remote::Phase::Idle;
	retire(found->second.link);
	finishOperation(done.userId, done.status);
}

void Session::applyWishes(Remote &remote, const std::string &reason)
{
	if (remote.main)
		applyWish(remote.main, remote.wishes.audio || remote.wishes.video, reason, remote.asked);
	if (remote.auxiliary)
		applyWish(remote.auxiliary, remote.wishes.auxiliary, reason, remote.asked);
}

/// StreamSubscribed comes after every success, also when nothing changed, as in the SDK.
void Session::applyWish(const std::shared_ptr<RemoteStreamImpl> &stream, bool wanted, const std::string &reason,
			RemoteStreamImpl::TimePoint asked)
{
	if (wanted) {
		if (!stream->subscribed())
			stream->subscribe(asked);
		emit(StreamSubscribed { stream->info() });
	} else if (stream->subscribed()) {
		stream->finish(reason);
		stream->unsubscribe();
		emit(StreamUnsubscribed { stream->info() });
	}
}

// ---- media --------------------------------------------------------------------------------

void Session::onLinkFrame(Link &link, const signalling::TrackMap &track, const media::EncodedFrame &frame)
{
	const auto found = remotes_.find(track.userId);
	if (found == remotes_.end() || found->second.link.get() != &link)
		return;
	const auto &stream = track.streamType == StreamType::Main ? found->second.main : found->second.auxiliary;
	if (!stream)
		return;
	tellMessages(track, frame);
	stream->write(frame);
}

void Session::onLinkTrackFailed(Link &, const signalling::TrackMap &track, const Error &error)
{
	emit(Failed {
		{ error.code, fmt::format("{} of {}: {}", toString(track.kind), track.userId.str(), error.message) },
		true });
}

void Session::onStreamEvent(Event event) { emit(std::move(event)); }

void Session::onKeyframeWanted(const RemoteStreamImpl &stream)
{
	if (const auto found = remotes_.find(stream.info().userId); found != remotes_.end() && found->second.link)
		found->second.link->requestKeyframe(stream.info().streamType);
}

} // namespace trtc::client
