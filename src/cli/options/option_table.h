// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the program understands, as data: `--help`, the parser, the environment variables, the configuration file, its
/// sample and the shell completion come from these tables, and the manual is checked against them.
namespace trtc::cli {

/// What an option's value is. Says the type of its key in the configuration file and what a shell completes.
enum class Kind {
	Flag,	///< no value
	Choice, ///< one of the words in OptionSpec::value, which `|` separates
	Text,
	Number, ///< decimal, whole, not negative
	Duration,
	File,
	Directory,
	Url,
	Address,    ///< HOST:PORT
	Source,	    ///< `--video`, `--audio`
	User,	    ///< a user id, or a list of them
	Room,	    ///< a number, or a text with `--string-room`
	Event,	    ///< begins with the name of an event
	Privileges, ///< names of rights with commas between, or their sum
};

/// More about an option, or-ed.
enum Trait : unsigned {
	kPlain = 0,
	kRepeatable = 1,       ///< each time adds one; an array in the configuration file
	kSecret = 2,	       ///< its value is never shown
	kNotInFile = 4,	       ///< no key of the configuration file
	kNotInEnvironment = 8, ///< no environment variable: that is another command's option of this name
};

struct OptionSpec {
	std::string_view name; ///< "--room"
	Kind kind;
	std::string_view value; ///< "ID", of a Choice "live|rtc"; "" for a flag
	std::string_view
		byDefault;     ///< what counts when nobody says anything; "": nothing, or help tells what it depends on
	std::string_view help; ///< without byDefault
	unsigned traits = kPlain;
	/// Not "": the value may be left out, and this is meant then.
	std::string_view implied = {};

	bool isFlag() const noexcept { return kind == Kind::Flag; }
	bool has(Trait trait) const noexcept { return (traits & trait) != 0; }
};

/// A heading of a command's help: it stands above @p first and what follows in the table, up to the next group.
struct OptionGroup {
	std::string_view title; ///< "Room"
	std::string_view first; ///< "--room"
};

struct CommandSpec {
	std::string_view name; ///< "join", "usersig sign"
	std::string_view help;
	std::string_view positional; ///< "SIG", "COMMAND...", or ""
	std::span<const OptionSpec> options;
	std::string_view positionalHelp = {};
	std::span<const OptionGroup> groups = {}; ///< none: one list
	/// Everything from the first word that is no option on, taken as it stands; may be nothing.
	bool takesWords() const noexcept { return positional.ends_with("..."); }
	/// The option, or null.
	const OptionSpec *find(std::string_view option) const noexcept;
};
std::span<const CommandSpec> commandSpecs() noexcept;

/// The words of a Choice, in the table's order.
std::vector<std::string> choicesOf(const OptionSpec &option);
/// As help and manual write it: `--room ID`, `--loop`, `--play [SINK]`.
std::string usageOf(const OptionSpec &option);
/// The help with the default behind it.
std::string helpOf(const OptionSpec &option);

} // namespace trtc::cli
