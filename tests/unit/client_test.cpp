// SPDX-License-Identifier: MIT
// The client's state machine: joining, leaving, publishing, the role. Remote streams are in client_remote_test.cpp.
#include "client_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

const UserId kBob("bob");
const Error kMedia { ErrorCode::MediaFailed, "ICE failed" };

} // namespace

TEST_CASE_FIXTURE(SessionFixture, "configuration is checked before anything is sent")
{
	const auto refused = [&] {
		try {
			client::Session(loop, config, factories);
		} catch (const Exception &exception) {
			return exception.error().code == ErrorCode::InvalidParameter &&
			       exception.error().message.find("secret") == std::string::npos;
		}
		return false;
	};
	CHECK(!refused());
	SUBCASE("no application") { config.sdkAppId = 0; }
	SUBCASE("no user") { config.userId = {}; }
	SUBCASE("no UserSig") { config.userSig.clear(); }
	SUBCASE("another scheme") { config.server = "http://127.0.0.1/"; }
	SUBCASE("a query") { config.server = "ws://127.0.0.1/?userSig=secret"; }
	CHECK(refused());
}

TEST_CASE_FIXTURE(SessionFixture, "join: events and done come later, Joined first")
{
	make();
	session->join(options, into(joined));
	CHECK(driver->started);
	driver->tell(signalling::StateChanged { ConnectionState::Connecting });
	driver->tell(signalling::StateChanged { ConnectionState::Connected });
	driver->tell(signalling::JoinDone { Unit {} });
	driver->tell(signalling::PeerJoined { kBob, Role::Anchor });
	CHECK(events.empty());
	CHECK(joined.calls == 0);
	drain();
	CHECK(joined.ok());
	CHECK(session->joined());
	REQUIRE(events.size() == 4);
	CHECK(at<Joined>() < at<PeerJoin>());
	CHECK((session->connectionState() == ConnectionState::Connected));
	REQUIRE(session->users().size() == 1);
	CHECK(session->users()[0].userId == kBob);
	driver->tell(signalling::PeerLeft { kBob, "timeout" });
	drain();
	CHECK(all<PeerLeave>().at(0).reason == "timeout");
	CHECK(session->users().empty());
}

TEST_CASE_FIXTURE(SessionFixture, "join: refused, and tried again with a new driver")
{
	make();
	session->join(options, into(joined));
	driver->tell(signalling::JoinDone { Error { ErrorCode::Refused, "no" } });
	CHECK(driver->stops == 1);
	finishStops();
	CHECK(joined.failed(ErrorCode::Refused));
	CHECK(count<Left>() == 0);
	joined = {};
	session->join(options, into(joined));
	driver->tell(signalling::JoinDone { Unit {} });
	drain();
	CHECK(joined.ok());
}

TEST_CASE_FIXTURE(SessionFixture, "verbs in the wrong state are refused and change nothing")
{
	make();
	Outcome rtc, noRoom;
	session->leave(into(left));
	session->publish(stream, into(published));
	session->unpublish(into(unpublished));
	session->subscribe(kBob, {}, into(subscribed));
	session->unsubscribe(kBob, into(unsubscribed));
	session->switchRole(Role::Audience, into(switched));
	session->join({}, into(noRoom));
	CHECK(left.calls == 0);
	drain();
	for (const auto *one : { &left, &published, &unpublished, &subscribed, &unsubscribed, &switched })
		CHECK(one->failed(ErrorCode::InvalidOperation));
	CHECK(noRoom.failed(ErrorCode::InvalidParameter));
	CHECK(driver == nullptr);
	session->join(options, into(joined));
	Outcome again;
	session->join(options, into(again));
	drain();
	CHECK(again.failed(ErrorCode::InvalidOperation));
	CHECK(joined.calls == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "rtc mode has no audience and no switch")
{
	config.mode = Mode::Rtc;
	make();
	options.role = Role::Audience;
	session->join(options, into(joined));
	drain();
	CHECK(joined.failed(ErrorCode::InvalidParameter));
	joined = {};
	enter();
	session->switchRole(Role::Audience, into(switched));
	drain();
	CHECK(switched.failed(ErrorCode::InvalidOperation));
}

TEST_CASE_FIXTURE(SessionFixture, "leave: while joining")
{
	make();
	session->join(options, into(joined));
	session->leave(into(left));
	drain();
	CHECK(joined.failed(ErrorCode::InvalidOperation));
	CHECK(left.calls == 0);
	finishStops();
	CHECK(left.ok());
	CHECK(count<Joined>() == 0);
	CHECK(count<Left>() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "leave: recordings first, Left last, then a new join")
{
	enter();
	publish();
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	session->leave(into(left));
	CHECK(recorderStops == std::vector<std::string> { "leave" });
	CHECK(!capture->running);
	CHECK(*closed["up"]);
	CHECK(*closed["down:bob"]);
	Outcome again;
	session->leave(into(again));
	drain();
	CHECK(again.failed(ErrorCode::InvalidOperation));
	CHECK(left.calls == 0);
	finishStops();
	CHECK(left.ok());
	CHECK(at<RecordingStopped>() < at<StreamRemoved>());
	CHECK(count<Unpublished>() == 1);
	REQUIRE(std::holds_alternative<Left>(events.back()));
	CHECK(std::get<Left>(events.back()).reason == "leave");
	CHECK(session->streams().empty());
	joined = {};
	session->join(options, into(joined));
	driver->tell(signalling::JoinDone { Unit {} });
	drain();
	CHECK(joined.ok());
}

TEST_CASE_FIXTURE(SessionFixture, "leave: everything that is pending ends, once")
{
	config.autoSubscribe = false;
	enter();
	session->publish(stream, into(published));
	SUBCASE("before the offer") {}
	SUBCASE("after the offer")
	{
		needUplink();
		peers.at("up")->listener.onLocalDescription("v=0");
	}
	publication(kBob, true, true);
	session->subscribe(kBob, {}, into(subscribed));
	session->unsubscribe(kBob, into(unsubscribed));
	session->leave(into(left));
	finishStops();
	CHECK(left.ok());
	CHECK(published.failed(ErrorCode::InvalidOperation));
	CHECK(subscribed.failed(ErrorCode::InvalidOperation));
	CHECK(unsubscribed.ok());
	CHECK(count<Published>() == 0);
	CHECK(count<Unpublished>() == 0);
	CHECK(stream.impl().user == nullptr);
}

TEST_CASE_FIXTURE(SessionFixture, "publish: as audience in live")
{
	enter(Role::Audience);
	session->publish(stream, into(published));
	drain();
	REQUIRE(published.failed(ErrorCode::InvalidOperation));
	CHECK(published.status->error().message == "an audience cannot publish: switch-role anchor first");
	CHECK(driver->commands.empty());
}

TEST_CASE_FIXTURE(SessionFixture, "publish: offer, capture once connected, keyframes, unpublish")
{
	enter();
	stream.muteAudio();
	session->publish(stream, into(published));
	REQUIRE(driver->all<signalling::StartPublish>().size() == 1);
	CHECK(driver->all<signalling::StartPublish>()[0].info.audio);
	CHECK(driver->all<signalling::Mute>().at(0).audio);
	needUplink();
	auto &peer = *peers.at("up");
	CHECK(askedHost == "127.0.0.1");
	CHECK(peer.config.ice.localAddress == "127.0.0.1");
	REQUIRE(peer.lines.size() == 4);
	for (std::size_t i = 0; i < 4; ++i) {
		CHECK(peer.lines[i].send);
		CHECK(peer.lines[i].codecs.size() == (i == 0 ? 0 : 1));
	}
	peer.listener.onLocalDescription("v=0 offer");
	REQUIRE(driver->all<signalling::Offer>().size() == 1);
	CHECK(driver->all<signalling::Offer>()[0].sdp == "v=0 offer");
	driver->tell(signalling::RemoteAnswer { "up", "v=0 answer" });
	CHECK(!capture->running);
	peer.listener.onConnected();
	CHECK(capture->running);
	// Between the two is what measures the volume.
	REQUIRE(capture->audioSender);
	CHECK(capture->audioSender->mLine() == 0);
	capture->audioSender->push(gst_buffer_new());
	CHECK(peer.senders.at(0)->pushed == 1);
	// What outlives the connection.
	REQUIRE(capture->videoSender);
	CHECK(capture->videoSender->mLine() == 1);
	capture->videoSender->push(gst_buffer_new());
	CHECK(peer.senders.at(1)->pushed == 1);
	CHECK(driver->all<signalling::LinkConnected>().size() == 1);
	peer.senders.at(1)->keyframe();
	CHECK(capture->keyframes == 1);
	CHECK(published.calls == 0);
	drain();
	CHECK(published.ok());
	CHECK(all<Published>().at(0).codec == "h264");
	stream.unmuteAudio();
	session->muteChanged();
	CHECK(!driver->all<signalling::Mute>().back().audio);

	Outcome again;
	session->publish(stream, into(again));
	session->unpublish(into(unpublished));
	CHECK(!capture->running);
	drain();
	CHECK(again.failed(ErrorCode::InvalidOperation));
	CHECK(unpublished.calls == 0);
	driver->tell(signalling::UnpublishDone { Unit {} });
	drain();
	CHECK(unpublished.ok());
	CHECK(count<Unpublished>() == 1);
	CHECK(*closed["up"]);
	published = {};
	publish();
	CHECK(capture->running);
}

TEST_CASE_FIXTURE(SessionFixture, "publish: one kind alone")
{
	enter();
	capture->video = false;
	publish();
	// Video may be added: its m-line is there.
	REQUIRE(capture->videoSender);
	CHECK(capture->videoSender->mLine() == 1);
	CHECK(driver->all<signalling::StartPublish>().at(0).info.audio);
	CHECK(!driver->all<signalling::StartPublish>().at(0).info.video);
	CHECK(!all<Published>().at(0).video);
	CHECK(all<Published>().at(0).codec == "opus");
}

TEST_CASE_FIXTURE(SessionFixture, "publish: failures go to done, and leave it to be tried again")
{
	enter();
	ErrorCode expected = ErrorCode::MediaFailed;
	bool told = true;
	SUBCASE("the service refuses, before a link")
	{
		session->publish(stream, into(published));
		driver->tell(signalling::LinkFailed { "up", { ErrorCode::Refused, "no" } });
		expected = ErrorCode::Refused;
		told = false;
	}
	SUBCASE("the service refuses the offer")
	{
		session->publish(stream, into(published));
		needUplink();
		driver->tell(signalling::LinkFailed { "up", { ErrorCode::Refused, "no" } });
		expected = ErrorCode::Refused;
		told = false;
	}
	SUBCASE("no connection can be made")
	{
		peerFailure = Error { ErrorCode::NotSupported, "no webrtcbin" };
		session->publish(stream, into(published));
		needUplink();
		peerFailure.reset();
		expected = ErrorCode::NotSupported;
	}
	SUBCASE("it does not come up")
	{
		session->publish(stream, into(published));
		needUplink();
		peers.at("up")->listener.onFailed(kMedia);
	}
	SUBCASE("the source fails")
	{
		capture->failure = Error { ErrorCode::InitializeFailed, "broken" };
		session->publish(stream, into(published));
		needUplink();
		connect("up");
		capture->failure.reset();
		expected = ErrorCode::InitializeFailed;
	}
	drain();
	CHECK(published.failed(expected));
	CHECK(driver->all<signalling::StopPublish>().size() == (told ? 1 : 0));
	CHECK(events.size() == 1); // Joined
	CHECK(!session->published());
	published = {};
	publish();
}

TEST_CASE_FIXTURE(SessionFixture, "publish: media that fails later is told, the client stays")
{
	enter();
	publish();
	peers.at("up")->listener.onFailed(kMedia);
	drain();
	CHECK(!capture->running);
	CHECK(count<Unpublished>() == 1);
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK(driver->all<signalling::StopPublish>().size() == 1);
	CHECK(session->joined());
}

TEST_CASE_FIXTURE(SessionFixture, "publish: a new offer is asked for, the old link is closed")
{
	enter();
	session->publish(stream, into(published));
	needUplink();
	const auto first = closed["up"];
	needUplink();
	CHECK(*first);
	connect("up");
	drain();
	CHECK(published.ok());
}

TEST_CASE_FIXTURE(SessionFixture, "publish: the source's end and failure are told; a stream that dies is unpublished")
{
	enter();
	auto mine = std::make_unique<LocalStream>(loop, LocalStreamConfig {});
	mine->impl().capture = std::make_unique<FakeCapture>();
	session->publish(*mine, into(published));
	needUplink();
	connect("up");
	mine->impl().onCaptureEnded("file:a.mkv");
	mine->impl().onCaptureFailed({ ErrorCode::DeviceNotFound, "gone" });
	mine.reset();
	drain();
	CHECK(all<SourceEnded>().at(0).source == "file:a.mkv");
	CHECK(all<Failed>().at(0).recoverable);
	CHECK(count<Unpublished>() == 1);
	CHECK(driver->all<signalling::StopPublish>().size() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "role: to anchor and back; to audience closes the uplink first")
{
	enter(Role::Audience);
	session->switchRole(Role::Anchor, into(switched));
	Outcome again;
	session->switchRole(Role::Anchor, into(again));
	session->publish(stream, into(published));
	driver->tell(signalling::RoleDone { Unit {} });
	drain();
	CHECK(again.failed(ErrorCode::InvalidOperation));
	CHECK(published.failed(ErrorCode::InvalidOperation));
	CHECK(switched.ok());
	CHECK((session->role() == Role::Anchor));
	REQUIRE(count<RoleSwitched>() == 1);
	CHECK((all<RoleSwitched>()[0].prevRole == Role::Audience));
	published = switched = {};
	publish();
	session->switchRole(Role::Audience, into(switched));
	CHECK(!capture->running);
	CHECK(*closed["up"]);
	REQUIRE(driver->commands.size() >= 2);
	CHECK(std::holds_alternative<signalling::SwitchRole>(driver->commands.back()));
	CHECK(std::holds_alternative<signalling::StopPublish>(driver->commands[driver->commands.size() - 2]));
	driver->tell(signalling::RoleDone { Error { ErrorCode::SwitchRoleFailed, "no" } });
	drain();
	CHECK(switched.failed(ErrorCode::SwitchRoleFailed));
	CHECK((session->role() == Role::Anchor));
	CHECK(count<RoleSwitched>() == 1);
	CHECK(count<Unpublished>() == 1);
	switched = {};
	session->switchRole(Role::Anchor, into(switched)); // as it is
	drain();
	CHECK(switched.ok());
}

TEST_CASE_FIXTURE(SessionFixture, "role: a new ticket goes with the next switch, also to the role one has")
{
	const auto ticketOf = [this] {
		const auto *last = driver->commands.empty()
					   ? nullptr
					   : std::get_if<signalling::SwitchRole>(&driver->commands.back());
		return last ? last->privateMapKey : std::string("none");
	};
	options.privateMapKey = "first";
	enter(Role::Audience);
	CHECK_THROWS_AS(session->updatePrivateMapKey(""), Exception);
	session->switchRole(Role::Anchor, into(switched));
	CHECK(ticketOf() == "first");
	driver->tell(signalling::RoleDone { Unit {} });
	drain();
	publish();
	session->updatePrivateMapKey("second");
	CHECK(ticketOf() == "none"); // nothing is said by itself
	switched = {};
	session->switchRole(Role::Anchor, into(switched));
	CHECK(ticketOf() == "second");
	driver->tell(signalling::RoleDone { Unit {} });
	drain();
	CHECK(switched.ok());
	CHECK(count<RoleSwitched>() == 1);
	CHECK(session->published());
	// Once shown it is as before.
	const auto said = driver->commands.size();
	session->switchRole(Role::Anchor, nullptr);
	drain();
	CHECK(driver->commands.size() == said);
	session->updatePrivateMapKey("third");
	switched = {};
	session->switchRole(Role::Anchor, into(switched));
	driver->tell(signalling::RoleDone { Error { ErrorCode::Refused, "no" } });
	drain();
	CHECK(switched.failed(ErrorCode::Refused));
	CHECK((session->role() == Role::Anchor));
	CHECK(session->published());
}

TEST_CASE_FIXTURE(SessionFixture, "role: to audience while a publish is running")
{
	enter();
	session->publish(stream, into(published));
	needUplink();
	session->switchRole(Role::Audience, into(switched));
	driver->tell(signalling::RoleDone { Unit {} });
	drain();
	CHECK(published.failed(ErrorCode::InvalidOperation));
	CHECK(switched.ok());
	CHECK(count<Unpublished>() == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "the room is lost, or the client removed")
{
	enter();
	publish();
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	session->unpublish(into(unpublished));
	std::string reason;
	SUBCASE("lost")
	{
		driver->tell(signalling::Lost { { ErrorCode::ConnectionLost, "gone" } });
		reason = "connection-lost";
		drain();
		REQUIRE(count<Failed>() == 1);
		CHECK(!all<Failed>()[0].recoverable);
		CHECK(all<Failed>()[0].error.code == ErrorCode::ConnectionLost);
	}
	SUBCASE("banned")
	{
		driver->tell(signalling::Banned { "kick" });
		reason = "banned";
		drain();
		CHECK(all<ClientBanned>().at(0).reason == "kick");
		CHECK(count<Failed>() == 0);
	}
	CHECK(recorderStops == std::vector<std::string> { reason });
	CHECK(all<RecordingStopped>().at(0).reason == reason);
	CHECK(at<RecordingStopped>() < at<StreamRemoved>());
	REQUIRE(std::holds_alternative<Left>(events.back()));
	CHECK(std::get<Left>(events.back()).reason == reason);
	CHECK(unpublished.ok());
	CHECK(!session->joined());
	CHECK(driver->stops == 1);
	finishStops();
	session->leave(into(left));
	drain();
	CHECK(left.failed(ErrorCode::InvalidOperation));
}

TEST_CASE_FIXTURE(SessionFixture, "a handler may call any verb, and the owner may go from inside")
{
	SUBCASE("leave on Joined")
	{
		hook = [&](const Event &event) {
			if (std::holds_alternative<Joined>(event))
				session->leave(into(left));
		};
		enter();
		finishStops();
		CHECK(left.ok());
		CHECK(std::holds_alternative<Left>(events.back()));
	}
	SUBCASE("unsubscribe on StreamAdded")
	{
		hook = [&](const Event &event) {
			if (const auto *added = std::get_if<StreamAdded>(&event))
				session->unsubscribe(added->userId, into(unsubscribed));
		};
		enter();
		watch(kBob);
		CHECK(driver->all<signalling::StopSubscribe>().size() == 1);
		driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
		drain();
		CHECK(unsubscribed.ok());
	}
	SUBCASE("destroyed on StreamAdded")
	{
		hook = [&](const Event &event) {
			if (std::holds_alternative<StreamAdded>(event)) {
				session->shutDown(); // what ~Client does
				session.reset();
			}
		};
		enter();
		publication(kBob, true, true);
		drain();
		CHECK(std::holds_alternative<StreamAdded>(events.back()));
		CHECK(!session);
	}
}
