// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trtc::base {

/// Who gets lines of the log beside or instead of a file; each may be empty. Called on any thread, one line at a time.
struct LogHandlers {
	/// Instead of stderr, with the line feed: for somebody who knows where it may go now.
	std::function<void(std::string_view)> write;
	/// Every line from debug on, whatever the level is, without the line feed.
	std::function<void(std::string_view)> tap;
};

/// Sets spdlog up: stderr or handlers.write, or @p file when not empty. Call once, in main, before any thread.
/// @p level: error, warn, info, debug, trace. Throws Exception(InvalidParameter / OutputFailed).
void setUpLog(const std::string &level, const std::string &file, LogHandlers handlers = {});

} // namespace trtc::base
