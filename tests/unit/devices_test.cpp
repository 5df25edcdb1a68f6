// SPDX-License-Identifier: MIT
#include "cli/commands/devices_command.h"
#include "media/devices/access.h"
#include "media/devices/watch.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"
#include "json/reader.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace trtc;
using namespace trtc::cli;

namespace {

DeviceList example()
{
	CameraSize small;
	small.width = small.minWidth = 640;
	small.height = small.minHeight = 480;
	small.rates = { { 30000, 1001 }, { 15, 1 } };
	CameraSize range = small;
	range.minWidth = 48;
	range.minHeight = 32;
	range.stepWidth = range.stepHeight = 2;
	range.rates = { { 60, 1 }, { 1, 1 } };
	range.rateRange = true;
	DeviceList list;
	list.cameras = { { "/dev/video0", "HD \x1b[31mWebcam", "uvcvideo", "usb-1", {}, "" },
			 { "/dev/video1", "", "", "", {}, "no permission for /dev/video1: join the group video" } };
	list.cameras[0].formats = { { "YUYV", "YUYV 4:2:2", { small } },
				    { "UYVY", "UYVY 4:2:2", { small } },
				    { "NV12", "Y/UV 4:2:0", { range } } };
	list.microphones = { { "hw:CARD=Loopback,DEV=0", "Loopback", "Loopback PCM", 8000, 192000, 1, 32, "" } };
	list.speakers = { { "hw:CARD=PCH,DEV=0", "PCH", "", 48000, 48000, 2, 2, "" } };
	list.screens = { { ":0", 1920, 1080, "" }, { ":9", 0, 0, "screen \":9\" cannot be reached" } };
	return list;
}

} // namespace

TEST_CASE("devices as text: formats with the same sizes share a list, nothing steers a terminal")
{
	CHECK(devicesAsText(example()) == "Cameras (--video v4l2:PATH or NAME)\n"
					  "  /dev/video0  HD ?[31mWebcam\n"
					  "    YUYV UYVY\n"
					  "      640x480  29.97 15 fps\n"
					  "    NV12  Y/UV 4:2:0\n"
					  "      48x32 to 640x480 in steps of 2x2  1 to 60 fps\n"
					  "  /dev/video1\n"
					  "    cannot be used: no permission for /dev/video1: join the group video\n"
					  "\n"
					  "Microphones (--audio alsa:DEVICE or CARD)\n"
					  "  hw:CARD=Loopback,DEV=0  Loopback PCM\n"
					  "    8000 to 192000 Hz, 1 to 32 channels\n"
					  "\n"
					  "Speakers\n"
					  "  hw:CARD=PCH,DEV=0\n"
					  "    48000 Hz, 2 channels\n"
					  "\n"
					  "Screens (--video screen:DISPLAY)\n"
					  "  :0  1920x1080\n"
					  "  :9\n"
					  "    cannot be used: screen \":9\" cannot be reached\n");
}

TEST_CASE("devices as text: nothing there is said of each kind")
{
	CHECK(devicesAsText({}) == "Cameras (--video v4l2:PATH or NAME)\n"
				   "  none: no capture device /dev/video*\n"
				   "\n"
				   "Microphones (--audio alsa:DEVICE or CARD)\n"
				   "  none: no /dev/snd/pcm*c\n"
				   "\n"
				   "Speakers\n"
				   "  none: no /dev/snd/pcm*p\n"
				   "\n"
				   "Screens (--video screen:DISPLAY)\n"
				   "  none: no X server on this machine, DISPLAY is not set\n");
}

TEST_CASE("devices as JSON")
{
	const auto parsed = json::parse(devicesAsJson(example()));
	REQUIRE(parsed);
	CHECK(devicesAsJson({}) == R"({"cameras":[],"microphones":[],"speakers":[],"screens":[]})");
	const auto text = devicesAsJson(example());
	for (const auto *part : {
		     R"("source":"v4l2:/dev/video0","path":"/dev/video0")",
		     R"("usable":true,"formats":[{"format":"YUYV","description":"YUYV 4:2:2","sizes":[{"width":640,"height":480,"rates":[29.97,15)",
		     R"({"width":640,"height":480,"minWidth":48,"minHeight":32,"stepWidth":2,"stepHeight":2,"maxRate":60)",
		     R"("usable":false,"problem":"no permission for /dev/video1: join the group video","formats":[]})",
		     R"({"device":"hw:CARD=Loopback,DEV=0","card":"Loopback","name":"Loopback PCM","usable":true,"minRate":8000,"maxRate":192000,"minChannels":1,"maxChannels":32})",
		     R"({"source":"screen::0","display":":0","usable":true,"width":1920,"height":1080})",
	     }) {
		CAPTURE(part);
		CAPTURE(text);
		CHECK(text.find(part) != std::string::npos);
	}
}

TEST_CASE_FIXTURE(test::LoopFixture,
		  "a folder is watched: what appears, what gets other permissions, a folder that comes later")
{
	const test::TempDir folder;
	int changes = 0;
	const auto watch = media::watchFolders(loop, { folder.str(), folder / "snd" }, [&] { ++changes; });
	REQUIRE(watch);
	std::ofstream(folder / "video0") << "";
	REQUIRE(waitFor([&] { return changes == 1; }));
	std::filesystem::permissions(folder / "video0", std::filesystem::perms::none);
	REQUIRE(waitFor([&] { return changes == 2; }));
	std::filesystem::create_directory(folder / "snd");
	REQUIRE(waitFor([&] { return changes == 3; }));
	std::ofstream(folder / "snd/pcmC0D0c") << "";
	REQUIRE(waitFor([&] { return changes == 4; }));
}

TEST_CASE("a device is let go of though a descriptor stays open")
{
	const auto numberOf = [](int fd) {
		struct stat info {};
		return ::fstat(fd, &info) == 0 ? info.st_rdev : 0;
	};
	const int one = ::open("/dev/zero", O_RDONLY | O_CLOEXEC), two = ::dup(one);
	const int other = ::open("/dev/full", O_RDONLY | O_CLOEXEC);
	REQUIRE((one > 2 && two > 2 && other > 2));
	const auto zero = numberOf(one), full = numberOf(other);
	media::letGoOf(zero);
	struct stat null {};
	REQUIRE(::stat("/dev/null", &null) == 0);
	CHECK(numberOf(one) == null.st_rdev);
	CHECK(numberOf(two) == null.st_rdev);
	CHECK(numberOf(other) == full);
	CHECK((::fcntl(two, F_GETFD) & FD_CLOEXEC) != 0);
	for (const int fd : { one, two, other })
		CHECK(::close(fd) == 0);
}
