// SPDX-License-Identifier: MIT
#include "base/tries.h"
#include "client/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

// Uplink and downlinks come back on their own while we stay in the room, as the SDK's do: a new connection in place of the
// old one, and nobody who uses the stream notices more than a gap.
namespace trtc::client {

namespace {

using namespace std::chrono_literals;

/// webrtcbin stays connected through any blackout, so silence is what tells. A peer that gets or sends media says something
/// in RTCP: our service every 0.5 to 1.5 s (webrtc/repair.cpp), any other every 2.1 to 6.2 s (RFC 3550 6.3.1 with the minimum
/// of 5 s). So 8 s without a word are a dead link, also when no picture moves and at 20 % loss. It is less than the SDK's 15
/// to 20 s, so that a recording's gap stays under 10 s.
constexpr auto kSilent = 8s;
/// While everything is muted nothing is missed, and a report that was lost shall not be enough. Nor is it known whose fault
/// it is when a publisher of whom nothing was ever seen sends nothing.
constexpr auto kQuiet = 20s;
/// The SDK waits no longer for the end of the old publication; the driver has the same limit and tells earlier.
constexpr auto kClearLimit = 6s;

Error gone(std::chrono::milliseconds silent)
{
	return { ErrorCode::MediaFailed,
		 fmt::format("no packet from the service for {:.1f} s: check that UDP is not blocked",
			     std::chrono::duration<double>(silent).count()) };
}

/// @p due: media flows on the link, or ought to; then the limit is @p limit. Nobody reports on a link that has never had
/// any.
bool dead(Link &link, webrtc::Silence::TimePoint now, bool due, std::chrono::milliseconds limit)
{
	const auto silent = link.look(now);
	if (!due && !link.heard()) {
		link.excuse();
		return false;
	}
	return silent >= (due ? limit : kQuiet);
}

const char *plural(int tries) noexcept { return tries == 1 ? "try" : "tries"; }

} // namespace

// ---- who notices --------------------------------------------------------------------------

void Session::watchLinks()
{
	if (!watchTimer_)
		watchTimer_ = loop_.every(Link::kLookPeriod, [this] { lookAtLinks(); });
}

bool Session::due(const Remote &remote) noexcept
{
	return (remote.main && ((remote.wishes.audio && remote.audible.value_or(false)) ||
				(remote.wishes.video && remote.visible.value_or(false)))) ||
	       (remote.auxiliary && remote.wishes.auxiliary);
}

void Session::lookAtLinks()
{
	const auto now = std::chrono::steady_clock::now();
	bool any = false;
	if (uplink_.phase == Uplink::Phase::Up && uplink_.link) {
		any = true;
		const auto &sending = uplink_.sending;
		const auto &stream = *uplink_.stream;
		const bool sends = (sending.audio && !stream.audioMuted) || (sending.video && !stream.videoMuted) ||
				   sending.auxiliary;
		if (dead(*uplink_.link, now, sends, kSilent))
			linkFailed(uplink_.link->id(), gone(uplink_.link->silent()), true);
	}
	std::vector<std::pair<signalling::LinkId, std::chrono::milliseconds>> gonePeers;
	for (const auto &[user, remote] : remotes_) {
		if ((remote.phase != Remote::Phase::Up && remote.phase != Remote::Phase::Changing) || !remote.link)
			continue;
		any = true;
		if (dead(*remote.link, now, due(remote), remote.link->heard() ? kSilent : kQuiet))
			gonePeers.emplace_back(remote.link->id(), remote.link->silent());
	}
	for (const auto &[id, silent] : gonePeers)
		linkFailed(id, gone(silent), true);
	if (!any)
		watchTimer_.reset();
}

/// What both kinds of link begin with. @p link: the dead one; null: it was never there.
Session::Relink Session::beginRelink(const Link *link, const UserId &user, const Error &error)
{
	Relink relink;
	relink.last = error;
	relink.since = std::chrono::steady_clock::now() - (link ? link->silent() : 0ms);
	emit(StreamReconnecting { user, user == config_.userId, error.message });
	return relink;
}

void Session::relinkWaiting()
{
	if (state_ != State::Joined)
		return;
	if (uplink_.phase == Uplink::Phase::Relinking && uplink_.relink && !uplink_.relink->timer)
		tryUplink();
	std::vector<UserId> waiting;
	for (const auto &[user, remote] : remotes_)
		if (remote.phase == Remote::Phase::Relinking && remote.relink && !remote.relink->timer)
			waiting.push_back(user);
	for (const auto &user : waiting)
		tryDownlink(user);
}

// ---- the uplink ---------------------------------------------------------------------------

/// Takes up a link that failed, and every try that does.
void Session::relinkUplink(const Error &error)
{
	for (const auto &sender : { uplink_.audio, uplink_.video, uplink_.small, uplink_.auxiliary })
		if (sender)
			sender->use(nullptr);
	if (uplink_.phase == Uplink::Phase::Relinking) {
		uplink_.relink->last = error;
		return retire(uplink_.link); // the next try begins when the time of this one is over
	}
	uplink_.phase = Uplink::Phase::Relinking;
	uplink_.relink = beginRelink(uplink_.link.get(), config_.userId, error);
	tryUplink();
}

void Session::tryUplink()
{
	auto &relink = *uplink_.relink;
	retire(uplink_.link);
	relink.timer.reset();
	uplink_.clearing = false;
	if (connection_ == ConnectionState::Reconnecting)
		return; // relinkWaiting() goes on
	if (relink.tries >= config_.reconnectTries) {
		const Error error { ErrorCode::UplinkReconnectionFailed,
				    fmt::format("reconnecting the published streams failed after {} {}: {}",
						relink.tries, plural(relink.tries), relink.last.message) };
		dropUplink();
		driver_->send(signalling::StopPublish {});
		return emit(Failed { error, true });
	}
	spdlog::info("reconnecting the uplink, attempt {} of {}", ++relink.tries, config_.reconnectTries);
	uplink_.clearing = true;
	relink.timer = loop_.after(kClearLimit, [this] { uplinkCleared(); });
	driver_->send(signalling::StopPublish {});
}

/// The old publication is over, as far as anybody can say.
void Session::uplinkCleared()
{
	if (!std::exchange(uplink_.clearing, false))
		return;
	if (connection_ == ConnectionState::Reconnecting)
		return uplink_.relink->timer.reset(); // relinkWaiting() goes on
	uplink_.relink->timer = loop_.after(tryTimeout(uplink_.relink->tries), [this] { tryUplink(); });
	sendPublish();
}

void Session::uplinkBack()
{
	const auto relink = std::move(*uplink_.relink);
	uplink_.relink.reset();
	uplink_.phase = Uplink::Phase::Up;
	const auto follow = [this](const std::shared_ptr<SteadySender> &sender, MediaKind kind, StreamType type,
				   bool small) {
		if (sender)
			sender->use(uplink_.link->sender(kind, type, small));
	};
	follow(uplink_.audio, MediaKind::Audio, StreamType::Main, false);
	follow(uplink_.video, MediaKind::Video, StreamType::Main, false);
	follow(uplink_.small, MediaKind::Video, StreamType::Main, true);
	follow(uplink_.auxiliary, MediaKind::Video, StreamType::Auxiliary, false);
	driver_->send(signalling::LinkConnected { uplink_.link->id() });
	for (const auto type : { StreamType::Main, StreamType::Auxiliary }) {
		uplink_.stream->captureOf(type)->requestKeyframe();
		uplink_.stream->captureOf(type)->requestSmallKeyframe();
	}
	if (uplink_.changeDone) // tracks that have changed meanwhile
		sendTracks();
	watchLinks();
	emit(StreamReconnected { config_.userId, true, relink.tries,
				 std::chrono::duration_cast<std::chrono::milliseconds>(
					 std::chrono::steady_clock::now() - relink.since) });
}

// ---- downlinks ----------------------------------------------------------------------------

void Session::relinkDownlink(const UserId &user, const Error &error)
{
	auto &remote = remotes_.at(user);
	if (remote.relink) {
		remote.relink->last = error;
		return retire(remote.link);
	}
	const auto silent = remote.link ? remote.link->silent() : 0ms;
	remote.relink = beginRelink(remote.link.get(), user, error);
	retire(remote.link);
	for (const auto &stream : { remote.main, remote.auxiliary })
		if (stream)
			stream->interrupt(silent);
	if (remote.phase == Remote::Phase::Changing)
		return; // its answer goes on here: the signalling is alive
	remote.phase = Remote::Phase::Relinking;
	tryDownlink(user);
}

void Session::tryDownlink(const UserId &user)
{
	auto &remote = remotes_.at(user);
	auto &relink = *remote.relink;
	retire(remote.link);
	relink.timer.reset();
	if (connection_ == ConnectionState::Reconnecting)
		return;
	if (relink.tries >= config_.reconnectTries)
		return giveUpDownlink(user);
	relink.timer = loop_.after(tryTimeout(++relink.tries), [this, user] { tryDownlink(UserId(user)); });
	spdlog::info("reconnecting the downlink of {}, attempt {} of {}", user.str(), relink.tries,
		     config_.reconnectTries);
	driver_->send(signalling::StartSubscribe { user, remote.wishes });
}

void Session::giveUpDownlink(const UserId &user)
{
	auto &remote = remotes_.at(user);
	const auto relink = std::move(*remote.relink);
	const Error error { ErrorCode::DownlinkReconnectionFailed,
			    fmt::format("stream of {}: reconnecting failed after {} {}: {}", user.str(), relink.tries,
					plural(relink.tries), relink.last.message) };
	remote.relink.reset();
	remote.phase = Remote::Phase::Idle;
	driver_->send(signalling::StopSubscribe { user });
	remote.wishes = { false, false, false };
	applyWishes(remote, "connection-lost");
	emit(Failed { error, true });
	finishOperation(user, error);
}

void Session::downlinkBack(const UserId &user)
{
	auto &remote = remotes_.at(user);
	const auto relink = std::move(*remote.relink);
	remote.relink.reset();
	remote.phase = Remote::Phase::Up;
	driver_->send(signalling::LinkConnected { remote.link->id() });
	watchLinks();
	emit(StreamReconnected { user, false, relink.tries,
				 std::chrono::duration_cast<std::chrono::milliseconds>(
					 std::chrono::steady_clock::now() - relink.since) });
	for (const auto &stream : { remote.main, remote.auxiliary }) {
		if (!stream)
			continue;
		stream->resume();
		// One that was added meanwhile.
		const bool wanted = stream->info().streamType == StreamType::Main
					    ? remote.wishes.audio || remote.wishes.video
					    : remote.wishes.auxiliary;
		if (wanted && !remote.running && !stream->subscribed())
			applyWish(stream, true, {}, std::chrono::steady_clock::now());
	}
	if (remote.running)
		applyWishes(remote, "unsubscribed");
	finishOperation(user, Unit {});
}

} // namespace trtc::client
