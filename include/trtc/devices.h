// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Lists the capture and playback devices, as getCameras(), getMicrophones() and getSpeakers() of the SDK.
/// A machine without devices gives an empty list, never an error. Each call queries the drivers again and blocks for
/// some milliseconds. Reentrant.
namespace trtc {

/// Frames a second as a fraction; 0/1 is unknown.
struct FrameRate {
	std::uint32_t num = 0, den = 1;
	double value() const noexcept { return den ? static_cast<double>(num) / den : 0; }
	bool operator==(const FrameRate &) const = default;
};

/// One picture size of a camera in one format, or a range of sizes. Pixels.
struct CameraSize {
	int width = 0, height = 0;	 ///< for a range: the largest size
	int minWidth = 0, minHeight = 0; ///< equal to width and height for a single size
	int stepWidth = 0, stepHeight = 0;
	std::vector<FrameRate>
		rates; ///< fastest first; for a range: fastest and slowest; empty: the driver does not report rates
	bool rateRange = false;
	bool range() const noexcept { return minWidth != width || minHeight != height; }
	bool operator==(const CameraSize &) const = default;
};

struct CameraFormat {
	std::string fourcc;	 ///< V4L2's name, "YUYV", "MJPG"
	std::string description; ///< from the driver
	std::vector<CameraSize> sizes;
	bool operator==(const CameraFormat &) const = default;
};

struct Camera {
	std::string path; ///< "/dev/video0"
	std::string name, driver, bus;
	std::vector<CameraFormat> formats;
	std::string problem; ///< why it cannot be used and how to fix it; empty: usable
};

/// One capture or playback device of a sound card.
struct SoundDevice {
	std::string device; ///< ALSA's name, "hw:CARD=Loopback,DEV=0"
	std::string card;   ///< the card's id, "Loopback"; `alsa:Loopback` shares its first device
	std::string name;   ///< for display
	unsigned minRate = 0, maxRate = 0, minChannels = 0, maxChannels = 0; ///< Hz; 0: unknown
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
/// Displays with a local socket, and $DISPLAY.
std::vector<Screen> getScreens();

} // namespace trtc
