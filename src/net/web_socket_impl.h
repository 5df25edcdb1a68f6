// SPDX-License-Identifier: MIT
#pragma once

#include "net/budget_stream.h"
#include "net/flood_guard.h"
#include "net/web_socket.h"

#include "glib/pointer.h"

#include <libsoup/soup.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace trtc::net {

/// Bytes of headers and control frames that may come between two text messages.
inline constexpr std::size_t kControlSlack = 64 * 1024;

/// Private to src/net: a WebSocket over libsoup's. Kept alive by its WebSocket and by its callbacks.
struct WebSocket::Impl : std::enable_shared_from_this<WebSocket::Impl> {
	/// Shares @p connection; @p session, if any, lives as long.
	static std::unique_ptr<WebSocket> make(MainLoop &loop, SoupWebsocketConnection *connection,
					       const Keepalive &keepalive, SoupSession *session = nullptr);

	explicit Impl(MainLoop &owner) : loop(owner) {}
	void attach(SoupWebsocketConnection *raw, const Keepalive &keepalive);
	void detach() noexcept;
	void fail(const std::string &why);
	void deliverClosed();
	void reportClosed(unsigned short withCode, std::string withReason);
	void watch(const Keepalive &keepalive);
	bool queueFull();
	void refillBudget();

	MainLoop &loop;
	glib::ObjectPtr<SoupSession> session;
	glib::ObjectPtr<SoupWebsocketConnection> connection;
	glib::SignalConnection onMessage, onClosed, onPong, onError;
	std::shared_ptr<ReadBudget> budget;
	std::unique_ptr<FloodGuard> guard; // of the client's end, which has no counted stream
	Listener *listener = nullptr;
	SourceHandle watchTimer;
	std::chrono::steady_clock::time_point lastSign;
	std::uint64_t sentBytes = 0, ackedAtStart = 0, ackedSeen = 0, receivedSeen = 0, textBytes = 0;
	std::string lastError;
	bool binarySeen = false;
	bool ended = false;					       ///< libsoup's closed was seen, or we cut it
	std::optional<std::pair<unsigned short, std::string>> verdict; ///< not told to a listener yet
};

} // namespace trtc::net
