// SPDX-License-Identifier: MIT
#pragma once

#include "terminal/line_editor.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::cli {

/// What can be asked about the world while a command is completed.
struct CompletionWorld {
	std::function<std::vector<std::string>()> users; ///< in the room, sorted
	/// Names in a folder ("" is the current one), those of folders with a `/` at their end.
	std::function<std::vector<std::string>(const std::string &folder)> files;
};

/// What may come next in a command that is being typed, read from the usage of the command table: lower-case words are
/// taken literally, USER, FILE, DIR and SOURCE stand for what they say, other words for free text. A leading `@ID ` is skipped.
/// Candidates are sorted. Reentrant.
terminal::Completion completeCommand(std::string_view beforeCursor, const CompletionWorld &world);

/// CompletionWorld::files for the real file system; hidden names are left out, and nothing is an error.
std::vector<std::string> namesInFolder(const std::string &folder);

} // namespace trtc::cli
