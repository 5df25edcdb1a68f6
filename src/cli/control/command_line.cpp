// SPDX-License-Identifier: MIT
#include "cli/control/command_line.h"

#include "base/refuse.h"
#include "cli/control/line_reader.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace trtc::cli {

namespace {

constexpr std::string_view kRedacted = "<redacted>";

std::string arityMessage(const CommandShape &command, std::size_t given)
{
	if (command.maxArgs == 0)
		return fmt::format("{} takes no arguments, got {}", command.name, given);
	const auto range = command.minArgs == command.maxArgs ? std::to_string(command.minArgs)
			   : command.minArgs == 0	      ? fmt::format("at most {}", command.maxArgs)
						  : fmt::format("{} to {}", command.minArgs, command.maxArgs);
	return fmt::format("{} takes {} argument{} ({}), got {}", command.name, range, command.maxArgs == 1 ? "" : "s",
			   command.usage, given);
}

std::size_t wordsOf(const CommandShape &command) { return command.name.find(' ') == std::string_view::npos ? 1 : 2; }

/// A name of one or two words at the beginning of the line.
bool names(const CommandShape &command, const CommandLine &line)
{
	if (wordsOf(command) == 1)
		return command.name == line.words[0];
	return line.words.size() > 1 && command.name == line.words[0] + ' ' + line.words[1];
}

std::vector<std::string> argumentsOf(const CommandShape &command, const CommandLine &line)
{
	const auto skipped = wordsOf(command);
	std::vector<std::string> arguments(line.words.begin() + static_cast<std::ptrdiff_t>(skipped), line.words.end());
	if (!command.tail || arguments.size() < command.maxArgs)
		return arguments;
	arguments.resize(command.maxArgs);
	std::string_view rest = line.line;
	for (std::size_t i = 0; i + 1 < command.maxArgs + skipped; ++i)
		rest = trim(rest.substr(std::min(rest.find_first_of(" \t"), rest.size())));
	arguments.back() = rest;
	return arguments;
}

/// A UserSig or a ticket begins like every zlib stream, in base64, and is long.
bool looksSigned(std::string_view word) noexcept
{
	constexpr std::size_t kShortest = 40;
	return word.size() >= kShortest && word.starts_with("eJ");
}

} // namespace

FoundCommand findCommand(std::span<const CommandShape> shapes, const CommandLine &line)
{
	if (line.words.empty())
		refuse("a command is missing after the id; the command help lists the commands");
	const auto &name = line.words[0];
	// "snapshot --every" also begins with "snapshot": the longer name counts.
	auto found = shapes.end();
	for (auto each = shapes.begin(); each != shapes.end(); ++each)
		if (names(*each, line) && (found == shapes.end() || wordsOf(*each) > wordsOf(*found)))
			found = each;
	if (found == shapes.end()) {
		std::vector<std::string_view> known, second;
		for (const auto &command : shapes) {
			const auto space = command.name.find(' ');
			known.push_back(command.name.substr(0, space));
			if (space != std::string_view::npos && known.back() == name)
				second.push_back(command.name.substr(space + 1));
		}
		if (!second.empty())
			refuse(fmt::format("{} needs a second word: {}", name,
					   fmt::join(second, second.size() > 2 ? ", " : " or ")));
		const auto close = nearest(name, known);
		refuse(fmt::format("unknown command \"{}\"{}; help lists the commands",
				   looksSigned(name) ? std::string(kRedacted) : printable(name, 40),
				   close.empty() ? "" : fmt::format(" (did you mean {}?)", close)));
	}
	auto given = line.words.size() - wordsOf(*found);
	if (found->tail)
		given = std::min(given, found->maxArgs);
	if (given < found->minArgs || given > found->maxArgs)
		refuse(arityMessage(*found, given));
	return { static_cast<std::size_t>(found - shapes.begin()), argumentsOf(*found, line) };
}

CommandLine splitCommand(std::string_view line)
{
	CommandLine result;
	auto rest = trim(line);
	if (rest.starts_with('@')) {
		const auto end = std::min(rest.find_first_of(" \t"), rest.size());
		result.hasId = true;
		result.id = rest.substr(1, end - 1);
		rest = trim(rest.substr(end));
	}
	result.text = rest.substr(0, kMaxEchoBytes);
	result.line = rest;
	while (!rest.empty()) {
		const auto end = std::min(rest.find_first_of(" \t"), rest.size());
		result.words.emplace_back(trim(rest.substr(0, end)));
		rest = trim(rest.substr(end));
	}
	return result;
}

CommandLine splitCommand(std::string_view line, std::span<const CommandShape> shapes)
{
	auto result = splitCommand(line);
	result.text = presentable(result.line, shapes).substr(0, kMaxEchoBytes);
	return result;
}

std::string presentable(std::string_view line, std::span<const CommandShape> shapes)
{
	const auto taken = splitCommand(line);
	if (taken.words.empty())
		return std::string(line);
	const auto id = taken.id.empty() ? std::string() : "@" + taken.id + " ";
	for (const auto &shape : shapes)
		if (shape.secret && names(shape, taken) && taken.words.size() > wordsOf(shape))
			return fmt::format("{}{} {}", id, shape.name, kRedacted);
	// A slip in the command's name must not show what comes behind it.
	if (std::none_of(taken.words.begin(), taken.words.end(), looksSigned))
		return std::string(line);
	auto words = taken.words;
	for (auto &word : words)
		if (looksSigned(word))
			word = kRedacted;
	return fmt::format("{}{}", id, fmt::join(words, " "));
}

CommandOutcome helpOutcome(std::span<const CommandShape> shapes)
{
	std::vector<Fields> lines;
	for (const auto &command : shapes)
		lines.push_back({ { "usage", std::string(command.name) + (command.usage.empty() ? "" : " ") +
						     std::string(command.usage) },
				  { "help", std::string(command.help) } });
	return { Unit {}, { { "commands", std::move(lines) } } };
}

EventRecord commandResult(const CommandLine &line, const CommandOutcome &outcome)
{
	EventRecord record { "command-result", {} };
	if (!line.id.empty())
		record.fields.push_back({ "id", line.id });
	record.fields.push_back({ "command", line.text });
	record.fields.push_back({ "ok", outcome.status.has_value() });
	if (!outcome.status) {
		const auto &error = outcome.status.error();
		record.fields.push_back({ "code", std::int64_t { static_cast<int>(error.code) } });
		record.fields.push_back({ "name", errorName(error.code) });
		record.fields.push_back({ "message", error.message });
	}
	record.fields.insert(record.fields.end(), outcome.extra.begin(), outcome.extra.end());
	return record;
}

CommandOutcome tooLongOutcome()
{
	return { Error { ErrorCode::InvalidParameter,
			 fmt::format("line too long: a command has at most {} bytes; the line was skipped",
				     kMaxLineBytes) },
		 {} };
}

} // namespace trtc::cli
