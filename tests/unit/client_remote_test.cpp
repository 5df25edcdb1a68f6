// SPDX-License-Identifier: MIT
// The client and what others publish: streams, subscriptions, first frames, recordings.
#include "client_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

const UserId kAnn("ann"), kBob("bob");
const Error kMedia { ErrorCode::MediaFailed, "ICE failed" };

} // namespace

TEST_CASE_FIXTURE(SessionFixture, "streams: a list without end is not subscribed without end, by hand it is")
{
	enter();
	const auto user = [](int n) { return UserId("user" + std::to_string(n)); };
	for (int n = 0; n < 150; ++n)
		publication(user(n), true, true);
	drain();
	CHECK(count<StreamAdded>() == 150);
	CHECK(driver->all<signalling::StartSubscribe>().size() == 100);
	session->subscribe(user(149), {}, nullptr);
	drain();
	CHECK(driver->all<signalling::StartSubscribe>().size() == 101);
}

TEST_CASE_FIXTURE(SessionFixture, "streams: added, updated, removed; main and auxiliary apart")
{
	config.autoSubscribe = false;
	enter();
	publication(kBob, true, false);
	drain();
	REQUIRE(count<StreamAdded>() == 1);
	CHECK((all<StreamAdded>()[0].hasAudio && !all<StreamAdded>()[0].hasVideo));
	publication(kBob, true, true, true);
	drain();
	CHECK(count<StreamUpdated>() == 1);
	REQUIRE(count<StreamAdded>() == 2);
	CHECK((all<StreamAdded>()[1].streamType == StreamType::Auxiliary));
	drain();
	CHECK(session->streams().size() == 2);
	publication(kBob, false, false, true);
	drain();
	REQUIRE(count<StreamRemoved>() == 1);
	CHECK((all<StreamRemoved>()[0].streamType == StreamType::Main));
	drain();
	CHECK(session->stream(kBob, StreamType::Main) == nullptr);
	drain();
	CHECK(session->stream(kBob, StreamType::Auxiliary) != nullptr);
	publication(kBob, false, false);
	drain();
	CHECK(count<StreamRemoved>() == 2);
	drain();
	CHECK(session->streams().empty());
	CHECK(driver->commands.empty());
}

TEST_CASE_FIXTURE(SessionFixture, "mute: told on first sight and when published-and-not-muted changes")
{
	config.autoSubscribe = false;
	enter();
	const auto told = [&] {
		drain();
		std::string out;
		for (const auto &mute : all<MuteChanged>())
			out += std::string(mute.muted ? "-" : "+") + (mute.kind == MediaKind::Audio ? "a" : "v");
		events.clear();
		return out;
	};
	publication(kBob, true, true, false, true, false);
	drain();
	CHECK(at<StreamAdded>() < at<MuteChanged>());
	CHECK(told() == "+v-a");
	publication(kBob, true, true, false, false, true);
	CHECK(told() == "-v+a");
	publication(kBob, true, false, false, false, true);
	CHECK(told() == "");
	publication(kBob, false, true, false, false, false);
	CHECK(told() == "+v-a");
	publication(kBob, false, false);
	CHECK(told() == "");
	publication(kBob, true, false);
	CHECK(told() == "-v+a");
	publication(kAnn, false, false, true);
	CHECK(told() == "");
}

TEST_CASE_FIXTURE(SessionFixture,
		  "auto-subscribe: as it is added, told once connected; a later stream needs no message")
{
	enter();
	publication(kBob, true, true);
	REQUIRE(driver->all<signalling::StartSubscribe>().size() == 1);
	CHECK((driver->all<signalling::StartSubscribe>()[0].options == SubscribeOptions {}));
	needDownlink(kBob);
	auto &peer = *peers.at("down:bob");
	REQUIRE(peer.lines.size() == 3);
	for (const auto &line : peer.lines) {
		CHECK(!line.send);
		CHECK((line.codecs.size() == (line.kind == MediaKind::Video ? 2 : 0)));
	}
	drain();
	CHECK(count<StreamSubscribed>() == 0);
	connect("down:bob");
	drain();
	CHECK(count<StreamSubscribed>() == 1);
	drain();
	CHECK(session->stream(kBob, StreamType::Main)->subscribed());
	publication(kBob, true, true, true);
	drain();
	REQUIRE(count<StreamSubscribed>() == 2);
	CHECK((all<StreamSubscribed>()[1].streamType == StreamType::Auxiliary));
	CHECK(driver->all<signalling::StartSubscribe>().size() == 1);
	CHECK(driver->all<signalling::ChangeSubscribe>().empty());
}

TEST_CASE_FIXTURE(SessionFixture, "auto-subscribe: one that fails disturbs no other")
{
	enter();
	watch(kAnn);
	session->stream(kAnn, StreamType::Main)->startRecording("dir");
	frame(0);
	publication(kBob, true, true);
	bool told = false;
	SUBCASE("refused by the service") { driver->tell(signalling::LinkFailed { "down:bob", kMedia }); }
	SUBCASE("no connection")
	{
		needDownlink(kBob);
		peers.at("down:bob")->listener.onFailed(kMedia);
		told = true;
	}
	SUBCASE("no plug-in")
	{
		peerFailure = kMedia;
		needDownlink(kBob);
		told = true;
	}
	drain();
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK(all<Failed>()[0].error.code == ErrorCode::MediaFailed);
	CHECK(all<Failed>()[0].error.message.find("bob") != std::string::npos);
	CHECK(driver->all<signalling::StopSubscribe>().size() == (told ? 1 : 0));
	CHECK(!session->stream(kBob, StreamType::Main)->subscribed());
	drain();
	CHECK(session->stream(kAnn, StreamType::Main)->subscribed());
	CHECK(!*closed["down:ann"]);
	CHECK(recorderStops.empty());
	// By hand it can be tried again.
	peerFailure.reset();
	session->subscribe(kBob, {}, into(subscribed));
	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(subscribed.ok());
}

TEST_CASE_FIXTURE(SessionFixture, "auto-subscribe: not for who was unsubscribed by hand")
{
	enter();
	watch(kBob);
	session->unsubscribe(kBob, into(unsubscribed));
	driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
	publication(kBob, true, true, true);
	drain();
	CHECK(unsubscribed.ok());
	CHECK(driver->all<signalling::StartSubscribe>().size() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "subscribe by hand: choice, change, unsubscribe")
{
	config.autoSubscribe = false;
	enter();
	Outcome nobody, nothing;
	session->subscribe(kBob, {}, into(nobody));
	publication(kBob, true, true, true);
	session->subscribe(kBob, { false, false, false }, into(nothing));
	session->subscribe(kBob, { true, false, false }, into(subscribed));
	Outcome again;
	session->subscribe(kBob, {}, into(again));
	needDownlink(kBob);
	connect("down:bob");
	drain();
	CHECK(nobody.failed(ErrorCode::RemoteStreamNotExist));
	CHECK(nothing.failed(ErrorCode::InvalidParameter));
	CHECK(again.failed(ErrorCode::InvalidOperation));
	CHECK(subscribed.ok());
	REQUIRE(count<StreamSubscribed>() == 1);
	CHECK(!session->stream(kBob, StreamType::Auxiliary)->subscribed());

	subscribed = {};
	session->subscribe(kBob, { false, false, true }, into(subscribed));
	REQUIRE(driver->all<signalling::ChangeSubscribe>().size() == 1);
	driver->tell(signalling::SubscribeChangeDone { kBob, Error { ErrorCode::ApiCallTimeout, "no" } });
	drain();
	CHECK(subscribed.failed(ErrorCode::ApiCallTimeout));
	drain();
	CHECK(session->stream(kBob, StreamType::Main)->subscribed());
	subscribed = {};
	session->subscribe(kBob, { false, false, true }, into(subscribed));
	driver->tell(signalling::SubscribeChangeDone { kBob, Unit {} });
	drain();
	CHECK(subscribed.ok());
	CHECK(!session->stream(kBob, StreamType::Main)->subscribed());
	drain();
	CHECK(session->stream(kBob, StreamType::Auxiliary)->subscribed());
	CHECK(count<StreamUnsubscribed>() == 1);

	session->unsubscribe(kBob, into(unsubscribed));
	drain();
	CHECK(unsubscribed.calls == 0);
	driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
	drain();
	CHECK(unsubscribed.ok());
	CHECK(*closed["down:bob"]);
	CHECK(count<StreamUnsubscribed>() == 2);
	unsubscribed = {};
	session->unsubscribe(kBob, into(unsubscribed));
	drain();
	CHECK(unsubscribed.failed(ErrorCode::InvalidOperation));
}

TEST_CASE_FIXTURE(SessionFixture, "subscribe: the publisher goes meanwhile")
{
	config.autoSubscribe = false;
	enter();
	publication(kBob, true, true);
	session->subscribe(kBob, {}, into(subscribed));
	needDownlink(kBob);
	publication(kBob, false, false);
	drain();
	CHECK(subscribed.failed(ErrorCode::RemoteStreamNotExist));
	CHECK(*closed["down:bob"]);
	CHECK(count<Failed>() == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "media that fails later: told, unsubscribed, still listed")
{
	enter();
	watch(kAnn);
	watch(kBob);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(0);
	peers.at("down:bob")->listener.onFailed(kMedia);
	drain();
	CHECK(count<StreamUnsubscribed>() == 1);
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK(recorderStops == std::vector<std::string> { "media-failed" });
	CHECK(at<RecordingStopped>() < at<StreamUnsubscribed>());
	CHECK(!session->stream(kBob, StreamType::Main)->subscribed());
	drain();
	CHECK(session->stream(kAnn, StreamType::Main)->subscribed());
	CHECK(driver->all<signalling::StopSubscribe>().size() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "a track that cannot be received leaves the others")
{
	enter();
	publication(kBob, true, true);
	needDownlink(kBob);
	connect("down:bob");
	receiverFailure = Error { ErrorCode::NotSupported, "no depayloader" };
	peers.at("down:bob")->listener.onTrack(tracks(kBob)[1]);
	receiverFailure.reset();
	peers.at("down:bob")->listener.onTrack(tracks(kBob)[0]);
	drain();
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	frame(0);
	CHECK(count<FirstFrame>() == 1);
}

TEST_CASE_FIXTURE(SessionFixture,
		  "first frames: once a kind, video when its size is known, anew after a new subscription")
{
	enter();
	watch(kBob, true);
	frame(1, 0);
	CHECK(count<FirstFrame>() == 0);
	for (int i = 0; i < 2; ++i) {
		frame(0);
		frame(1);
		frame(2);
	}
	REQUIRE(count<FirstFrame>() == 3);
	CHECK((all<FirstFrame>()[0].kind == MediaKind::Audio));
	CHECK(all<FirstFrame>()[0].codec == "opus");
	CHECK(all<FirstFrame>()[1].width == 640);
	CHECK((all<FirstFrame>()[2].streamType == StreamType::Auxiliary));
	session->unsubscribe(kBob, into(unsubscribed));
	driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
	session->subscribe(kBob, {}, into(subscribed));
	needDownlink(kBob);
	connect("down:bob");
	peers.at("down:bob")->listener.onTrack(tracks(kBob)[0]);
	frame(0);
	CHECK(count<FirstFrame>() == 4);
}

TEST_CASE_FIXTURE(SessionFixture, "recording: before the subscription, keyframe when in the middle, stop, twice")
{
	enter();
	publication(kBob, true, true);
	drain();
	auto *remote = session->stream(kBob, StreamType::Main);
	remote->startRecording("dir");
	CHECK(recorder->config.directory == "dir");
	CHECK(recorder->config.room == options.room);
	CHECK(recorder->config.userId == kBob);
	bool refused = false;
	try {
		remote->startRecording("dir");
	} catch (const Exception &exception) {
		refused = exception.error().code == ErrorCode::InvalidOperation;
	}
	CHECK(refused);
	watch(kBob);
	frame(0);
	CHECK(count<RecordingStarted>() == 1);
	remote->stopRecording();
	remote->stopRecording();
	CHECK(recorderStops == std::vector<std::string> { "stopped" });
	drain();
	CHECK(count<RecordingStopped>() == 1);
	CHECK(tracks(kBob)[1]->keyframes == 0);
	remote->startRecording("dir");
	CHECK(tracks(kBob)[1]->keyframes == 1);
	CHECK(tracks(kBob)[2]->keyframes == 0);
	recorder->listener.onRecordingFailed({ ErrorCode::OutputFailed, "disk full" });
	drain();
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	remote->startRecording("dir"); // the failed one is gone
}

TEST_CASE_FIXTURE(SessionFixture,
		  "recording: ends with the stream, before it is removed; the stream lives through the handler")
{
	enter();
	watch(kBob, true);
	drain();
	auto *remote = session->stream(kBob, StreamType::Main);
	remote->startRecording("dir");
	frame(1);
	bool seen = false;
	hook = [&](const Event &event) {
		if (std::holds_alternative<StreamRemoved>(event)) {
			seen = true;
			CHECK(session->stream(kBob, StreamType::Main) == remote);
			CHECK(remote->info().userId == kBob);
			CHECK(!remote->subscribed());
			const auto *before = recorder;
			remote->startRecording("dir"); // it has ended: nothing comes of it
			CHECK(recorder == before);
		}
	};
	publication(kBob, false, false, true);
	drain();
	CHECK(seen);
	CHECK(session->stream(kBob, StreamType::Main) == nullptr);
	CHECK(recorderStops == std::vector<std::string> { "stream-removed" });
	CHECK(at<RecordingStopped>() < at<StreamRemoved>());
	CHECK(!*closed["down:bob"]);
	frame(1); // nobody's now
	frame(2);
	CHECK((all<FirstFrame>().back().streamType == StreamType::Auxiliary));
}

TEST_CASE_FIXTURE(SessionFixture, "an exception in a recording ends that recording, and nothing else")
{
	enter();
	watch(kBob, true);
	session->stream(kBob, StreamType::Auxiliary)->startRecording("dir");
	auto *other = recorder;
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	drain();
	frame(1);
	frame(2);
	recorder->broken = true;
	frame(1);
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK(all<Failed>()[0].error.code == ErrorCode::MediaFailed);
	INFO(all<Failed>()[0].error.message);
	CHECK(all<Failed>()[0].error.message.find("main stream of bob") != std::string::npos);
	REQUIRE(count<RecordingStopped>() == 1);
	CHECK(all<RecordingStopped>()[0].reason == "failed");
	// Its frames still arrive, the other one is still recorded, and a new recording may begin.
	frame(1);
	frame(2);
	CHECK(other->frames == 2);
	CHECK(count<Failed>() == 1);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	frame(1);
	CHECK(count<RecordingStarted>() == 3);
}

TEST_CASE_FIXTURE(SessionFixture, "an exception behind a track ends that track, and nothing else")
{
	enter();
	watch(kBob, true);
	session->stream(kBob, StreamType::Main)->startRecording("dir");
	PlayOptions options_;
	options_.sound = true;
	session->stream(kBob, StreamType::Main)->play(options_);
	frame(0);
	player->broken = true;
	frame(1);
	REQUIRE(count<Failed>() == 1);
	CHECK(all<Failed>()[0].recoverable);
	CHECK(all<Failed>()[0].error.message.find("bob") != std::string::npos);
	player->broken = false;
	// The track's handler is gone with its receiver; the other track goes on.
	CHECK(receivers.at(1).expired());
	CHECK(!receivers.at(0).expired());
	frame(0);
	CHECK(recorder->frames >= 2);
	CHECK(count<Failed>() == 1);
	CHECK(session->stream(kBob, StreamType::Main)->subscribed());
}

TEST_CASE_FIXTURE(SessionFixture, "a player that was replaced has nothing to say any more")
{
	enter();
	watch(kBob);
	auto *remote = session->stream(kBob, StreamType::Main);
	PlayOptions options_;
	options_.sound = true;
	remote->play(options_);
	player->listener.onPlayerStarted();
	auto &old = player->listener;
	remote->play(options_);
	player->listener.onPlayerStarted();
	// The old one is on its way out, and its pipeline fails now.
	old.onPlayerFailed({ ErrorCode::MediaFailed, "late" }, true);
	old.onPlayerClosed();
	old.onPlayerNeedsKeyframe();
	CHECK(remote->playing());
	drain();
	CHECK(count<Failed>() == 0);
	CHECK(count<PlayStarted>() == 2);
	CHECK(count<PlayStopped>() == 1);
}

TEST_CASE_FIXTURE(SessionFixture, "a snapshot that was ended has nothing to say any more")
{
	enter();
	watch(kBob);
	auto *remote = session->stream(kBob, StreamType::Main);
	int first = 0, second = 0;
	remote->snapshot("a.png", [&](const Result<Snapshot> &result) {
		++first;
		CHECK(!result);
	});
	REQUIRE(snapshot);
	const auto late = snapshot->done;
	session->unsubscribe(kBob, into(unsubscribed));
	driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
	drain();
	CHECK(first == 1);
	session->subscribe(kBob, {}, into(subscribed));
	needDownlink(kBob);
	connect("down:bob");
	drain();
	remote->snapshot("b.png", [&](const Result<Snapshot> &) { ++second; });
	late(Snapshot { "a.png", 640, 480 });
	drain();
	CHECK(first == 1);
	CHECK(second == 0);
	CHECK(count<SnapshotSaved>() == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "auto-subscribe: lists that alternate make connections no faster than these end")
{
	enter();
	std::size_t made = 0;
	const auto answerSubscribes = [&] {
		const auto asked = driver->all<signalling::StartSubscribe>();
		for (; made < asked.size(); ++made)
			needDownlink(asked[made].userId);
	};
	const auto alternate = [&](int lists) {
		for (int i = 0; i < lists; ++i) {
			const UserId user("user" + std::to_string(i % 5));
			publication(user, true, true);
			answerSubscribes();
			publication(user, false, false);
		}
	};
	const auto start = std::chrono::steady_clock::now();
	// In one turn of the loop nothing can end, so next to nothing is made.
	alternate(1000);
	CHECK(made >= 1);
	CHECK(made <= 6);
	for (int i = 0; i < 200; ++i) {
		drain();
		alternate(20);
	}
	const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
	CHECK(static_cast<double>(made) <= 101 + 10 * seconds);
	// A list that stays is subscribed, a little later.
	drain();
	for (int i = 0; i < 5; ++i)
		publication(UserId("user" + std::to_string(i)), true, true);
	const auto before = made;
	CHECK(waitFor([&] {
		answerSubscribes();
		return made >= before + 5;
	}));
	CHECK(count<Failed>() == 0);
}

TEST_CASE_FIXTURE(SessionFixture, "auto-subscribe: a hundred users at once need not wait")
{
	enter();
	for (int i = 0; i < 100; ++i)
		publication(UserId("user" + std::to_string(i)), true, true);
	CHECK(driver->all<signalling::StartSubscribe>().size() == 100);
}
