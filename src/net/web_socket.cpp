// SPDX-License-Identifier: MIT
#include "net/web_socket_impl.h"

// Not netinet/tcp.h: its tcp_info ends before the byte counts.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <algorithm>

namespace trtc::net {

namespace {

/// What a service may send between two messages.
constexpr std::size_t kMaxUnheard = kMaxIncomingBytes + 2 * kControlSlack;

using Clock = std::chrono::steady_clock;

bool readTcpInfo(SoupWebsocketConnection *connection, tcp_info &info)
{
	auto *socket = findSocket(soup_websocket_connection_get_io_stream(connection));
	socklen_t length = sizeof info;
	info = {};
	return socket && getsockopt(g_socket_get_fd(socket), IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
}

/// What libsoup and RFC 6455 let this end say.
unsigned short permittedCode(SoupWebsocketConnection *connection, unsigned short code)
{
	const bool server =
		soup_websocket_connection_get_connection_type(connection) == SOUP_WEBSOCKET_CONNECTION_SERVER;
	if (code == 1000 || code == 1001 || code == 1003 || (code >= 1007 && code <= 1009) ||
	    (code == 1011 && server) || (code >= 4000 && code <= 4999))
		return code;
	return server ? 1011 : 1008;
}

/// A close frame has room for 123 bytes; no character may be cut in two.
std::string shortReason(const std::string &reason)
{
	const glib::CharPtr valid(g_utf8_make_valid(reason.c_str(), -1));
	std::string text = valid.get();
	if (text.size() > 123) {
		text.resize(123);
		const char *end = nullptr;
		if (!g_utf8_validate(text.c_str(), -1, &end))
			text.resize(static_cast<std::size_t>(end - text.c_str()));
	}
	return text;
}

/// Lets a closing handshake finish after the owner has gone. Owned by a timer of the loop, so that it
/// ends with the handshake, after a while, or with the loop.
struct Farewell {
	glib::ObjectPtr<SoupWebsocketConnection> connection;
	glib::ObjectPtr<SoupSession> session;
	glib::SignalConnection onClosed;
	SourceHandle timer;

	static void closed(SoupWebsocketConnection *, gpointer data) noexcept
	{
		auto &self = *static_cast<Farewell *>(data);
		// Not here: this frees the connection that is speaking.
		self.loop->post([alive = self.self.lock()] {
			if (alive)
				alive->timer.reset();
		});
	}
	static void begin(MainLoop &loop, glib::ObjectPtr<SoupWebsocketConnection> connection,
			  glib::ObjectPtr<SoupSession> session)
	{
		auto farewell = std::make_shared<Farewell>();
		farewell->loop = &loop;
		farewell->self = farewell;
		farewell->connection = std::move(connection);
		farewell->session = std::move(session);
		auto *raw = farewell->connection.get();
		farewell->onClosed = { raw, g_signal_connect(raw, "closed", G_CALLBACK(closed), farewell.get()) };
		auto &timer = farewell->timer;
		timer = loop.after(std::chrono::seconds(6), [farewell] { farewell->timer.reset(); });
	}

	MainLoop *loop = nullptr;
	std::weak_ptr<Farewell> self;
};

void messageArrived(SoupWebsocketConnection *, gint type, GBytes *bytes, gpointer data) noexcept
{
	const auto self = static_cast<WebSocket::Impl *>(data)->shared_from_this();
	self->lastSign = Clock::now();
	self->refillBudget();
	if (type != SOUP_WEBSOCKET_DATA_TEXT) {
		if (!self->binarySeen &&
		    soup_websocket_connection_get_state(self->connection.get()) == SOUP_WEBSOCKET_STATE_OPEN)
			soup_websocket_connection_close(self->connection.get(), SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA,
							"text frames only");
		self->binarySeen = true;
		return;
	}
	gsize size = 0;
	const auto *text = static_cast<const char *>(g_bytes_get_data(bytes, &size));
	self->textBytes += size;
	if (self->guard)
		self->guard->heard(size);
	if (size > kMaxIncomingBytes)
		return self->fail("message too large");
	if (self->listener && !self->ended && !self->binarySeen) {
		try {
			self->listener->onText({ text ? text : "", size });
		} catch (...) {
			// An exception must not cross C: the loop stops and throws it.
			self->loop.post([error = std::current_exception()] { std::rethrow_exception(error); });
		}
	}
}

void pongArrived(SoupWebsocketConnection *, GBytes *, gpointer data) noexcept
{
	auto &self = *static_cast<WebSocket::Impl *>(data);
	// Pongs nobody asked for are a flood: only one a second counts.
	if (Clock::now() - self.lastSign >= std::chrono::milliseconds(900))
		self.refillBudget();
	self.lastSign = Clock::now();
}

void errorSeen(SoupWebsocketConnection *, GError *error, gpointer data) noexcept
{
	static_cast<WebSocket::Impl *>(data)->lastError = error->message;
}

void closedSeen(SoupWebsocketConnection *connection, gpointer data) noexcept
{
	auto &self = *static_cast<WebSocket::Impl *>(data);
	const auto code = soup_websocket_connection_get_close_code(connection);
	const auto *reason = soup_websocket_connection_get_close_data(connection);
	// libsoup closed the stream, which behind our counting wrapper does not reach the socket: without this
	// the peer waits 5 s for the end of the connection.
	if (auto *socket = findSocket(soup_websocket_connection_get_io_stream(connection)))
		g_socket_shutdown(socket, TRUE, TRUE, nullptr);
	if (self.guard && self.guard->hasCut())
		return self.reportClosed(
			1008,
			fmt::format("this end closed it: more than {} bytes came without a message", kMaxUnheard));
	self.reportClosed(code, reason && *reason ? reason : self.lastError);
}

} // namespace

std::unique_ptr<WebSocket> WebSocket::Impl::make(MainLoop &loop, SoupWebsocketConnection *connection,
						 const Keepalive &keepalive, SoupSession *session)
{
	auto impl = std::make_shared<Impl>(loop);
	if (session)
		impl->session = glib::ObjectPtr<SoupSession>::share(session);
	impl->attach(connection, keepalive);
	return std::make_unique<WebSocket>(std::move(impl));
}

void WebSocket::Impl::attach(SoupWebsocketConnection *raw, const Keepalive &keepalive)
{
	connection = glib::ObjectPtr<SoupWebsocketConnection>::share(raw);
	soup_websocket_connection_set_max_incoming_payload_size(raw, kMaxIncomingBytes);
	soup_websocket_connection_set_keepalive_interval(raw, static_cast<guint>(keepalive.pingPeriod.count()));
	onMessage = { raw, g_signal_connect(raw, "message", G_CALLBACK(messageArrived), this) };
	onPong = { raw, g_signal_connect(raw, "pong", G_CALLBACK(pongArrived), this) };
	onError = { raw, g_signal_connect(raw, "error", G_CALLBACK(errorSeen), this) };
	onClosed = { raw, g_signal_connect(raw, "closed", G_CALLBACK(closedSeen), this) };
	budget = findBudget(soup_websocket_connection_get_io_stream(raw));
	refillBudget();
	tcp_info info;
	if (readTcpInfo(raw, info)) {
		ackedAtStart = info.tcpi_bytes_acked;
		receivedSeen = info.tcpi_bytes_received;
	}
	if (auto *socket = findSocket(soup_websocket_connection_get_io_stream(raw)); socket && !budget)
		guard = std::make_unique<FloodGuard>(g_socket_get_fd(socket), kMaxUnheard);
	lastSign = Clock::now();
	// The first check is soon enough for the shortest timeout in use.
	watchTimer = loop.every(std::chrono::milliseconds(500), [weak = weak_from_this(), keepalive] {
		if (const auto self = weak.lock())
			self->watch(keepalive);
	});
}

void WebSocket::Impl::refillBudget()
{
	if (budget)
		budget->left = kMaxIncomingBytes + kControlSlack;
}

void WebSocket::Impl::watch(const Keepalive &keepalive)
{
	if (ended)
		return;
	if (Clock::now() - lastSign > keepalive.timeout)
		return fail("no answer to pings");
	tcp_info info;
	if (budget || !readTcpInfo(connection.get(), info))
		return;
	// The client's end has no counted stream: what came in without making a message is judged here.
	if (info.tcpi_bytes_received - receivedSeen > textBytes + 4 * (kMaxIncomingBytes + kControlSlack))
		return fail("message too large");
	if (textBytes > 0) {
		receivedSeen = info.tcpi_bytes_received;
		textBytes = 0;
	}
}

bool WebSocket::Impl::queueFull()
{
	// libsoup does not tell what it still holds; the kernel tells what the peer has taken.
	if (sentBytes - ackedSeen <= kMaxQueuedBytes)
		return false;
	tcp_info info;
	if (!readTcpInfo(connection.get(), info))
		return false;
	ackedSeen = std::min<std::uint64_t>(
		sentBytes, info.tcpi_bytes_acked - std::min<std::uint64_t>(info.tcpi_bytes_acked, ackedAtStart));
	return sentBytes - ackedSeen > kMaxQueuedBytes;
}

void WebSocket::Impl::reportClosed(unsigned short withCode, std::string withReason)
{
	if (std::exchange(ended, true))
		return;
	watchTimer.reset();
	verdict.emplace(withCode, std::move(withReason));
	loop.post([weak = weak_from_this()] {
		if (const auto self = weak.lock())
			self->deliverClosed();
	});
}

void WebSocket::Impl::deliverClosed()
{
	if (!verdict || !listener)
		return;
	const auto [code, reason] = *std::exchange(verdict, std::nullopt);
	listener->onClosed(code, reason);
}

void WebSocket::Impl::fail(const std::string &why)
{
	if (ended)
		return;
	// Shut down rather than closed: libsoup still holds the stream and cleans up at its own pace.
	if (auto *socket = findSocket(soup_websocket_connection_get_io_stream(connection.get())))
		g_socket_shutdown(socket, TRUE, TRUE, nullptr);
	reportClosed(0, why);
}

void WebSocket::Impl::detach() noexcept
{
	listener = nullptr;
	watchTimer.reset();
	guard.reset();
	verdict.reset();
	onMessage.reset();
	onPong.reset();
	onError.reset();
	onClosed.reset();
	if (soup_websocket_connection_get_state(connection.get()) == SOUP_WEBSOCKET_STATE_OPEN)
		soup_websocket_connection_close(connection.get(), SOUP_WEBSOCKET_CLOSE_GOING_AWAY, nullptr);
	if (soup_websocket_connection_get_state(connection.get()) != SOUP_WEBSOCKET_STATE_CLOSED)
		Farewell::begin(loop, std::move(connection), std::move(session));
	ended = true;
}

WebSocket::WebSocket(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

WebSocket::~WebSocket() { impl_->detach(); }

void WebSocket::setListener(Listener *listener) noexcept
{
	impl_->listener = listener;
	if (listener && impl_->verdict)
		impl_->loop.post([weak = impl_->weak_from_this()] {
			if (const auto self = weak.lock())
				self->deliverClosed();
		});
}

bool WebSocket::isOpen() const noexcept
{
	return !impl_->ended &&
	       soup_websocket_connection_get_state(impl_->connection.get()) == SOUP_WEBSOCKET_STATE_OPEN;
}

bool WebSocket::send(const std::string &text)
{
	const auto self = impl_;
	if (!isOpen() || text.size() > kMaxOutgoingBytes || !g_utf8_validate_len(text.data(), text.size(), nullptr))
		return false;
	if (self->queueFull()) {
		self->fail("the peer does not read");
		return false;
	}
	self->sentBytes += text.size() + 14; // the largest frame header
	soup_websocket_connection_send_text(self->connection.get(), text.c_str());
	return true;
}

void WebSocket::close(unsigned short code, const std::string &reason)
{
	const auto self = impl_;
	if (!isOpen())
		return;
	const auto text = shortReason(reason);
	soup_websocket_connection_close(self->connection.get(), permittedCode(self->connection.get(), code),
					text.c_str());
}

void WebSocket::abort()
{
	const auto self = impl_;
	self->fail("cut");
}

} // namespace trtc::net
