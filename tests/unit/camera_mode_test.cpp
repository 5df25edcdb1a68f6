// SPDX-License-Identifier: MIT
#include "media/devices/camera_mode.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::media;

namespace {

CameraSize size(int width, int height, std::vector<FrameRate> rates)
{
	CameraSize one;
	one.width = one.minWidth = width;
	one.height = one.minHeight = height;
	one.rates = std::move(rates);
	return one;
}

CameraFormat format(const char *fourcc, std::vector<CameraSize> sizes) { return { fourcc, "", std::move(sizes) }; }

/// A usual webcam: USB 2 carries no large pictures without compression at 30.
const std::vector<CameraFormat> kWebcam {
	format("YUYV", { size(640, 480, { { 30, 1 }, { 15, 1 } }), size(1280, 720, { { 10, 1 } }),
			 size(320, 240, { { 30, 1 } }), size(1920, 1080, { { 5, 1 } }) }),
	format("MJPG",
	       { size(640, 480, { { 30, 1 } }), size(1280, 720, { { 30, 1 } }), size(1920, 1080, { { 30, 1 } }) }),
	format("H264", { size(1920, 1080, { { 60, 1 } }) }),
};

struct Chosen {
	std::string text;
	bool warned = false;
};

Chosen choose(const std::vector<CameraFormat> &formats, const VideoProfile &profile)
{
	const auto mode = chooseMode(formats, profile);
	if (!mode)
		return { "nothing", false };
	return { describe(*mode), !mode->warning.empty() };
}

} // namespace

TEST_CASE("a camera's mode: what a usual webcam is set to")
{
	const struct {
		VideoProfile profile;
		const char *mode;
		bool warned;
	} rows[] = {
		// without compression where that reaches size and rate, the slowest rate that does
		{ { 640, 480, 15, 500 }, "640x480 at 15 fps, YUYV", false },
		{ { 640, 480, 20, 500 }, "640x480 at 30 fps, YUYV", false },
		{ { 320, 240, 15, 500 }, "320x240 at 30 fps, YUYV", false },
		// JPEG where it does not
		{ { 1280, 720, 15, 1500 }, "1280x720 at 30 fps, MJPG", false },
		{ { 1280, 720, 10, 1500 }, "1280x720 at 10 fps, YUYV", false },
		{ { 1920, 1080, 15, 2000 }, "1920x1080 at 30 fps, MJPG", false },
		{ { 1920, 1080, 5, 2000 }, "1920x1080 at 5 fps, YUYV", false },
		// no such size: the same shape, then the smallest that is large enough
		{ { 160, 120, 15, 200 }, "320x240 at 30 fps, YUYV", false },
		{ { 640, 360, 15, 400 }, "640x480 at 15 fps, YUYV", false },
		{ { 640, 360, 10, 400 }, "1280x720 at 10 fps, YUYV", false },
		// out of reach: the nearest, and it is said
		{ { 1920, 1080, 60, 4000 }, "1920x1080 at 30 fps, MJPG", true },
		{ { 3840, 2160, 30, 9000 }, "1920x1080 at 30 fps, MJPG", true },
		{ { 640, 480, 60, 900 }, "640x480 at 30 fps, YUYV", true },
	};
	for (const auto &row : rows) {
		CAPTURE(row.profile.width);
		CAPTURE(row.profile.fps);
		const auto chosen = choose(kWebcam, row.profile);
		CHECK(chosen.text == row.mode);
		CHECK(chosen.warned == row.warned);
	}
}

TEST_CASE("a camera's mode: the warning says what is asked for and what there is")
{
	const auto mode = chooseMode(kWebcam, { 1920, 1080, 60, 4000 });
	REQUIRE(mode);
	CHECK(mode->warning ==
	      "the camera does not support 1920x1080 at 60 frames a second; the nearest mode is 1920x1080 at "
	      "30 fps, MJPG");
	CHECK(capsOf(*mode) == "image/jpeg,width=1920,height=1080,framerate=30/1");
}

TEST_CASE("a camera's mode: a rate that is nominally the same suffices")
{
	const std::vector<CameraFormat> ntsc { format("UYVY", { size(720, 480, { { 30000, 1001 } }) }) };
	const auto mode = chooseMode(ntsc, { 720, 480, 30, 900 });
	REQUIRE(mode);
	CHECK(mode->warning.empty());
	CHECK(capsOf(*mode) == "video/x-raw,format=UYVY,width=720,height=480,framerate=30000/1001");
}

TEST_CASE("a camera's mode: out of ranges of sizes and rates")
{
	CameraSize range;
	range.minWidth = 48;
	range.width = 1920;
	range.stepWidth = 16;
	range.minHeight = 32;
	range.height = 1080;
	range.stepHeight = 8;
	range.rates = { { 60, 1 }, { 1, 1 } };
	range.rateRange = true;
	const std::vector<CameraFormat> formats { format("NV12", { range }) };
	CHECK(choose(formats, { 640, 480, 15, 500 }).text == "640x480 at 15 fps, NV12");
	// up to the next step, so that the size is reached
	CHECK(choose(formats, { 642, 482, 15, 500 }).text == "656x488 at 15 fps, NV12");
	CHECK(choose(formats, { 32, 16, 15, 500 }).text == "48x32 at 15 fps, NV12");
	CHECK_FALSE(choose(formats, { 32, 16, 15, 500 }).warned);
	const auto large = choose(formats, { 3840, 2160, 30, 9000 });
	CHECK(large.text == "1920x1080 at 30 fps, NV12");
	CHECK(large.warned);
	// the last step may end before the largest size
	range.width = 1000;
	CHECK(choose({ format("NV12", { range }) }, { 1920, 480, 15, 500 }).text == "1000x480 at 15 fps, NV12");
	// a step of zero is a driver's mistake
	range.stepWidth = range.stepHeight = 0;
	CHECK(choose({ format("NV12", { range }) }, { 642, 482, 15, 500 }).text == "642x482 at 15 fps, NV12");
}

TEST_CASE("a camera's mode: a driver that names no rate is taken at its word")
{
	const std::vector<CameraFormat> formats { format("YUYV", { size(720, 576, {}) }),
						  format("MJPG", { size(720, 576, { { 30, 1 } }) }) };
	const auto mode = chooseMode(formats, { 640, 480, 30, 900 });
	REQUIRE(mode);
	CHECK(describe(*mode) == "720x576, YUYV");
	CHECK(capsOf(*mode) == "video/x-raw,format=YUY2,width=720,height=576");
}

TEST_CASE("a camera's mode: nothing that can be decoded")
{
	CHECK(choose({}, {}).text == "nothing");
	CHECK(choose({ format("H264", { size(640, 480, { { 30, 1 } }) }), format("YUYV", {}) }, {}).text == "nothing");
	CHECK(choose({ format("YUYV", { size(0, 0, {}) }) }, {}).text == "nothing");
	// a rate of 0/0 of a broken driver must not divide
	CHECK(choose({ format("YUYV", { size(640, 480, { { 0, 0 } }) }) }, {}).text == "640x480, YUYV");
}
