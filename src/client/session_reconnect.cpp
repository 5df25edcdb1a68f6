// SPDX-License-Identifier: MIT
#include "client/session.h"

#include "base/tries.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

// Coming back to a room that was lost: as the SDK does when the service has forgotten the session, everything is built anew. What
// the driver has tried before that counts.
namespace trtc::client {

namespace {

/// Who has been back for that long is lost anew, with all tries.
constexpr std::chrono::minutes kStable { 1 };

/// An answer that the next try would get, too.
bool isVerdict(ErrorCode code) noexcept
{
	return code == ErrorCode::SignalChannelSetupFailed || code == ErrorCode::Refused ||
	       code == ErrorCode::JoinRoomFailed || code == ErrorCode::ClientBanned;
}

} // namespace

const char *Session::absence() const noexcept
{
	return state_ == State::Reconnecting ? "not in a room: the agent is rejoining it" : "not in a room: join first";
}

bool Session::mayComeBack(const signalling::Lost &lost) const noexcept
{
	return state_ == State::Joined && !lost.final && lost.tries < config_.reconnectTries;
}

void Session::beginReconnect(const signalling::Lost &lost)
{
	const auto &error = lost.error;
	emit(Failed { error, true });
	// A service that lets us in and loses us at once is not asked without a pause, nor for ever.
	const bool soon = std::chrono::steady_clock::now() - back_.at < kStable;
	comeback_ = {};
	comeback_.tries = lost.tries + (soon ? back_.tries : 0);
	comeback_.last = error;
	if (published())
		comeback_.stream = uplink_.stream;
	for (const auto &[user, remote] : remotes_) {
		if (remote.unwanted)
			comeback_.wishes[user] = std::nullopt;
		else if (remote.phase != Remote::Phase::Idle &&
			 (!config_.autoSubscribe || remote.wishes != SubscribeOptions {}))
			comeback_.wishes[user] = remote.wishes;
	}
	const auto users = users_;
	auto recordings = giveRecordings();
	tearDown("connection-lost", error);
	kept_ = std::move(recordings);
	for (const auto &[user, role] : users)
		emit(PeerLeave { user, "connection-lost" });
	if (comeback_.stream)
		comeback_.stream->user = this; // nobody else publishes it meanwhile
	state_ = State::Reconnecting;
	setConnection(ConnectionState::Reconnecting);
	if (!soon)
		return tryAgain();
	comeback_.pause = loop_.after(tryTimeout(1), [this] { tryAgain(); });
}

void Session::tryAgain()
{
	retireDriver();
	if (comeback_.tries >= config_.reconnectTries)
		return giveUp({ ErrorCode::ConnectionLost,
				fmt::format("rejoining the room failed after {} {}: {}", comeback_.tries,
					    comeback_.tries == 1 ? "try" : "tries", comeback_.last.message) });
	const auto limit = tryTimeout(++comeback_.tries);
	comeback_.pause = loop_.after(limit, [this] { tryAgain(); });
	spdlog::info("rejoining the room, attempt {} of {}", comeback_.tries, config_.reconnectTries);
	auto config = config_;
	config.connectTimeout = std::min(config.connectTimeout, limit);
	config.joinTimeout = std::min(config.joinTimeout, limit);
	auto options = options_;
	options.role = role_;
	try {
		driver_ = factories_.driver(loop_, config_.server, *this);
	} catch (const Exception &exception) {
		return giveUp(exception.error());
	}
	driver_->start(config, options);
}

void Session::triedAgain(const Status &status)
{
	if (!status) {
		spdlog::info("attempt {} failed: {}", comeback_.tries, status.error().message);
		comeback_.last = status.error();
		if (isVerdict(status.error().code))
			return giveUp(status.error());
		return; // the pause goes on
	}
	comeback_.pause.reset();
	back_ = { std::chrono::steady_clock::now(), comeback_.tries };
	state_ = State::Joined;
	setConnection(ConnectionState::Connected);
	auto *stream = std::exchange(comeback_.stream, nullptr);
	if (!stream)
		return;
	stream->user = nullptr;
	publish(*stream, [weak = weak_from_this()](const Status &published) {
		const auto self = weak.lock();
		if (self && !published && self->state_ == State::Joined)
			self->emit(Failed { published.error(), true });
	});
}

void Session::giveUp(const Error &error)
{
	giveStreamBack();
	comeback_ = {};
	emit(Failed { error, false });
	setConnection(ConnectionState::Disconnected);
	roomOver("connection-lost");
}

void Session::giveStreamBack() noexcept
{
	if (auto *stream = std::exchange(comeback_.stream, nullptr))
		stream->user = nullptr;
}

bool Session::restoreWishes(const UserId &user, Remote &remote)
{
	const auto found = comeback_.wishes.find(user);
	if (found == comeback_.wishes.end())
		return false;
	const auto wish = found->second;
	comeback_.wishes.erase(found);
	if (!wish) {
		remote.unwanted = true;
		return true;
	}
	remote.operations.push_back({ true, *wish, nullptr, true });
	nextOperation(user);
	return true;
}

} // namespace trtc::client
