// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/help_text.h"
#include "cli/options/option_values.h"

#include <trtc/error.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What speaks besides the command line: environment and configuration file, and who counts in the end.
namespace trtc::cli {

/// What of the world outside counts.
struct Surroundings {
	/// Value of an environment variable, or null.
	std::function<const char *(const char *)> variable;
	bool stdoutIsTerminal = false;
	/// Names of the environment variables that begin with TRTC_.
	std::vector<std::string> variables;
	/// For what is odd but no error; may be empty.
	std::function<void(const std::string &)> warn;
	/// Width of a help text.
	std::size_t columns = kHelpColumns;
	/// The key that `serve` makes on this machine, whether it is there or not; "": none.
	std::string serveKeyFile;
};

/// One option after precedence, as it may be shown: secrets are `<redacted>`.
struct SettledOption {
	std::string option; ///< "--room"
	std::string value;  ///< "": none; of a flag "true" or "false"
	std::string from;   ///< "command line", "TRTC_ROOM", "/home/ann/.config/trtc-cli/config.toml:3", "default"
};

/// A variable that no command knows is a slip of the pen, or of another version: warned of, no error.
void warnOfVariables(const Surroundings &surroundings);

/// Reads the configuration file for @p command, if that has `--config`. Returns the file's path, "" without one.
/// Throws as readConfig().
std::string loadConfig(const CommandSpec &command, const Surroundings &surroundings, OptionValues &values);

/// Says where a bad value comes from, unless it is on the command line before the user's eyes. The message has to begin
/// with the option's name.
Error withPlace(Error error, const OptionValues &values);

/// Every option of the command in the table's order, a repeated one several times. @p computed: defaults that depend on
/// something, by option.
std::vector<SettledOption> settledOptions(const OptionValues &values,
					  const std::map<std::string_view, std::string> &computed);

/// @p text without what a stranger must not see: all of a secret, user and password of a URL.
std::string withoutSecrets(const OptionSpec &option, const std::string &text);

} // namespace trtc::cli
