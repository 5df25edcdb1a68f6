// SPDX-License-Identifier: MIT
#include "service/server.h"

#include "net/http_server.h"
#include "protocol/codec.h"
#include "service/media_hub.h"
#include "service/metrics.h"
#include "service/permit_check.h"
#include "service/refusals.h"
#include "service/warm_up.h"
#include "usersig/usersig.h"

#include <trtc/events.h>

#include <fmt/format.h>
#include <glib.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <map>

namespace trtc::service {

namespace {

using namespace std::chrono_literals;

/// WebSocket close codes of ours (4000 and up make the SDK come back, 1000 would not).
constexpr unsigned short kCloseRefused = 4010, kCloseMalformed = 4011, kCloseTooFast = 4012, kCloseStopping = 4013,
			 kCloseReplaced = 4014;
/// RFC 6455 7.4.1: the page is closed or left; nobody is there any more to come back.
constexpr unsigned short kCloseGoingAway = 1001;

/// Messages a client may send: a browser sends some ten in its first second and one a second later on.
constexpr double kMessageRate = 50, kMessageBurst = 200;
/// A socket that takes over a session counts as so many of its messages: ten at once, then one in 0.4 s. The SDK's first
/// tries are 2 s apart.
constexpr double kResumeCost = 20;

std::int64_t unixMs()
{
	return std::chrono::duration_cast<std::chrono::milliseconds>(
		       std::chrono::system_clock::now().time_since_epoch())
		.count();
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

struct Server::Impl {
	/// One visit as RoomService has it, with the socket it has now: none while it is lost.
	struct Session final : net::WebSocket::Listener {
		Session(Impl &impl, SessionId number, std::unique_ptr<net::WebSocket> webSocket, Identity identity)
			: owner(impl), id(number), socket(std::move(webSocket)), who(std::move(identity))
		{
			socket->setListener(this);
		}
		void onText(std::string_view text) override { owner.received(*this, text); }
		void onClosed(unsigned short code, const std::string &reason) override
		{
			owner.gone(*this, code, reason);
		}
		/// False: too much in too short a time.
		bool pay(double price)
		{
			const auto now = std::chrono::steady_clock::now();
			credit =
				std::min(kMessageBurst,
					 credit + kMessageRate * std::chrono::duration<double>(now - refilled).count());
			refilled = now;
			if (credit < price)
				return false;
			credit -= price;
			return true;
		}

		std::string label() const { return fmt::format("session {} {}", id, who.userId.str()); }

		Impl &owner;
		SessionId id;
		std::unique_ptr<net::WebSocket> socket;
		Identity who;
		double credit = kMessageBurst;
		TimePoint refilled = std::chrono::steady_clock::now();
		bool closing = false; // said its last; waits for the socket
	};

	Impl(MainLoop &mainLoop, ServerConfig serverConfig);
	void opened(const net::Request &request, std::unique_ptr<net::WebSocket> socket);
	void resume(Session &session, const std::string &from, std::unique_ptr<net::WebSocket> socket,
		    std::int64_t seq = 0);
	bool resumed(Session &fresh, const protocol::ClientMessage &message);
	/// Closes a socket that is nobody's any more.
	void dismiss(std::unique_ptr<net::WebSocket> socket, unsigned short code, const std::string &reason);
	void received(Session &session, std::string_view text);
	void gone(Session &session, unsigned short code, const std::string &reason);
	net::Response answer(const net::Request &request);
	void apply(const Effects &effects);
	void close(SessionId id, unsigned short code, const std::string &reason);
	void tell(const Tell &news);
	void tick();
	Session *find(SessionId id);
	std::string addressOf(SessionId id);
	std::string metrics();

	MainLoop &loop;
	ServerConfig config;
	RoomService rules;
	std::map<SessionId, std::unique_ptr<Session>> sessions;
	MediaHub media;
	std::unique_ptr<net::HttpServer> http;
	SessionId nextId = 1;
	std::uint64_t messagesIn = 0, messagesOut = 0, joins = 0, resumes = 0, ticks = 0;
	Refusals refusals;
	std::function<void(const RoomEvent &)> onRoomEvent;
	SourceHandle ticker, stopTimer;
	WarmUp warmUp;
	bool stopping = false;
	std::shared_ptr<int> alive = std::make_shared<int>(); ///< for what is posted
};

Server::Impl::Impl(MainLoop &mainLoop, ServerConfig serverConfig)
	: loop(mainLoop), config(std::move(serverConfig)), rules(config.limits),
	  media(loop, { config.mediaAddress, config.minMediaPort, config.maxMediaPort },
		{ [this](SessionId s, std::int64_t seq, protocol::Event event, int code, const std::string &text) {
			 apply(rules.uplinkAnswered(s, seq, event, code, text));
		 },
		  [this](SessionId s, std::int64_t seq, SessionId publisher, int code, const std::string &text) {
			  apply(rules.downlinkAnswered(s, seq, publisher, code, text));
		  },
		  [this](SessionId s) { apply(rules.uplinkFailed(s)); },
		  [this](SessionId s, SessionId publisher) { apply(rules.downlinkFailed(s, publisher)); },
		  [this](SessionId s, std::int64_t seq, int code, const std::string &text,
			 const protocol::Ability &ability) {
			  apply(rules.singleAnswered(s, seq, code, text, ability));
		  },
		  [this](SessionId s) { apply(rules.singleFailed(s)); } },
		config.trace),
	  warmUp(loop)
{
	if (config.requirePrivateMapKey)
		rules.requirePermits(makePermitCheck(config.secretKey, [] { return unixMs() / 1000; }));
	net::HttpServer::Options options;
	options.maxConnections = config.maxConnections;
	options.requestTimeout = config.idleLimit;
	http = std::make_unique<net::HttpServer>(loop, options);
	http->onWebSocket([this](const net::Request &request, std::unique_ptr<net::WebSocket> socket) {
		opened(request, std::move(socket));
	});
	http->onRequest([this](const net::Request &request) { return answer(request); });
	http->listen(config.host, config.port,
		     config.tlsCertificate.empty()
			     ? std::nullopt
			     : std::optional(net::TlsFiles { config.tlsCertificate, config.tlsKey }));
	ticker = loop.every(1s, [this] { tick(); });
}

Server::Impl::Session *Server::Impl::find(SessionId id)
{
	const auto found = sessions.find(id);
	return found == sessions.end() ? nullptr : found->second.get();
}

std::string Server::Impl::addressOf(SessionId id)
{
	const auto *session = find(id);
	return session ? session->who.clientIp : std::string();
}

void Server::Impl::opened(const net::Request &request, std::unique_ptr<net::WebSocket> socket)
{
	const auto text = [&](std::string_view name) { return std::string(request.queryValue(name).value_or("")); };
	const auto user = text("userId"), appText = text("sdkAppId"), signature = text("userSig");
	std::uint32_t app = 0;
	std::from_chars(appText.data(), appText.data() + appText.size(), app);
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
		why = fmt::format("sdkAppId {} is not served here", app);
	} else if (auto checked = usersig::verifyUserSig(signature, user, app, config.secretKey, unixMs() / 1000);
		   !checked) {
		why = checked.error().message;
	}
	if (!why.empty()) {
		refusals.count(label);
		spdlog::log(anonymous ? spdlog::level::info : spdlog::level::warn, "connection from {} refused: {}",
			    request.remoteIp, why);
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
		spdlog::warn("session {} ({}) reconnects too often: refused", session.id, session.who.userId.str());
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
	if (!session.pay(1)) {
		refusals.count("rate");
		spdlog::warn("session {} ({}) sends more than {} messages a second: closed", session.id,
			     session.who.userId.str(), kMessageRate);
		close(session.id, kCloseTooFast, "too many messages");
		return;
	}
	++messagesIn;
	const auto message = protocol::parseClientMessage(text);
	if (!message) {
		refusals.count("malformed");
		spdlog::warn("session {} ({}) sent a malformed message: {}: closed", session.id,
			     session.who.userId.str(), message.error().message);
		close(session.id, kCloseMalformed, "not a message of this protocol");
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
	if (session.closing || code == kCloseGoingAway) {
		apply(rules.closed(id));
		sessions.erase(id);
		return;
	}
	// Also after a close frame with 1000: the SDK ends a try to come back so when it has waited too long for it.
	session.socket.reset();
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
				   [&](const StartUplink &start) { media.start(start, addressOf(start.session)); },
				   [&](const StopUplink &stop) { media.stop(stop); },
				   [&](const StartDownlink &start) { media.start(start, addressOf(start.session)); },
				   [&](const ChangeDownlink &change) { media.change(change); },
				   [&](const StopDownlink &stop) { media.stop(stop); },
				   [&](const UplinkFlow &flow) { media.flow(flow); },
				   [&](const StartSingle &start) { media.start(start, addressOf(start.session)); },
				   [&](const StopSingle &stop) { media.stop(stop); },
				   [&](const StartSingleUplink &start) { media.start(start); },
				   [&](const StartSingleDownlink &start) { media.start(start); },
				   [&](const Tell &news) { tell(news); },
			   },
			   effect);
	}
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

void Server::Impl::tick()
{
	apply(rules.tick(std::chrono::steady_clock::now()));
	// Event 22, every two seconds: the SDK's only source for its uplink quality.
	if (++ticks % 2 != 0)
		return;
	std::vector<SessionId> ids;
	for (const auto &[id, session] : sessions)
		ids.push_back(id);
	for (const auto id : ids) {
		const auto stats = media.takeStats(id);
		if (stats.expectAudPkg || stats.expectVidPkg)
			apply(rules.uplinkStats(id, stats));
	}
}

std::string Server::Impl::metrics()
{
	MetricsText out;
	const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
	out.gauge("trtc_rooms", "Rooms with at least one user.", number(rules.rooms()));
	out.gauge("trtc_users", "Users in rooms.", number(rules.users()));
	out.gauge("trtc_anchors", "Users in rooms with the role anchor.", number(rules.anchors()));
	out.gauge("trtc_publishers", "Users that publish.", number(rules.publishers()));
	out.gauge("trtc_streams", "Published streams, main and auxiliary.", number(rules.streams()));
	out.gauge("trtc_sessions_kept", "Users in rooms whose connection is lost and who can reconnect.",
		  number(rules.kept()));
	out.gauge("trtc_connections", "Open connections.", number(http->connections()));
	out.gauge("trtc_uplinks", "Peer connections that receive.", number(media.uplinks()));
	out.gauge("trtc_downlinks", "Peer connections that send.", number(media.downlinks()));
	out.counter("trtc_joins_total", "Users that have joined a room.", number(joins));
	out.counter("trtc_resumes_total", "Lost connections that were resumed.", number(resumes));
	out.counters("trtc_refusals_total", "Refused requests, by reason.", "reason", refusals.byReason());
	out.counter("trtc_messages_received_total", "Room messages received.", number(messagesIn));
	out.counter("trtc_messages_sent_total", "Room messages sent.", number(messagesOut));
	const auto sums = media.sums();
	out.counter("trtc_media_received_bytes_total", "RTP payload received.", number(sums.bytesReceived));
	out.counter("trtc_media_received_packets_total", "RTP packets received.", number(sums.packetsReceived));
	out.counter("trtc_media_lost_packets_total", "RTP packets that were lost or late.", number(sums.packetsLost));
	out.counter("trtc_media_forwarded_bytes_total", "RTP payload forwarded.", number(sums.bytesForwarded));
	out.counter("trtc_media_forwarded_packets_total", "RTP packets forwarded.", number(sums.packetsForwarded));
	addPacketFaults(out, media.faults());
	addProcessMetrics(out);
	return out.text();
}

net::Response Server::Impl::answer(const net::Request &request)
{
	net::Response response;
	// Pages of another origin read these too, and the SDK posts its log to whoever is its loggerProxy.
	response.headers.emplace_back("Access-Control-Allow-Origin", "*");
	if (request.method == "GET" && request.path == "/healthz") {
		response.body = "ok\n";
	} else if (request.method == "GET" && request.path == "/metrics") {
		response.contentType = "text/plain; version=0.0.4; charset=utf-8";
		response.body = metrics();
	} else if (request.method == "POST" && request.path == "/api/v1/config" && !request.host.empty()) {
		response.contentType = "application/json";
		response.body = protocol::scheduleAnswer(request.host);
	} else if (request.method == "POST" && request.path.ends_with("/C2S")) {
		response.body = "ok";
	} else {
		response.status = 404;
		response.body = "This is a TRTC room service: connect with a WebSocket.\n";
	}
	return response;
}

Server::Server(MainLoop &loop, ServerConfig config) : impl_(std::make_unique<Impl>(loop, std::move(config))) {}

Server::~Server() = default;

std::string Server::url() const { return impl_->http->webSocketUrl(); }

std::uint16_t Server::port() const { return impl_->http->port(); }

bool Server::kick(const RoomId &room, const UserId &user)
{
	Effects effects;
	const bool there = impl_->rules.kick(impl_->config.sdkAppId, room, user, effects);
	impl_->apply(effects);
	return there;
}

bool Server::ban(const RoomId &room, const UserId &user)
{
	Effects effects;
	const bool there = impl_->rules.ban(impl_->config.sdkAppId, room, user, effects);
	impl_->apply(effects);
	return there;
}

bool Server::unban(const RoomId &room, const UserId &user)
{
	return impl_->rules.unban(impl_->config.sdkAppId, room, user);
}

std::size_t Server::disband(const RoomId &room)
{
	Effects effects;
	const auto count = impl_->rules.disband(impl_->config.sdkAppId, room, effects);
	impl_->apply(effects);
	return count;
}

std::vector<RoomInfo> Server::rooms() const { return impl_->rules.listRooms(impl_->config.sdkAppId); }

std::optional<std::vector<MemberInfo>> Server::members(const RoomId &room) const
{
	return impl_->rules.listMembers(impl_->config.sdkAppId, room);
}

std::vector<BanInfo> Server::bans() const { return impl_->rules.listBans(impl_->config.sdkAppId); }

void Server::onRoomEvent(std::function<void(const RoomEvent &)> handler) { impl_->onRoomEvent = std::move(handler); }

void Server::stop(std::function<void()> done)
{
	if (std::exchange(impl_->stopping, true))
		return;
	// All at once: nobody is to hear of the others' leaving before it is told that the room itself is gone.
	for (const auto &[id, session] : impl_->sessions) {
		if (!std::exchange(session->closing, true) && session->socket)
			session->socket->close(kCloseStopping, "the service stops");
	}
	// The clients have heard it; only the operator is told of each of them.
	for (const auto &[id, session] : impl_->sessions)
		for (const auto &effect : impl_->rules.closed(id, leave_reason::kStopped))
			if (const auto *news = std::get_if<Tell>(&effect))
				impl_->tell(*news);
	// Close frames are written within a round or two of the loop; nobody's handshake is waited for.
	impl_->stopTimer = impl_->loop.after(200ms, std::move(done));
}

} // namespace trtc::service
