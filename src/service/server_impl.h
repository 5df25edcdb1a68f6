// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_server.h"
#include "service/media_hub.h"
#include "service/minute_log.h"
#include "service/refusals.h"
#include "service/server.h"
#include "service/warm_up.h"
#include "service/work_budget.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The body of Server. server.cpp: what is made and asked from outside; server_sessions.cpp: sockets and their messages.
namespace trtc::service {

/// WebSocket close codes of ours (4000 and up make the SDK come back, 1000 would not).
constexpr unsigned short kCloseRefused = 4010, kCloseMalformed = 4011, kCloseTooFast = 4012, kCloseStopping = 4013,
			 kCloseReplaced = 4014, kCloseInternal = 4015;

/// Messages a client may send: a browser sends some ten in its first second and one a second later on.
constexpr double kMessageRate = 50, kMessageBurst = 200;
/// Each of so many bytes counts as one message more: reading a text costs by its size. An offer of the SDK has 8 KiB.
constexpr double kMessageBytes = 4096;

/// Largest message without an SDP and without a codec list; the SDK's largest is a report of some 2 KiB.
constexpr std::size_t kMaxPlainBytes = 16 * 1024;

/// What may wait of a user that is over its share of the loop; beyond it the connection ends.
constexpr std::size_t kMaxWaiting = 256, kMaxWaitingBytes = 1024 * 1024;

/// Reading the counters of every connection costs, and anybody may ask. For so many times as long as it took the same text is
/// given again, so that it takes a tenth of the loop at most: some milliseconds in a small room.
constexpr int kMetricsRest = 9;

/// Wall clock, Unix epoch.
std::int64_t unixMs();

struct Server::Impl {
	/// One visit as RoomService has it, with the socket it has now: none while it is lost.
	struct Session final : net::WebSocket::Listener {
		Session(Impl &impl, SessionId number, std::unique_ptr<net::WebSocket> webSocket, Identity identity)
			: owner(impl), id(number), socket(std::move(webSocket)), who(std::move(identity)),
			  work(owner.works[who.userId])
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
		bool closing = false;		 // said its last; waits for the socket
		WorkBudget &work;		 // its user's
		std::deque<std::string> waiting; // messages that came while the user was over its share, in order
		std::size_t waitingBytes = 0;
		SourceHandle drain; // set while something waits
	};

	Impl(MainLoop &mainLoop, ServerConfig serverConfig);
	~Impl();
	void opened(const net::Request &request, std::unique_ptr<net::WebSocket> socket);
	void resume(Session &session, const std::string &from, std::unique_ptr<net::WebSocket> socket,
		    std::int64_t seq = 0);
	bool resumed(Session &fresh, const protocol::ClientMessage &message);
	/// Closes a socket that is nobody's any more.
	void dismiss(std::unique_ptr<net::WebSocket> socket, unsigned short code, const std::string &reason);
	void received(Session &session, std::string_view text);
	/// Keeps a message until its user's share of the loop lets it in.
	void delay(Session &session, std::string_view text);
	void drain(SessionId id);
	void handle(Session &session, std::string_view text);
	/// Runs @p call, which works for that session (0: for none). An exception ends the session, and nothing else.
	template <class F>
	void guarded(SessionId id, F call)
	{
		try {
			call();
		} catch (const std::exception &failure) {
			failed(id, failure.what());
		}
	}
	void failed(SessionId id, const char *what) noexcept;
	void carryOut(const Effect &effect);
	void gone(Session &session, unsigned short code, const std::string &reason);
	net::Response answer(const net::Request &request);
	void apply(const Effects &effects);
	void close(SessionId id, unsigned short code, const std::string &reason);
	void tell(const Tell &news);
	void tick();
	Session *find(SessionId id);
	MediaHub::Client clientOf(SessionId id);
	std::string metrics();

	MainLoop &loop;
	ServerConfig config;
	RoomService rules;
	/// By user, as long as it has a session or its share is used. Before the sessions, which refer to it.
	std::map<UserId, WorkBudget> works;
	std::map<SessionId, std::unique_ptr<Session>> sessions;
	MediaHub media;
	std::unique_ptr<net::HttpServer> http;
	SessionId nextId = 1;
	std::uint64_t messagesIn = 0, messagesOut = 0, joins = 0, resumes = 0, ticks = 0;
	std::uint64_t slowed = 0, failures = 0;
	Refusals refusals;
	MinuteLog limitLog;
	std::string metricsText;
	std::optional<TimePoint> metricsUntil;
	std::function<void(const RoomEvent &)> onRoomEvent;
	SourceHandle ticker, stopTimer;
	WarmUp warmUp;
	bool stopping = false;
	std::shared_ptr<int> alive = std::make_shared<int>(); ///< for what is posted
};

} // namespace trtc::service
