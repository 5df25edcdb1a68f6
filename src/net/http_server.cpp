// SPDX-License-Identifier: MIT
#include "net/http_server.h"

#include "net/tls_files.h"
#include "net/tls_gate.h"
#include "net/web_socket_impl.h"

#include <fmt/format.h>
#include <gio/gio.h>

#include <map>

namespace trtc::net {

namespace {

constexpr const char *kConnectionKey = "trtc-connection";

std::string headerValue(SoupServerMessage *message, const char *name)
{
	const auto *value = soup_message_headers_get_one(soup_server_message_get_request_headers(message), name);
	return value ? value : "";
}

/// Percent-decoding as browsers encode: `+` is a space. What cannot be decoded stays as it is.
std::string decodeComponent(std::string text)
{
	for (char &c : text)
		if (c == '+')
			c = ' ';
	auto *bytes = g_uri_unescape_bytes(text.c_str(), static_cast<gssize>(text.size()), nullptr, nullptr);
	if (!bytes)
		return text;
	gsize size = 0;
	const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
	std::string out(data ? data : "", size);
	g_bytes_unref(bytes);
	return out;
}

std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view query)
{
	std::vector<std::pair<std::string, std::string>> pairs;
	while (!query.empty()) {
		const auto part = query.substr(0, query.find('&'));
		query.remove_prefix(std::min(part.size() + 1, query.size()));
		if (part.empty())
			continue;
		const auto equals = std::min(part.find('='), part.size());
		pairs.emplace_back(decodeComponent(std::string(part.substr(0, equals))),
				   decodeComponent(std::string(part.substr(std::min(equals + 1, part.size())))));
	}
	return pairs;
}

std::string ipOf(GSocketAddress *address)
{
	if (!address || !G_IS_INET_SOCKET_ADDRESS(address))
		return "";
	const glib::CharPtr text(
		g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address))));
	return text.get();
}

Request readRequest(SoupServerMessage *message, const char *path)
{
	Request request;
	request.method = soup_server_message_get_method(message);
	request.path = path ? path : "/";
	const auto *query = g_uri_get_query(soup_server_message_get_uri(message));
	request.query = parseQuery(query ? query : "");
	request.contentType = headerValue(message, "Content-Type");
	request.origin = headerValue(message, "Origin");
	request.host = headerValue(message, "Host");
	request.remoteIp = ipOf(soup_server_message_get_remote_address(message));
	if (auto *body = soup_server_message_get_request_body(message)) {
		auto *bytes = soup_message_body_flatten(body);
		gsize size = 0;
		if (const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size)))
			request.body.assign(data, size);
		g_bytes_unref(bytes);
	}
	return request;
}

void writeResponse(SoupServerMessage *message, const Response &response)
{
	auto *headers = soup_server_message_get_response_headers(message);
	for (const auto &[name, value] : response.headers)
		soup_message_headers_append(headers, name.c_str(), value.c_str());
	soup_message_headers_replace(headers, "Connection", "close");
	soup_server_message_set_status(message, static_cast<guint>(response.status), nullptr);
	soup_server_message_set_response(message, response.contentType.c_str(), SOUP_MEMORY_COPY, response.body.data(),
					 response.body.size());
}

glib::ObjectPtr<GInetAddress> resolve(const std::string &host)
{
	if (auto *numeric = g_inet_address_new_from_string(host.c_str()))
		return glib::ObjectPtr<GInetAddress>::adopt(numeric);
	const auto resolver = glib::ObjectPtr<GResolver>::adopt(g_resolver_get_default());
	glib::ErrorSlot error;
	auto *list = g_resolver_lookup_by_name(resolver.get(), host.c_str(), nullptr, error.out());
	if (!list)
		throw Exception(
			ErrorCode::InvalidParameter,
			fmt::format("cannot listen on \"{}\": {}; use an address of this machine such as 127.0.0.1",
				    host, error.message()));
	auto found = glib::ObjectPtr<GInetAddress>::share(G_INET_ADDRESS(list->data));
	for (auto *item = list; item; item = item->next)
		if (g_inet_address_get_family(G_INET_ADDRESS(item->data)) == G_SOCKET_FAMILY_IPV4)
			found = glib::ObjectPtr<GInetAddress>::share(G_INET_ADDRESS(item->data));
	g_resolver_free_addresses(list);
	return found;
}

} // namespace

std::optional<std::string_view> Request::queryValue(std::string_view name) const noexcept
{
	for (const auto &[key, value] : query)
		if (key == name)
			return value;
	return std::nullopt;
}

/// libsoup's server without its listener: we accept ourselves, since it has no limit on connections and
/// waits for a request for ever.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
	/// One accepted socket. Lives until libsoup, or the WebSocket, lets go of the stream.
	struct Connection {
		std::weak_ptr<Impl> server;
		std::uint64_t id = 0;
		std::string address;
		glib::ObjectPtr<GSocket> socket; // the stream's
		SourceHandle deadline;
		bool webSocket = false;

		void cut() const { g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr); }
	};

	Impl(MainLoop &owner, Options wanted) : loop(owner), options(wanted) {}

	void accept(GSocketConnection *raw);
	/// Passes a stream on to libsoup. @p owned: its record, which goes with the stream.
	void serve(std::unique_ptr<Connection> owned, GIOStream *stream, GSocketConnection *raw);
	void forget(const Connection &connection);
	static Connection *connectionOf(GIOStream *stream)
	{
		return static_cast<Connection *>(stream ? findStreamData(stream, kConnectionKey) : nullptr);
	}

	MainLoop &loop;
	Options options;
	glib::ObjectPtr<SoupServer> server;
	glib::ObjectPtr<GSocketService> service;
	glib::ObjectPtr<GTlsCertificate> certificate;
	glib::SignalConnection incoming;
	RequestHandler requestHandler;
	WebSocketHandler webSocketHandler;
	std::map<std::uint64_t, Connection *> connections; // owned by their streams, or by the gate's callback
	std::map<std::string, std::size_t> perAddress;
	std::unique_ptr<TlsGate> gate;
	std::function<void(Dropped, const std::string &)> onDropped;
	std::function<void(const std::string &)> onFailure;
	std::uint64_t lastId = 0;
	std::string host;
	std::uint16_t port = 0;
};

namespace {

using Impl = HttpServer::Impl;

/// The stream has gone, and with it its connection. The last to let go of a stream may be a thread of GIO's, so the
/// rest is done on the loop, which also gets our share of the server: it must not die here.
void dropConnection(gpointer data) noexcept
{
	std::shared_ptr<Impl::Connection> connection(static_cast<Impl::Connection *>(data));
	auto server = connection->server.lock();
	if (!server)
		return; // whose end has dropped the deadline
	MainLoop &loop = server->loop;
	loop.post([connection = std::move(connection), server = std::move(server)] { server->forget(*connection); });
}

gboolean acceptIncoming(GSocketService *, GSocketConnection *raw, GObject *, gpointer data) noexcept
{
	static_cast<Impl *>(data)->accept(raw);
	return TRUE;
}

/// Runs @p call, a handler of a request. An exception of it is the failure of this request alone; without a handler for failures
/// it stops the loop and comes out there.
template <class F>
bool guarded(Impl &self, F call)
{
	try {
		call();
		return true;
	} catch (const std::exception &failure) {
		if (self.onFailure)
			self.onFailure(failure.what());
		else
			self.loop.post([thrown = std::current_exception()] { std::rethrow_exception(thrown); });
		return false;
	}
}

/// Before the body is read: too large ones are not taken in.
void checkLength(SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer data) noexcept
{
	const auto &self = *static_cast<Impl *>(data);
	auto *headers = soup_server_message_get_request_headers(message);
	const bool chunked = soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED;
	// A body without a length would be collected without a limit by libsoup.
	if (chunked)
		writeResponse(message, { 411, "text/plain; charset=utf-8", "a Content-Length is needed\n", {} });
	else if (soup_message_headers_get_content_length(headers) > static_cast<goffset>(self.options.maxBodyBytes))
		writeResponse(message, { 413, "text/plain; charset=utf-8", "too large\n", {} });
}

void answerRequest(SoupServer *, SoupServerMessage *message, const char *path, GHashTable *, gpointer data) noexcept
{
	// libsoup comes here first; what is left without a status goes on to the WebSocket handler.
	if (g_ascii_strcasecmp(headerValue(message, "Upgrade").c_str(), "websocket") == 0)
		return;
	const auto self = static_cast<Impl *>(data)->shared_from_this();
	Response response { 404, "text/plain; charset=utf-8", "not found\n", {} };
	const bool fine = guarded(*self, [&] {
		if (self->requestHandler)
			response = self->requestHandler(readRequest(message, path));
	});
	if (!fine)
		response = { 500, "text/plain; charset=utf-8", "internal error\n", {} };
	writeResponse(message, response);
}

void takeWebSocket(SoupServer *, SoupServerMessage *message, const char *path, SoupWebsocketConnection *raw,
		   gpointer data) noexcept
{
	const auto self = static_cast<Impl *>(data)->shared_from_this();
	if (auto *connection = Impl::connectionOf(soup_websocket_connection_get_io_stream(raw))) {
		connection->deadline.reset();
		connection->webSocket = true;
	}
	// What the handler leaves of the socket when it throws ends with it.
	guarded(*self, [&] {
		auto socket = WebSocket::Impl::make(self->loop, raw, self->options.keepalive);
		if (self->webSocketHandler)
			self->webSocketHandler(readRequest(message, path), std::move(socket));
		else
			socket->close(1008, "no WebSocket here");
	});
}

} // namespace

void HttpServer::Impl::forget(const Connection &connection)
{
	connections.erase(connection.id);
	const auto of = perAddress.find(connection.address);
	if (of != perAddress.end() && --of->second == 0)
		perAddress.erase(of);
}

void HttpServer::Impl::accept(GSocketConnection *raw)
{
	const auto remote =
		glib::ObjectPtr<GSocketAddress>::adopt(g_socket_connection_get_remote_address(raw, nullptr));
	auto address = ipOf(remote.get());
	if (address.empty())
		return; // reset by the peer before we came to it
	auto *socket = g_socket_connection_get_socket(raw);
	const auto drop = [&](Dropped why) {
		// Plain text costs nothing more; with TLS it would cost a handshake.
		static constexpr std::string_view kBusy = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
							  "Content-Length: 0\r\n\r\n";
		if (!gate)
			static_cast<void>(g_socket_send(socket, kBusy.data(), kBusy.size(), nullptr, nullptr));
		if (onDropped)
			onDropped(why, address);
	};
	// Dropping the only reference closes it.
	if (connections.size() >= options.maxConnections)
		return drop(Dropped::Connections);
	if (const auto of = perAddress.find(address); options.maxConnectionsPerAddress && of != perAddress.end() &&
						      of->second >= options.maxConnectionsPerAddress)
		return drop(Dropped::ConnectionsOfAddress);

	auto owned = std::make_unique<Connection>();
	auto *connection = owned.get();
	connection->server = weak_from_this();
	connection->id = ++lastId;
	connection->address = std::move(address);
	connection->socket = glib::ObjectPtr<GSocket>::share(socket);
	connection->deadline = loop.after(options.requestTimeout, [connection] { connection->cut(); });
	connections[connection->id] = connection;
	++perAddress[connection->address];
	if (!gate)
		return serve(std::move(owned), G_IO_STREAM(raw), raw);
	auto shared = glib::ObjectPtr<GSocketConnection>::share(raw);
	gate->enter(shared, connection->address,
		    [this, shared, held = std::make_shared<std::unique_ptr<Connection>>(std::move(owned))](
			    glib::ObjectPtr<GIOStream> stream) {
			    if (stream)
				    return serve(std::move(*held), stream.get(), shared.get());
			    forget(**held);
		    });
}

void HttpServer::Impl::serve(std::unique_ptr<Connection> owned, GIOStream *stream, GSocketConnection *raw)
{
	const auto local = glib::ObjectPtr<GSocketAddress>::adopt(g_socket_connection_get_local_address(raw, nullptr));
	const auto remote =
		glib::ObjectPtr<GSocketAddress>::adopt(g_socket_connection_get_remote_address(raw, nullptr));
	if (!local || !remote)
		return forget(*owned);
	auto budget = std::make_shared<ReadBudget>();
	budget->left = options.maxBodyBytes + kControlSlack;
	const auto counted = wrapWithBudget(stream, std::move(budget));
	g_object_set_data_full(G_OBJECT(counted.get()), kConnectionKey, owned.release(), dropConnection);
	soup_server_accept_iostream(server.get(), counted.get(), local.get(), remote.get(), nullptr);
}

HttpServer::HttpServer(MainLoop &loop) : HttpServer(loop, Options {}) {}

HttpServer::HttpServer(MainLoop &loop, Options options) : impl_(std::make_shared<Impl>(loop, options))
{
	impl_->server = glib::ObjectPtr<SoupServer>::adopt(soup_server_new("server-header", "trtc-cli", nullptr));
	auto *server = impl_->server.get();
	// Compression hides the size of what comes: 61 kB may become a message of 60 MiB.
	soup_server_remove_websocket_extension(server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
	soup_server_add_early_handler(server, nullptr, checkLength, impl_.get(), nullptr);
	soup_server_add_handler(server, nullptr, answerRequest, impl_.get(), nullptr);
	soup_server_add_websocket_handler(server, nullptr, nullptr, nullptr, takeWebSocket, impl_.get(), nullptr);
}

HttpServer::~HttpServer()
{
	impl_->incoming.reset();
	if (impl_->service) {
		g_socket_service_stop(impl_->service.get());
		g_socket_listener_close(G_SOCKET_LISTENER(impl_->service.get()));
	}
	for (const auto &[id, connection] : impl_->connections) {
		connection->deadline.reset();
		if (!connection->webSocket)
			connection->cut();
	}
	impl_->connections.clear(); // the gate takes the records of its own with it
	impl_->gate.reset();
	soup_server_remove_handler(impl_->server.get(), nullptr);
	soup_server_disconnect(impl_->server.get());
}

void HttpServer::onRequest(RequestHandler handler) { impl_->requestHandler = std::move(handler); }

void HttpServer::onWebSocket(WebSocketHandler handler) { impl_->webSocketHandler = std::move(handler); }

void HttpServer::listen(const std::string &host, std::uint16_t port, const std::optional<TlsFiles> &tls)
{
	glib::ErrorSlot error;
	if (tls) {
		impl_->certificate = loadCertificate(*tls);
		impl_->gate = std::make_unique<TlsGate>(impl_->loop, impl_->certificate, TlsGate::Limits {});
	}
	const auto address = resolve(host);
	const auto wanted = glib::ObjectPtr<GSocketAddress>::adopt(g_inet_socket_address_new(address.get(), port));
	impl_->service = glib::ObjectPtr<GSocketService>::adopt(g_socket_service_new());
	g_socket_listener_set_backlog(G_SOCKET_LISTENER(impl_->service.get()), 256);
	GSocketAddress *effective = nullptr;
	if (!g_socket_listener_add_address(G_SOCKET_LISTENER(impl_->service.get()), wanted.get(), G_SOCKET_TYPE_STREAM,
					   G_SOCKET_PROTOCOL_TCP, nullptr, &effective, error.out())) {
		impl_->service.reset();
		throw Exception(
			ErrorCode::ConnectFailed,
			fmt::format("cannot listen: {}; choose another port, or 0 for a free one", error.message()));
	}
	impl_->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(effective));
	g_object_unref(effective);
	const glib::CharPtr text(g_inet_address_to_string(address.get()));
	impl_->host = g_inet_address_get_family(address.get()) == G_SOCKET_FAMILY_IPV6 ? fmt::format("[{}]", text.get())
										       : text.get();
	auto *service = impl_->service.get();
	impl_->incoming = { service, g_signal_connect(service, "incoming", G_CALLBACK(acceptIncoming), impl_.get()) };
	g_socket_service_start(service);
}

std::uint16_t HttpServer::port() const noexcept { return impl_->port; }

std::string HttpServer::url() const
{
	return fmt::format("{}://{}:{}", impl_->certificate ? "https" : "http", impl_->host, impl_->port);
}

std::string HttpServer::webSocketUrl() const
{
	return fmt::format("{}://{}:{}", impl_->certificate ? "wss" : "ws", impl_->host, impl_->port);
}

void HttpServer::onDropped(std::function<void(Dropped, const std::string &)> handler)
{
	impl_->onDropped = std::move(handler);
}

void HttpServer::onFailure(std::function<void(const std::string &)> handler) { impl_->onFailure = std::move(handler); }

std::size_t HttpServer::connections() const noexcept { return impl_->connections.size(); }

} // namespace trtc::net
