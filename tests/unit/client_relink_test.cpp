// SPDX-License-Identifier: MIT
// Uplinks and downlinks that come back on their own, and recordings that go on meanwhile.
#include "client_support.h"

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

const UserId kBob("bob");
const Error kIce { ErrorCode::MediaFailed, "ICE failed" };

struct RelinkFixture : SessionFixture {
	RelinkFixture() { config.reconnectTries = 3; }
	void breakLink(const std::string &id) { peers.at(id)->listener.onFailed(kIce); }
	/// As the driver does for StopPublish, and then for StartPublish.
	void clearAndOffer()
	{
		driver->tell(signalling::UnpublishDone { Unit {} });
		needUplink();
	}
	template <class T>
	std::size_t asked() const
	{
		return driver->all<T>().size();
	}
};

} // namespace

TEST_CASE_FIXTURE(RelinkFixture, "uplink: it breaks and comes back; the capture never stops, nothing is unpublished")
{
	enter();
	publish();
	auto sender = capture->videoSender;
	const auto oldClosed = closed.at("up");
	events.clear();
	stream.muteVideo();

	SUBCASE("our connection failed") { breakLink("up"); }
	SUBCASE("the service has ended it") { driver->tell(signalling::LinkFailed { "up", kIce }); }
	drain();
	REQUIRE(count<StreamReconnecting>() == 1);
	CHECK(all<StreamReconnecting>()[0].userId.str() == "me");
	CHECK(all<StreamReconnecting>()[0].local);
	CHECK(all<StreamReconnecting>()[0].reason == "ICE failed");
	CHECK(asked<signalling::StopPublish>() == 1);
	CHECK(asked<signalling::StartPublish>() == 1); // waits for the answer
	CHECK(*oldClosed);
	CHECK(capture->running);
	CHECK(session->published());
	sender->push(gst_buffer_new()); // into nothing

	clearAndOffer();
	REQUIRE(asked<signalling::StartPublish>() == 2);
	CHECK(driver->all<signalling::StartPublish>()[1].info.video);
	CHECK(driver->all<signalling::Mute>().back().video);
	REQUIRE(closed.at("up") != oldClosed); // another connection
	connect("up");
	drain();
	CHECK(asked<signalling::LinkConnected>() == 2);
	sender->push(gst_buffer_new());
	CHECK(peers.at("up")->senders.at(1)->pushed == 1);
	CHECK(capture->keyframes == 1);
	REQUIRE(count<StreamReconnected>() == 1);
	CHECK(all<StreamReconnected>()[0].local);
	CHECK(all<StreamReconnected>()[0].tries == 1);
	CHECK(count<Published>() + count<Unpublished>() + count<Failed>() == 0);

	// The tries of another break are counted anew, and it can be unpublished as ever.
	breakLink("up");
	clearAndOffer();
	connect("up");
	session->unpublish(into(unpublished));
	driver->tell(signalling::UnpublishDone { Unit {} });
	drain();
	CHECK(unpublished.ok());
	CHECK(all<StreamReconnected>().back().tries == 1);
	CHECK(count<Unpublished>() == 1);
}

TEST_CASE_FIXTURE(RelinkFixture, "uplink: a try that fails is followed by the next, after the last it is closed")
{
	config.reconnectTries = 2;
	enter();
	publish();
	breakLink("up");
	clearAndOffer();
	breakLink("up"); // the first try
	drain();
	CHECK(asked<signalling::StopPublish>() == 1); // the next begins no earlier than after two seconds
	REQUIRE(waitFor([&] { return asked<signalling::StopPublish>() == 2; }));
	driver->tell(signalling::UnpublishDone { Unit {} });
	driver->tell(signalling::LinkFailed { "up", { ErrorCode::Refused, "too many anchors" } });
	REQUIRE(waitFor([&] { return count<Failed>() == 1; }));
	const auto failed = all<Failed>()[0];
	CHECK(failed.error.code == ErrorCode::UplinkReconnectionFailed);
	CHECK(failed.error.message == "reconnecting the published streams failed after 2 tries: too many anchors");
	CHECK(failed.recoverable);
	CHECK(count<Unpublished>() == 1);
	CHECK(asked<signalling::StopPublish>() == 3);
	CHECK(!session->published());
	CHECK(session->joined());
	CHECK(stream.impl().user == nullptr);
	// And it can be published again by hand.
	published = {};
	publish();
}

TEST_CASE_FIXTURE(RelinkFixture, "uplink: what ends it ends its coming back")
{
	enter();
	publish();
	breakLink("up");
	SUBCASE("unpublish")
	{
		session->unpublish(into(unpublished));
		driver->tell(signalling::UnpublishDone { Unit {} });
		drain();
		CHECK(unpublished.ok());
	}
	SUBCASE("to audience")
	{
		session->switchRole(Role::Audience, into(switched));
		driver->tell(signalling::RoleDone { Unit {} });
		drain();
		CHECK(switched.ok());
	}
	SUBCASE("leave") { session->leave(into(left)); }
	drain();
	CHECK(count<Unpublished>() == 1);
	const auto tries = asked<signalling::StartPublish>();
	driver->tell(signalling::UnpublishDone { Unit {} }); // of the try
	drain();
	CHECK(asked<signalling::StartPublish>() == tries);
	CHECK(!session->published());
}

TEST_CASE_FIXTURE(RelinkFixture, "no tries: a link that breaks is over")
{
	config.reconnectTries = 0;
	enter();
	publish();
	watch(kBob);
	breakLink("up");
	breakLink("down:bob");
	drain();
	CHECK(count<StreamReconnecting>() == 0);
	CHECK(count<Unpublished>() == 1);
	CHECK(count<StreamUnsubscribed>() == 1);
	CHECK(count<Failed>() == 2);
}

TEST_CASE_FIXTURE(RelinkFixture, "downlink: it breaks and comes back; streams stay, the recording is told")
{
	enter();
	watch(kBob, true);
	session->subscribe(kBob, { true, false, true }, nullptr);
	driver->tell(signalling::SubscribeChangeDone { kBob, Unit {} });
	drain();
	auto *main = session->stream(kBob, StreamType::Main);
	main->startRecording("dir");
	frame(0);
	auto *recording = recorder;
	events.clear();
	const auto asks = asked<signalling::StartSubscribe>();

	breakLink("down:bob");
	drain();
	REQUIRE(count<StreamReconnecting>() == 1);
	CHECK(all<StreamReconnecting>()[0].userId == kBob);
	CHECK(!all<StreamReconnecting>()[0].local);
	CHECK(recording->interrupted.size() == 1);
	CHECK(recording->resumed == 0);
	REQUIRE(asked<signalling::StartSubscribe>() == asks + 1); // at once
	CHECK(driver->all<signalling::StartSubscribe>().back().options == SubscribeOptions { true, false, true });
	CHECK(asked<signalling::StopSubscribe>() == 0);

	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(count<StreamReconnected>() == 1);
	CHECK(recording->resumed == 1);
	CHECK(recorder == recording);
	CHECK(recorderStops.empty());
	CHECK(session->stream(kBob, StreamType::Main) == main);
	CHECK(count<StreamAdded>() + count<StreamRemoved>() + count<StreamSubscribed>() + count<StreamUnsubscribed>() ==
	      0);
	CHECK(count<Failed>() == 0);
}

TEST_CASE_FIXTURE(RelinkFixture, "downlink: after the last try it is closed, and the recording with it")
{
	config.reconnectTries = 1;
	enter();
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	breakLink("down:bob");
	driver->tell(signalling::LinkFailed { "down:bob", { ErrorCode::ApiCallTimeout, "no answer" } });
	REQUIRE(waitFor([&] { return count<Failed>() == 1; }));
	CHECK(all<Failed>()[0].error.code == ErrorCode::DownlinkReconnectionFailed);
	CHECK(all<Failed>()[0].error.message == "stream of bob: reconnecting failed after 1 try: no answer");
	CHECK(all<Failed>()[0].recoverable);
	CHECK(count<StreamUnsubscribed>() == 1);
	CHECK(count<StreamRemoved>() == 0);
	CHECK(recorderStops == std::vector<std::string> { "connection-lost" });
	CHECK(asked<signalling::StopSubscribe>() == 1);
	Outcome again;
	session->subscribe(kBob, {}, into(again));
	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(again.ok());
}

TEST_CASE_FIXTURE(RelinkFixture, "downlink: verbs on the way back")
{
	enter();
	watch(kBob);
	breakLink("down:bob");
	drain();
	SUBCASE("another choice goes with the next try")
	{
		session->subscribe(kBob, { true, false, false }, into(subscribed));
		CHECK(driver->all<signalling::StartSubscribe>().back().options ==
		      SubscribeOptions { true, false, false });
		CHECK(asked<signalling::ChangeSubscribe>() == 0);
		drain();
		CHECK(subscribed.calls == 0);
		needDownlink(kBob);
		connect("down:bob");
		drain();
		CHECK(subscribed.ok());
	}
	SUBCASE("unsubscribe ends it at once, also what waited")
	{
		session->subscribe(kBob, { true, false, false }, into(subscribed));
		session->unsubscribe(kBob, into(unsubscribed));
		CHECK(asked<signalling::StopSubscribe>() == 1);
		driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
		drain();
		CHECK(subscribed.failed(ErrorCode::InvalidOperation));
		CHECK(unsubscribed.ok());
		CHECK(count<StreamUnsubscribed>() == 1);
	}
	SUBCASE("the publisher stops")
	{
		publication(kBob, false, false);
		drain();
		CHECK(count<StreamRemoved>() == 1);
		CHECK(count<Failed>() == 0);
	}
}

TEST_CASE_FIXTURE(RelinkFixture, "downlink: it breaks while a change has no answer yet")
{
	enter();
	watch(kBob);
	session->subscribe(kBob, { true, false, false }, into(subscribed));
	breakLink("down:bob");
	drain();
	const auto asks = asked<signalling::StartSubscribe>();
	driver->tell(signalling::SubscribeChangeDone { kBob, Unit {} });
	drain();
	CHECK(subscribed.ok());
	REQUIRE(asked<signalling::StartSubscribe>() == asks + 1);
	CHECK(driver->all<signalling::StartSubscribe>().back().options == SubscribeOptions { true, false, false });
	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(count<StreamReconnected>() == 1);
}

TEST_CASE_FIXTURE(RelinkFixture, "without signalling both wait for it")
{
	enter();
	publish();
	watch(kBob);
	driver->tell(signalling::StateChanged { ConnectionState::Reconnecting });
	const auto subscribes = asked<signalling::StartSubscribe>();
	breakLink("up");
	breakLink("down:bob");
	drain();
	CHECK(count<StreamReconnecting>() == 2);
	CHECK(asked<signalling::StopPublish>() == 0);
	CHECK(asked<signalling::StartSubscribe>() == subscribes);
	driver->tell(signalling::StateChanged { ConnectionState::Connected });
	CHECK(asked<signalling::StopPublish>() == 1);
	CHECK(asked<signalling::StartSubscribe>() == subscribes + 1);
	clearAndOffer();
	connect("up");
	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(count<StreamReconnected>() == 2);
}

TEST_CASE_FIXTURE(RelinkFixture,
		  "silence: a peer that says nothing for eight seconds is gone, one that is muted is not")
{
	enter();
	publish();
	watch(kBob);
	const UserId carol("carol");
	publication(carol, true, true, false, true, true); // muted from the start: nothing ever comes
	needDownlink(carol);
	connect("down:carol");
	drain();
	auto *up = peers.at("up");
	auto *carols = peers.at("down:carol");
	peers.at("down:bob")->arrived = 1;
	const auto ticking = loop.every(100ms, [&] { ++up->arrived; });
	const auto began = std::chrono::steady_clock::now();
	REQUIRE(waitFor([&] { return count<StreamReconnecting>() > 0; }, 20s));
	const auto took = std::chrono::steady_clock::now() - began;
	CHECK(all<StreamReconnecting>()[0].userId == kBob);
	CHECK(all<StreamReconnecting>()[0].reason.starts_with("no packet from the service for 8"));
	CHECK(took >= 7900ms);
	CHECK(count<StreamReconnecting>() == 1);
	CHECK(peers.at("up") == up);
	CHECK(peers.at("down:carol") == carols);
}

TEST_CASE_FIXTURE(RelinkFixture, "a recording is kept when the room is entered again, and taken over")
{
	enter();
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	auto *recording = recorder;
	driver->tell(signalling::Lost { { ErrorCode::ConnectionLost, "gone" } });
	drain();
	CHECK(count<StreamRemoved>() == 1);
	CHECK(recorderStops.empty());
	CHECK(recording->interrupted.size() == 1);
	SUBCASE("the same stream with the same name goes on")
	{
		driver->tell(signalling::JoinDone { Unit {} });
		publication(kBob, true, true);
		drain();
		session->stream(kBob, StreamType::Main)->startRecording("dir");
		CHECK(recorder == recording);
		CHECK(recorderStops.empty());
		CHECK(count<RecordingStopped>() == 0);
	}
	SUBCASE("elsewhere it is another one")
	{
		driver->tell(signalling::JoinDone { Unit {} });
		publication(kBob, true, true);
		drain();
		session->stream(kBob, StreamType::Main)->startRecording("other");
		CHECK(recorderStops == std::vector<std::string> { "stopped" });
	}
	SUBCASE("it ends with the room")
	{
		session->leave(into(left));
		drain();
		CHECK(recorderStops == std::vector<std::string> { "leave" });
		CHECK(count<RecordingStopped>() == 1);
	}
	SUBCASE("and when recording is ended")
	{
		session->stopRecordings();
		CHECK(recorderStops == std::vector<std::string> { "stopped" });
	}
}

TEST_CASE_FIXTURE(RelinkFixture,
		  "a stream that goes while it sends has ended; one that had fallen silent has broken off")
{
	enter();
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	SUBCASE("it sent until its end")
	{
		publication(kBob, false, false);
		CHECK(recorderStops == std::vector<std::string> { "stream-removed" });
	}
	bool over = false;
	const auto silence = loop.after(2100ms, [&] { over = true; });
	SUBCASE("it was silent")
	{
		REQUIRE(waitFor([&] { return over; }));
		publication(kBob, false, false);
		CHECK(recorderStops.empty());
		publication(kBob, true, true);
		drain();
		auto *recording = recorder;
		session->stream(kBob, StreamType::Main)->startRecording("dir");
		CHECK(recorder == recording);
		// Its user leaves: nothing is waited for any more.
		publication(kBob, false, false);
		driver->tell(signalling::PeerJoined { kBob, Role::Anchor });
		driver->tell(signalling::PeerLeft { kBob, "left" });
		CHECK(recorderStops.size() == 1);
	}
	SUBCASE("it was muted")
	{
		publication(kBob, true, true, false, true, true);
		REQUIRE(waitFor([&] { return over; }));
		publication(kBob, false, false);
		CHECK(recorderStops == std::vector<std::string> { "stream-removed" });
	}
}
