// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/devices.h>

#include <string>
#include <vector>

/// How `trtc-cli devices` writes what it finds. Pure.
namespace trtc::cli {

struct DeviceList {
	std::vector<Camera> cameras;
	std::vector<SoundDevice> microphones, speakers;
	std::vector<Screen> screens;
};

std::string devicesAsText(const DeviceList &list);
/// One object on one line, without the line feed.
std::string devicesAsJson(const DeviceList &list);

} // namespace trtc::cli
