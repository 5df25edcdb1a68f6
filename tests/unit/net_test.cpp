// SPDX-License-Identifier: MIT
#include "net/http_server.h"
#include "net/web_socket.h"

#include "glib/pointer.h"
#include "support/loop_fixture.h"

#include <doctest/doctest.h>
#include <gio/gio.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

/// GCC 12's leak checker crashes in one run of four while it reads the thread-local storage of GIO's resolver threads
/// ("Tracer caught signal 11"). So nothing looks for leaks of the sockets yet.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return 1; }

using namespace trtc;
using namespace trtc::net;
using namespace std::chrono_literals;

namespace {

/// No name server is asked: a label has 63 characters at most.
const std::string kUnknownHost = std::string(70, 'x') + ".invalid";

/// Writes down what a socket says.
struct Recorder final : WebSocket::Listener {
	std::vector<std::string> texts;
	int closes = 0;
	unsigned short code = 9999;
	std::string reason;
	std::function<void(std::string_view)> react;
	std::function<void()> reactClosed;

	void onText(std::string_view text) override
	{
		texts.emplace_back(text);
		if (react)
			react(text);
	}
	void onClosed(unsigned short withCode, const std::string &withReason) override
	{
		++closes;
		code = withCode;
		reason = withReason;
		if (reactClosed)
			reactClosed();
	}
};

/// A TCP client without any protocol, read on the loop.
struct RawClient {
	glib::ObjectPtr<GSocketConnection> connection;
	std::string received;
	bool ended = false;
	SourceHandle watch;

	RawClient(MainLoop &loop, std::uint16_t port)
	{
		const auto client = glib::ObjectPtr<GSocketClient>::adopt(g_socket_client_new());
		g_socket_client_set_enable_proxy(client.get(), FALSE);
		connection = glib::ObjectPtr<GSocketConnection>::adopt(
			g_socket_client_connect_to_host(client.get(), "127.0.0.1", port, nullptr, nullptr));
		REQUIRE(connection.get() != nullptr);
		auto *socket = g_socket_connection_get_socket(connection.get());
		g_socket_set_blocking(socket, FALSE);
		watch = glib::watchReadable(loop, g_socket_get_fd(socket), [this, socket] {
			char buffer[4096];
			const auto got = g_socket_receive(socket, buffer, sizeof buffer, nullptr, nullptr);
			if (got > 0)
				received.append(buffer, static_cast<std::size_t>(got));
			else
				ended = true;
			return !ended;
		});
	}
	/// As much as the socket takes now; the rest is given up.
	std::size_t send(std::string_view bytes)
	{
		auto *socket = g_socket_connection_get_socket(connection.get());
		const auto sent = g_socket_send(socket, bytes.data(), bytes.size(), nullptr, nullptr);
		return sent > 0 ? static_cast<std::size_t>(sent) : 0;
	}
	void upgrade(const std::string &extra = {})
	{
		send("GET /ws?a=1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
		     extra + "\r\n");
	}
	bool upgraded() const { return received.find("\r\n\r\n") != std::string::npos; }
};

/// A client's frame with an all-zero mask.
std::string frame(unsigned char opcode, std::string_view payload, bool final = true)
{
	std::string out;
	out += static_cast<char>((final ? 0x80 : 0) | opcode);
	if (payload.size() < 126) {
		out += static_cast<char>(0x80 | payload.size());
	} else {
		const bool wide = payload.size() > 0xffff;
		out += static_cast<char>(0x80 | (wide ? 127 : 126));
		for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
			out += static_cast<char>(payload.size() >> shift & 0xff);
	}
	out.append(4, '\0');
	return out.append(payload);
}

struct NetFixture : test::LoopFixture {
	struct Accepted {
		Request request;
		std::unique_ptr<WebSocket> socket;
		Recorder heard;
	};
	std::vector<std::unique_ptr<Accepted>> accepted;
	std::unique_ptr<HttpServer> server;
	std::unique_ptr<WebSocket> client;
	Recorder heard;
	std::string error;
	SourceHandle connecting;

	void serve(HttpServer::Options options = {}, const std::optional<TlsFiles> &tls = {})
	{
		server = std::make_unique<HttpServer>(loop, options);
		server->onWebSocket([this](const Request &request, std::unique_ptr<WebSocket> socket) {
			auto entry = std::make_unique<Accepted>();
			entry->request = request;
			entry->socket = std::move(socket);
			entry->socket->setListener(&entry->heard);
			accepted.push_back(std::move(entry));
		});
		server->listen("127.0.0.1", 0, tls);
	}
	void start(const std::string &url, const WebSocketClient::Options &options = {})
	{
		connecting =
			WebSocketClient::connect(loop, url, options, [this](Result<std::unique_ptr<WebSocket>> result) {
				if (result) {
					client = std::move(result.value());
					client->setListener(&heard);
				} else {
					error = result.error().message;
				}
			});
	}
	bool connect(const std::string &path = "/")
	{
		start(server->webSocketUrl() + path);
		return waitFor([&] { return (client || !error.empty()) && !accepted.empty(); }) && client;
	}
	~NetFixture()
	{
		client.reset();
		accepted.clear();
		server.reset();
		drain();
	}
};

} // namespace

TEST_CASE_FIXTURE(NetFixture, "text goes both ways and the query is repeat-safe")
{
	serve();
	REQUIRE(connect("/any/path?roomId=8%20%2B8&userId=ann&roomId=9&empty=&flag"));
	const auto &request = accepted[0]->request;
	CHECK(request.path == "/any/path");
	CHECK(request.queryValue("roomId") == "8 +8");
	CHECK(request.queryValue("empty") == "");
	CHECK(request.queryValue("flag") == "");
	CHECK(!request.queryValue("absent"));
	CHECK(request.query.size() == 5);
	CHECK(request.remoteIp == "127.0.0.1");
	CHECK(client->send("hello"));
	CHECK(accepted[0]->socket->send("w\xc3\xb6rld"));
	REQUIRE(waitFor([&] { return !heard.texts.empty() && !accepted[0]->heard.texts.empty(); }));
	CHECK(heard.texts[0] == "w\xc3\xb6rld");
	CHECK(accepted[0]->heard.texts[0] == "hello");
	CHECK(!client->send("\xff"));
	CHECK(!client->send(std::string(kMaxOutgoingBytes + 1, 'x')));
}

TEST_CASE_FIXTURE(NetFixture, "many messages keep their order")
{
	serve();
	REQUIRE(connect());
	for (int i = 0; i < 500; ++i)
		client->send(std::to_string(i));
	REQUIRE(waitFor([&] { return accepted[0]->heard.texts.size() == 500; }));
	for (int i = 0; i < 500; ++i)
		CHECK(accepted[0]->heard.texts[static_cast<std::size_t>(i)] == std::to_string(i));
}

TEST_CASE_FIXTURE(NetFixture, "closing tells code and reason to both ends, once")
{
	serve();
	REQUIRE(connect());
	accepted[0]->socket->close(4001, "kicked");
	CHECK(!accepted[0]->socket->isOpen());
	CHECK(!accepted[0]->socket->send("late"));
	accepted[0]->socket->close(4002, "again");
	CHECK(accepted[0]->heard.closes == 0);
	REQUIRE(waitFor([&] { return heard.closes && accepted[0]->heard.closes; }));
	drain();
	CHECK(heard.closes == 1);
	CHECK(accepted[0]->heard.closes == 1);
	CHECK(heard.code == 4001);
	CHECK(heard.reason == "kicked");
}

TEST_CASE_FIXTURE(NetFixture, "closing takes a round trip, not libsoup's patience of 5 s")
{
	serve();
	REQUIRE(connect());
	SUBCASE("by the service") { accepted[0]->socket->close(4001, "kicked"); }
	SUBCASE("by the client") { client->close(1000); }
	SUBCASE("by a service that forgets the socket") { accepted[0]->socket.reset(); }
	CHECK(waitFor([&] { return heard.closes == 1; }, 2s));
}

TEST_CASE_FIXTURE(NetFixture, "a reserved code or an endless reason does no harm")
{
	serve();
	REQUIRE(connect());
	std::string endless;
	for (int i = 0; i < 100; ++i)
		endless += "\xc3\xa4";
	client->close(1006, endless);
	REQUIRE(waitFor([&] { return heard.closes && accepted[0]->heard.closes; }));
	CHECK(accepted[0]->heard.code == 1008);
	CHECK(accepted[0]->heard.reason == endless.substr(0, 122));
}

TEST_CASE_FIXTURE(NetFixture, "a frame sent right before closing arrives first")
{
	serve();
	server->onWebSocket([this](const Request &, std::unique_ptr<WebSocket> socket) {
		socket->send("refused");
		socket->close(4003, "bad signature");
		accepted.push_back(std::make_unique<Accepted>());
	}); // and destroyed here
	start(server->webSocketUrl());
	REQUIRE(waitFor([&] { return heard.closes == 1; }));
	CHECK(heard.texts == std::vector<std::string> { "refused" });
	CHECK(heard.code == 4003);
}

TEST_CASE_FIXTURE(NetFixture, "a socket may be destroyed inside its own callbacks")
{
	serve();
	REQUIRE(connect());
	heard.react = [&](std::string_view) { client.reset(); };
	accepted[0]->heard.reactClosed = [&] { accepted[0]->socket.reset(); };
	accepted[0]->socket->send("die");
	accepted[0]->socket->send("never heard");
	REQUIRE(waitFor([&] { return accepted[0]->heard.closes == 1; }));
	CHECK(heard.texts.size() == 1);
	CHECK(heard.closes == 0);
	CHECK(accepted[0]->heard.code == 1001);
	CHECK(!accepted[0]->socket);
}

TEST_CASE_FIXTURE(NetFixture, "aborting is a close with code 0")
{
	serve();
	REQUIRE(connect());
	client->abort();
	REQUIRE(waitFor([&] { return heard.closes && accepted[0]->heard.closes; }));
	CHECK(heard.code == 0);
	CHECK(accepted[0]->heard.code == 0);
}

TEST_CASE_FIXTURE(NetFixture, "a listener set late still hears of the end")
{
	serve();
	REQUIRE(connect());
	client->setListener(nullptr);
	accepted[0]->socket->close(4000, "x");
	REQUIRE(waitFor([&] { return !client->isOpen() && accepted[0]->heard.closes; }));
	CHECK(heard.closes == 0);
	client->setListener(&heard);
	REQUIRE(waitFor([&] { return heard.closes == 1; }));
	CHECK(heard.code == 4000);
}

TEST_CASE_FIXTURE(NetFixture, "each way to fail has its own message")
{
	SUBCASE("nothing listens")
	{
		std::string url;
		{
			HttpServer gone(loop);
			gone.listen("127.0.0.1", 0);
			url = gone.webSocketUrl();
		}
		start(url + "/?userSig=SECRET");
		REQUIRE(waitFor([&] { return !error.empty(); }));
		CHECK(error.find("refused") != std::string::npos);
		CHECK(error.find("SECRET") == std::string::npos);
	}
	SUBCASE("the host is unknown")
	{
		start("ws://" + kUnknownHost + ":1/");
		REQUIRE(waitFor([&] { return !error.empty(); }));
		CHECK(error.find("cannot be resolved") != std::string::npos);
	}
	SUBCASE("an HTTP server that is no room service")
	{
		// A service that answers 404 to everything, upgrade or not.
		auto service = glib::ObjectPtr<GSocketService>::adopt(g_socket_service_new());
		const auto port =
			g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service.get()), nullptr, nullptr);
		g_signal_connect(
			service.get(), "incoming",
			G_CALLBACK(+[](GSocketService *, GSocketConnection *connection) -> gboolean {
				static constexpr char kAnswer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
				g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)),
							  kAnswer, sizeof kAnswer - 1, nullptr, nullptr, nullptr);
				(void)g_object_ref(connection);
				auto *idle = g_timeout_source_new(200);
				g_source_set_callback(
					idle,
					+[](gpointer data) -> gboolean {
						return g_object_unref(data), G_SOURCE_REMOVE;
					},
					connection, nullptr);
				g_source_attach(idle, g_main_context_get_thread_default());
				g_source_unref(idle);
				return TRUE;
			}),
			nullptr);
		start("ws://127.0.0.1:" + std::to_string(port) + "/?x=SECRET");
		REQUIRE(waitFor([&] { return !error.empty(); }));
		CHECK(error.find("is not a room service") != std::string::npos);
		CHECK(error.find("404") != std::string::npos);
		CHECK(error.find("SECRET") == std::string::npos);
	}
	SUBCASE("somebody who never answers")
	{
		auto *listener = g_socket_listener_new();
		const auto port = g_socket_listener_add_any_inet_port(listener, nullptr, nullptr);
		WebSocketClient::Options options;
		options.timeout = 50ms;
		start("ws://127.0.0.1:" + std::to_string(port), options);
		REQUIRE(waitFor([&] { return !error.empty(); }));
		CHECK(error.find("within 50 ms") != std::string::npos);
		g_object_unref(listener);
	}
	SUBCASE("no TLS there")
	{
		HttpServer::Options options;
		options.requestTimeout = 100ms; // its greeting is no request
		serve(options);
		start("wss://127.0.0.1:" + std::to_string(server->port()));
		REQUIRE(waitFor([&] { return !error.empty(); }));
		CHECK(error.find("TLS") != std::string::npos);
	}
	SUBCASE("no URL of ours")
	{
		for (const auto *url :
		     { "", "http://x", "ws://", "127.0.0.1:8687", "ws//x", "ws://127.0.0.1:99999?userSig=SECRET" }) {
			error.clear();
			start(url);
			CHECK(error.empty());
			REQUIRE(waitFor([&] { return !error.empty(); }));
			CHECK(error.find("SECRET") == std::string::npos);
		}
	}
}

TEST_CASE_FIXTURE(NetFixture, "a dropped handle cancels the connect")
{
	serve();
	start(server->webSocketUrl());
	connecting.reset();
	bool waited = false;
	const auto timer = loop.after(100ms, [&] { waited = true; });
	REQUIRE(waitFor([&] { return waited; }));
	CHECK(!client);
	CHECK(error.empty());
}

TEST_CASE_FIXTURE(NetFixture, "HTTP requests are answered on the same port")
{
	serve();
	Request seen;
	server->onRequest([&](const Request &request) {
		seen = request;
		return Response { 200, "text/plain", "ok\n", { { "Access-Control-Allow-Origin", "*" } } };
	});
	RawClient raw(loop, server->port());
	raw.send("POST /v5/log?cmdtype=jssdk_log HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: "
		 "4\r\n\r\nbody");
	REQUIRE(waitFor([&] { return raw.ended; }));
	CHECK(raw.received.rfind("HTTP/1.1 200", 0) == 0);
	CHECK(raw.received.find("Access-Control-Allow-Origin: *") != std::string::npos);
	CHECK(raw.received.substr(raw.received.size() - 3) == "ok\n");
	CHECK(seen.method == "POST");
	CHECK(seen.path == "/v5/log");
	CHECK(seen.body == "body");
	CHECK(seen.queryValue("cmdtype") == "jssdk_log");
	CHECK(waitFor([&] { return server->connections() == 0; }));
}

TEST_CASE_FIXTURE(NetFixture, "no handler is 404, a body too large 413, one without a length 411")
{
	HttpServer::Options options;
	options.maxBodyBytes = 10;
	serve(options);
	RawClient none(loop, server->port()), large(loop, server->port()), chunked(loop, server->port());
	none.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	large.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world");
	chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
	REQUIRE(waitFor([&] { return none.ended && large.upgraded() && chunked.upgraded(); }));
	CHECK(none.received.rfind("HTTP/1.1 404", 0) == 0);
	CHECK(large.received.rfind("HTTP/1.1 413", 0) == 0);
	CHECK(chunked.received.rfind("HTTP/1.1 411", 0) == 0);
}

TEST_CASE_FIXTURE(NetFixture, "silent connections are dropped in time, others are not disturbed")
{
	HttpServer::Options options;
	options.requestTimeout = 300ms;
	serve(options);
	REQUIRE(connect());
	std::vector<std::unique_ptr<RawClient>> silent;
	for (int i = 0; i < 200; ++i)
		silent.push_back(std::make_unique<RawClient>(loop, server->port()));
	silent[7]->send("GET / HTTP/1.1\r\nHost: x\r\n"); // half a request is none
	REQUIRE(waitFor(
		[&] { return std::all_of(silent.begin(), silent.end(), [](const auto &one) { return one->ended; }); }));
	CHECK(waitFor([&] { return server->connections() == 1; }));
	CHECK(client->isOpen());
	client->send("still here");
	CHECK(waitFor([&] { return accepted[0]->heard.texts.size() == 1; }));
}

TEST_CASE_FIXTURE(NetFixture, "connections over the limit are dropped")
{
	HttpServer::Options options;
	options.maxConnections = 2;
	serve(options);
	RawClient one(loop, server->port()), two(loop, server->port());
	REQUIRE(waitFor([&] { return server->connections() == 2; }));
	RawClient three(loop, server->port());
	REQUIRE(waitFor([&] { return three.ended; }));
	CHECK(!one.ended);
	CHECK(!two.ended);
}

TEST_CASE_FIXTURE(NetFixture, "a frame over the limit ends that connection only")
{
	serve();
	REQUIRE(connect());
	RawClient raw(loop, server->port());
	raw.upgrade();
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 2; }));
	CHECK(client->send(std::string(kMaxIncomingBytes, 'x')));
	REQUIRE(waitFor([&] { return accepted[0]->heard.texts.size() == 1; }));
	raw.send(frame(1, std::string(10 * 1024 * 1024, 'x')));
	REQUIRE(waitFor([&] { return accepted[1]->heard.closes == 1; }));
	CHECK(accepted[1]->heard.texts.empty());
	CHECK(accepted[0]->heard.closes == 0);
	CHECK(client->isOpen());
}

TEST_CASE_FIXTURE(NetFixture, "a message of endless fragments and a flood of pings are cut")
{
	serve();
	RawClient raw(loop, server->port());
	raw.upgrade();
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 1; }));
	std::string piece;
	bool first = true;
	SUBCASE("fragments") { piece = frame(0, std::string(60000, 'x'), false); }
	SUBCASE("pings")
	{
		for (int i = 0; i < 500; ++i)
			piece += frame(9, std::string(100, 'p'));
		first = false;
	}
	if (first)
		raw.send(frame(1, "start", false));
	std::size_t at = 0, total = 0;
	const auto feed = loop.every(1ms, [&] {
		const auto sent = raw.send(std::string_view(piece).substr(at));
		total += sent;
		at = (at + sent) % piece.size();
	});
	REQUIRE(waitFor([&] { return accepted[0]->heard.closes == 1; }));
	CHECK(accepted[0]->heard.texts.empty());
	CHECK(accepted[0]->heard.code == 0);
	CHECK(total < 16 * 1024 * 1024);
}

TEST_CASE_FIXTURE(NetFixture, "a binary frame is answered with 1003")
{
	serve();
	RawClient raw(loop, server->port());
	raw.upgrade();
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 1; }));
	raw.received.clear();
	raw.send(frame(2, "binary"));
	REQUIRE(waitFor([&] { return raw.received.size() >= 4; }));
	CHECK(static_cast<unsigned char>(raw.received[0]) == 0x88);
	CHECK((static_cast<unsigned char>(raw.received[2]) << 8 | static_cast<unsigned char>(raw.received[3])) == 1003);
	CHECK(accepted[0]->heard.texts.empty());
}

TEST_CASE_FIXTURE(NetFixture, "compression is not negotiated")
{
	serve();
	RawClient raw(loop, server->port());
	raw.upgrade("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 1; }));
	CHECK(raw.received.find("permessage-deflate") == std::string::npos);
	// A frame that claims to be compressed all the same.
	auto compressed = frame(1, "small");
	compressed[0] = static_cast<char>(compressed[0] | 0x40);
	raw.send(compressed);
	REQUIRE(waitFor([&] { return accepted[0]->heard.closes == 1; }));
	CHECK(accepted[0]->heard.texts.empty());
}

TEST_CASE_FIXTURE(NetFixture, "a peer that answers no ping is closed with code 0")
{
	HttpServer::Options options;
	options.keepalive = { 1s, 2s };
	serve(options);
	REQUIRE(connect()); // answers pings: stays
	RawClient raw(loop, server->port());
	raw.upgrade();
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 2; }));
	REQUIRE(waitFor([&] { return accepted[1]->heard.closes == 1; }));
	CHECK(accepted[1]->heard.code == 0);
	CHECK(accepted[1]->heard.reason == "no answer to pings");
	CHECK(client->isOpen());
	CHECK(accepted[0]->heard.closes == 0);
}

TEST_CASE_FIXTURE(NetFixture, "a peer that does not read is dropped before the queue grows without a limit")
{
	serve();
	RawClient raw(loop, server->port());
	raw.upgrade();
	REQUIRE(waitFor([&] { return raw.upgraded() && accepted.size() == 1; }));
	raw.watch.reset();
	const std::string big(512 * 1024, 'x');
	std::size_t sent = 0;
	while (sent < 64 * 1024 * 1024 && accepted[0]->socket->send(big)) {
		sent += big.size();
		drain();
	}
	CHECK(sent < 32 * 1024 * 1024);
	REQUIRE(waitFor([&] { return accepted[0]->heard.closes == 1; }));
	CHECK(accepted[0]->heard.reason == "the peer does not read");
}

TEST_CASE_FIXTURE(NetFixture, "a peer that reads may be sent any amount")
{
	serve();
	REQUIRE(connect());
	const std::string big(200 * 1024, 'x');
	for (std::size_t i = 1; i <= 60; ++i) {
		REQUIRE(accepted[0]->socket->send(big));
		REQUIRE(waitFor([&] { return heard.texts.size() == i; }));
	}
}

TEST_CASE_FIXTURE(NetFixture, "garbage instead of HTTP is cut")
{
	HttpServer::Options options;
	options.requestTimeout = 500ms;
	serve(options);
	RawClient garbage(loop, server->port()), endless(loop, server->port());
	garbage.send("\x16\x03\x01 hello\r\n\r\n");
	const std::string header = "X-Long: " + std::string(60000, 'x');
	endless.send("GET / HTTP/1.1\r\n");
	const auto feed = loop.every(1ms, [&] { endless.send(header); });
	REQUIRE(waitFor([&] { return garbage.ended && endless.ended; }));
	CHECK(waitFor([&] { return server->connections() == 0; }));
}

TEST_CASE_FIXTURE(NetFixture, "a taken port and an impossible host say so")
{
	serve();
	HttpServer second(loop);
	CHECK_THROWS_AS(second.listen("127.0.0.1", server->port()), Exception);
	CHECK_THROWS_AS(second.listen(kUnknownHost, 0), Exception);
	CHECK_THROWS_AS(second.listen("127.0.0.1", 0, TlsFiles { "/no/cert.pem", "/no/key.pem" }), Exception);
}

TEST_CASE_FIXTURE(NetFixture, "the server may go before its sockets")
{
	serve();
	REQUIRE(connect());
	server.reset();
	client->send("orphan");
	CHECK(waitFor([&] { return accepted[0]->heard.texts.size() == 1; }));
}

TEST_CASE_FIXTURE(NetFixture, "one address has so many connections; the next one is told")
{
	HttpServer::Options options;
	options.maxConnectionsPerAddress = 2;
	serve(options);
	std::string dropped;
	server->onDropped([&](HttpServer::Dropped why, const std::string &address) {
		CHECK(why == HttpServer::Dropped::ConnectionsOfAddress);
		dropped = address;
	});
	auto first = std::make_unique<RawClient>(loop, server->port());
	RawClient second(loop, server->port());
	REQUIRE(waitFor([&] { return server->connections() == 2; }));
	RawClient third(loop, server->port());
	REQUIRE(waitFor([&] { return third.ended; }));
	CHECK(third.received.starts_with("HTTP/1.1 503 "));
	CHECK(dropped == "127.0.0.1");
	first.reset();
	REQUIRE(waitFor([&] { return server->connections() == 1; }));
	RawClient fourth(loop, server->port());
	REQUIRE(waitFor([&] { return server->connections() == 2; }));
	CHECK(!fourth.ended);
}

TEST_CASE_FIXTURE(NetFixture, "an exception of a handler is that request's alone")
{
	serve();
	std::vector<std::string> failures;
	server->onFailure([&](const std::string &what) { failures.push_back(what); });
	server->onRequest([](const Request &) -> Response { throw std::runtime_error("request"); });
	server->onWebSocket([](const Request &, std::unique_ptr<WebSocket>) { throw std::runtime_error("socket"); });
	RawClient http(loop, server->port()), socket(loop, server->port());
	http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	socket.upgrade();
	REQUIRE(waitFor([&] { return http.ended && socket.ended; }));
	CHECK(http.received.starts_with("HTTP/1.1 500 "));
	REQUIRE(failures.size() == 2);
}
