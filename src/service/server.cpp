// SPDX-License-Identifier: MIT
#include "service/server.h"

#include "protocol/codec.h"
#include "service/metrics.h"
#include "service/permit_check.h"
#include "service/server_impl.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>

namespace trtc::service {

using namespace std::chrono_literals;

std::int64_t unixMs()
{
	return std::chrono::duration_cast<std::chrono::milliseconds>(
		       std::chrono::system_clock::now().time_since_epoch())
		.count();
}

Server::Impl::Impl(MainLoop &mainLoop, ServerConfig serverConfig)
	: loop(mainLoop), config(std::move(serverConfig)), rules(config.limits),
	  media(loop, { config.mediaAddress, config.minMediaPort, config.maxMediaPort },
		{ [this](SessionId s, std::int64_t seq, protocol::Event event, int code, const std::string &text) {
			 guarded(s, [&] { apply(rules.uplinkAnswered(s, seq, event, code, text)); });
		 },
		  [this](SessionId s, std::int64_t seq, SessionId publisher, int code, const std::string &text) {
			  guarded(s, [&] { apply(rules.downlinkAnswered(s, seq, publisher, code, text)); });
		  },
		  [this](SessionId s) { guarded(s, [&] { apply(rules.uplinkFailed(s)); }); },
		  [this](SessionId s, SessionId publisher) {
			  guarded(s, [&] { apply(rules.downlinkFailed(s, publisher)); });
		  },
		  [this](SessionId s, std::int64_t seq, int code, const std::string &text,
			 const protocol::Ability &ability) {
			  guarded(s, [&] { apply(rules.singleAnswered(s, seq, code, text, ability)); });
		  },
		  [this](SessionId s) { guarded(s, [&] { apply(rules.singleFailed(s)); }); } },
		config.trace),
	  warmUp(loop)
{
	if (config.requirePrivateMapKey)
		rules.requirePermits(makePermitCheck(config.secretKey, [] { return unixMs() / 1000; }));
	net::HttpServer::Options options;
	options.maxConnections = config.maxConnections;
	options.maxConnectionsPerAddress = config.maxConnectionsPerAddress;
	options.requestTimeout = config.idleLimit;
	http = std::make_unique<net::HttpServer>(loop, options);
	http->onWebSocket([this](const net::Request &request, std::unique_ptr<net::WebSocket> socket) {
		opened(request, std::move(socket));
	});
	http->onRequest([this](const net::Request &request) { return answer(request); });
	http->onFailure([this](const std::string &what) { failed(0, what.c_str()); });
	http->onDropped([this](net::HttpServer::Dropped why, const std::string &address) {
		const bool all = why == net::HttpServer::Dropped::Connections;
		refusals.count(all ? "connections" : "connections-per-address");
		limitLog.warn(all ? "connections" : "connections-per-address",
			      all ? fmt::format("a connection from {} refused: {} are open, the limit", address,
						config.maxConnections)
				  : fmt::format("a connection from {} refused: {} of this address are open, the limit "
						"(--max-connections-per-address)",
						address, config.maxConnectionsPerAddress));
	});
	// The last barrier: whatever a task of a connection throws, everybody else stays.
	loop.onTaskFailure([this](const std::string &what) { failed(0, what.c_str()); });
	http->listen(config.host, config.port,
		     config.tlsCertificate.empty()
			     ? std::nullopt
			     : std::optional(net::TlsFiles { config.tlsCertificate, config.tlsKey }));
	ticker = loop.every(1s, [this] { tick(); });
}

Server::Impl::~Impl() { loop.onTaskFailure({}); }

void Server::Impl::tick()
{
	const auto now = std::chrono::steady_clock::now();
	apply(rules.tick(now));
	std::set<UserId> here;
	for (const auto &[id, session] : sessions)
		here.insert(session->who.userId);
	std::erase_if(works, [&](const auto &entry) { return !here.contains(entry.first) && entry.second.idle(now); });
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
	out.counter("trtc_sessions_slowed_total", "Times that a user's messages waited for its share of the service.",
		    number(slowed));
	out.counter("trtc_failures_total", "Errors inside the service; each ended one session at most.",
		    number(failures));
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
		const auto now = std::chrono::steady_clock::now();
		if (!metricsUntil || now >= *metricsUntil) {
			metricsText = metrics();
			const auto done = std::chrono::steady_clock::now();
			metricsUntil = done + kMetricsRest * (done - now);
		}
		response.body = metricsText;
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
