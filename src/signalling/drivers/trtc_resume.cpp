// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc.h"
#include "signalling/drivers/trtc_errors.h"
#include "signalling/drivers/trtc_url.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

/// The channel is lost while we are in the room: a new one with rc=1 takes its place, and nobody else notices. What cannot be
/// resumed is left to the client, which joins anew.
namespace trtc::signalling {

/// As the SDK writes it, the room twice. It leaves the second one as it is, which a name with an `&` would not survive.
std::string TrtcDriver::resumeUrl() const
{
	return fmt::format("{}&rc=1&relayInnerIp={}&relayOuterIp={}&relayPort={}&roomId={}&useStringRoomId={}",
			   trtcUrl(config_, options_), percentEncoded(relay_.innerIp), percentEncoded(relay_.outerIp),
			   relay_.port, percentEncoded(options_.room.str()), options_.room.isString());
}

void TrtcDriver::beginResume(Error error)
{
	spdlog::warn("{}", error.message);
	resume_.running = true;
	resume_.tries = 0;
	resume_.last = resume_.loss = std::move(error);
	stopClocks();
	note(report_event::kSignallingLost);
	note(report_event::kSignallingReconnecting);
	if (socket_) {
		socket_->setListener(nullptr);
		// Without a close frame: one that arrives late would tell the service that we go.
		socket_->abort();
		// It may be the caller.
		loop_.post([socket = std::shared_ptr<net::WebSocket>(std::move(socket_))] {});
	}
	// The list is asked for anew; everything else is said again.
	requests_.remove_if([](const Request &one) { return one.reply == protocol::Event::UserList; });
	for (auto &request : requests_) {
		request.timer.reset();
		request.seq = 0;
	}
	emit(StateChanged { ConnectionState::Reconnecting });
	if (ended_)
		return;
	// At once; but a channel that has just come back and is lost again is not chased.
	const auto pause = tryTimeout(1, limits_.tries);
	if (std::chrono::steady_clock::now() - resume_.done < pause)
		resume_.timer = loop_.after(pause, [this] { nextTry(); });
	else
		nextTry();
}

void TrtcDriver::nextTry()
{
	connecting_.reset();
	if (socket_) {
		socket_->setListener(nullptr);
		socket_->abort();
		socket_.reset();
	}
	if (resume_.tries >= config_.reconnectTries)
		return end(Lost {
			{ ErrorCode::ConnectionLost,
			  fmt::format("{}, and reconnecting failed after {} {}: {}", resume_.loss.message,
				      resume_.tries, resume_.tries == 1 ? "try" : "tries", resume_.last.message) },
			false,
			resume_.tries });
	const auto limit = tryTimeout(++resume_.tries, limits_.tries);
	resume_.last = { ErrorCode::ConnectionLost, fmt::format("{} did not answer in {} ms", host_, limit.count()) };
	resume_.timer = loop_.after(limit, [this] { nextTry(); });
	spdlog::info("reconnecting, attempt {} of {}", resume_.tries, config_.reconnectTries);
	connect(resumeUrl(), limit, [this](Result<std::unique_ptr<net::WebSocket>> result) {
		if (ended_ || !resume_.running)
			return;
		if (!result)
			return tryFailed(result.error());
		socket_ = std::move(result.value());
		socket_->setListener(this);
	});
}

/// The next try waits for its time.
void TrtcDriver::tryFailed(Error error)
{
	spdlog::info("attempt {} failed: {}", resume_.tries, error.message);
	resume_.last = std::move(error);
}

void TrtcDriver::onResumeText(const protocol::ServerMessage &message)
{
	switch (message.event) {
	case protocol::Event::ChannelReconnect:
		if (message.code == protocol::code::kOk)
			return resumed();
		return end(Lost { { ErrorCode::ConnectionLost,
				    fmt::format("{}; {}", resume_.loss.message,
						refused("take us back", message, ErrorCode::ConnectionLost).message) },
				  false,
				  resume_.tries });
	case protocol::Event::ChannelSetup: // with a code: the UserSig is not good any more
	case protocol::Event::ClientBanned: // removed meanwhile
		return dispatch(message);
	default:
		return;
	}
}

void TrtcDriver::resumed()
{
	spdlog::info("reconnected to {} after {} {}", host_, resume_.tries, resume_.tries == 1 ? "try" : "tries");
	resume_.running = false;
	resume_.timer.reset();
	resume_.done = std::chrono::steady_clock::now();
	note(report_event::kSignallingReconnected);
	emit(StateChanged { ConnectionState::Connected });
	if (ended_)
		return;
	startClocks(); // asks for the users; the published list comes by itself
	// What has no answer is said again, in its order: the service takes the later one of two for the true one.
	for (auto &request : requests_)
		if (!request.seq)
			say(request);
	if (uplink_ && uplink_->connected)
		sendMute();
}

} // namespace trtc::signalling
