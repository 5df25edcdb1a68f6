// SPDX-License-Identifier: MIT
// The channel is lost while we are in the room, and comes back or not.
#include "trtc_driver_support.h"

#include <array>

using namespace trtc;
using namespace trtc::signalling;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

/// What has come in, also what the driver does not act on.
struct Ears final : Trace {
	void sdp(std::string_view, Direction, std::string_view, std::string_view) override {}
	void candidate(std::string_view, Direction, std::string_view) override {}
	void message(std::string_view, Direction direction, std::string_view text) override
	{
		if (direction == Direction::In)
			texts.emplace_back(text);
	}
	void pipeline(std::string_view, std::string_view, const std::function<std::string()> &) override {}
	bool heard(const char *part) const
	{
		return std::any_of(texts.begin(), texts.end(),
				   [part](const std::string &text) { return has(text, part); });
	}
	std::vector<std::string> texts;
};

struct ResumeFixture : DriverFixture {
	ResumeFixture() { limits.tries.fill(2s); }

	/// In the room; the service lets who comes with rc=1 back in, with @p publishers.
	void enterToComeBack(const std::string &publishers = "")
	{
		enter(publishers);
		service.onOpen = [this, publishers] {
			service.reply(514, 0);
			service.publishers(publishers);
		};
	}
	bool back(std::size_t times = 1)
	{
		return waitFor([this, times] {
			return static_cast<std::size_t>(std::count(states().begin(), states().end(),
								   ConnectionState::Connected)) > times;
		});
	}
	const std::vector<ConnectionState> &states()
	{
		states_.clear();
		for (const auto &changed : log.all<StateChanged>())
			states_.push_back(changed.state);
		return states_;
	}
	bool away()
	{
		return waitFor([this] { return log.last<StateChanged>().state == ConnectionState::Reconnecting; });
	}
	/// The channel breaks and stays away until the test opens the service again.
	void lose()
	{
		service.onOpen = [this] { service.abort(); };
		service.abort();
		REQUIRE(away());
	}
	std::vector<std::string> values(const std::string &name) const
	{
		std::vector<std::string> out;
		for (const auto &[key, value] : service.query)
			if (key == name)
				out.push_back(value);
		return out;
	}

private:
	std::vector<ConnectionState> states_;
};

} // namespace

TEST_CASE_FIXTURE(ResumeFixture, "resume: the URL of the SDK, at once, and nobody notices but by the state")
{
	service.onOpen = [this] {
		service.setUp();
		service.say(
			R"({"cmd":20,"code":0,"seq":1,"data":{"relayOuterIp":"203.0.113.9","relayInnerIp":"visit-7","relayPort":8000,"publishers":[]}})");
	};
	SUBCASE("a number") {}
	SUBCASE("a text") { options.room = RoomId::string("a room&#+%"); }
	limits.tries.fill(60s);
	limits.reportPeriod = 1s;
	start();
	REQUIRE(arrives<protocol::GetUserList>());
	const auto lastSeq = service.got.back().seq;
	const auto before = log.events.size();
	service.onOpen = [this] {
		service.reply(514, 0);
		service.publishers(publisher("bob", 9));
	};
	service.abort();
	REQUIRE(back());
	CHECK(service.opened == 2);
	CHECK(values("sdkAppId") == std::vector<std::string> { "1400000001" });
	CHECK(values("userSig") == std::vector<std::string> { "secret*-_sig" });
	CHECK(values("rc") == std::vector<std::string> { "1" });
	CHECK(values("relayInnerIp") == std::vector<std::string> { "visit-7" });
	CHECK(values("relayOuterIp") == std::vector<std::string> { "203.0.113.9" });
	CHECK(values("relayPort") == std::vector<std::string> { "8000" });
	CHECK(values("roomId") == std::vector<std::string> { options.room.str(), options.room.str() });
	CHECK(values("useStringRoomId") == std::vector<std::string> { options.room.isString() ? "true" : "false" });
	// In this order, after what every channel is opened with.
	static constexpr std::array kOrder { "sdkAppId", "userId",	   "userSig",	   "roomId",
					     "enc264",	 "dec264",	   "encVp8",	   "decVp8",
					     "rc",	 "relayInnerIp",   "relayOuterIp", "relayPort",
					     "roomId",	 "useStringRoomId" };
	REQUIRE(service.query.size() == kOrder.size());
	for (std::size_t i = 0; i < kOrder.size(); ++i)
		CHECK(service.query[i].first == kOrder[i]);

	// The users are asked for at once; no join; seq goes on.
	REQUIRE(arrives<protocol::GetUserList>(2));
	CHECK(service.all<protocol::Join>().size() == 1);
	const auto *asked = &*std::find_if(service.got.begin(), service.got.end(),
					   [&](const auto &message) { return message.seq == lastSeq + 1; });
	CHECK(std::holds_alternative<protocol::GetUserList>(asked->command));
	CHECK(asked->tinyId == "77");
	REQUIRE(comes<RemotePublication>());
	REQUIRE(log.events.size() == before + 4);
	CHECK((std::get<StateChanged>(log.events[before]).state == ConnectionState::Reconnecting));
	CHECK((std::get<StateChanged>(log.events[before + 1]).state == ConnectionState::Connected));
	CHECK(std::holds_alternative<PeerJoined>(log.events[before + 2]));

	// The next report says what happened.
	REQUIRE(arrives<protocol::QualityReport>());
	std::string report;
	for (std::size_t i = 0; i < service.got.size(); ++i)
		if (std::holds_alternative<protocol::QualityReport>(service.got[i].command))
			report = service.texts[i];
	for (const auto *event : { "32790", "32794", "32795" })
		CHECK(has(report, event));
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: whatever breaks the channel")
{
	SUBCASE("the socket breaks")
	{
		enterToComeBack();
		service.abort();
	}
	SUBCASE("the service closes it")
	{
		enterToComeBack();
		service.close(4003);
	}
	SUBCASE("it falls silent")
	{
		limits.silence = 50ms;
		enterToComeBack();
	}
	REQUIRE(back());
	CHECK(log.count<Lost>() == 0);
	settle();
	// And again, any number of times.
	limits.silence = 10s;
	service.abort();
	REQUIRE(waitFor([this] { return service.opened >= 3; }));
	REQUIRE(back(2));
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: tries have their times and their number")
{
	config.reconnectTries = 3;
	limits.tries.fill(60ms);
	limits.tries[0] = 20ms;
	std::string why;
	enter();
	SUBCASE("nobody answers")
	{
		service.onOpen = nullptr;
		why = "did not answer in";
	}
	SUBCASE("answers that mean nothing")
	{
		service.onOpen = [this] {
			service.setUp();
			service.publishers(publisher("bob", 9));
		};
		why = "did not answer in";
	}
	SUBCASE("the socket is closed again, at once")
	{
		service.onOpen = [this] { service.close(4012); };
		why = "closed the connection with code 4012: for a reason";
	}
	const auto begin = std::chrono::steady_clock::now();
	service.abort();
	REQUIRE(comes<Lost>());
	const auto lost = log.last<Lost>();
	CHECK(std::chrono::steady_clock::now() - begin >= 140ms);
	CHECK(service.opened == 4);
	CHECK(lost.tries == 3);
	CHECK(!lost.final);
	CHECK(lost.error.code == ErrorCode::ConnectionLost);
	CHECK(has(lost.error.message, "reconnecting failed after 3 tries"));
	CHECK(has(lost.error.message, why.c_str()));
	CHECK(log.count<RemotePublication>() == 0);
	drain();
	CHECK(std::holds_alternative<Lost>(log.events.back()));
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: the time-outs are the SDK's")
{
	std::vector<long> seconds;
	for (int n = 1; n <= 12; ++n)
		seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(tryTimeout(n)).count());
	CHECK(seconds == std::vector<long> { 2, 2, 3, 3, 5, 5, 8, 8, 13, 13, 13, 13 });
	CHECK(ClientConfig {}.reconnectTries == 30);
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: refused with 514, the client shall join anew; the tries count")
{
	limits.tries.fill(200ms);
	enter();
	int closed = 0;
	service.onOpen = [&] {
		if (++closed < 3)
			return service.close(4000);
		service.reply(514, 0, protocol::code::kSessionUnknown);
	};
	service.abort();
	REQUIRE(comes<Lost>());
	CHECK(log.last<Lost>().tries == 3);
	CHECK(!log.last<Lost>().final);
	CHECK(has(log.last<Lost>().error.message, "the reason"));
	CHECK((log.last<StateChanged>().state == ConnectionState::Reconnecting));
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: what is final")
{
	enter();
	SUBCASE("the UserSig has run out")
	{
		service.onOpen = [this] {
			service.say(R"({"cmd":19,"code":-100018,"message":"UserSig expired","data":{}})");
		};
		service.abort();
		REQUIRE(comes<Lost>());
		CHECK(log.last<Lost>().final);
		CHECK(log.last<Lost>().error.code == ErrorCode::SignalChannelSetupFailed);
		CHECK(has(log.last<Lost>().error.message, "UserSig expired"));
	}
	SUBCASE("removed meanwhile")
	{
		service.onOpen = [this] { service.say(R"({"cmd":9,"code":0,"data":{"reason":"kick"}})"); };
		service.abort();
		REQUIRE(comes<Banned>());
		CHECK(log.last<Banned>().reason == "kick");
		CHECK(log.count<Lost>() == 0);
	}
	SUBCASE("heartbeats lost: there is nothing to resume")
	{
		service.say(R"({"cmd":9,"code":0,"data":{"reason":"user_time_out"}})");
		REQUIRE(comes<Lost>());
		CHECK(!log.last<Lost>().final);
		CHECK(log.last<Lost>().tries == 0);
		CHECK(service.opened == 1);
	}
	SUBCASE("a clean goodbye")
	{
		service.close(1000);
		REQUIRE(comes<Lost>());
		CHECK(log.last<Lost>().final);
		CHECK(service.opened == 1);
	}
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: what has no answer is said again, in its order, and an old answer is none")
{
	options.role = Role::Anchor;
	limits.publishAnswer = 10s;
	enterToComeBack(publisher("bob", 9));
	driver->send(StartSubscribe { UserId("bob"), {} });
	driver->send(StartPublish { { true, true } });
	REQUIRE(comes<NeedOffer>(2));
	driver->send(Offer { "down:bob", "v=0 down" });
	driver->send(Offer { "up", "v=0 up" });
	REQUIRE(arrives<protocol::Publish>());
	const auto oldPublish = service.seq<protocol::Publish>(), oldSubscribe = service.seq<protocol::Subscribe>();
	service.abort();
	REQUIRE(back());
	REQUIRE(arrives<protocol::Publish>(2));
	REQUIRE(arrives<protocol::Subscribe>(2));
	CHECK(service.all<protocol::Publish>().back().sdp == "v=0 up");
	CHECK(service.all<protocol::Subscribe>().back().sdp == "v=0 down");
	CHECK(service.seq<protocol::Subscribe>() > oldPublish);
	CHECK(service.seq<protocol::Publish>() > service.seq<protocol::Subscribe>());
	CHECK(log.count<NeedOffer>() == 2);
	service.answer(4098, oldPublish);
	service.answer(4102, oldSubscribe);
	settle();
	CHECK(log.count<RemoteAnswer>() == 0);
	service.answer(4102, service.seq<protocol::Subscribe>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>(2));
	CHECK(log.count<LinkFailed>() == 0);
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: what is asked for meanwhile waits, and its time-outs too")
{
	options.role = Role::Anchor;
	limits.roleAnswer = 50ms;
	limits.changeAnswer = 50ms;
	limits.publishAnswer = 50ms;
	limits.tries.fill(150ms);
	enter(publisher("bob", 9));
	driver->send(StartPublish { { true, true } });
	REQUIRE(comes<NeedOffer>());
	driver->send(Offer { "up", "v=0 up" });
	REQUIRE(arrives<protocol::Publish>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(LinkConnected { "up" });
	REQUIRE(arrives<protocol::MuteUplink>());
	lose();
	driver->send(Mute { true, false });
	driver->send(StartSubscribe { UserId("bob"), {} });
	REQUIRE(comes<NeedOffer>(2));
	driver->send(Offer { "down:bob", "v=0 down" });
	driver->send(SwitchRole { Role::Audience });
	bool tried = false;
	service.onOpen = [&] {
		if (!std::exchange(tried, true))
			return service.abort();
		service.reply(514, 0);
		service.publishers(publisher("bob", 9) + "," + publisher("me", 9));
	};
	REQUIRE(back());
	CHECK(log.count<RoleDone>() == 0);
	REQUIRE(arrives<protocol::Subscribe>());
	REQUIRE(arrives<protocol::ChangeRole>());
	REQUIRE(arrives<protocol::MuteUplink>(2));
	CHECK(service.all<protocol::MuteUplink>().back().mute.audio);
	service.reply(4110, service.seq<protocol::ChangeRole>());
	REQUIRE(comes<RoleDone>());
	CHECK(log.last<RoleDone>().status.has_value());
	// Nothing was said twice, and numbers have no gap.
	CHECK(service.all<protocol::ChangeRole>().size() == 1);
	for (std::size_t i = 1; i < service.got.size(); ++i)
		CHECK(service.got[i].seq == service.got[i - 1].seq + 1);
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: lists put right what was missed")
{
	enterToComeBack(publisher("bob", 9));
	settle();
	service.onOpen = [this] {
		service.reply(514, 0);
		service.publishers(publisher("ann", 9));
	};
	service.onMessage = [this](const protocol::ClientMessage &message) {
		if (std::holds_alternative<protocol::GetUserList>(message.command))
			service.reply(4137, message.seq, 0,
				      R"({"userList":[{"userId":"ann","srcTinyId":"t-ann","role":20}]})");
	};
	log.events.clear();
	service.abort();
	REQUIRE(waitFor([this] {
		const auto left = log.all<PeerLeft>();
		return std::any_of(left.begin(), left.end(),
				   [](const auto &peer) { return peer.userId == UserId("bob"); });
	}));
	const auto told = log.all<RemotePublication>();
	REQUIRE(told.size() == 2);
	CHECK(told[0].userId == UserId("bob"));
	CHECK(!told[0].audio);
	CHECK(told[1].userId == UserId("ann"));
	CHECK(told[1].audio);
	CHECK(log.last<PeerLeft>().reason == "left"); // as the SDK, which has no reason for it
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: a publication that the service has lost meanwhile")
{
	options.role = Role::Anchor;
	enterToComeBack();
	driver->send(StartPublish { { true, true } });
	REQUIRE(comes<NeedOffer>());
	driver->send(Offer { "up", "v=0 up" });
	REQUIRE(arrives<protocol::Publish>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	service.publishers(publisher("me", 9));
	settle();
	service.abort();
	REQUIRE(comes<LinkFailed>());
	CHECK(log.last<LinkFailed>().link == "up");
	CHECK(has(log.last<LinkFailed>().error.message, "ended the publication"));
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: a channel that is lost again at once is not chased")
{
	limits.tries.fill(200ms);
	enter();
	service.onOpen = [this] {
		service.reply(514, 0);
		service.abort();
	};
	service.abort();
	bool over = false;
	const auto timer = loop.after(1s, [&over] { over = true; });
	REQUIRE(waitFor([&over] { return over; }));
	CHECK(service.opened >= 3);
	CHECK(service.opened <= 8); // 1, 1, and one each 200 ms
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: leaving on the way")
{
	Ears ears;
	config.trace = &ears;
	enter();
	bool done = false;
	SUBCASE("between two tries")
	{
		lose();
		driver->stop([&] { done = true; });
	}
	SUBCASE("with a socket that waits for its 514: the goodbye is said there")
	{
		service.onOpen = [this] { service.publishers(publisher("not yet", 9)); };
		service.abort();
		REQUIRE(waitFor([&] { return ears.heard("not yet"); }));
		driver->stop([&] { done = true; });
		REQUIRE(arrives<protocol::Leave>());
	}
	REQUIRE(waitFor([&] { return done; }));
	CHECK(log.count<Lost>() == 0);
	const auto opened = service.opened;
	drain();
	CHECK(service.opened == opened);
}

TEST_CASE_FIXTURE(ResumeFixture, "resume: the driver goes while it tries")
{
	enter();
	lose();
	driver.reset();
	drain();
	CHECK(log.count<Lost>() == 0);
}
