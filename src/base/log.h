// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trtc::base {

/// Sets spdlog up: stderr, or @p file when not empty. Call once, in main, before any thread.
/// @p level: error, warn, info, debug, trace. @p tap, if given, hears every line from debug on whatever @p level is, on any
/// thread, one at a time, without its line feed. Throws Exception(InvalidParameter / OutputFailed).
void setUpLog(const std::string &level, const std::string &file, std::function<void(std::string_view)> tap = {});

} // namespace trtc::base
