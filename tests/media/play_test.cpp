// SPDX-License-Identifier: MIT
#include "gst/pipeline.h"
#include "media/meter.h"
#include "media/player.h"
#include "media/snapshot.h"
#include "media/test_pattern.h"
#include "support/clip.h"
#include "support/loop_fixture.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

using namespace trtc;
using namespace trtc::media;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

struct PlayFixture : LoopFixture, Player::Listener {
	virtual ~PlayFixture() = default;
	void onPlayerStarted() override { ++started; }
	void onPlayerNeedsKeyframe() override { ++keyframes; }
	void onPlayerClosed() override { ++closed; }
	void onPlayerFailed(const Error &error, bool over) override
	{
		failed.push_back(error);
		lastFailed = over;
	}
	/// As if it were received now.
	static std::vector<EncodedFrame> live(const std::vector<EncodedFrame> &frames)
	{
		std::vector<EncodedFrame> out;
		const auto shift = std::chrono::nanoseconds(gst::now());
		for (const auto &frame : frames)
			out.push_back(later(frame, shift));
		return out;
	}
	/// Writes every frame at its time.
	template <class W>
	void feed(const std::vector<EncodedFrame> &frames, W write)
	{
		for (const auto &frame : frames) {
			const auto ahead = frame.time - std::chrono::nanoseconds(gst::now());
			timers.push_back(
				loop.after(std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(ahead)),
					   [frame, write] { write(frame); }));
		}
	}
	int started = 0, keyframes = 0, closed = 0;
	bool lastFailed = false;
	std::vector<Error> failed;
	std::vector<SourceHandle> timers;
};

/// The luma of a picture file, decoded by GStreamer.
struct PictureFile {
	explicit PictureFile(const std::string &path)
	{
		pipeline = gst::ElementPtr::sink(
			gst_parse_launch("filesrc name=in ! decodebin ! videoconvert ! video/x-raw,format=GRAY8 ! "
					 "appsink name=out sync=false",
					 nullptr));
		REQUIRE(pipeline);
		auto in = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "in"));
		g_object_set(in.get(), "location", path.c_str(), nullptr);
		auto out = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
		gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
		sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(out.get()), 8 * GST_SECOND));
		REQUIRE(sample);
		const auto *structure = gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0);
		gst_structure_get_int(structure, "width", &width);
		gst_structure_get_int(structure, "height", &height);
		gst_buffer_map(gst_sample_get_buffer(sample.get()), &map, GST_MAP_READ);
		// GRAY8 is full range; the pattern's levels are found by its marks.
		code = readFrame({ map.data, (width + 3) / 4 * 4, width, height });
	}
	~PictureFile()
	{
		if (sample)
			gst_buffer_unmap(gst_sample_get_buffer(sample.get()), &map);
		if (pipeline)
			gst_element_set_state(pipeline.get(), GST_STATE_NULL);
	}
	gst::ElementPtr pipeline;
	gst::SamplePtr sample;
	GstMapInfo map {};
	int width = 0, height = 0;
	std::optional<FrameCode> code;
};

} // namespace

TEST_CASE_FIXTURE(PlayFixture, "player: pictures of both codecs come decoded, whole and in order")
{
	for (const auto *codec : { "h264", "vp8" }) {
		CAPTURE(codec);
		std::vector<std::uint32_t> numbers;
		started = 0;
		Player::Config config { "test", {}, 100ms };
		config.options.picture = [&](const Picture &picture) {
			CHECK(picture.width == 320);
			CHECK(picture.height == 240);
			const auto code = readFrame({ picture.y, picture.yStride, picture.width, picture.height });
			REQUIRE(code);
			numbers.push_back(code->frameNumber);
		};
		const auto player = Player::create(loop, config, *this);
		feed(live(clip(codec).video), [&](const EncodedFrame &frame) { player->write(frame); });
		REQUIRE(waitFor([&] { return !numbers.empty() && numbers.back() == 44; }));
		CHECK(started == 1);
		CHECK(failed.empty());
		CHECK(std::is_sorted(numbers.begin(), numbers.end()));
		CHECK(std::set(numbers.begin(), numbers.end()).size() == numbers.size());
		// A loaded machine may replace some that wait; a broken decoder loses most.
		CHECK(numbers.size() > 15);
		timers.clear();
	}
}

TEST_CASE_FIXTURE(PlayFixture, "player: a picture is due at its time plus the latency, not before")
{
	std::optional<std::chrono::nanoseconds> shown;
	Player::Config config { "test", {}, 300ms };
	config.options.picture = [&](const Picture &) {
		if (!shown)
			shown = std::chrono::nanoseconds(gst::now());
	};
	const auto player = Player::create(loop, config, *this);
	const auto frames = live(clip().video);
	player->write(frames.front());
	REQUIRE(waitFor([&] { return shown.has_value(); }));
	CHECK(*shown - frames.front().time >= 300ms);
}

TEST_CASE_FIXTURE(PlayFixture, "player: it starts at a keyframe and asks for one, once")
{
	int pictures = 0;
	Player::Config config { "test", {}, 50ms };
	config.options.picture = [&](const Picture &) { ++pictures; };
	const auto player = Player::create(loop, config, *this);
	const auto frames = live(clip().video);
	player->write(frames[1]);
	player->write(frames[2]);
	CHECK(keyframes == 1);
	CHECK(started == 0);
	player->write(later(frames[0], 500ms));
	CHECK(started == 1);
	REQUIRE(waitFor([&] { return pictures > 0; }));
}

TEST_CASE_FIXTURE(PlayFixture, "player: no sound card is told once, and the pictures go on")
{
	int pictures = 0;
	Player::Config config { "test", {}, 50ms };
	config.options.picture = [&](const Picture &) { ++pictures; };
	config.options.sound = true;
	config.options.soundDevice = "no-such-device";
	const auto player = Player::create(loop, config, *this);
	feed(live(mixed(clip().video, clip().audio)), [&](const EncodedFrame &frame) { player->write(frame); });
	REQUIRE(waitFor([&] { return !failed.empty(); }));
	CHECK(failed[0].code == ErrorCode::DeviceNotFound);
	CHECK(failed[0].message.find("sound of test") == 0);
	CHECK_FALSE(lastFailed);
	REQUIRE(waitFor([&] { return pictures > 5; }));
	CHECK(failed.size() == 1);
}

TEST_CASE_FIXTURE(PlayFixture, "player: it may go at any moment")
{
	for (int i = 0; i < 5; ++i) {
		Player::Config config { "test", {}, 0ms };
		config.options.picture = [](const Picture &) {};
		auto player = Player::create(loop, config, *this);
		for (const auto &frame : live(clip().video))
			player->write(frame);
		if (i > 2)
			static_cast<void>(loop.iterate());
		player.reset();
	}
	drain();
	CHECK(failed.empty());
}

TEST_CASE_FIXTURE(PlayFixture, "snapshot: the next keyframe, as PNG and JPEG, and nothing else in the folder")
{
	const TempDir folder;
	for (const auto *codec : { "h264", "vp8" })
		for (const auto *name : { "a.png", "b.JPG", "c.jpeg" }) {
			CAPTURE(codec);
			CAPTURE(name);
			const auto path = folder / (std::string(codec) + name);
			std::optional<Result<Snapshot>> result;
			const auto taker = SnapshotTaker::create(
				loop, path, [&](Result<Snapshot> done) { result = std::move(done); });
			taker->write(clip(codec).audio[0]);
			taker->write(clip(codec).video[3]);
			CHECK_FALSE(std::filesystem::exists(path));
			taker->write(clip(codec).video[0]);
			taker->write(clip(codec).video[1]);
			REQUIRE(waitFor([&] { return result.has_value(); }));
			REQUIRE_MESSAGE(*result, result->error().message);
			CHECK(result->value().path == path);
			CHECK(result->value().width == 320);
			CHECK(result->value().height == 240);
			const PictureFile file(path);
			CHECK(file.width == 320);
			REQUIRE(file.code);
			CHECK(file.code->frameNumber == 0);
		}
	CHECK(folder.files().size() == 6);
	// As public as any file its user makes.
	const auto permissions = std::filesystem::status(folder / "h264a.png").permissions();
	CHECK((permissions & std::filesystem::perms::owner_read) != std::filesystem::perms::none);
}

TEST_CASE_FIXTURE(PlayFixture, "snapshot: what cannot be done is said, and leaves nothing behind")
{
	const TempDir folder;
	const auto code = [&](const std::string &path) {
		try {
			SnapshotTaker::create(loop, path, [](Result<Snapshot>) {});
		} catch (const Exception &exception) {
			CHECK(exception.error().message.find(path) != std::string::npos);
			return exception.error().code;
		}
		return ErrorCode::Unknown;
	};
	CHECK((code(folder / "a.gif") == ErrorCode::InvalidParameter));
	CHECK((code(folder / "png") == ErrorCode::InvalidParameter));
	CHECK((code(folder / "none/a.png") == ErrorCode::OutputFailed));
	CHECK((code("/proc/a.png") == ErrorCode::OutputFailed));
	std::filesystem::create_directory(folder / "dir.png");
	CHECK((code(folder / "dir.png") == ErrorCode::OutputFailed));
	std::filesystem::remove(folder / "dir.png");

	std::optional<Result<Snapshot>> result;
	const auto done = [&](Result<Snapshot> taken) { result = std::move(taken); };
	auto taker = SnapshotTaker::create(loop, folder / "late.png", done, 30ms);
	REQUIRE(waitFor([&] { return result.has_value(); }));
	CHECK((result->error().code == ErrorCode::MediaFailed));
	taker->write(clip().video[0]);
	drain();
	taker.reset();

	result.reset();
	taker = SnapshotTaker::create(loop, folder / "broken.png", done);
	auto broken = clip().video[0];
	broken.data = std::make_shared<const std::vector<std::uint8_t>>(std::vector<std::uint8_t>(500, 0x5a));
	taker->write(broken);
	REQUIRE(waitFor([&] { return result.has_value(); }));
	CHECK((result->error().code == ErrorCode::MediaFailed));
	taker.reset();

	// Dropped in the middle: no answer, no file.
	result.reset();
	taker = SnapshotTaker::create(loop, folder / "dropped.png", done);
	taker.reset();
	drain();
	CHECK_FALSE(result);
	CHECK(folder.files().empty());
}

TEST_CASE_FIXTURE(PlayFixture, "meter: the beep is heard, silence is not")
{
	const auto meter = Meter::create();
	CHECK(meter->take() == 0);
	int loudest = 0;
	for (const auto &frame : clip().audio)
		meter->write(frame);
	REQUIRE(waitFor([&] { return (loudest = std::max(loudest, meter->take())) > 75; }));
	// The beep has -6 dBFS at its peak, -9 as root mean square; the codec adds or takes a little.
	CHECK(loudest >= 82);
	CHECK(loudest <= 88);
}

TEST_CASE_FIXTURE(PlayFixture, "meter: what is sent passes it")
{
	struct Sink final : webrtc::Sender {
		void push(GstBuffer *buffer) override
		{
			++pushed;
			gst_buffer_unref(buffer);
		}
		void onKeyframeRequest(std::function<void()>) override {}
		std::size_t mLine() const noexcept override { return 3; }
		int pushed = 0;
	};
	const auto sink = std::make_shared<Sink>();
	SenderTap tap(sink);
	auto meter = Meter::create();
	const auto send = [&] {
		for (const auto &frame : clip().audio) {
			auto *buffer = gst_buffer_new_memdup(frame.data->data(), frame.data->size());
			GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(frame.time.count());
			tap.push(buffer);
		}
	};
	send();
	CHECK(meter->take() == 0);
	tap.listen(meter->input());
	send();
	REQUIRE(waitFor([&] { return meter->take() > 75; }));
	meter.reset();
	send();
	CHECK(sink->pushed == 3 * static_cast<int>(clip().audio.size()));
	CHECK(tap.mLine() == 3);
}
