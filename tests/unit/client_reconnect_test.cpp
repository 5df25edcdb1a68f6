// SPDX-License-Identifier: MIT
// Coming back to a room that was lost.
#include "client_support.h"

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

const UserId kBob("bob");
const UserId kCarol("carol");
const signalling::Lost kGone { { ErrorCode::ConnectionLost, "gone" } };

struct ReconnectFixture : SessionFixture {
	ReconnectFixture() { config.reconnectTries = 2; }
	std::vector<ConnectionState> states() const
	{
		std::vector<ConnectionState> out;
		for (const auto &changed : all<ConnectionStateChanged>())
			out.push_back(changed.state);
		return out;
	}
	/// The try that is running ends so.
	void tried(Status status)
	{
		driver->tell(signalling::JoinDone { std::move(status) });
		drain();
	}
};

} // namespace

TEST_CASE_FIXTURE(ReconnectFixture, "the room is lost and entered again: streams, publication and wishes come back")
{
	enter();
	publish();
	watch(kBob);
	watch(kCarol);
	driver->tell(signalling::PeerJoined { kBob, Role::Anchor });
	session->subscribe(kBob, { true, false, false }, nullptr);
	driver->tell(signalling::SubscribeChangeDone { kBob, Unit {} });
	session->unsubscribe(kCarol, nullptr);
	driver->tell(signalling::UnsubscribeDone { kCarol, Unit {} });
	drain();
	session->stream(kBob, StreamType::Main)->startRecording("dir");

	auto *lost = driver;
	events.clear();
	driver->tell(kGone);
	drain();
	CHECK(driver != lost);
	CHECK(driver->started);
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK((states() == std::vector { ConnectionState::Reconnecting }));
	CHECK(recorderStops.empty()); // it waits
	REQUIRE(recorder->interrupted.size() == 1);
	CHECK(count<StreamRemoved>() == 2);
	CHECK(all<PeerLeave>().at(0).reason == "connection-lost");
	CHECK(count<Unpublished>() == 1);
	CHECK(count<Left>() == 0);
	CHECK(!session->joined());
	CHECK(!capture->running);
	Outcome early;
	session->publish(stream, into(early));
	drain();
	CHECK(early.failed(ErrorCode::InvalidOperation));

	events.clear();
	driver->tell(signalling::StateChanged { ConnectionState::Connecting });
	tried(Unit {});
	CHECK(session->joined());
	CHECK((states() == std::vector { ConnectionState::Connected }));
	REQUIRE(driver->all<signalling::StartPublish>().size() == 1);
	needUplink();
	connect("up");
	drain();
	CHECK(count<Published>() == 1);
	CHECK(capture->running);
	publication(kBob, true, true);
	publication(kCarol, true, true);
	drain();
	CHECK(count<StreamAdded>() == 2);
	const auto asked = driver->all<signalling::StartSubscribe>();
	REQUIRE(asked.size() == 1);
	CHECK(asked[0].userId == kBob);
	CHECK(asked[0].options == SubscribeOptions { true, false, false });
	CHECK(count<Joined>() == 0);
}

TEST_CASE_FIXTURE(ReconnectFixture, "after the last try the room is left, once")
{
	enter();
	driver->tell(kGone);
	tried(Error { ErrorCode::ConnectFailed, "nobody answers" });
	CHECK(count<Left>() == 0);
	const auto *first = driver;
	REQUIRE(waitFor([&] { return driver != first; })); // two seconds, the SDK's pause
	tried(Error { ErrorCode::ConnectFailed, "nobody answers" });
	REQUIRE(waitFor([&] { return count<Left>() == 1; }));
	const auto failed = all<Failed>();
	REQUIRE(failed.size() == 2);
	CHECK(!failed[1].recoverable);
	CHECK(failed[1].error.code == ErrorCode::ConnectionLost);
	CHECK(failed[1].error.message == "rejoining the room failed after 2 tries: nobody answers");
	CHECK(all<Left>()[0].reason == "connection-lost");
	CHECK((states() == std::vector { ConnectionState::Reconnecting, ConnectionState::Disconnected }));
}

TEST_CASE_FIXTURE(ReconnectFixture, "a refusal is final")
{
	enter();
	driver->tell(kGone);
	tried(Error { ErrorCode::SignalChannelSetupFailed, "the UserSig has expired" });
	CHECK(count<Left>() == 1);
	CHECK(all<Failed>().back().error.code == ErrorCode::SignalChannelSetupFailed);
	CHECK(!all<Failed>().back().recoverable);
}

TEST_CASE_FIXTURE(ReconnectFixture, "lost again at once: the next try has a pause, and the tries count on")
{
	enter();
	const auto *before = driver;
	driver->tell(kGone);
	drain();
	CHECK(driver != before);
	tried(Unit {});
	CHECK((states().back() == ConnectionState::Connected));
	before = driver;
	driver->tell(kGone);
	drain();
	CHECK(driver == before); // it waits
	REQUIRE(waitFor([&] { return driver != before; }));
	tried(Unit {});
	driver->tell(kGone);
	REQUIRE(waitFor([&] { return count<Left>() == 1; }));
	CHECK(!all<Failed>().back().recoverable);
	CHECK(all<Failed>().back().error.message.find("rejoining the room failed after 2 tries") != std::string::npos);
}

TEST_CASE_FIXTURE(ReconnectFixture, "a clean end by the service, or no tries: no way back")
{
	auto gone = kGone;
	SUBCASE("clean") { gone.final = true; }
	SUBCASE("no tries") { config.reconnectTries = 0; }
	enter();
	const auto *only = driver;
	driver->tell(gone);
	drain();
	CHECK(driver == only);
	CHECK(count<Left>() == 1);
	CHECK(!all<Failed>().at(0).recoverable);
}

TEST_CASE_FIXTURE(ReconnectFixture, "leaving on the way back")
{
	enter();
	publish();
	driver->tell(kGone);
	drain();
	SUBCASE("while a try is running")
	{
		session->leave(into(left));
		finishStops();
	}
	SUBCASE("between two tries")
	{
		tried(Error { ErrorCode::ConnectFailed, "nobody answers" });
		session->leave(into(left));
		finishStops();
	}
	drain();
	CHECK(left.ok());
	CHECK(all<Left>().at(0).reason == "leave");
	CHECK((session->connectionState() == ConnectionState::Disconnected));
	CHECK(stream.impl().user == nullptr);
}
