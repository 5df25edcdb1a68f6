// SPDX-License-Identifier: MIT
#include "service/server_impl.h"

#include "base/quote.h"
#include "protocol/codec.h"
#include "usersig/usersig.h"

#include <trtc/events.h>

#include <fmt/format.h>
#include <glib.h>
#include <spdlog/spdlog.h>

#include <charconv>

namespace trtc::service {

namespace {

using namespace std::chrono_literals;

/// RFC 6455 7.4.1: the page is closed or left; nobody is there any more to come back.
constexpr unsigned short kCloseGoingAway = 1001;

/// A socket that takes over a session counts as so many of its messages: ten at once, then one in 0.4 s. The SDK's first
/// tries are 2 s apart.
constexpr double kResumeCost = 20;

/// Puts the time that the loop stands still during its life on a user's account. Not the processor time: ending a connection
/// mostly waits for its threads.
class Meter {
public:
	explicit Meter(WorkBudget &budget) : budget_(budget) {}
	~Meter()
	{
		const auto now = WorkBudget::Clock::now();
		budget_.spend(now - begun_, now);
	}
	Meter(const Meter &) = delete;
	Meter &operator=(const Meter &) = delete;

private:
	WorkBudget &budget_;
	WorkBudget::Clock::time_point begun_ = WorkBudget::Clock::now();
};

/// Which messages hold an SDP or a list of codecs.
bool mayBeLarge(const protocol::Command &command)
{
	return std::visit(overloaded {
				  [](const protocol::Join &) { return true; },
				  [](const protocol::Publish &) { return true; },
				  [](const protocol::PublishChange &) { return true; },
				  [](const protocol::Subscribe &) { return true; },
				  [](const protocol::RebuildConnection &) { return true; },
				  [](const protocol::AbilityReport &) { return true; },
				  [](const auto &) { return false; },
			  },
			  command);
}

/// Unique, not secret: the UserSig proves who speaks.
std::string newTicket()
{
	gchar *uuid = g_uuid_string_random();
	auto ticket = std::string(kTicketPrefix) + uuid;
	g_free(uuid);
	return ticket;
}

} // namespace

Server::Impl::Session *Server::Impl::find(SessionId id)
{
	const auto found = sessions.find(id);
	return found == sessions.end() ? nullptr : found->second.get();
}

MediaHub::Client Server::Impl::clientOf(SessionId id)
{
	const auto *session = find(id);
	return session ? MediaHub::Client { session->who.clientIp, session->who.userId.str() } : MediaHub::Client {};
}

void Server::Impl::opened(const net::Request &request, std::unique_ptr<net::WebSocket> socket)
{
	const auto text = [&](std::string_view name) { return std::string(request.queryValue(name).value_or("")); };
	const auto user = text("userId"), appText = text("sdkAppId"), signature = text("userSig");
	std::uint32_t app = 0;
	const auto *appEnd = appText.data() + appText.size();
	if (const auto [end, error] = std::from_chars(appText.data(), appEnd, app);
	    error != std::errc() || end != appEnd)
		app = 0; // "1400000001abc" is no number, and 0 is nobody's
	// Nothing is said about the room, or anything else, before the signature has proved who speaks.
	std::string why;
	const char *label = "user-sig";
	if (stopping) {
		// No verdict on who wants in: the next service at this address is to be asked.
		refusals.count("stopping");
		return dismiss(std::move(socket), kCloseStopping, "the service stops");
	}
	// Not a person who is kept out, but a check of what answers here, such as that of doctor.
	const bool anonymous = user.empty() && appText.empty() && signature.empty();
	if (anonymous) {
		label = "no-credentials";
		why = "no userId, sdkAppId and userSig given";
	} else if (!UserId::valid(user)) {
		label = "user-id";
		why = "userId is missing or not allowed: 1 to 32 bytes of A-Z a-z 0-9 _ -";
	} else if (app != config.sdkAppId) {
		label = "sdk-app-id";
		why = fmt::format("sdkAppId {} is not served here", inQuotes(appText));
	} else if (auto checked = usersig::verifyUserSig(signature, user, app, config.secretKey, unixMs() / 1000);
		   !checked) {
		why = checked.error().message;
	}
	if (!why.empty()) {
		refusals.count(label);
		if (anonymous)
			spdlog::info("connection from {} refused: {}", request.remoteIp, why);
		else
			limitLog.warn(label, fmt::format("connection from {} refused: {}", request.remoteIp, why));
		protocol::ServerMessage message;
		message.event = protocol::Event::ChannelSetup;
		message.code = protocol::code::kBadUserSig;
		message.message = why;
		socket->send(protocol::encode(message));
		dismiss(std::move(socket), kCloseRefused, "refused");
		return;
	}
	Identity who { UserId(user), app, request.remoteIp, newTicket() };
	const bool again = request.queryValue("rc").value_or("") == "1";
	// The SDK names the room twice; the first one is percent-encoded as it should be.
	const Comeback comeback { text("roomId"), text("useStringRoomId") == "true", text("relayInnerIp") };
	if (again)
		if (const auto kept = rules.resumable(who, comeback))
			if (auto *session = find(*kept))
				return resume(*session, request.remoteIp, std::move(socket));
	const auto id = nextId++;
	auto session = std::make_unique<Session>(*this, id, std::move(socket), who);
	sessions[id] = std::move(session);
	spdlog::info("session {}: {} from {}", id, user, request.remoteIp);
	const auto now = std::chrono::steady_clock::now();
	apply(again ? rules.reopened(id, who, comeback, now) : rules.opened(id, who, now, unixMs()));
}

void Server::Impl::resume(Session &session, const std::string &from, std::unique_ptr<net::WebSocket> socket,
			  std::int64_t seq)
{
	if (!session.pay(kResumeCost)) {
		refusals.count("rate");
		limitLog.warn("reconnects", fmt::format("session {} ({}) reconnects too often: refused", session.id,
							session.who.userId.str()));
		return dismiss(std::move(socket), kCloseTooFast, "too many connections");
	}
	spdlog::info("session {}: {} reconnected from {}{}", session.id, session.who.userId.str(), from,
		     session.socket ? ", its old connection is closed" : "");
	if (session.socket)
		dismiss(std::move(session.socket), kCloseReplaced, "another connection of this user replaced this one");
	session.socket = std::move(socket);
	session.socket->setListener(&session);
	session.who.clientIp = from;
	++resumes;
	apply(rules.resumed(session.id, from, std::chrono::steady_clock::now(), seq));
}

/// SDK v5 says on its new socket which visit it was cut off from. False: there is nothing to take over.
bool Server::Impl::resumed(Session &fresh, const protocol::ClientMessage &message)
{
	const auto *again = std::get_if<protocol::Reconnect>(&message.command);
	if (!again)
		return false;
	const Comeback comeback { again->roomId, again->useStringRoomId, again->relayInnerIp };
	const auto kept = rules.resumable(fresh.who, comeback);
	if (!kept || *kept == fresh.id || !find(*kept))
		return false;
	fresh.closing = true; // it hears nothing more; its socket is calling us, so the rest comes after
	apply(rules.closed(fresh.id));
	loop.post([this, living = std::weak_ptr(alive), from = fresh.id, to = *kept, seq = message.seq, comeback] {
		if (living.expired())
			return;
		auto *old = find(from), *session = find(to);
		if (!old || !old->socket)
			return;
		auto socket = std::move(old->socket);
		const auto who = old->who;
		const auto &ip = who.clientIp;
		sessions.erase(from);
		// It may have left meanwhile.
		if (session && !session->closing && rules.resumable(who, comeback) == to)
			resume(*session, ip, std::move(socket), seq);
		else
			dismiss(std::move(socket), kCloseReplaced, "your session has ended");
	});
	return true;
}

void Server::Impl::dismiss(std::unique_ptr<net::WebSocket> socket, unsigned short code, const std::string &reason)
{
	socket->setListener(nullptr);
	socket->close(code, reason);
	// The closing handshake ends by itself; the socket object is not needed for it.
	auto held = std::make_shared<std::unique_ptr<net::WebSocket>>(std::move(socket));
	auto timer = std::make_shared<SourceHandle>();
	*timer = loop.after(2s, [held, timer]() mutable {
		held->reset();
		timer->reset();
	});
}

void Server::Impl::received(Session &session, std::string_view text)
{
	if (session.closing)
		return;
	if (config.trace)
		config.trace->message(session.label(), Trace::Direction::In, text);
	if (!session.pay(1 + static_cast<double>(text.size()) / kMessageBytes)) {
		refusals.count("rate");
		limitLog.warn("rate",
			      fmt::format("session {} ({}) sends more than {} messages, of {} KiB each, a second: "
					  "closed",
					  session.id, session.who.userId.str(), kMessageRate, kMessageBytes / 1024));
		close(session.id, kCloseTooFast, "too many messages");
		return;
	}
	++messagesIn;
	if (!session.waiting.empty() || session.work.wait(std::chrono::steady_clock::now()).count() > 0)
		delay(session, text);
	else
		guarded(session.id, [&] { handle(session, text); });
}

void Server::Impl::delay(Session &session, std::string_view text)
{
	if (session.waiting.size() >= kMaxWaiting || session.waitingBytes + text.size() > kMaxWaitingBytes) {
		refusals.count("work");
		limitLog.warn("work-ended",
			      fmt::format("session {} ({}) sends more than the service can do in a tenth of its time, "
					  "and does not wait: closed",
					  session.id, session.who.userId.str()));
		close(session.id, kCloseTooFast, "too much work");
		return;
	}
	session.waiting.emplace_back(text);
	session.waitingBytes += text.size();
	if (session.drain)
		return;
	++slowed;
	limitLog.warn("work",
		      fmt::format("session {} ({}) takes more than a tenth of the service's time: its messages wait",
				  session.id, session.who.userId.str()));
	session.drain = loop.after(std::max(session.work.wait(std::chrono::steady_clock::now()), 1ms),
				   [this, id = session.id] { drain(id); });
}

void Server::Impl::drain(SessionId id)
{
	while (auto *session = find(id)) {
		session->drain.reset();
		if (session->closing || session->waiting.empty())
			return;
		if (const auto wait = session->work.wait(std::chrono::steady_clock::now()); wait.count() > 0) {
			session->drain = loop.after(wait, [this, id] { drain(id); });
			return;
		}
		const auto text = std::move(session->waiting.front());
		session->waiting.pop_front();
		session->waitingBytes -= text.size();
		guarded(id, [&] { handle(*session, text); });
	}
}

void Server::Impl::failed(SessionId id, const char *what) noexcept
{
	++failures;
	spdlog::error("a failure inside the service, of session {}: {}", id, what);
	try {
		if (find(id))
			close(id, kCloseInternal, "internal error");
	} catch (const std::exception &again) {
		spdlog::error("session {} cannot be closed: {}", id, again.what());
	}
}

void Server::Impl::handle(Session &session, std::string_view text)
{
	const Meter meter(session.work);
	const auto message = protocol::parseClientMessage(text);
	if (!message) {
		refusals.count("malformed");
		limitLog.warn("malformed", fmt::format("session {} ({}) sent a malformed message: {}: closed",
						       session.id, session.who.userId.str(), message.error().message));
		close(session.id, kCloseMalformed, "not a message of this protocol");
		return;
	}
	if (text.size() > kMaxPlainBytes && !mayBeLarge(message.value().command)) {
		refusals.count("malformed");
		limitLog.warn("size",
			      fmt::format("session {} ({}) sent a message of {} bytes; without an SDP at most {} "
					  "are taken: closed",
					  session.id, session.who.userId.str(), text.size(), kMaxPlainBytes));
		close(session.id, kCloseMalformed, "message too large");
		return;
	}
	spdlog::debug("session {}: command {} seq {}", session.id, message.value().command.index(),
		      message.value().seq);
	if (!resumed(session, message.value()))
		apply(rules.received(session.id, message.value(), std::chrono::steady_clock::now()));
}

void Server::Impl::gone(Session &session, unsigned short code, const std::string &reason)
{
	const auto id = session.id;
	spdlog::info("session {}: socket closed, {} {}", id, code, reason);
	// What waited goes with the socket, but a leave is the last word of a client: others must not wait for it to come back.
	if (!session.closing && !session.waiting.empty()) {
		const auto last = std::move(session.waiting.back());
		session.waiting.clear();
		if (const auto message = protocol::parseClientMessage(last);
		    message && std::holds_alternative<protocol::Leave>(message.value().command))
			guarded(id, [&] { handle(session, last); });
	}
	if (session.closing || code == kCloseGoingAway) {
		apply(rules.closed(id));
		sessions.erase(id);
		return;
	}
	// Also after a close frame with 1000: the SDK ends a try to come back so when it has waited too long for it.
	session.socket.reset();
	session.drain.reset();
	session.waiting.clear();
	session.waitingBytes = 0;
	apply(rules.lost(id, std::chrono::steady_clock::now()));
}

void Server::Impl::close(SessionId id, unsigned short code, const std::string &reason)
{
	auto *session = find(id);
	if (!session || session->closing)
		return;
	// After an end that the rules have decided, they know of it.
	apply(rules.closed(id, leave_reason::kRefused));
	if (!session->socket) {
		sessions.erase(id);
		return;
	}
	session->closing = true;
	session->socket->close(code, reason);
}

void Server::Impl::apply(const Effects &effects)
{
	// Media outcomes and closed sockets come back through the loop, never inside these calls.
	for (const auto &effect : effects) {
		const auto about = std::visit(
			[](const auto &one) {
				if constexpr (requires { one.to; })
					return one.to;
				else
					return one.session;
			},
			effect);
		guarded(about, [&] { carryOut(effect); });
	}
}

void Server::Impl::carryOut(const Effect &effect)
{
	std::visit(overloaded {
			   [&](const Send &send) {
				   auto *session = find(send.to);
				   if (!session || session->closing || !session->socket)
					   return;
				   ++messagesOut;
				   if (send.message.event == protocol::Event::JoinResult &&
				       send.message.code == protocol::code::kOk)
					   ++joins;
				   refusals.take(send.message);
				   const auto text = protocol::encode(send.message);
				   if (config.trace)
					   config.trace->message(session->label(), Trace::Direction::Out, text);
				   session->socket->send(text);
			   },
			   [&](const CloseSession &end) { close(end.session, end.code, end.reason); },
			   [&](const StartUplink &start) { media.start(start, clientOf(start.session)); },
			   [&](const StopUplink &stop) { media.stop(stop); },
			   [&](const StartDownlink &start) { media.start(start, clientOf(start.session)); },
			   [&](const ChangeDownlink &change) { media.change(change); },
			   [&](const StopDownlink &stop) { media.stop(stop); },
			   [&](const UplinkFlow &flow) { media.flow(flow); },
			   [&](const StartSingle &start) { media.start(start, clientOf(start.session)); },
			   [&](const StopSingle &stop) { media.stop(stop); },
			   [&](const StartSingleUplink &start) { media.start(start); },
			   [&](const StartSingleDownlink &start) { media.start(start); },
			   [&](const Tell &news) { tell(news); },
		   },
		   effect);
}

void Server::Impl::tell(const Tell &news)
{
	if (!onRoomEvent)
		return;
	auto event = news.event;
	if (auto *published = std::get_if<StreamPublished>(&event); published && published->video)
		published->codec = media.videoCodec(news.session);
	onRoomEvent(event);
}

} // namespace trtc::service
