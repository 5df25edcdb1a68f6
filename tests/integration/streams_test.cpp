// SPDX-License-Identifier: MIT
// Small video, tracks that come and go on air, main and auxiliary stream apart: seen from the other side of the room.
#include "integration/room_support.h"

#include "client/local_stream_impl.h"

#include <filesystem>
#include <iterator>

using namespace trtc;
using namespace trtc::test;

namespace {

constexpr int kBigWidth = 640, kSmallWidth = 160, kScreenWidth = 800;

LocalStreamConfig withSmall(VideoCodec codec)
{
	auto config = testPicture();
	config.videoCodec = codec;
	config.videoProfile = { kBigWidth, 480, 15, 500 };
	config.smallProfile = VideoProfile { kSmallWidth, 120, 15, 100 };
	config.auxiliaryProfile = { kScreenWidth, 600, 5, 300 };
	return config;
}

std::size_t entriesIn(const char *folder)
{
	return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

struct StreamsFixture : RoomFixture {
	Status subscribe(Agent &viewer, const SubscribeOptions &options)
	{
		return run([&](auto done) { viewer.client->subscribe(UserId("alice"), options, done); });
	}
	Status add(Agent &agent, MediaKind kind, StreamType type = StreamType::Main)
	{
		return run([&](auto done) { agent.stream->addTrack(kind, SourceSpec::parse("test"), done, type); });
	}
	Status removeTrack(Agent &agent, MediaKind kind, StreamType type = StreamType::Main)
	{
		return run([&](auto done) { agent.stream->removeTrack(kind, done, type); });
	}
	/// A picture of that width comes to @p viewer: what a decoder makes of it.
	bool shows(Agent &viewer, int width, StreamType type = StreamType::Main)
	{
		struct Look {
			bool running = false;
			int width = 0;
		};
		const auto look = std::make_shared<Look>();
		const auto path = recordings / "look.png";
		return waitFor([&, look] {
			auto *stream = viewer.client->stream(UserId("alice"), type);
			if (stream && !look->running) {
				look->running = true;
				stream->snapshot(path, [look](const Result<Snapshot> &taken) {
					look->running = false;
					look->width = taken ? taken.value().width : 0;
				});
			}
			return look->width == width;
		});
	}
	void smallAndBack(VideoCodec codec)
	{
		auto &alice = publishing("alice", withSmall(codec));
		auto &bob = recording("bob");
		REQUIRE(sees(bob, "alice"));
		CHECK(bob.last<StreamAdded>().hasSmallVideo);
		REQUIRE(shows(bob, kBigWidth));
		REQUIRE(subscribe(bob, { true, true, true, true }));
		REQUIRE(shows(bob, kSmallWidth));
		record(1s);
		REQUIRE(subscribe(bob, {}));
		REQUIRE(shows(bob, kBigWidth));
		// A wish: with the next list.
		CHECK(bob.client->setRemoteVideoStreamType(UserId("alice"), VideoStreamType::Small));
		REQUIRE(shows(bob, kSmallWidth));
		// Without a small video it is the big one again, and the wish stays.
		alice.stream->impl().config.smallProfile.reset();
		REQUIRE(removeTrack(alice, MediaKind::Audio));
		REQUIRE(shows(bob, kBigWidth));
		REQUIRE(leave(bob));
		// All of it on one m-line of one connection, in one file.
		CHECK(bob.count<StreamAdded>() == 1);
		REQUIRE(recordedBy(bob).size() == 1);
		const Figures figures(recordedBy(bob).at(0));
		INFO(figures.report());
		CHECK(figures.track("video").get("sizes").number() == 5);
		CHECK(figures.number("video.backwards") == 0);
		CHECK(figures.number("video.maxGapMs") < patient(500));
		CHECK(alice.failures() == "");
		CHECK(bob.failures() == "");
	}
};

} // namespace

TEST_CASE_FIXTURE(StreamsFixture, "small video and back, H.264: one recording, no hole")
{
	smallAndBack(VideoCodec::H264);
}

TEST_CASE_FIXTURE(StreamsFixture, "small video and back, VP8: one recording, no hole")
{
	smallAndBack(VideoCodec::Vp8);
}

TEST_CASE_FIXTURE(StreamsFixture, "small video: from the start, muted with the big one, after a replace")
{
	auto &alice = publishing("alice", withSmall(VideoCodec::H264));
	auto &bob = agent("bob", "");
	bob.hook = [&](const Event &event) {
		if (std::holds_alternative<StreamAdded>(event))
			bob.client->subscribe(UserId("alice"), { false, true, false, true }, [](const Status &) {});
	};
	REQUIRE(join(bob, Role::Audience));
	REQUIRE(shows(bob, kSmallWidth));
	alice.stream->muteVideo();
	alice.client->muteChanged();
	REQUIRE(tells<MuteChanged>(
		bob, [](const MuteChanged &mute) { return mute.kind == MediaKind::Video && mute.muted; }));
	alice.stream->unmuteVideo();
	alice.client->muteChanged();
	REQUIRE(shows(bob, kSmallWidth));
	REQUIRE(run([&](auto done) {
		alice.stream->replace(MediaKind::Video, SourceSpec::parse("pipeline:videotestsrc pattern=ball"), done);
	}));
	REQUIRE(shows(bob, kSmallWidth));
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(StreamsFixture, "tracks come and go on air: others see it, one connection, no hole in the rest")
{
	auto config = withSmall(VideoCodec::H264);
	config.video = {};
	auto &alice = publishing("alice", config);
	auto &bob = recording("bob");
	REQUIRE(tells<FirstFrame>(bob));
	CHECK(!bob.last<StreamAdded>().hasVideo);

	REQUIRE(add(alice, MediaKind::Video));
	REQUIRE(tells<StreamUpdated>(bob, [](const StreamUpdated &now) { return now.hasVideo && now.hasSmallVideo; }));
	REQUIRE(sees(bob, "alice"));
	CHECK(!bob.last<MuteChanged>().muted);
	REQUIRE(shows(bob, kBigWidth));
	REQUIRE(removeTrack(alice, MediaKind::Video));
	REQUIRE(tells<StreamUpdated>(bob, [](const StreamUpdated &now) { return !now.hasVideo && now.hasAudio; }));
	CHECK(bob.last<MuteChanged>().muted);
	CHECK((bob.last<MuteChanged>().kind == MediaKind::Video));
	REQUIRE(add(alice, MediaKind::Video));
	REQUIRE(shows(bob, kBigWidth));

	// The auxiliary stream after the main one, and the main one goes.
	REQUIRE(add(alice, MediaKind::Video, StreamType::Auxiliary));
	REQUIRE(shows(bob, kScreenWidth, StreamType::Auxiliary));
	REQUIRE(removeTrack(alice, MediaKind::Video));
	REQUIRE(removeTrack(alice, MediaKind::Audio));
	REQUIRE(tells<StreamRemoved>(bob,
				     [](const StreamRemoved &gone) { return gone.streamType == StreamType::Main; }));
	REQUIRE_FALSE(removeTrack(alice, MediaKind::Video, StreamType::Auxiliary));
	// The main one after the auxiliary stream.
	const auto before = bob.told.size();
	REQUIRE(add(alice, MediaKind::Audio));
	REQUIRE(tells<FirstFrame>(
		bob, [](const FirstFrame &first) { return first.kind == MediaKind::Audio; }, before));
	REQUIRE(removeTrack(alice, MediaKind::Video, StreamType::Auxiliary));
	REQUIRE(tells<StreamRemoved>(
		bob, [](const StreamRemoved &gone) { return gone.streamType == StreamType::Auxiliary; }));
	CHECK((alice.last<Unpublished>().streamType == StreamType::Auxiliary));
	REQUIRE(leave(bob));
	const auto paths = recordedBy(bob);
	REQUIRE(paths.size() == 3); // main, auxiliary, main again
	for (const auto &path : paths)
		CHECK(Figures::of(path));
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(StreamsFixture, "the auxiliary stream alone, the main one alone, of one user; one in a room")
{
	auto config = withSmall(VideoCodec::H264);
	config.auxiliary = SourceSpec::parse("test");
	auto &alice = publishing("alice", config);
	auto &bob = joined("bob", Role::Anchor);
	REQUIRE(tellsTimes<StreamSubscribed>(bob, 2));
	REQUIRE(subscribe(bob, { false, false, true }));
	CHECK((bob.last<StreamUnsubscribed>().streamType == StreamType::Main));
	REQUIRE(shows(bob, kScreenWidth, StreamType::Auxiliary));
	REQUIRE(subscribe(bob, { true, true, false }));
	CHECK((bob.last<StreamUnsubscribed>().streamType == StreamType::Auxiliary));
	REQUIRE(shows(bob, kBigWidth));
	auto second = testPicture();
	second.auxiliary = SourceSpec::parse("test");
	second.auxiliaryProfile = config.auxiliaryProfile;
	const auto refused = publish(bob, second);
	REQUIRE_FALSE(refused);
	CHECK((refused.error().code == ErrorCode::InvalidOperation));
	REQUIRE(removeTrack(alice, MediaKind::Video, StreamType::Auxiliary));
	REQUIRE(tells<StreamRemoved>(bob));
	const auto allowed = publish(bob);
	CHECK(allowed);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(StreamsFixture, "on air and off ten times: no thread and no descriptor stays")
{
	auto &alice = joined("alice");
	auto &bob = joined("bob", Role::Audience);
	const auto round = [&] {
		const auto seen = bob.told.size();
		REQUIRE(publish(alice, withSmall(VideoCodec::H264)));
		REQUIRE(sees(bob, "alice", seen));
		REQUIRE(subscribe(bob, { true, true, true, true }));
		REQUIRE(add(alice, MediaKind::Video, StreamType::Auxiliary));
		REQUIRE(unpublish(alice));
		REQUIRE(tells<StreamRemoved>(bob, {}, seen));
		alice.stream.reset();
	};
	// The first ones start what stays: plug-ins, thread pools.
	round();
	round();
	const auto threads = [] { return entriesIn("/proc/self/task"); };
	const auto descriptors = [] { return entriesIn("/proc/self/fd"); };
	record(500ms);
	const auto threadsBefore = threads(), descriptorsBefore = descriptors();
	for (int i = 0; i < 10; ++i)
		round();
	// What ends on a thread of its own needs a moment.
	CHECK(waitFor([&] { return threads() <= threadsBefore; }));
	CHECK(waitFor([&] { return descriptors() <= descriptorsBefore; }));
	INFO("threads ", threadsBefore, " and ", threads(), ", descriptors ", descriptorsBefore, " and ",
	     descriptors());
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}
