// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>
#include <trtc/main_loop.h>
#include <trtc/network.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace trtc::net {

/// Largest message taken in, bytes; a larger one ends that connection.
inline constexpr std::size_t kMaxIncomingBytes = 256 * 1024;
/// Largest message sent, bytes.
inline constexpr std::size_t kMaxOutgoingBytes = 1024 * 1024;
/// What may wait for a peer that does not read, bytes; beyond it the connection is dropped.
inline constexpr std::size_t kMaxQueuedBytes = 4 * 1024 * 1024;
/// How a dead peer is found.
struct Keepalive {
	std::chrono::seconds pingPeriod { 5 };
	/// A peer from which nothing came for this long, no pong either, is gone: closed with code 0.
	std::chrono::seconds timeout { 15 };
};

/// One open text WebSocket, either end. Thread-bound. Messages are text frames; binary frames end the
/// connection with 1003. No compression. May be destroyed inside its own callbacks.
class WebSocket {
public:
	/// Implemented by the owner; borrowed until setListener(nullptr) or destruction.
	struct Listener {
		/// One message, valid UTF-8, at most kMaxIncomingBytes. Valid during the call only.
		virtual void onText(std::string_view text) = 0;
		/// Exactly once, whoever closed it, never inside send() or close(). @p code: RFC 6455 7.4;
		/// 0 when the connection broke without a close frame. Nothing comes after it.
		virtual void onClosed(unsigned short code, const std::string &reason) = 0;

	protected:
		~Listener() = default;
	};

	/// Says goodbye with 1001 if still open; no callback any more.
	~WebSocket();
	WebSocket(const WebSocket &) = delete;
	WebSocket &operator=(const WebSocket &) = delete;

	/// Set it in the callback that hands over the socket: messages without a listener are lost
	/// (onClosed is not, it is given to the next listener).
	void setListener(Listener *listener) noexcept;
	/// Queues a text message. False, and nothing sent, when closed, when @p text is over
	/// kMaxOutgoingBytes or not UTF-8, or when the peer does not read (it is dropped then).
	bool send(const std::string &text);
	/// Starts the closing handshake (5 s at most, then it is cut). @p code 1000, 1001, 1003,
	/// 1007 to 1011 or 4000 to 4999, others become 1011; @p reason is cut to 123 bytes. Idempotent.
	void close(unsigned short code, const std::string &reason = {});
	/// Cuts the connection without a handshake: onClosed comes with code 0.
	void abort();
	bool isOpen() const noexcept;

	struct Impl;
	/// For the library's own wrappers.
	explicit WebSocket(std::shared_ptr<Impl> impl) noexcept;

private:
	std::shared_ptr<Impl> impl_;
};

/// Opens WebSockets to a room service.
class WebSocketClient {
public:
	struct Options {
		std::chrono::milliseconds timeout { 10'000 }; ///< until the WebSocket is open
		std::string caFile;			      ///< PEM; empty: the system's authorities
		bool insecure = false;			      ///< take any certificate
		/// Used for every host, this machine too. Empty: what the environment says, and none for this machine.
		std::optional<ProxyServer> proxy;
		Keepalive keepalive;
	};
	using Done = std::function<void(Result<std::unique_ptr<WebSocket>>)>;

	/// @p url: ws:// or wss://, may carry a query. @p done comes once, never inside this call, unless
	/// the handle is destroyed before. Errors: InvalidParameter (url, caFile), ConnectFailed with
	/// a message that tells refused, unknown host, timeout, TLS and "no room service" apart; the
	/// message names host and port and never the query.
	[[nodiscard]] static SourceHandle connect(MainLoop &loop, const std::string &url, const Options &options,
						  Done done);
};

} // namespace trtc::net
