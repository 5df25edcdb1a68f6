// SPDX-License-Identifier: MIT
// The service notices clients whose media is gone; and for how long somebody was silent.
#include "service/link_watch.h"
#include "support/loop_fixture.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;
using webrtc::Silence;

namespace {

const Silence::TimePoint kStart { 1h };

/// Only what a watch looks at.
struct Connection final : webrtc::PeerConnection {
	void offer(const std::vector<webrtc::OfferLine> &) override {}
	void setAnswer(const std::string &) override {}
	void answer(const std::string &, const std::vector<webrtc::AnswerLine> &) override {}
	void answerMore(const std::string &, const std::vector<webrtc::AnswerLine> &) override {}
	void retune(std::size_t, const webrtc::AnswerLine &) override {}
	void expectSsrc(std::uint32_t, std::size_t, std::uint32_t) override {}
	void forgetSsrc(std::uint32_t) override {}
	std::shared_ptr<webrtc::Sender> sender(std::size_t) const override { return nullptr; }
	bool connected() const noexcept override { return true; }
	void close() override {}
	ReceiveStats receiveStats(std::size_t) const override { return {}; }
	Stats stats() const override
	{
		Stats stats;
		stats.lines.push_back({ 0, true, sent, 0, 0, 0 });
		return stats;
	}
	std::uint64_t arrivals() const override { return arrived; }
	std::uint64_t arrived = 0, sent = 0;
};

struct WatchFixture : LoopFixture {
	/// Looks once a second. @p arrives, @p sends: packets in each of them.
	void pass(std::chrono::seconds time, std::uint64_t arrives, std::uint64_t sends = 0)
	{
		for (auto second = 0s; second < time; ++second) {
			connection.arrived += arrives;
			connection.sent += sends;
			watch.look(now += 1s, downlink);
		}
	}
	Connection connection;
	Silence::TimePoint now = kStart;
	bool downlink = false;
	std::vector<std::string> dead;
	service::LinkWatch watch { loop, connection, [this](const Error &error) { dead.push_back(error.message); } };
};

} // namespace

TEST_CASE("silence: it is counted in looks, and ends with any packet")
{
	Silence silence(1s);
	CHECK(silence.look(kStart, 5) == 0s);
	CHECK(silence.heard());
	CHECK(silence.look(kStart + 1s, 5) == 1s);
	CHECK(silence.look(kStart + 2s, 5) == 2s);
	CHECK(silence.look(kStart + 3s, 6) == 0s);
	CHECK(silence.look(kStart + 4s, 6) == 1s);
	silence.excuse();
	CHECK(silence.silent() == 0s);
	CHECK(silence.look(kStart + 60s, 6) == 0s);
	CHECK(silence.look(kStart + 61s, 6) == 1s);
}

TEST_CASE("silence: a process that was stopped has not listened")
{
	Silence silence(1s);
	silence.look(kStart, 1);
	CHECK(silence.look(kStart + 1s, 1) == 1s);
	CHECK(silence.look(kStart + 60s, 1) == 2s);
	CHECK(silence.look(kStart + 61s, 1) == 3s);
}

TEST_CASE_FIXTURE(WatchFixture, "watch: an uplink that fell silent is dead after 25 s, once")
{
	pass(10s, 50);
	pass(24s, 0);
	CHECK(dead.empty());
	pass(20s, 0);
	REQUIRE(dead.size() == 1);
	CHECK(dead[0] == "the client has sent nothing for 25 s, not even reports");
}

TEST_CASE_FIXTURE(WatchFixture, "watch: a muted uplink sends reports, one that was never unmuted nothing")
{
	SUBCASE("reports")
	{
		pass(5s, 50);
		for (int i = 0; i < 20; ++i) {
			pass(6s, 0);
			pass(1s, 1);
		}
	}
	SUBCASE("nothing, ever") { pass(200s, 0); }
	CHECK(dead.empty());
}

TEST_CASE_FIXTURE(WatchFixture, "watch: a downlink owes reports only while something is sent to it")
{
	downlink = true;
	pass(100s, 0, 0);
	CHECK(dead.empty());
	pass(20s, 1, 50);
	pass(100s, 0, 0); // the publisher is muted
	CHECK(dead.empty());
	pass(29s, 0, 50);
	CHECK(dead.empty());
	pass(5s, 0, 50);
	CHECK(dead.size() == 1);
}
