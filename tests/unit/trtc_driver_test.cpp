// SPDX-License-Identifier: MIT
// The driver's channel: joining, lists, the end of it. Links are in trtc_driver_links_test.cpp.
#include "trtc_driver_support.h"

#include <map>

using namespace trtc;
using namespace trtc::signalling;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

/// The error of the join, which must have failed once and been the last word.
Error joinError(DriverFixture &fixture)
{
	REQUIRE(fixture.comes<JoinDone>());
	fixture.drain();
	REQUIRE(std::holds_alternative<JoinDone>(fixture.log.events.back()));
	CHECK(fixture.log.count<JoinDone>() == 1);
	CHECK((fixture.log.last<StateChanged>().state == ConnectionState::Disconnected));
	const auto status = fixture.log.last<JoinDone>().status;
	REQUIRE(!status);
	CHECK(status.error().message.find("secret") == std::string::npos);
	return status.error();
}

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE_FIXTURE(DriverFixture, "join: URL, message, list of users, reports")
{
	options.privateMapKey = "ticket";
	limits.reportPeriod = 10ms;
	limits.userListPeriod = 10ms;
	enter();
	std::map<std::string, std::string> query(service.query.begin(), service.query.end());
	CHECK(query["sdkAppId"] == "1400000001");
	CHECK(query["userId"] == "me");
	CHECK(query["userSig"] == "secret*-_sig");
	CHECK(query["roomId"] == "8888");
	for (const auto *codec : { "enc264", "dec264", "encVp8", "decVp8" })
		CHECK(query[codec] == "1");
	const auto join = service.all<protocol::Join>().at(0);
	CHECK(join.roomId == "8888");
	CHECK(!join.useStringRoomId);
	CHECK(join.privateMapKey == "ticket");
	CHECK((join.role == Role::Audience));
	CHECK((join.mode == Mode::Live));
	CHECK(service.got.at(0).seq == 1);
	CHECK(service.got.at(0).userId == "me");
	CHECK(service.got.at(0).tinyId.empty());
	CHECK(service.got.at(1).seq == 2);
	CHECK(service.got.at(1).tinyId == "77");
	CHECK(log.all<StateChanged>().size() == 2);
	CHECK((log.last<StateChanged>().state == ConnectionState::Connected));
	REQUIRE(arrives<protocol::QualityReport>(2));
	REQUIRE(arrives<protocol::GetUserList>(3));
	CHECK(service.all<protocol::QualityReport>().at(0).dateMs > 1'600'000'000'000);
}

TEST_CASE_FIXTURE(DriverFixture, "join: a string room is encoded in the URL and marked in the message")
{
	options.room = RoomId::string("a room&?#+%");
	enter();
	const std::map<std::string, std::string> query(service.query.begin(), service.query.end());
	CHECK(query.at("roomId") == "a room&?#+%");
	CHECK(service.all<protocol::Join>().at(0).roomId == "a room&?#+%");
	CHECK(service.all<protocol::Join>().at(0).useStringRoomId);
}

TEST_CASE_FIXTURE(DriverFixture, "join: the join result may come before the channel's set-up")
{
	service.onOpen = [this] {
		service.letIn();
		service.setUp();
	};
	start();
	REQUIRE(comes<JoinDone>());
	CHECK(log.last<JoinDone>().status.has_value());
	settle();
	CHECK(log.count<JoinDone>() == 1);
	CHECK(log.count<StateChanged>() == 2);
	driver->send(SwitchRole { Role::Anchor });
	REQUIRE(arrives<protocol::ChangeRole>());
	CHECK(service.got.back().tinyId == "77");
}

TEST_CASE_FIXTURE(DriverFixture, "join: a UserSig that is refused, with the service's words")
{
	service.onOpen = [this] { service.say(R"({"cmd":19,"code":-100018,"message":"UserSig expired","data":{}})"); };
	start();
	const auto error = joinError(*this);
	CHECK(error.code == ErrorCode::SignalChannelSetupFailed);
	CHECK(has(error.message, "UserSig expired"));
}

TEST_CASE_FIXTURE(DriverFixture, "join: a room that is refused")
{
	struct Row {
		int code;
		ErrorCode expected;
	};
	for (const auto &row :
	     { Row { protocol::code::kNotPermitted, ErrorCode::Refused },
	       Row { protocol::code::kBadPrivateMapKey, ErrorCode::Refused },
	       Row { protocol::code::kLimit, ErrorCode::JoinRoomFailed }, Row { -1, ErrorCode::JoinRoomFailed } }) {
		CAPTURE(row.code);
		log.events.clear();
		service.onOpen = [&] {
			service.setUp();
			service.reply(20, 1, row.code);
		};
		start();
		const auto error = joinError(*this);
		CHECK(error.code == row.expected);
		CHECK(has(error.message, "the reason"));
	}
}

TEST_CASE_FIXTURE(DriverFixture, "join: nobody listens")
{
	{
		net::HttpServer gone(loop);
		gone.listen("127.0.0.1", 0);
		config.server = gone.webSocketUrl();
	}
	start();
	CHECK(joinError(*this).code == ErrorCode::ConnectFailed);
}

TEST_CASE_FIXTURE(DriverFixture, "join: an HTTP server without WebSockets")
{
	net::HttpServer web(loop);
	web.onRequest([](const net::Request &) { return net::Response {}; });
	web.listen("127.0.0.1", 0);
	config.server = web.webSocketUrl();
	start();
	CHECK(joinError(*this).code == ErrorCode::ConnectFailed);
}

TEST_CASE_FIXTURE(DriverFixture, "join: a WebSocket that is no room service")
{
	config.joinTimeout = 100ms;
	SUBCASE("says nothing") {}
	SUBCASE("talks garbage")
	{
		service.onOpen = [this] { service.say("hello"); };
	}
	SUBCASE("talks other JSON")
	{
		service.onOpen = [this] { service.say(R"({"type":"welcome"})"); };
	}
	SUBCASE("talks of other things")
	{
		service.onOpen = [this] { service.say(R"({"cmd":4711,"code":0,"data":{}})"); };
	}
	SUBCASE("hangs up")
	{
		service.onOpen = [this] { service.close(4000); };
	}
	start();
	const auto error = joinError(*this);
	CHECK(error.code == ErrorCode::ConnectFailed);
	CHECK(has(error.message, "is not a TRTC room service"));
	CHECK(has(error.message, "127.0.0.1:"));
}

TEST_CASE_FIXTURE(DriverFixture, "join: set up, and then no join result")
{
	SUBCASE("in time")
	{
		config.joinTimeout = 100ms;
		service.onOpen = [this] { service.setUp(); };
		start();
		CHECK(joinError(*this).code == ErrorCode::ApiCallTimeout);
	}
	SUBCASE("but a closed socket")
	{
		service.onOpen = [this] {
			service.setUp();
			service.close(4001);
		};
		start();
		CHECK(joinError(*this).code == ErrorCode::ConnectFailed);
	}
	SUBCASE("but a ban")
	{
		service.onOpen = [this] {
			service.setUp();
			service.say(R"({"cmd":9,"code":0,"data":{"reason":"kick"}})");
		};
		start();
		CHECK(joinError(*this).code == ErrorCode::ClientBanned);
	}
}

TEST_CASE_FIXTURE(DriverFixture, "lists: publishers make peers and publications, only changes are told")
{
	enter(publisher("bob", 9) + "," + publisher("me", 9) + "," + publisher("idle", 0));
	settle();
	CHECK(log.all<PeerJoined>().at(0).userId == UserId("bob"));
	CHECK((log.all<PeerJoined>().at(0).role == Role::Anchor));
	CHECK(log.count<PeerJoined>() == 2); // and the mark
	REQUIRE(log.count<RemotePublication>() == 1);
	auto bob = log.last<RemotePublication>();
	CHECK((bob.audio && bob.video && !bob.smallVideo && !bob.auxVideo && !bob.audioMuted && !bob.videoMuted));

	service.publishers(publisher("bob", 9));
	settle();
	CHECK(log.count<RemotePublication>() == 1);
	service.publishers(publisher("bob", 1 + 2 + 4 + 8 + 16 + 64));
	settle();
	REQUIRE(log.count<RemotePublication>() == 2);
	bob = log.last<RemotePublication>();
	CHECK((bob.audio && bob.video && bob.smallVideo && bob.auxVideo && bob.audioMuted && bob.videoMuted));
	service.publishers("");
	settle();
	REQUIRE(log.count<RemotePublication>() == 3);
	bob = log.last<RemotePublication>();
	CHECK(bob.userId == UserId("bob"));
	CHECK((!bob.audio && !bob.video && !bob.smallVideo && !bob.auxVideo));
	CHECK(log.count<PeerLeft>() == 0);
}

TEST_CASE_FIXTURE(DriverFixture, "lists: a peer that leaves takes its publication along, first")
{
	enter(publisher("bob", 9));
	const std::pair<int, const char *> rows[] = {
		{ 0, "left" }, { 1, "timeout" }, { 2, "kicked" }, { 3, "role-change" }, { 9, "left" }
	};
	for (const auto &row : rows) {
		const auto reason = row.first;
		CAPTURE(reason);
		log.events.clear();
		service.publishers(publisher("bob", 9));
		service.say(fmt::format(
			R"({{"cmd":4135,"code":0,"data":{{"userId":"bob","srcTinyId":"t-bob","reason":{}}}}})",
			reason));
		REQUIRE(comes<PeerLeft>());
		CHECK(log.last<PeerLeft>().reason == row.second);
		REQUIRE(log.events.size() >= 2);
		CHECK(std::holds_alternative<RemotePublication>(log.events[log.events.size() - 2]));
	}
}

TEST_CASE_FIXTURE(DriverFixture, "lists: who is missing in the list of users has left, who is new has come")
{
	enter(publisher("bob", 9));
	service.reply(
		4137, service.seq<protocol::GetUserList>(), 0,
		R"({"userList":[{"userId":"ann","srcTinyId":"t-ann","role":21},{"userId":"me","srcTinyId":"77","role":21}]})");
	REQUIRE(comes<PeerLeft>());
	CHECK(log.last<PeerLeft>().userId == UserId("bob"));
	CHECK(log.last<PeerLeft>().reason == "left");
	CHECK(!log.last<RemotePublication>().audio);
	REQUIRE(comes<PeerJoined>(2));
	CHECK(log.last<PeerJoined>().userId == UserId("ann"));
	CHECK((log.last<PeerJoined>().role == Role::Audience));
}

TEST_CASE_FIXTURE(DriverFixture, "lists: a list that does not come is asked for three times more")
{
	limits.userListAnswer = 10ms;
	limits.userListRetry = 10ms;
	enter();
	REQUIRE(arrives<protocol::GetUserList>(4));
	bool later = false;
	const auto timer = loop.after(100ms, [&] { later = true; });
	REQUIRE(waitFor([&] { return later; }));
	CHECK(service.all<protocol::GetUserList>().size() == 4);
}

TEST_CASE_FIXTURE(DriverFixture, "noise in the room changes nothing")
{
	enter();
	const auto before = log.events.size();
	for (const auto *noise :
	     { "not json", "[]", R"({"cmd":"text"})", R"({"cmd":4711,"code":0})",
	       R"({"cmd":4098,"code":0,"seq":5,"data":{}})", R"({"cmd":23,"code":0,"data":{"userList":7}})",
	       R"({"cmd":4108,"code":0,"seq":3,"data":{}})" })
		service.say(noise);
	settle();
	CHECK(log.events.size() == before + 1);
}

TEST_CASE_FIXTURE(DriverFixture, "end: removed from the room")
{
	enter();
	SUBCASE("kick")
	{
		service.say(R"({"cmd":9,"code":0,"data":{"reason":"kick"}})");
		service.close(4001);
		REQUIRE(comes<Banned>());
		CHECK(log.last<Banned>().reason == "kick");
	}
	SUBCASE("room disbanded")
	{
		service.say(R"({"cmd":9,"code":0,"data":{"reason":"room_disband"}})");
		REQUIRE(comes<Banned>());
		CHECK(log.last<Banned>().reason == "room-disband");
	}
	SUBCASE("heartbeats lost")
	{
		service.say(R"({"cmd":9,"code":0,"data":{"reason":"user_time_out"}})");
		REQUIRE(comes<Lost>());
		CHECK(log.last<Lost>().error.code == ErrorCode::ConnectionLost);
	}
	const auto events = log.events.size();
	driver->send(SwitchRole { Role::Anchor });
	REQUIRE(waitFor([this] { return !loop.iterate(); }));
	CHECK(log.events.size() == events);
}

TEST_CASE_FIXTURE(DriverFixture, "end: the room is lost, and nobody wants it back")
{
	config.reconnectTries = 0;
	SUBCASE("the socket breaks")
	{
		enter();
		service.abort();
	}
	SUBCASE("the service goes")
	{
		enter();
		service.close(4002);
	}
	SUBCASE("the service says goodbye as to a client that left")
	{
		enter();
		service.close(1000);
	}
	SUBCASE("the service falls silent")
	{
		limits.silence = 50ms;
		enter();
	}
	REQUIRE(comes<Lost>());
	CHECK(log.last<Lost>().error.code == ErrorCode::ConnectionLost);
	CHECK(has(log.last<Lost>().error.message, "127.0.0.1:"));
	CHECK((log.last<StateChanged>().state == ConnectionState::Disconnected));
	drain();
	CHECK(std::holds_alternative<Lost>(log.events.back()));
}

TEST_CASE_FIXTURE(DriverFixture, "end: a service that floods is left, for good, and the error says why")
{
	enter();
	SUBCASE("many messages")
	{
		for (int i = 0; i < 2000; ++i)
			service.publishers("");
	}
	SUBCASE("large messages")
	{
		const auto text = R"({"cmd":4242,"code":0,"data":{"pad":")" + std::string(200'000, 'x') + R"("}})";
		for (int i = 0; i < 60 && log.count<Lost>() == 0; ++i) {
			service.say(text);
			drain(); // the service's own queue has a limit, too
		}
	}
	REQUIRE(comes<Lost>());
	CHECK(log.last<Lost>().final);
	CHECK(log.last<Lost>().error.code == ErrorCode::ConnectionLost);
	INFO(log.last<Lost>().error.message);
	CHECK(has(log.last<Lost>().error.message, "500 messages or 4 MiB within a second"));
	CHECK(waitFor([&] { return service.closed; }));
	drain();
	CHECK(std::holds_alternative<Lost>(log.events.back()));
	CHECK(service.opened == 1);
}

TEST_CASE_FIXTURE(DriverFixture, "a service may send much, as long as it is not too much in a second")
{
	enter();
	const auto end = std::chrono::steady_clock::now() + 2200ms;
	for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
		service.publishers("");
		const auto next = std::chrono::steady_clock::now() + 5ms; // 200 a second
		CHECK(waitFor([&] { return std::chrono::steady_clock::now() >= next; }));
	}
	CHECK(log.count<Lost>() == 0);
	CHECK(!service.closed);
}

TEST_CASE_FIXTURE(DriverFixture, "stop: last report, leave, close 1000, done once, no event")
{
	enter();
	const auto events = log.events.size();
	int done = 0;
	driver->stop([&] { ++done; });
	driver->stop([&] { done += 10; });
	CHECK(done == 0);
	service.publishers(publisher("bob", 9));
	REQUIRE(waitFor([&] { return done == 11 && service.closed; }));
	CHECK(service.closeCode == 1000);
	REQUIRE(service.got.size() >= 2);
	CHECK(std::holds_alternative<protocol::QualityReport>(service.got[service.got.size() - 2].command));
	CHECK(std::holds_alternative<protocol::Leave>(service.got.back().command));
	CHECK(log.events.size() == events);
	driver->stop([&] { done = 100; });
	REQUIRE(waitFor([&] { return done == 100; }));
}

TEST_CASE_FIXTURE(DriverFixture, "stop: while connecting, and before the join result")
{
	bool done = false, asked = false;
	SUBCASE("at once")
	{
		start();
		driver->stop([&] { done = true; });
		CHECK(!done);
	}
	SUBCASE("with the socket open")
	{
		service.onMessage = [&](const auto &) { asked = true; };
		start();
		REQUIRE(waitFor([&] { return asked; }));
		driver->stop([&] { done = true; });
	}
	REQUIRE(waitFor([&] { return done; }));
	drain();
	CHECK(log.count<JoinDone>() == 0);
}

TEST_CASE_FIXTURE(DriverFixture, "stop: a peer that never answers the goodbye is waited for no longer than the limit")
{
	limits.goodbye = 50ms;
	enter();
	bool done = false;
	driver->stop([&] { done = true; });
	REQUIRE(waitFor([&] { return done; }, 1s));
}

TEST_CASE_FIXTURE(DriverFixture, "the listener may stop the driver, and drop it by post, from inside")
{
	bool done = false;
	log.hook = [&](const signalling::Event &event) {
		if (std::holds_alternative<RemotePublication>(event))
			driver->stop([&] {
				loop.post([&] { driver.reset(); });
				done = true;
			});
	};
	service.onOpen = [this] {
		service.setUp();
		service.letIn(publisher("ann", 9) + "," + publisher("bob", 9));
	};
	start();
	REQUIRE(waitFor([&] { return done && !driver; }));
	CHECK(log.count<RemotePublication>() == 1);
}

TEST_CASE("registry: schemes")
{
	MainLoop loop;
	DriverLog log;
	CHECK(knownScheme("ws://127.0.0.1:1"));
	CHECK(knownScheme("wss://room.example/path"));
	for (const auto *bad : { "", "ws://", "http://127.0.0.1", "127.0.0.1:8687", "WS://x" })
		CHECK(!knownScheme(bad));
	CHECK(makeDriver(loop, "ws://127.0.0.1:1", log) != nullptr);
	try {
		(void)makeDriver(loop, "http://127.0.0.1/?userSig=secret", log);
		FAIL("an unknown scheme was taken");
	} catch (const Exception &exception) {
		CHECK(exception.error().code == ErrorCode::InvalidParameter);
		CHECK(has(exception.what(), "ws://, wss://"));
		CHECK(!has(exception.what(), "secret"));
	}
}
