// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <string>

#include <sys/types.h>

/// Why a device node cannot be used, in words that help. Reentrant.
namespace trtc::media {

/// "ffmpeg (process 4711)", of the other processes that have @p node open; "" when /proc does not tell.
std::string holdersOf(const std::string &node);

/// "/dev/video0 is in use by ffmpeg (process 4711): end it, or name another camera"
std::string busyMessage(const std::string &what, const std::string &node, const std::string &wayOut);

/// "no permission for /dev/video0: join the group video (sudo usermod -aG video ann), then log in again"
std::string permissionMessage(const std::string &what, const std::string &node);

/// Lets go of a device that this process still has open though nobody uses it: what its descriptors (of the device
/// number @p device) refer to becomes /dev/null. Their numbers stay taken, so that closing them later does no harm.
void letGoOf(dev_t device) noexcept;

} // namespace trtc::media
