// SPDX-License-Identifier: MIT
// Another source on air, seen from the other side of the room.
#include "integration/room_support.h"

using namespace trtc;
using namespace trtc::test;

TEST_CASE_FIXTURE(RoomFixture, "replace on air: the same tracks, other content, nothing missing")
{
	auto config = testPicture();
	config.video = SourceSpec::parse("pipeline:videotestsrc pattern=white");
	auto &alice = publishing("alice", config);
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1s);
	const auto replaced =
		run([&](auto done) { alice.stream->replace(MediaKind::Video, SourceSpec::parse("test"), done); });
	REQUIRE_MESSAGE(replaced, replaced.error().message);
	record(2s);
	const auto refused = run(
		[&](auto done) { alice.stream->replace(MediaKind::Video, SourceSpec::parse("file:/nosuch"), done); });
	REQUIRE_FALSE(refused);
	CHECK((refused.error().code == ErrorCode::DeviceNotFound));
	record(1s);
	REQUIRE(leave(bob));
	// One publication, one stream, one file: nothing was negotiated anew.
	CHECK(alice.count<Published>() == 1);
	CHECK(alice.count<Unpublished>() == 0);
	CHECK(bob.count<StreamAdded>() == 1);
	CHECK(bob.count<StreamUpdated>() == 0);
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("video.frames") >= 50);
	CHECK(figures.number("video.framesWithCode") >= 35);
	CHECK(figures.number("video.framesWithCode") <= figures.number("video.frames") - 10);
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.backwards") == 0);
	CHECK(figures.number("video.maxGapMs") < patient(400));
	checkSound(figures);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "a source is lost on air: told, black and silent for the others, and back")
{
	auto config = testPicture();
	config.video = SourceSpec::parse("pipeline:videotestsrc pattern=white ! identity error-after=60");
	auto &alice = publishing("alice", config);
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	REQUIRE(tells<SourceLost>(alice));
	REQUIRE(tells<DeviceRecovered>(alice));
	CHECK((alice.last<SourceLost>().kind == MediaKind::Video));
	record(1s);
	REQUIRE(leave(bob));
	CHECK(alice.client->published());
	REQUIRE(recordedBy(bob).size() == 1);
	const Figures figures(recordedBy(bob).at(0));
	INFO(figures.report());
	CHECK(figures.number("video.maxGapMs") < patient(400));
	checkSound(figures);
	CHECK(alice.failures() == "");
	CHECK(bob.count<StreamUpdated>() == 0);
}
