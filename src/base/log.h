// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace trtc::base {

/// Sets spdlog up: stderr, or @p file when not empty. Call once, in main, before any thread.
/// @p level: error, warn, info, debug, trace. Throws Exception(InvalidParameter / OutputFailed).
void setUpLog(const std::string &level, const std::string &file);

} // namespace trtc::base
