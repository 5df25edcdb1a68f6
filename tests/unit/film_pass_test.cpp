// SPDX-License-Identifier: MIT
#include "media/sources/film_pass.h"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

using namespace trtc;
using namespace trtc::media;
using namespace std::chrono_literals;

namespace {

/// A film that may go out as it is: 640x480, 25 pictures a second, 10 s, a keyframe each second, 400 kbit/s, stereo.
FilmFacts goodFilm()
{
	FilmFacts facts;
	facts.name = "film.mp4";
	FilmVideo video;
	video.codec = "H.264";
	video.isH264 = true;
	video.width = 640;
	video.height = 480;
	video.fpsNumerator = 25;
	H264Facts stream;
	stream.whole = true;
	stream.pictures = 250;
	stream.edits = 1;
	stream.sequences = 1;
	stream.sequence = h264::Sequence {};
	stream.sequence->profile = 66;
	stream.startsWithKeyframe = true;
	stream.longestGroup = 1s;
	stream.duration = 10s;
	stream.bytes = 500'000;
	video.h264 = stream;
	facts.video = video;
	facts.audio = FilmAudio { "Opus", true, 2 };
	return facts;
}

struct PassCase {
	const char *name;
	std::function<void(FilmFacts &, PassRequest &)> change;
	const char *reason;
};

H264Facts &stream(FilmFacts &facts) { return *facts.video->h264; }

VideoProfile profile(const char *text) { return VideoProfile::parse(text); }

} // namespace

TEST_CASE("film: which pictures go out as they are, and why others do not")
{
	using F = FilmFacts;
	using R = PassRequest;
	const std::vector<PassCase> cases {
		{ "good", [](F &, R &) {}, "" },
		{ "Main", [](F &f, R &) { stream(f).sequence->profile = 77; }, "" },
		{ "High", [](F &f, R &) { stream(f).sequence->profile = 100; }, "" },
		{ "no reordering announced", [](F &f, R &) { stream(f).sequence->reorderFrames = 0; }, "" },
		{ "NTSC's second", [](F &f, R &) { stream(f).longestGroup = 1002ms; }, "" },
		{ "always", [](F &, R &r) { r.encode = FilmEncoding::Always; }, "--encode always" },
		{ "B-frames", [](F &f, R &) { stream(f).outOfOrder = 3; },
		  "film.mp4 has B-frames (3 of 250 pictures are out of order)" },
		{ "announced reordering", [](F &f, R &) { stream(f).sequence->reorderFrames = 2; },
		  "film.mp4 announces B-frames (max_num_reorder_frames is 2)" },
		{ "10 bit",
		  [](F &f, R &) {
			  stream(f).sequence->profile = 110;
			  stream(f).sequence->bitDepth = 10;
		  },
		  "film.mp4 has 10 bits a sample" },
		{ "4:4:4",
		  [](F &f, R &) {
			  stream(f).sequence->profile = 244;
			  stream(f).sequence->chroma = 3;
		  },
		  "film.mp4 has 4:4:4 colours" },
		{ "Extended", [](F &f, R &) { stream(f).sequence->profile = 88; },
		  "film.mp4 has the H.264 profile Extended" },
		{ "interlaced", [](F &f, R &) { stream(f).sequence->interlaced = true; }, "film.mp4 is interlaced" },
		{ "pixels by the stream", [](F &f, R &) { stream(f).sequence->sarWidth = 2; },
		  "film.mp4 has pixels that are not square (2:1)" },
		{ "pixels by the container", [](F &f, R &) { f.video->sarHeight = 3; },
		  "film.mp4 has pixels that are not square (1:3)" },
		{ "changing", [](F &f, R &) { stream(f).sequences = 2; }, "film.mp4 changes its format on the way" },
		{ "turned", [](F &f, R &) { f.video->orientation = "rotate-90"; },
		  "film.mp4 has to be turned (its orientation is rotate-90)" },
		{ "rare keyframes", [](F &f, R &) { stream(f).longestGroup = 3400ms; },
		  "film.mp4 has keyframes up to 3.4 s apart, and a viewer may wait for one" },
		{ "no keyframe first", [](F &f, R &) { stream(f).startsWithKeyframe = false; },
		  "film.mp4 does not begin with a keyframe" },
		{ "not timed", [](F &f, R &) { stream(f).untimed = 7; },
		  "film.mp4 has pictures without a time (7 of 250)" },
		{ "hidden pictures", [](F &f, R &) { stream(f).cutOff = 5; },
		  "film.mp4 is cut by its edit list (5 of 250 pictures are hidden)" },
		{ "several edits", [](F &f, R &) { stream(f).edits = 2; },
		  "film.mp4 is cut by its edit list (0 of 250 pictures are hidden)" },
		{ "too large to look through", [](F &f, R &) { stream(f).whole = false; },
		  "film.mp4 takes too long to look through" },
		{ "nothing to see", [](F &f, R &) { stream(f).pictures = 0; },
		  "film.mp4 has no picture that can be read" },
		{ "not looked through", [](F &f, R &) { f.video->h264.reset(); }, "film.mp4 was not looked through" },
		{ "HEVC",
		  [](F &f, R &) {
			  f.video->codec = "H.265";
			  f.video->isH264 = false;
			  f.video->h264.reset();
		  },
		  "film.mp4 holds H.265, and H.264 is sent" },
		{ "VP8 asked for", [](F &, R &r) { r.codec = VideoCodec::Vp8; },
		  "film.mp4 holds H.264, and VP8 is sent" },
		{ "within the profile", [](F &, R &r) { r.profile = profile("640x480@25,400k"); }, "" },
		{ "upright within the profile",
		  [](F &f, R &r) {
			  std::swap(f.video->width, f.video->height);
			  r.profile = profile("640x480@25,400k");
		  },
		  "" },
		{ "too large", [](F &, R &r) { r.profile = profile("638x480@25,400k"); },
		  "film.mp4 has 640x480 pixels, and the video profile 638x480" },
		{ "too fast", [](F &, R &r) { r.profile = profile("640x480@24,400k"); },
		  "film.mp4 has 25 pictures a second, and the video profile 24" },
		{ "too many bits", [](F &, R &r) { r.profile = profile("640x480@25,399k"); },
		  "film.mp4 has 400 kbit/s, and the video profile 399" },
	};
	for (const auto &each : cases) {
		CAPTURE(each.name);
		auto facts = goodFilm();
		PassRequest request;
		each.change(facts, request);
		CHECK(pictureReason(facts, request) == each.reason);
	}
}

TEST_CASE("film: which sound goes out as it is, and why other sound does not")
{
	auto facts = goodFilm();
	CHECK(soundReason(facts, FilmEncoding::Auto).empty());
	CHECK(soundReason(facts, FilmEncoding::Always) == "--encode always");
	facts.audio->channels = 6;
	CHECK(soundReason(facts, FilmEncoding::Auto) == "film.mp4 has 6 channels");
	facts.audio = FilmAudio { "AAC", false, 2 };
	CHECK(soundReason(facts, FilmEncoding::Auto) == "film.mp4 holds AAC, and Opus is sent");
}

namespace {

FilmVideo video(int width, int height, int fps = 25, int denominator = 1)
{
	FilmVideo made;
	made.width = width;
	made.height = height;
	made.fpsNumerator = fps;
	made.fpsDenominator = denominator;
	return made;
}

std::string size(const FilmShape &shape)
{
	return std::to_string(shape.profile.width) + "x" + std::to_string(shape.profile.height);
}

} // namespace

TEST_CASE("film: an encoded film keeps its shape and is never enlarged")
{
	CHECK(size(filmShape(video(320, 240), {})) == "320x240");
	CHECK(size(filmShape(video(1920, 1080), {})) == "1920x1080");
	CHECK(size(filmShape(video(3840, 2160), {})) == "1920x1080");
	CHECK(size(filmShape(video(1080, 1920), {})) == "1080x1920");
	CHECK(size(filmShape(video(2627, 1628), {})) == "1742x1080");
	CHECK(size(filmShape(video(321, 241), {})) == "322x242");
	CHECK(size(filmShape(video(1280, 720), profile("640x480@15,500k"))) == "640x360");
	CHECK(size(filmShape(video(720, 1280), profile("640x480@15,500k"))) == "360x640");
	CHECK(size(filmShape(video(320, 240), profile("1280x720@15,500k"))) == "320x240");

	auto dvd = video(720, 576);
	dvd.sarWidth = 64;
	dvd.sarHeight = 45;
	CHECK(size(filmShape(dvd, {})) == "1024x576");
	auto tall = video(320, 240);
	tall.sarHeight = 2;
	CHECK(size(filmShape(tall, {})) == "320x480");

	auto phone = video(1920, 1080);
	phone.orientation = "rotate-90";
	CHECK(size(filmShape(phone, {})) == "1080x1920");
	CHECK(filmShape(phone, {}).turn == "90r");
	phone.orientation = "rotate-180";
	CHECK(size(filmShape(phone, {})) == "1920x1080");
	CHECK(filmShape(phone, {}).turn == "180");
}

TEST_CASE("film: an encoded film keeps its rate, or drops pictures evenly")
{
	const auto rate = [](const FilmShape &shape) { return std::pair(shape.fpsNumerator, shape.fpsDenominator); };
	const std::pair own(0, 1);
	CHECK(rate(filmShape(video(320, 240, 24000, 1001), {})) == own);
	CHECK(filmShape(video(320, 240, 24000, 1001), {}).profile.fps == 24);
	CHECK(rate(filmShape(video(320, 240, 31), {})) == own);
	CHECK(rate(filmShape(video(320, 240, 50), {})) == std::pair(25, 1));
	CHECK(rate(filmShape(video(320, 240, 60000, 1001), {})) == std::pair(30000, 1001));
	CHECK(rate(filmShape(video(320, 240, 240), {})) == std::pair(40, 1));
	CHECK(filmShape(video(320, 240, 0), {}).maxFps == 40);
	CHECK(filmShape(video(320, 240, 25), {}).maxFps == 0);
	CHECK(rate(filmShape(video(320, 240, 25), profile("640x480@15,500k"))) == std::pair(15, 1));
	CHECK(rate(filmShape(video(320, 240, 25), profile("640x480@25,500k"))) == own);
	CHECK(filmShape(video(320, 240, 0), profile("640x480@15,500k")).maxFps == 15);
}

TEST_CASE("film: an encoded film has the bit rate of the profile, or of a profile like it")
{
	CHECK(filmShape(video(640, 480, 25), profile("640x480@15,444k")).profile.kbps == 444);
	CHECK(filmShape(video(640, 480, 15), {}).profile.kbps == 500);
	CHECK(filmShape(video(1920, 1080, 25), {}).profile.kbps == 3071);
	CHECK(filmShape(video(32, 32, 5), {}).profile.kbps == 100);
}
