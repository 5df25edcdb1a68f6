// SPDX-License-Identifier: MIT
// Sources that come and go: pipelines, a screen, a sound card; lost, back again, and replaced by others.
#include "media/live_support.h"
#include "media/test_pattern.h"
#include "support/clip.h"
#include "support/x_server.h"

#include <xcb/xcb.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

using namespace trtc;
using namespace trtc::test;

namespace {

constexpr const char *kWhite = "pipeline:videotestsrc pattern=white ! video/x-raw,width=400,height=200";
constexpr const char *kTone = "pipeline:audiotestsrc ! audio/x-raw,rate=44100";

/// Every pixel of the root window.
void paint(const std::string &display, std::uint32_t colour)
{
	auto *connection = xcb_connect(display.c_str(), nullptr);
	REQUIRE(!xcb_connection_has_error(connection));
	const auto root = xcb_setup_roots_iterator(xcb_get_setup(connection)).data->root;
	xcb_change_window_attributes(connection, root, XCB_CW_BACK_PIXEL, &colour);
	xcb_clear_area(connection, 0, root, 0, 0, 0, 0);
	// Away from the pixels that are looked at: the pointer is in the picture.
	xcb_warp_pointer(connection, XCB_NONE, root, 0, 0, 0, 0, 0, 0);
	std::free(xcb_get_input_focus_reply(connection, xcb_get_input_focus(connection), nullptr));
	xcb_disconnect(connection);
}

bool near(int got, int wanted) { return std::abs(got - wanted) <= 6; }

} // namespace

TEST_CASE_FIXTURE(LiveFixture, "pipeline: sound and picture in the profile's shape, the picture not stretched")
{
	play(of(kWhite, kTone));
	REQUIRE(more(30, 100));
	capture->stop();
	CHECK(lost.empty());
	CHECK(failed.empty());
	const auto pictures = decode(picture->buffers);
	REQUIRE(pictures.size() >= 30);
	const auto &last = pictures.back();
	CHECK(last.width == 320);
	CHECK(last.height == 240);
	// 2:1 in 4:3: 40 black rows above and below
	CHECK(near(last.at(160, 120), 235));
	CHECK(near(last.at(160, 48), 235));
	CHECK(near(last.at(160, 30), 16));
	CHECK(near(last.at(160, 210), 16));
	// no hole in the sound
	CHECK(longestStep(sound->times) <= 20 * GST_MSECOND + 1);
	CHECK(longestStep(picture->times) < 150 * GST_MSECOND);
}

TEST_CASE_FIXTURE(LiveFixture, "a source is lost: black and silence without a hole, and it is taken back")
{
	play(of("pipeline:videotestsrc pattern=white ! identity error-after=20",
		"pipeline:audiotestsrc samplesperbuffer=480 ! identity error-after=100"));
	REQUIRE(waitFor([&] { return lost.size() >= 2 && recovered.size() >= 2; }, 15s));
	REQUIRE(more(10, 20));
	CHECK(failed.empty());
	CHECK(lost[0].reason.find("identity error-after") != std::string::npos);
	CHECK(lost[0].source.starts_with("pipeline:"));
	CHECK(recovered[0].lost >= 500ms);
	capture->stop();
	CHECK(std::any_of(lost.begin(), lost.end(), [](const auto &l) { return l.kind == MediaKind::Audio; }));
	CHECK(std::any_of(lost.begin(), lost.end(), [](const auto &l) { return l.kind == MediaKind::Video; }));
	// white, black, white
	std::string seen;
	for (const auto &one : decode(picture->buffers)) {
		const char now = one.at(160, 120) > 200 ? 'w' : one.at(160, 120) < 40 ? 'b' : '?';
		if (seen.empty() || seen.back() != now)
			seen += now;
	}
	CHECK(seen.starts_with("wbw"));
	CHECK(longestStep(picture->times) < 400 * GST_MSECOND);
	CHECK(std::is_sorted(picture->times.begin(), picture->times.end()));
	// Sound goes on sample by sample, so every packet is 20 ms behind the one before.
	CHECK(longestStep(sound->times) <= 20 * GST_MSECOND + 1);
}

TEST_CASE_FIXTURE(LiveFixture, "test:PATTERN: a picture and a sound of GStreamer's own")
{
	play(of("test:white", "test:sine"));
	REQUIRE(more(15, 50));
	capture->stop();
	CHECK(failed.empty());
	const auto pictures = decode(picture->buffers);
	REQUIRE(!pictures.empty());
	CHECK(near(pictures.back().at(10, 10), 235));
	CHECK(near(pictures.back().at(310, 230), 235));
	CHECK(longestStep(sound->times) <= 20 * GST_MSECOND + 1);
}

namespace {

/// Three seconds of sound and numbered pictures in an MP4.
std::string makeFilm(const TempDir &folder)
{
	const auto clip = makeClip(folder, "clip.mkv", { "size=320x240", "seconds=3" });
	const auto path = folder / "film.mp4";
	const auto made = runTool({ "gst-launch-1.0",
				    "-q",
				    "filesrc",
				    "location=" + clip,
				    "!",
				    "matroskademux",
				    "name=d",
				    "mp4mux",
				    "name=m",
				    "!",
				    "filesink",
				    "location=" + path,
				    "d.video_0",
				    "!",
				    "queue",
				    "max-size-time=0",
				    "!",
				    "h264parse",
				    "!",
				    "m.",
				    "d.audio_0",
				    "!",
				    "queue",
				    "max-size-time=0",
				    "!",
				    "opusparse",
				    "!",
				    "m." });
	REQUIRE_MESSAGE(made.status == 0, made.err);
	return path;
}

std::vector<unsigned> numbersOf(const std::vector<std::string> &units)
{
	std::vector<unsigned> numbers;
	for (const auto &one : decode(units)) {
		const auto code = media::readFrame({ one.luma.data(), one.stride, one.width, one.height });
		REQUIRE(code.has_value());
		numbers.push_back(static_cast<unsigned>(code->frameNumber));
	}
	return numbers;
}

} // namespace

TEST_CASE_FIXTURE(LiveFixture, "pipeline: chains with pads added at run time show every picture")
{
	const TempDir folder;
	const auto from = "pipeline:filesrc location=" + makeFilm(folder);
	const std::string rows[] = {
		from + " ! decodebin",
		from + " ! qtdemux ! h264parse ! avdec_h264",
		from + " ! qtdemux name=demux demux.video_0 ! queue ! h264parse ! avdec_h264",
		// the open end of the sound is last; the picture is requested
		from + " ! qtdemux name=demux demux.video_0 ! queue ! h264parse ! avdec_h264 demux.audio_0 ! queue ! "
		       "opusdec",
		from + " ! decodebin name=d d. ! queue ! videoconvert d. ! queue ! audioconvert",
		from + " ! decodebin name=d d. ! queue ! audioconvert ! fakesink",
		from + " ! decodebin ! video/x-raw",
		from + " ! qtdemux ! h264parse ! decodebin",
		"pipeline:( filesrc location=" + from.substr(from.find('=') + 1) + " ! decodebin )",
	};
	for (const auto &source : rows) {
		CAPTURE(source);
		ended.clear();
		picture->buffers.clear();
		play(of(source, "none"));
		REQUIRE(waitFor([&] { return !ended.empty(); }, 20s));
		capture->stop();
		CHECK(lost.empty());
		const auto numbers = numbersOf(picture->buffers);
		CHECK(numbers.size() >= 43);
		for (std::size_t i = 1; i < numbers.size(); ++i)
			CHECK(numbers[i] == numbers[i - 1] + 1);
	}
}

TEST_CASE_FIXTURE(LiveFixture, "pipeline: sound and picture of one description start together")
{
	const TempDir folder;
	const auto path = makeFilm(folder);
	for (const auto &chain :
	     { "pipeline:filesrc location=" + path + " ! decodebin",
	       "pipeline:filesrc location=" + path +
		       " ! qtdemux name=demux demux.video_0 ! queue ! avdec_h264 demux.audio_0 ! queue "
		       "! opusdec" }) {
		CAPTURE(chain);
		ended.clear();
		for (const auto &bucket : { picture, sound }) {
			bucket->buffers.clear();
			bucket->times.clear();
		}
		play(of(chain, chain));
		REQUIRE(waitFor([&] { return ended.size() == 2; }, 20s));
		capture->stop();
		CHECK(lost.empty());
		CHECK(numbersOf(picture->buffers).size() >= 43);
		CHECK(sound->buffers.size() >= 145);
		const auto offset =
			static_cast<double>(picture->times.front()) - static_cast<double>(sound->times.front());
		CAPTURE(offset);
		CHECK(std::abs(offset) < 8e6);
	}
}

TEST_CASE_FIXTURE(LiveFixture, "pipeline: its end is told and is no loss")
{
	play(of("pipeline:videotestsrc num-buffers=20", "none"));
	REQUIRE(waitFor([&] { return !ended.empty(); }));
	CHECK(ended == std::vector<std::string> { "videotestsrc num-buffers=20" });
	CHECK(lost.empty());
}

TEST_CASE_FIXTURE(LiveFixture, "pipeline: what does not work is said when it is opened, with the reason")
{
	const struct {
		const char *source, *words;
	} rows[] = {
		{ "pipeline:nosuchelement ! x", "no element \"nosuchelement\"" },
		{ "pipeline:videotestsrc pattern=nosuch", "pattern" },
		{ "pipeline:videotestsrc ! x264enc", "ends in video/x-h264: it must end in raw video" },
		{ "pipeline:audiotestsrc", "ends in audio/x-raw: it must end in raw video" },
		{ "pipeline:videotestsrc ! identity error-after=1", "Failed after iterations" },
		{ "pipeline:videotestsrc num-buffers=0", "ends without any data" },
		{ "pipeline:videotestsrc ! fakesink", "no open end: remove the sink at its end" },
		{ "pipeline:videotestsrc ! x264enc name=e audiotestsrc ! queue ! audioconvert",
		  "ends in video/x-h264 and audio/x-raw: it must end in raw video" },
		{ "pipeline:filesrc location=/nosuch.mp4 ! decodebin", "filesrc" },
		{ "pipeline:audiotestsrc num-buffers=50 ! wavenc ! decodebin",
		  "its open ends deliver audio/x-raw: one must deliver raw video" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.source);
		const auto error = refused(of(row.source, "none"));
		CHECK((error.code == ErrorCode::InitializeFailed));
		CAPTURE(error.message);
		CHECK(error.message.find(row.words) != std::string::npos);
		CHECK(error.message.find(row.source) == std::string::npos);
		CHECK(error.message.find(std::string(row.source).substr(9)) != std::string::npos);
	}
}

TEST_CASE_FIXTURE(LiveFixture,
		  "replace: the picture changes on air, the sound goes on; and back to what has both on one pipeline")
{
	play(of("test", "test"));
	REQUIRE(more(15, 50));
	const auto before = picture->count();
	REQUIRE(replace(MediaKind::Video, kWhite));
	REQUIRE(more(15, 50));
	const auto between = picture->count();
	REQUIRE(replace(MediaKind::Video, "test"));
	REQUIRE(replace(MediaKind::Audio, kTone));
	REQUIRE(more(15, 50));
	capture->stop();
	CHECK(failed.empty());
	CHECK(std::is_sorted(picture->times.begin(), picture->times.end()));
	CHECK(std::is_sorted(sound->times.begin(), sound->times.end()));
	CHECK(longestStep(sound->times) < 150 * GST_MSECOND);
	CHECK(longestStep(picture->times) < 400 * GST_MSECOND);
	const auto pictures = decode(picture->buffers);
	REQUIRE(pictures.size() == picture->buffers.size());
	const auto fromTest = [](const Picture &one) {
		return media::readFrame({ one.luma.data(), one.stride, one.width, one.height }).has_value();
	};
	CHECK(fromTest(pictures[before - 1]));
	CHECK_FALSE(fromTest(pictures[between - 1]));
	CHECK(near(pictures[between - 1].at(160, 120), 235));
	CHECK(fromTest(pictures.back()));
}

TEST_CASE_FIXTURE(LiveFixture, "replace: a bad source changes nothing")
{
	play(of("test", "test"));
	REQUIRE(more(5, 20));
	const struct {
		MediaKind kind;
		const char *source;
		ErrorCode code;
	} rows[] = {
		{ MediaKind::Video, "pipeline:nosuchelement", ErrorCode::InitializeFailed },
		{ MediaKind::Video, "pipeline:videotestsrc ! identity error-after=1", ErrorCode::InitializeFailed },
		{ MediaKind::Video, "pipeline:videotestsrc num-buffers=0", ErrorCode::InitializeFailed },
		{ MediaKind::Video, "file:/nosuch.mkv", ErrorCode::DeviceNotFound },
		{ MediaKind::Video, "v4l2:/dev/nosuchcamera", ErrorCode::DeviceNotFound },
		{ MediaKind::Video, "screen::999", ErrorCode::DeviceNotFound },
		{ MediaKind::Audio, "alsa:nosuchcard", ErrorCode::DeviceNotFound },
		{ MediaKind::Audio, "v4l2", ErrorCode::InvalidParameter },
		{ MediaKind::Video, "none", ErrorCode::InvalidParameter },
	};
	for (const auto &row : rows) {
		CAPTURE(row.source);
		const auto status = replace(row.kind, row.source);
		REQUIRE_FALSE(status);
		CHECK((status.error().code == row.code));
		CHECK(more(3, 10));
	}
	CHECK(failed.empty());
	CHECK(lost.empty());
	CHECK(longestStep(sound->times) < 150 * GST_MSECOND);
}

TEST_CASE_FIXTURE(LiveFixture,
		  "replace: before anything is published, of a kind that is not there, two at a time, and stopped")
{
	capture = media::Capture::create(loop, of("test", "none"), *this);
	const auto none = replace(MediaKind::Audio, "test");
	REQUIRE_FALSE(none);
	CHECK((none.error().code == ErrorCode::InvalidOperation));
	CHECK_FALSE(replace(MediaKind::Video, "pipeline:nosuch"));
	REQUIRE(replace(MediaKind::Video, kWhite));
	capture->start(nullptr, picture);
	REQUIRE(more(5, 0));
	const auto first = [&] {
		const std::lock_guard lock(picture->mutex); // it is still on
		return decode(picture->buffers);
	}();
	REQUIRE(!first.empty());
	CHECK(near(first.front().at(160, 120), 235));
	// one that never gives anything
	std::optional<Status> result;
	capture->replace(MediaKind::Video, SourceSpec::parse("pipeline:videotestsrc ! valve drop=true"),
			 [&](const Status &status) { result = status; });
	const auto second = replace(MediaKind::Video, "test");
	REQUIRE_FALSE(second);
	CHECK(second.error().message == "a replace of video is running");
	CHECK(!result);
	capture->stop();
	REQUIRE(waitFor([&] { return result.has_value(); }));
	REQUIRE_FALSE(*result);
	CHECK(result->error().message.find("publishing stopped") != std::string::npos);
	// and the old one is still the one that is published
	picture->buffers.clear();
	capture->start(nullptr, picture);
	REQUIRE(more(5, 0));
	CHECK(near(decode(picture->buffers).front().at(160, 120), 235));
}

TEST_CASE_FIXTURE(LiveFixture, "replace: one kind of a file that gives both; the other goes on")
{
	const TempDir folder;
	const auto path = makeClip(folder, "a.mkv", { "size=320x240", "seconds=12" });
	play(of("file:" + path, "file:" + path));
	REQUIRE(more(10, 30));
	REQUIRE(replace(MediaKind::Video, kWhite));
	REQUIRE(more(15, 30));
	const auto second = replace(MediaKind::Audio, "test");
	REQUIRE_MESSAGE(second, second.error().message);
	REQUIRE(more(15, 30));
	CHECK(ended.empty());
	CHECK(near(decode(picture->buffers).back().at(160, 120), 235));
	CHECK(std::is_sorted(sound->times.begin(), sound->times.end()));
}

TEST_CASE_FIXTURE(LiveFixture, "screen: fitted in, with the X server going away and coming back")
{
	if (!XServer::installed()) {
		MESSAGE("skipped: Xvfb is not installed");
		return;
	}
	auto server = std::make_unique<XServer>("400x200");
	const auto display = server->display();
	paint(display, 0xff0000);
	play(of("screen:" + display, "none"));
	REQUIRE(more(20, 0));
	paint(display, 0xffffff);
	REQUIRE(more(20, 0));
	server->kill();
	REQUIRE(waitFor([&] { return !lost.empty(); }));
	CHECK(lost[0].source == "screen:" + display);
	CHECK((lost[0].kind == MediaKind::Video));
	const auto black = picture->count();
	REQUIRE(more(10, 0));
	server = std::make_unique<XServer>("240x320", display);
	paint(display, 0xffffff);
	REQUIRE(waitFor([&] { return !recovered.empty(); }, 15s));
	REQUIRE(more(20, 0));
	capture->stop();
	CHECK(failed.empty());
	CHECK(longestStep(picture->times) < 400 * GST_MSECOND);
	const auto pictures = decode(picture->buffers);
	REQUIRE(pictures.size() == picture->buffers.size());
	// red is 82 in video range; 40 black rows above and below
	CHECK(near(pictures[15].at(160, 120), 82));
	CHECK(near(pictures[15].at(160, 30), 16));
	CHECK(near(pictures[38].at(160, 120), 235));
	CHECK(near(pictures[black + 8].at(160, 120), 16));
	// the new one is upright: black at the sides
	CHECK(near(pictures.back().at(160, 20), 235));
	CHECK(near(pictures.back().at(40, 120), 16));
}

TEST_CASE_FIXTURE(LiveFixture, "alsa: what a PCM gives, at 48 kHz")
{
	const TempDir folder;
	std::ofstream samples(folder / "tone.raw", std::ios::binary);
	for (int i = 0; i < 44100 * 20; ++i) {
		const auto value = static_cast<std::int16_t>(8000 * std::sin(2 * 3.14159265358979 * 441 * i / 44100));
		samples.write(reinterpret_cast<const char *>(&value), 2);
	}
	samples.close();
	std::ofstream(folder / "asound.conf")
		<< "pcm.tone { type file slave { pcm { type null } } file /dev/null infile \"" << folder / "tone.raw"
		<< "\" format raw }\npcm.!default { type plug slave { pcm tone rate 44100 channels 1 format S16_LE } "
		   "}\n";
	setenv("ALSA_CONFIG_PATH", (folder / "asound.conf").c_str(), 1);
	play(of("none", "alsa"));
	REQUIRE(more(0, 100));
	CHECK(lost.empty());
	capture->stop();
	CHECK(longestStep(sound->times) <= 20 * GST_MSECOND + 1);
	const auto error = refused(of("none", "alsa:nosuch"));
	CHECK((error.code == ErrorCode::DeviceNotFound));
	CHECK(error.message.starts_with("microphone \"nosuch\" cannot be opened: "));
	unsetenv("ALSA_CONFIG_PATH");
}
