// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the program understands, as data: `--help`, the parser and the environment variables come from these tables, and
/// the manual is checked against them.
namespace trtc::cli {

struct OptionSpec {
	std::string_view name;	///< "--room"
	std::string_view value; ///< "ID"; "" for a flag
	std::string_view help;	///< with the default, if there is one
	bool repeatable = false;
	std::string_view alone = {}; ///< the value of an option that may stand without one
};

struct CommandSpec {
	std::string_view name; ///< "join", "usersig sign"
	std::string_view help;
	std::string_view positional; ///< "SIG", or ""
	std::span<const OptionSpec> options;
};
std::span<const CommandSpec> commandSpecs() noexcept;

/// What the user gave for one command: the command line first, the environment where it says nothing.
class OptionValues {
public:
	using Variable = std::function<const char *(const char *)>;
	explicit OptionValues(Variable variable) : variable_(std::move(variable)) {}

	/// "--user-id" is TRTC_USER_ID. An empty variable is none.
	static std::string variableName(std::string_view option);
	bool onCommandLine(std::string_view option) const { return given.find(option) != given.end(); }
	std::optional<std::string> text(std::string_view option) const;
	std::string textOr(std::string_view option, std::string_view fallback) const;
	/// Of a repeatable option. The environment gives one.
	std::vector<std::string> texts(std::string_view option) const;
	/// Throws Exception(InvalidParameter) when the variable is neither true nor false.
	bool flag(std::string_view option) const;

	/// For the parser.
	std::map<std::string, std::vector<std::string>, std::less<>> given;
	std::string positional;

private:
	Variable variable_;
};

/// What the command line asks for.
struct Parsed {
	const CommandSpec *command = nullptr; ///< null: a text to print
	std::string print;
};
/// Fills @p values. Throws Exception(InvalidParameter): no such command or option, a missing or surplus value.
Parsed parseWithTable(const std::vector<std::string> &arguments, OptionValues &values);

} // namespace trtc::cli
