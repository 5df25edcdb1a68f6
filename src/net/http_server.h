// SPDX-License-Identifier: MIT
#pragma once

#include "net/web_socket.h"

#include <trtc/main_loop.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trtc::net {

/// What a client asked for. A plain value.
struct Request {
	std::string method, path;				///< "GET"; path decoded, without the query
	std::vector<std::pair<std::string, std::string>> query; ///< decoded, in order, repeats kept
	std::string body;					///< empty for WebSockets
	std::string contentType, origin, host;			///< header values, may be empty
	std::string remoteIp;					///< "127.0.0.1"
	/// The first value of that name.
	std::optional<std::string_view> queryValue(std::string_view name) const noexcept;
};

struct Response {
	int status = 200;
	std::string contentType = "text/plain; charset=utf-8";
	std::string body;
	std::vector<std::pair<std::string, std::string>> headers; ///< more of them
};

struct TlsFiles {
	std::string certificate, key; ///< PEM; the certificate file may hold the chain
};

/// HTTP/1.1 and WebSocket on one port. Thread-bound. Every HTTP answer closes its connection.
/// A connection over the limit is answered with 503. What is dropped without a word: one whose request is not complete in
/// time (or whose answer is not taken in time).
class HttpServer {
public:
	struct Options {
		std::size_t maxConnections = 4096;	  ///< WebSockets included
		std::size_t maxConnectionsPerAddress = 0; ///< of one client address; 0: no limit
		std::chrono::milliseconds requestTimeout { 10'000 };
		std::size_t maxBodyBytes = 256 * 1024; ///< larger: 413, far larger: cut; without a length: 411
		Keepalive keepalive;
	};
	using RequestHandler = std::function<Response(const Request &)>;
	using WebSocketHandler = std::function<void(const Request &, std::unique_ptr<WebSocket>)>;

	explicit HttpServer(MainLoop &loop);
	HttpServer(MainLoop &loop, Options options);
	/// Stops listening; connections without a WebSocket are cut, WebSockets live on with their owners.
	~HttpServer();
	HttpServer(const HttpServer &) = delete;
	HttpServer &operator=(const HttpServer &) = delete;

	/// Without a handler: 404.
	void onRequest(RequestHandler handler);
	/// Any path. Without a handler the socket is closed with 1008. The handler owns the socket; to refuse
	/// it, send and close.
	void onWebSocket(WebSocketHandler handler);

	/// @p host: a numeric address or a name that this machine resolves; @p port 0 picks one.
	/// Throws Exception: InvalidParameter (host, TLS files), ConnectFailed (port taken, not permitted).
	void listen(const std::string &host, std::uint16_t port, const std::optional<TlsFiles> &tls = {});
	std::uint16_t port() const noexcept;
	std::string url() const;	  ///< "http://127.0.0.1:8687", https with TLS
	std::string webSocketUrl() const; ///< "ws://127.0.0.1:8687", wss with TLS
	enum class Dropped { Connections, ConnectionsOfAddress };
	/// Called for each connection that a limit turned away (with 503, over TLS without a word) and its address.
	void onDropped(std::function<void(Dropped, const std::string &)> handler);
	/// Called with what an exception of a handler says. The request is answered with 500, the WebSocket closed; nothing else
	/// is disturbed. Without it such an exception stops the loop.
	void onFailure(std::function<void(const std::string &)> handler);
	/// Open now, WebSockets included.
	std::size_t connections() const noexcept;

	struct Impl;

private:
	std::shared_ptr<Impl> impl_;
};

} // namespace trtc::net
