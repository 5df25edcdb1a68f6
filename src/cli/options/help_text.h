// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/option_table.h"

/// What `--help` and `--version` print. Reentrant.
namespace trtc::cli {

/// Of the program, or of the commands whose name begins with @p prefix ("usersig ").
std::string helpOfAll(std::string_view prefix);
std::string helpOf(const CommandSpec &command);
std::string versionText();

} // namespace trtc::cli
