// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/command_line.h"
#include "terminal/line_editor.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::cli {

/// What can be asked about the world while a command is completed.
struct CompletionWorld {
	/// What may fill a place of a usage, such as USER; none for a place that is not known.
	std::function<std::vector<std::string>(std::string_view place)> names;
	/// Names in a folder ("" is the current one), those of folders with a `/` at their end.
	std::function<std::vector<std::string>(const std::string &folder)> files;
};

/// What may come next in a command that is being typed, read from the usage of its table: lower-case words are taken
/// literally, FILE, DIR and SOURCE stand for what they say, and the world knows the others. A leading `@ID ` is skipped.
/// Candidates are sorted. Reentrant.
terminal::Completion completeCommand(std::string_view beforeCursor, std::span<const CommandShape> shapes,
				     const CompletionWorld &world);

/// CompletionWorld::files for the real file system; hidden names are left out, and nothing is an error.
std::vector<std::string> namesInFolder(const std::string &folder);

} // namespace trtc::cli
