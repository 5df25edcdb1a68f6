// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/devices.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace trtc::media {

/// How a camera is to be set.
struct CameraMode {
	std::string fourcc;
	int width = 0, height = 0;
	FrameRate rate;	     ///< 0/1: the driver names none
	std::string warning; ///< the profile is not reached: what is missing; empty: it is
	bool operator==(const CameraMode &) const = default;
};

/// The best of @p formats for @p profile. First what reaches its size and rate: without compression before JPEG, the
/// exact size before one of the same shape before others, the smallest of these, the slowest rate that suffices. Nothing
/// reaches it: what comes nearest (the product of the parts of size and rate that are reached), with a warning.
/// Formats we cannot decode do not count; empty when there are no others. Pure.
std::optional<CameraMode> chooseMode(std::span<const CameraFormat> formats, const VideoProfile &profile);

/// GStreamer's caps for a fourcc without size and rate, "video/x-raw,format=YUY2" or "image/jpeg"; empty: not usable.
std::string_view capsOfFourcc(std::string_view fourcc) noexcept;

/// "v4l2src" side caps of a mode.
std::string capsOf(const CameraMode &mode);

/// "640x480 at 30 fps, YUYV"
std::string describe(const CameraMode &mode);

} // namespace trtc::media
