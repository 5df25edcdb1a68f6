// SPDX-License-Identifier: MIT
// What is published and subscribed, and what becomes of it in the recording.
#include "integration/room_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

struct PublishFixture : RoomFixture {
	Status subscribe(Agent &viewer, const char *user, const SubscribeOptions &options = {})
	{
		return run([&](auto done) { viewer.client->subscribe(UserId(user), options, done); });
	}
	Status unsubscribe(Agent &viewer, const char *user)
	{
		return run([&](auto done) { viewer.client->unsubscribe(UserId(user), done); });
	}
	static std::function<bool(const MuteChanged &)> mutes(MediaKind kind, bool muted)
	{
		return [=](const MuteChanged &mute) { return mute.kind == kind && mute.muted == muted; };
	}
};

} // namespace

TEST_CASE_FIXTURE(PublishFixture, "on air and off, ten times")
{
	auto &alice = joined("alice");
	auto &bob = joined("bob", Role::Audience);
	for (std::size_t round = 1; round <= 10; ++round) {
		const auto seen = bob.told.size();
		const auto status = publish(alice);
		REQUIRE_MESSAGE(status, round, ": ", status.error().message);
		// Not every round waits for media: stopping in the middle of a subscription must do no harm.
		if (round % 2)
			REQUIRE(sees(bob, "alice", seen));
		REQUIRE(unpublish(alice));
		REQUIRE(tellsTimes<StreamRemoved>(bob, round));
	}
	CHECK(bob.count<StreamAdded>() == 10);
	CHECK(alice.count<Published>() == 10);
	CHECK(alice.count<Unpublished>() == 10);
	CHECK(alice.failures() == "");
	// A subscription that was under way when the stream went is no failure.
	CHECK(bob.failures() == "");
	CHECK(bob.client->joined());
}

TEST_CASE_FIXTURE(PublishFixture, "muted sound leaves a gap in its track and none in the picture")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1s);
	auto seen = bob.told.size();
	REQUIRE(alice.stream->muteAudio());
	alice.client->muteChanged();
	REQUIRE(tells<MuteChanged>(bob, mutes(MediaKind::Audio, true), seen));
	record(1s);
	seen = bob.told.size();
	REQUIRE(alice.stream->unmuteAudio());
	alice.client->muteChanged();
	REQUIRE(tells<MuteChanged>(bob, mutes(MediaKind::Audio, false), seen));
	record(1s);
	REQUIRE(leave(bob));
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.durationMs") >= 2700);
	CHECK(figures.number("audio.maxGapMs") >= 800);
	CHECK(figures.number("audio.maxGapMs") < 1600);
	CHECK(figures.number("audio.seconds") >= 1.6);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "a muted picture leaves a gap in its track and none in the sound")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1s);
	auto seen = bob.told.size();
	REQUIRE(alice.stream->muteVideo());
	alice.client->muteChanged();
	REQUIRE(tells<MuteChanged>(bob, mutes(MediaKind::Video, true), seen));
	record(1s);
	seen = bob.told.size();
	REQUIRE(alice.stream->unmuteVideo());
	alice.client->muteChanged();
	REQUIRE(tells<MuteChanged>(bob, mutes(MediaKind::Video, false), seen));
	record(1500ms);
	REQUIRE(leave(bob));
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("audio.maxGapMs") < patient(150)); // see checkSound()
	CHECK(figures.number("audio.seconds") >= 3.2);
	CHECK(figures.number("video.maxGapMs") >= 800);
	CHECK(figures.number("video.maxGapMs") < 2000);
	CHECK(figures.number("video.missing") >= 12);
	CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
	CHECK(figures.number("video.durationMs") >= 2800);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "unsubscribed and subscribed again: two files, both whole")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1s);
	REQUIRE(unsubscribe(bob, "alice"));
	CHECK(bob.last<RecordingStopped>().reason == "unsubscribed");
	CHECK(bob.count<StreamUnsubscribed>() == 1);
	CHECK(bob.count<StreamRemoved>() == 0);
	auto *stream = bob.client->stream(UserId("alice"), StreamType::Main);
	REQUIRE(stream);
	CHECK(!stream->subscribed());
	stream->startRecording(recordings.str());
	const auto seen = bob.told.size();
	REQUIRE(subscribe(bob, "alice"));
	REQUIRE(sees(bob, "alice", seen));
	record(1s);
	REQUIRE(leave(bob));
	REQUIRE(recordedBy(bob).size() == 2);
	for (const auto &path : recordedBy(bob))
		checkContinuous(path, 700);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "only the sound, then both, of one subscription")
{
	publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	REQUIRE(subscribe(bob, "alice", { true, false, false }));
	record(1s);
	REQUIRE(subscribe(bob, "alice", { true, true, true }));
	record(1500ms);
	REQUIRE(leave(bob));
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("audio.maxGapMs") < patient(150)); // see checkSound()
	CHECK(figures.number("video.maxGapMs") >= 800);
	CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "sound alone: the file has one track")
{
	publishing("alice", testPicture(true, false));
	auto &bob = recording("bob");
	REQUIRE(tells<FirstFrame>(bob));
	CHECK(bob.last<StreamAdded>().hasAudio);
	CHECK(!bob.last<StreamAdded>().hasVideo);
	record(1500ms);
	REQUIRE(leave(bob));
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(!figures.hasVideo());
	CHECK(figures.number("audio.seconds") >= 1.2);
	CHECK(figures.number("audio.maxGapMs") < patient(150)); // see checkSound()
	CHECK(bob.last<RecordingStopped>().videoFrames == 0);
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "a picture alone: the file has one track")
{
	publishing("alice", testPicture(false, true));
	auto &bob = recording("bob");
	REQUIRE(tells<FirstFrame>(bob));
	CHECK(!bob.last<StreamAdded>().hasAudio);
	CHECK(bob.last<StreamAdded>().hasVideo);
	record(1500ms);
	REQUIRE(leave(bob));
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(!figures.hasAudio());
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.durationMs") >= 1200);
	CHECK(bob.last<RecordingStopped>().audioPackets == 0);
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "muted from the start: the sound joins the file when it comes")
{
	auto &alice = joined("alice");
	alice.stream = std::make_unique<LocalStream>(loop, testPicture());
	alice.stream->initialize();
	REQUIRE(alice.stream->muteAudio());
	REQUIRE(publish(alice));
	auto &bob = recording("bob");
	REQUIRE(tells<FirstFrame>(bob));
	CHECK(bob.find<MuteChanged>(mutes(MediaKind::Audio, true)));
	record(1500ms);
	CHECK(bob.count<FirstFrame>() == 1);
	REQUIRE(alice.stream->unmuteAudio());
	alice.client->muteChanged();
	REQUIRE(sees(bob, "alice"));
	record(1s);
	REQUIRE(leave(bob));
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("audio.firstMs") >= 1200);
	CHECK(figures.number("audio.seconds") >= 0.8);
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "camera and screen at once are two streams, each with its picture")
{
	auto config = testPicture();
	config.auxiliary.kind = SourceSpec::Kind::Test;
	config.auxiliaryProfile = { 480, 270, 5, 400 };
	auto &alice = publishing("alice", config);
	CHECK(alice.count<Published>() == 2);
	auto &bob = recording("bob");
	const auto seen = [&bob](StreamType type) {
		return [&bob, type] {
			return bob.find<FirstFrame>([type](const FirstFrame &first) {
				return first.streamType == type && first.kind == MediaKind::Video;
			});
		};
	};
	REQUIRE(waitFor([&] { return seen(StreamType::Main)() && seen(StreamType::Auxiliary)(); }));
	const auto &screen = std::get<FirstFrame>(seen(StreamType::Auxiliary)()->event);
	CHECK(screen.width == 480);
	CHECK(screen.height == 270);
	record(2s);
	REQUIRE(unpublish(alice));
	CHECK(alice.count<Unpublished>() == 2);
	REQUIRE(tellsTimes<StreamRemoved>(bob, 2));
	REQUIRE(leave(bob));
	REQUIRE(bob.count<RecordingStopped>() == 2);
	for (const auto &stopped : bob.all<RecordingStopped>()) {
		const Figures figures(stopped.path);
		INFO(toString(stopped.streamType), figures.report());
		const bool main = stopped.streamType == StreamType::Main;
		CHECK(figures.hasAudio() == main);
		REQUIRE(figures.hasVideo());
		CHECK(figures.number("video.missing") == 0);
		CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
		CHECK(figures.number("video.frames") >= (main ? 20 : 7));
	}
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(PublishFixture, "a screen alone is an auxiliary stream and no main one")
{
	LocalStreamConfig config;
	config.auxiliary.kind = SourceSpec::Kind::Test;
	config.auxiliaryProfile = { 320, 240, 10, 300 };
	auto &bob = recording("bob");
	auto &alice = publishing("alice", config);
	REQUIRE(tells<FirstFrame>(bob));
	CHECK((bob.last<FirstFrame>().streamType == StreamType::Auxiliary));
	CHECK(bob.count<StreamAdded>() == 1);
	CHECK((bob.last<StreamAdded>().streamType == StreamType::Auxiliary));
	CHECK(bob.count<MuteChanged>() == 0);
	CHECK_FALSE(alice.stream->muteVideo());
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}
