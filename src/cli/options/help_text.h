// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/option_table.h"

#include <cstddef>

/// What `--help` and `--version` print, wrapped to a width in columns. Reentrant.
namespace trtc::cli {

/// Of a help text that does not go to a terminal.
inline constexpr std::size_t kHelpColumns = 80;

/// The width of a help text on stdout: COLUMNS, else the terminal's, else kHelpColumns.
std::size_t helpColumns(const char *columnsVariable);

/// Of the program, or of the commands whose name begins with @p prefix ("usersig ").
std::string helpOfAll(std::string_view prefix, std::size_t columns = kHelpColumns);
std::string helpOf(const CommandSpec &command, std::size_t columns = kHelpColumns);
std::string versionText();

} // namespace trtc::cli
