// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/option_table.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The configuration file: TOML, option names without their dashes as keys. Keys at the top are for every command that
/// has the option, those in `[join]`, `[usersig]` or `[usersig.sign]` for these commands, and win.
namespace trtc::cli {

/// What the file says about one option.
struct Setting {
	std::vector<std::string>
		texts;	   ///< empty for "", [] and an optional value that is false: as if nothing was said
	std::string place; ///< "config.toml:12"
	bool top = false;  ///< for every command
};
/// By option name, with its dashes.
using Settings = std::map<std::string, Setting, std::less<>>;

inline constexpr std::size_t kMaxConfigBytes = 256 * 1024;

/// What @p text says for @p command. All of it is checked, also what is for other commands. Throws
/// Exception(InvalidParameter) naming @p path, line, column, key and what is wanted there. @p hasSecret: whether one of
/// the keys holds a secret.
Settings parseConfig(std::string_view text, const std::string &path, const CommandSpec &command, bool &hasSecret);

/// Reads the file; never waits for a pipe or a device. Calls @p warn when it holds a secret and others may read it.
/// A file that is not there says nothing, unless @p mustExist. Throws as parseConfig(), and for a file that cannot be
/// read, is over kMaxConfigBytes or is no file; `/dev/null` is an empty one.
Settings readConfig(const std::string &path, bool mustExist, const CommandSpec &command,
		    const std::function<void(const std::string &)> &warn);

/// `$XDG_CONFIG_HOME/trtc-cli/config.toml`, or the same below `~/.config`; "" when @p variable knows neither.
std::string defaultConfigPath(const std::function<const char *(const char *)> &variable);

/// A file with every key of every command, its help and its default, all commented out.
std::string sampleConfig();

} // namespace trtc::cli
