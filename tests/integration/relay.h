// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_server.h"
#include "net/web_socket.h"

#include <trtc/main_loop.h>

#include <glib.h>

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trtc::test {

/// Somebody in the middle: passes WebSocket messages between a client and the service, changed by `edit`. Thread-bound.
class Relay {
public:
	/// The message as it goes on; empty: it is lost. @p toService: what the client said.
	using Edit = std::function<std::string(bool toService, std::string text)>;

	Relay(MainLoop &loop, std::string service, Edit edit)
		: loop_(loop), service_(std::move(service)), edit_(std::move(edit)), server_(loop)
	{
		server_.onWebSocket([this](const net::Request &request, std::unique_ptr<net::WebSocket> socket) {
			if (closed)
				return socket->abort();
			pairs_.push_back(std::make_unique<Pair>(*this, request, std::move(socket)));
		});
		server_.listen("127.0.0.1", 0);
	}
	std::string url() const { return server_.webSocketUrl(); }
	/// Every connection breaks, without a close frame. @p halfOpen: the service does not hear of it.
	void cut(bool halfOpen = false)
	{
		for (const auto &pair : pairs_) {
			pair->cut = true;
			pair->client.socket->abort();
			if (pair->service.socket && !halfOpen)
				pair->service.socket->abort();
		}
	}
	/// Connections so far.
	std::size_t opened() const noexcept { return pairs_.size(); }
	bool closed = false;			     ///< nobody gets through any more
	std::vector<unsigned short> closedByService; ///< codes

private:
	struct Pair {
		struct End final : net::WebSocket::Listener {
			void onText(std::string_view text) override { pair->pass(*this, std::string(text)); }
			void onClosed(unsigned short code, const std::string &reason) override
			{
				if (this == &pair->service)
					pair->relay.closedByService.push_back(code);
				auto &to = other();
				if (to.socket && !pair->cut)
					to.socket->close(code ? code : 1011, reason);
			}
			End &other() { return this == &pair->client ? pair->service : pair->client; }
			Pair *pair = nullptr;
			std::unique_ptr<net::WebSocket> socket;
		};

		Pair(Relay &owner, const net::Request &request, std::unique_ptr<net::WebSocket> socket) : relay(owner)
		{
			client.pair = service.pair = this;
			client.socket = std::move(socket);
			client.socket->setListener(&client);
			auto url = relay.service_ + request.path;
			char separator = '?';
			for (const auto &[name, value] : request.query) {
				gchar *escaped = g_uri_escape_string(value.c_str(), nullptr, FALSE);
				url += separator + name + "=" + escaped;
				g_free(escaped);
				separator = '&';
			}
			connecting = net::WebSocketClient::connect(relay.loop_, url, {}, [this](auto result) {
				if (!result)
					return client.socket->close(1011, result.error().message);
				service.socket = std::move(result.value());
				service.socket->setListener(&service);
				for (const auto &text : std::exchange(waiting, {}))
					service.socket->send(text);
			});
		}
		void pass(End &from, std::string text)
		{
			const bool toService = &from == &client;
			text = relay.edit_ ? relay.edit_(toService, std::move(text)) : text;
			if (text.empty())
				return;
			if (auto &to = from.other(); to.socket)
				to.socket->send(text);
			else
				waiting.push_back(std::move(text));
		}

		Relay &relay;
		End client, service;
		SourceHandle connecting;
		std::vector<std::string> waiting;
		bool cut = false;
	};

	MainLoop &loop_;
	std::string service_;
	Edit edit_;
	net::HttpServer server_;
	std::list<std::unique_ptr<Pair>> pairs_;
};

/// The same text with the first hex digit of every DTLS fingerprint changed: a description that contradicts itself
/// would be refused before anybody looks at a certificate.
inline std::string forged(std::string text)
{
	static constexpr std::string_view kMark = "a=fingerprint:sha-256 ";
	for (auto at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
		char &digit = text[at + kMark.size()];
		digit = digit == '0' ? '1' : '0';
	}
	return text;
}

} // namespace trtc::test
