// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_server.h"
#include "protocol/codec.h"
#include "signalling/drivers/trtc.h"
#include "support/loop_fixture.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace trtc::test {

/// A room service that only does what a test tells it to. One WebSocket at a time.
class FakeService final : public net::WebSocket::Listener {
public:
	explicit FakeService(MainLoop &loop) : http_(loop)
	{
		http_.onWebSocket([this](const net::Request &request, std::unique_ptr<net::WebSocket> socket) {
			query = request.query;
			++opened;
			closed = false;
			socket_ = std::move(socket);
			socket_->setListener(this);
			if (onOpen)
				onOpen();
		});
		http_.listen("127.0.0.1", 0);
	}
	std::string url() const { return http_.webSocketUrl(); }
	void say(const std::string &json) { CHECK(socket_->send(json)); }
	void setUp()
	{
		say(R"({"cmd":19,"code":0,"message":"","tinyId":"77","data":{"clientIp":"127.0.0.1","signalInnerIp":"","svrTime":1}})");
	}
	void letIn(const std::string &publishers = "")
	{
		say(fmt::format(
			R"({{"cmd":20,"code":0,"message":"","seq":1,"data":{{"relayOuterIp":"","relayInnerIp":"","relayPort":0,"publishers":[{}]}}}})",
			publishers));
	}
	void publishers(const std::string &list)
	{
		say(fmt::format(R"({{"cmd":23,"code":0,"data":{{"userList":[{}]}}}})", list));
	}
	void reply(int event, std::int64_t seq, int code = 0, const std::string &data = "{}")
	{
		say(fmt::format(R"({{"cmd":{},"code":{},"message":"the reason","seq":{},"data":{}}})", event, code, seq,
				data));
	}
	void answer(int event, std::int64_t seq) { reply(event, seq, 0, R"({"type":"answer","sdp":"v=0 answer"})"); }
	void close(unsigned short code) { socket_->close(code, "for a reason"); }
	void abort() { socket_->abort(); }

	template <class T>
	std::vector<T> all() const
	{
		std::vector<T> out;
		for (const auto &message : got) {
			if (const auto *one = std::get_if<T>(&message.command))
				out.push_back(*one);
		}
		return out;
	}
	/// seq of the newest command of that kind, 0 if there is none.
	template <class T>
	std::int64_t seq() const
	{
		std::int64_t out = 0;
		for (const auto &message : got) {
			if (std::holds_alternative<T>(message.command))
				out = message.seq;
		}
		return out;
	}

	std::vector<std::pair<std::string, std::string>> query;
	std::vector<protocol::ClientMessage> got;
	std::vector<std::string> texts; ///< the same, as they came
	std::function<void()> onOpen;
	/// Called after a message is in `got`.
	std::function<void(const protocol::ClientMessage &)> onMessage;
	std::function<void(std::string_view)> onRaw; ///< before it is parsed
	int opened = 0;				     ///< sockets so far
	bool closed = false;
	unsigned short closeCode = 0;

private:
	void onText(std::string_view text) override
	{
		if (onRaw)
			onRaw(text);
		const auto message = protocol::parseClientMessage(text);
		REQUIRE(message.has_value());
		got.push_back(message.value());
		texts.emplace_back(text);
		if (onMessage)
			onMessage(message.value());
	}
	void onClosed(unsigned short code, const std::string &) override
	{
		closed = true;
		closeCode = code;
	}

	net::HttpServer http_;
	std::unique_ptr<net::WebSocket> socket_;
};

/// Keeps what the driver says.
struct DriverLog final : signalling::Driver::Listener {
	std::vector<signalling::Event> events;
	std::function<void(const signalling::Event &)> hook;
	Stats told;

	Stats figures() override { return told; }
	void onSignalling(const signalling::Event &event) override
	{
		events.push_back(event);
		if (hook)
			hook(event);
	}
	template <class T>
	std::vector<T> all() const
	{
		std::vector<T> out;
		for (const auto &event : events) {
			if (const auto *one = std::get_if<T>(&event))
				out.push_back(*one);
		}
		return out;
	}
	template <class T>
	std::size_t count() const
	{
		return all<T>().size();
	}
	template <class T>
	T last() const
	{
		const auto found = all<T>();
		REQUIRE(!found.empty());
		return found.back();
	}
};

/// One driver at one service, on one loop.
struct DriverFixture : LoopFixture {
	using Limits = signalling::TrtcDriver::Limits;

	DriverFixture()
	{
		config.server = service.url();
		config.sdkAppId = 1400000001;
		config.userId = UserId("me");
		config.userSig = "secret*-_sig";
		options.room = RoomId::number(8888);
		options.role = Role::Audience;
	}
	void start()
	{
		driver = std::make_unique<signalling::TrtcDriver>(loop, log, limits);
		driver->start(config, options);
	}
	/// Into the room, with @p publishers in the join result.
	void enter(const std::string &publishers = "")
	{
		service.onOpen = [this, publishers] {
			service.setUp();
			service.letIn(publishers);
		};
		start();
		REQUIRE(waitFor([this] {
			return log.count<signalling::JoinDone>() == 1 && service.seq<protocol::GetUserList>() != 0;
		}));
		REQUIRE(log.last<signalling::JoinDone>().status.has_value());
	}
	template <class T>
	bool comes(std::size_t times = 1)
	{
		return waitFor([this, times] { return log.count<T>() >= times; });
	}
	template <class T>
	bool arrives(std::size_t times = 1)
	{
		return waitFor([this, times] { return service.all<T>().size() >= times; });
	}
	/// Runs the loop until what the service has said by now is read: a peer-join marks the end.
	void settle()
	{
		static constexpr const char *kMark = "settled";
		service.say(
			fmt::format(R"({{"cmd":4134,"code":0,"data":{{"userId":"{}{}","srcTinyId":"9","role":20}}}})",
				    kMark, ++marks_));
		const auto name = kMark + std::to_string(marks_);
		REQUIRE(waitFor([&] {
			const auto peers = log.all<signalling::PeerJoined>();
			return std::any_of(peers.begin(), peers.end(),
					   [&](const auto &peer) { return peer.userId.str() == name; });
		}));
	}

	Limits limits;
	FakeService service { loop };
	DriverLog log;
	ClientConfig config;
	JoinOptions options;
	std::unique_ptr<signalling::TrtcDriver> driver;

private:
	int marks_ = 0;
};

inline std::string publisher(const std::string &user, int flag)
{
	return fmt::format(R"({{"userId":"{}","srcTinyId":"t-{}","flag":{}}})", user, user, flag);
}

} // namespace trtc::test
