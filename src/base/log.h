// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trtc::base {

/// Sets spdlog up: stderr, or @p file when not empty, or @p write when given and @p file is empty: it gets one line with its
/// line feed at a time, from any thread. Call once, in main, before any thread.
/// @p level: error, warn, info, debug, trace. Throws Exception(InvalidParameter / OutputFailed).
void setUpLog(const std::string &level, const std::string &file, std::function<void(std::string_view)> write = {});

} // namespace trtc::base
