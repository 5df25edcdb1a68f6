// SPDX-License-Identifier: MIT
// Small video of every kind of source: a second encoder for the same pictures.
#include "support/clip.h"
#include "support/loop_fixture.h"

#include "media/capture.h"

#include <atomic>
#include <optional>

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

struct Counter final : webrtc::Sender {
	explicit Counter(MainLoop &owner) : loop(owner) {}
	void push(GstBuffer *buffer) override
	{
		if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT))
			++keyframes;
		++frames;
		gst_buffer_unref(buffer);
		loop.post([] {}); // whoever waits looks again
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 0; }
	MainLoop &loop;
	std::atomic<int> frames { 0 }, keyframes { 0 };
};

struct SmallFixture : LoopFixture, media::Capture::Listener {
	virtual ~SmallFixture()
	{
		if (capture)
			capture->stop();
	}
	void onCaptureFailed(const Error &error) override { FAIL(error.message); }
	void onCaptureEnded(const std::string &) override { ended = true; }
	static LocalStreamConfig of(const std::string &video)
	{
		LocalStreamConfig config;
		config.videoProfile = { 320, 240, 15, 300 };
		config.smallProfile = VideoProfile { 160, 120, 15, 100 };
		config.video = SourceSpec::parse(video);
		return config;
	}
	void start(const LocalStreamConfig &config)
	{
		capture = media::Capture::create(loop, config, *this);
		capture->start(nullptr, big, small);
	}
	/// Both give pictures; the small ones of that size.
	void checkBoth(int width, int height)
	{
		REQUIRE(waitFor([&] { return big->frames >= 5 && small->frames >= 5; }));
		const auto figures = capture->smallFigures();
		CHECK(figures.width == width);
		CHECK(figures.height == height);
		CHECK(figures.framesEncoded.value_or(0) >= 5);
	}

	TempDir folder;
	std::unique_ptr<media::Capture> capture;
	std::shared_ptr<Counter> big = std::make_shared<Counter>(loop), small = std::make_shared<Counter>(loop);
	bool ended = false;
};

} // namespace

TEST_CASE_FIXTURE(SmallFixture, "small: of the test picture, with keyframes of its own, muted with the big one")
{
	start(of("test"));
	checkBoth(160, 120);
	CHECK(capture->videoFigures().width == 320);
	const int before = big->keyframes, smallBefore = small->keyframes;
	capture->requestSmallKeyframe();
	REQUIRE(waitFor([&] { return small->keyframes > smallBefore; }));
	CHECK(big->keyframes == before);
	capture->setMuted(MediaKind::Video, true);
	const int bigMuted = big->frames, smallMuted = small->frames;
	capture->setMuted(MediaKind::Video, false);
	CHECK(big->frames - bigMuted <= 1);
	CHECK(small->frames - smallMuted <= 1);
	REQUIRE(waitFor([&] { return big->frames > bigMuted + 3 && small->frames > smallMuted + 3; }));
}

TEST_CASE_FIXTURE(SmallFixture, "small: of a chain, in VP8, and of what replaces it; not without the wish")
{
	auto config = of("pipeline:videotestsrc ! video/x-raw,width=640,height=360");
	config.videoCodec = VideoCodec::Vp8;
	start(config);
	checkBoth(160, 120);
	std::optional<Status> replaced;
	capture->replace(MediaKind::Video, SourceSpec::parse("test"), [&](const Status &status) { replaced = status; });
	REQUIRE(waitFor([&] { return replaced.has_value(); }));
	REQUIRE(replaced->has_value());
	const int before = small->frames;
	REQUIRE(waitFor([&] { return small->frames > before + 10; }));
	capture->remove(MediaKind::Video);
	CHECK(!capture->hasVideo());
	replaced.reset();
	capture->add(MediaKind::Video, SourceSpec::parse("test"), [&](const Status &status) { replaced = status; });
	REQUIRE(waitFor([&] { return replaced.has_value(); }));
	CHECK(replaced->has_value());
	CHECK(capture->hasVideo());
	const int after = small->frames;
	REQUIRE(waitFor([&] { return small->frames > after + 5; }));
	capture->stop();
	config.smallProfile.reset();
	const int none = small->frames;
	const int some = big->frames;
	start(config);
	REQUIRE(waitFor([&] { return big->frames > some + 5; }));
	CHECK(small->frames == none);
}

TEST_CASE_FIXTURE(SmallFixture, "small: of a file that is encoded, again and again")
{
	const auto path = makeClip(folder, "film.mkv", { "size=320x240", "seconds=1", "video=vp8", "audio=none" });
	auto config = of("file:" + path);
	config.loop = true;
	start(config);
	checkBoth(160, 120);
	REQUIRE(waitFor([&] { return big->frames > 30 && small->frames > 30; }));
}

TEST_CASE_FIXTURE(SmallFixture, "small: of a file that goes out as it is, in the file's shape")
{
	const auto path = makeClip(folder, "film.mkv", { "size=640x360", "seconds=2", "key=15", "audio=none" });
	start(of("file:" + path));
	checkBoth(184, 104);
	CHECK(!capture->videoFigures().framesEncoded);
	REQUIRE(waitFor([&] { return ended; }));
	CHECK(small->frames >= 20);
}

TEST_CASE_FIXTURE(SmallFixture, "small: what has failed on trial leaves the one before it on air")
{
	start(of("test"));
	checkBoth(160, 120);
	std::optional<Status> replaced;
	capture->replace(MediaKind::Video,
			 SourceSpec::parse("pipeline:videotestsrc num-buffers=3 ! identity error-after=1"),
			 [&](const Status &status) { replaced = status; });
	REQUIRE(waitFor([&] { return replaced.has_value(); }));
	const int before = small->frames;
	REQUIRE(waitFor([&] { return small->frames > before + 5; }));
}
