// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <trtc/error.h>
#include <trtc/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the commands of an agent and those of a service have in common: a line is taken apart, looked up in a table,
/// and answered by one `command-result`. All of it reentrant.
namespace trtc::cli {

/// How a command ended; @p extra are further fields of its `command-result`.
struct CommandOutcome {
	Status status = Unit {};
	Fields extra;
};
/// Runs exactly once.
using CommandReply = std::function<void(CommandOutcome)>;
using CommandArguments = std::span<const std::string>;

/// A command without what it does: all that parser, help and completion need.
struct CommandShape {
	std::string_view name;	///< one word, or two: "record start"
	std::string_view usage; ///< arguments only, "" for none
	std::string_view help;
	std::size_t minArgs, maxArgs;
	bool tail = false;   ///< the last argument is the rest of the line as it is, blanks included
	bool secret = false; ///< its arguments are never repeated: not in the answer, the log, the history
};

/// One row of a table: a shape and a handler. Sorted by name in its table.
template <class Host>
struct CommandFor {
	/// May throw Exception before it has replied.
	using Handler = void (*)(Host &host, CommandArguments arguments, CommandReply reply);
	std::string_view name, usage, help;
	std::size_t minArgs, maxArgs;
	Handler run;
	bool tail = false, secret = false;
};

template <class Host>
std::vector<CommandShape> shapesOf(std::span<const CommandFor<Host>> table)
{
	std::vector<CommandShape> shapes;
	shapes.reserve(table.size());
	for (const auto &each : table)
		shapes.push_back(
			{ each.name, each.usage, each.help, each.minArgs, each.maxArgs, each.tail, each.secret });
	return shapes;
}

/// One line, taken apart.
struct CommandLine {
	std::string id;	  ///< of a leading `@ID `, else ""
	std::string text; ///< the rest, trimmed, at most kMaxEchoBytes, for the answer
	std::vector<std::string> words;
	std::string line;   ///< the rest, trimmed, whole
	bool hasId = false; ///< it began with an @, even if nothing came behind that
	bool blank() const noexcept { return words.empty() && !hasId; }
};
/// What of a line is repeated in its answer, bytes.
inline constexpr std::size_t kMaxEchoBytes = 200;
CommandLine splitCommand(std::string_view line);
/// The same, with the arguments of a secret command left out of `text`, and whatever else looks like a signature.
CommandLine splitCommand(std::string_view line, std::span<const CommandShape> shapes);
/// @p line as it may be shown and kept: as it is, or without its secrets.
std::string presentable(std::string_view line, std::span<const CommandShape> shapes);

struct FoundCommand {
	std::size_t index; ///< in the table
	std::vector<std::string> arguments;
};
/// Throws Exception(InvalidParameter): no such command (with the nearest name), too few or too many arguments.
FoundCommand findCommand(std::span<const CommandShape> shapes, const CommandLine &line);

/// Runs one line. @p reply runs exactly once, also when the line is no command; perhaps before this returns.
template <class Host>
void runCommand(std::span<const CommandFor<Host>> table, Host &host, const CommandLine &line, CommandReply reply)
{
	// Shared: a handler that throws has not used its copy.
	const auto once = std::make_shared<CommandReply>(std::move(reply));
	try {
		const auto found = findCommand(shapesOf(table), line);
		table[found.index].run(host, found.arguments,
				       [once](CommandOutcome outcome) { (*once)(std::move(outcome)); });
	} catch (const Exception &error) {
		(*once)({ error.error(), {} });
	}
}

/// The answer of `help`.
CommandOutcome helpOutcome(std::span<const CommandShape> shapes);

/// The answer's event.
EventRecord commandResult(const CommandLine &line, const CommandOutcome &outcome);

/// The answer to a line that LineReader has cut.
CommandOutcome tooLongOutcome();

} // namespace trtc::cli
