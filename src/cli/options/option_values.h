// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/config_file.h"
#include "cli/options/option_table.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trtc::cli {

/// Who says something, weakest first.
enum class Layer { Default, FileTop, FileTable, Environment, CommandLine };

/// What counts for one option, and who says it.
struct Said {
	Layer layer = Layer::Default;
	std::vector<std::string> texts; ///< of a flag "true" or "false"
	std::string place;		///< "command line", "TRTC_ROOM", "config.toml:3", "default"
};

/// What counts for one command: the command line first, then the environment, the configuration file, the default.
class OptionValues {
public:
	using Variable = std::function<const char *(const char *)>;
	explicit OptionValues(Variable variable) : variable_(std::move(variable)) {}

	/// "--user-id" is TRTC_USER_ID. An empty variable is none.
	static std::string variableName(std::string_view option);
	/// Without texts when nobody says anything and there is no default.
	Said said(std::string_view option) const;
	bool onCommandLine(std::string_view option) const { return given.find(option) != given.end(); }
	/// What somebody said; the default does not count.
	std::optional<std::string> text(std::string_view option) const;
	/// With the default of the table; "" when there is none.
	std::string value(std::string_view option) const;
	/// Of a repeatable option. The environment gives one.
	std::vector<std::string> texts(std::string_view option) const;
	/// Throws Exception(InvalidParameter) when it is neither true nor false.
	bool flag(std::string_view option) const;

	/// For the parser.
	const CommandSpec *command = nullptr;
	std::map<std::string, std::vector<std::string>, std::less<>> given;
	std::string positional;
	Settings file;
	std::vector<std::string> words; ///< of a positional that ends with "..."

private:
	Variable variable_;
};

} // namespace trtc::cli
