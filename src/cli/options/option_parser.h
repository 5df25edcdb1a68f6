// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/help_text.h"
#include "cli/options/option_values.h"

namespace trtc::cli {

/// What the command line asks for.
struct Parsed {
	const CommandSpec *command = nullptr; ///< null: a text to print
	std::string print;
};
/// Fills @p values. An option whose value may be left out takes the next word for its value unless that begins with
/// `-`; of a command with a positional argument, only when it is one of the option's choices. `=` always works.
/// A word that begins with `--` is no value unless `=` says so. @p columns: width of a help text.
/// Throws Exception(InvalidParameter): no such command or option, a missing or surplus value.
Parsed parseWithTable(const std::vector<std::string> &arguments, OptionValues &values,
		      std::span<const CommandSpec> commands = commandSpecs(), std::size_t columns = kHelpColumns);

} // namespace trtc::cli
