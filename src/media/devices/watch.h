// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <functional>
#include <string>
#include <vector>

namespace trtc::media {

/// Calls @p changed on the loop, a moment after something has appeared in one of @p folders or changed its permissions
/// (udev sets them after the kernel has made a node). A folder that comes later counts, too, if its parent is there.
/// Empty when the kernel refuses. Needs neither udev nor polling.
[[nodiscard]] SourceHandle watchFolders(MainLoop &loop, std::vector<std::string> folders,
					std::function<void()> changed);

} // namespace trtc::media
