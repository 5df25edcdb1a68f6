// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What this machine can capture from and play to, as getCameras(), getMicrophones() and getSpeakers() of the SDK.
/// Nothing there is an empty list, never an error. Each call looks anew and blocks for as long as the drivers take
/// (milliseconds). Reentrant.
namespace trtc {

/// Frames a second as a fraction; 0/1 is unknown.
struct FrameRate {
	std::uint32_t num = 0, den = 1;
	double value() const noexcept { return den ? static_cast<double>(num) / den : 0; }
	bool operator==(const FrameRate &) const = default;
};

/// One picture size of a camera in one format, or a range of sizes. Pixels.
struct CameraSize {
	int width = 0, height = 0;	 ///< of a range: the largest
	int minWidth = 0, minHeight = 0; ///< equal to the above for a single size
	int stepWidth = 0, stepHeight = 0;
	std::vector<FrameRate>
		rates; ///< fastest first; of a range: fastest and slowest; empty: the driver does not say
	bool rateRange = false;
	bool range() const noexcept { return minWidth != width || minHeight != height; }
	bool operator==(const CameraSize &) const = default;
};

struct CameraFormat {
	std::string fourcc;	 ///< V4L2's name, "YUYV", "MJPG"
	std::string description; ///< the driver's
	std::vector<CameraSize> sizes;
	bool operator==(const CameraFormat &) const = default;
};

struct Camera {
	std::string path; ///< "/dev/video0"
	std::string name, driver, bus;
	std::vector<CameraFormat> formats;
	std::string problem; ///< why it cannot be used, with the way out; empty: it can
};

/// One end of a sound card, capture or playback.
struct SoundDevice {
	std::string device; ///< ALSA's name, "hw:CARD=Loopback,DEV=0"
	std::string card;   ///< the card's id, "Loopback"; `alsa:Loopback` takes its first device, shared
	std::string name;   ///< for people
	unsigned minRate = 0, maxRate = 0, minChannels = 0, maxChannels = 0; ///< Hz; 0: not known
	std::string problem;						     ///< as in Camera
};

/// An X11 display.
struct Screen {
	std::string display; ///< ":0"
	int width = 0, height = 0;
	std::string problem; ///< as in Camera
};

std::vector<Camera> getCameras();
std::vector<SoundDevice> getMicrophones();
std::vector<SoundDevice> getSpeakers();
/// Those whose sockets are there, and $DISPLAY.
std::vector<Screen> getScreens();

} // namespace trtc
