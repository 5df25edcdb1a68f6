// SPDX-License-Identifier: MIT
#include "cli/options/option_parser.h"

#include "base/refuse.h"
#include "cli/options/help_text.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

namespace trtc::cli {

namespace {

std::string helpCommand(std::string_view command)
{
	return fmt::format("trtc-cli {}{}--help", command, command.empty() ? "" : " ");
}

/// The words that may follow "trtc-cli " and @p prefix, each once.
std::vector<std::string> commandWords(std::string_view prefix)
{
	std::vector<std::string> words;
	for (const auto &command : commandSpecs()) {
		if (!command.name.starts_with(prefix))
			continue;
		auto word = split(command.name.substr(prefix.size()), ' ').front();
		if (std::find(words.begin(), words.end(), word) == words.end())
			words.push_back(std::move(word));
	}
	return words;
}

/// Which command the first words name, and what is left of the arguments.
struct Chosen {
	const CommandSpec *command = nullptr;
	std::string prefix; ///< "usersig ": the first half of a name
	std::span<const std::string> rest;
};

Chosen chooseCommand(std::span<const std::string> arguments, std::span<const CommandSpec> specs)
{
	Chosen chosen { nullptr, {}, arguments };
	std::string name;
	while (!chosen.rest.empty()) {
		name += chosen.rest.front();
		const auto found =
			std::find_if(specs.begin(), specs.end(), [&](const auto &each) { return each.name == name; });
		const bool half = std::any_of(specs.begin(), specs.end(),
					      [&](const auto &each) { return each.name.starts_with(name + ' '); });
		if (found == specs.end() && !half)
			break;
		chosen.rest = chosen.rest.subspan(1);
		if (found != specs.end()) {
			chosen.command = &*found;
			break;
		}
		name += ' ';
		chosen.prefix = name;
	}
	return chosen;
}

/// An argument nobody took.
[[noreturn]] void refuseExtra(const std::string &extra, const Chosen &chosen)
{
	const auto words = commandWords(chosen.prefix);
	std::vector<std::string_view> known(words.begin(), words.end());
	if (chosen.command) {
		known.clear();
		for (const auto &option : chosen.command->options)
			known.push_back(option.name);
	}
	const bool isOption = extra.starts_with('-') && extra.size() > 1;
	const auto name = extra.substr(0, extra.find('='));
	const auto close = nearest(name, known);
	const auto what = isOption ? "option" : chosen.command ? "argument" : "command";
	refuse(fmt::format(
		"unknown {} \"{}\"{}; see {}", what, printable(name, 60),
		close.empty() || isOption != close.starts_with('-') ? "" : fmt::format(" (did you mean {}?)", close),
		helpCommand(chosen.command ? chosen.command->name : trim(chosen.prefix))));
}

/// CLI11 wants somewhere to put things for as long as it parses.
struct Slots {
	std::map<std::string, std::vector<std::string>, std::less<>> texts;
	std::map<std::string, bool, std::less<>> flags;
	std::string positional;
};

void addOptions(CLI::App &app, const CommandSpec &command, Slots &slots)
{
	for (const auto &option : command.options) {
		const std::string name(option.name);
		if (option.isFlag())
			app.add_flag(name, slots.flags[name]);
		else
			// One value each time, every one kept: how often is allowed is checked with a better message.
			app.add_option(name,
				       [&slots, name](const CLI::results_t &results) {
					       slots.texts[name] = results;
					       return true;
				       })
				->type_size(1)
				->expected(1)
				->type_name(std::string(option.value))
				->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
	}
	if (command.takesWords())
		app.prefix_command();
	else if (!command.positional.empty())
		app.add_option("signature", slots.positional)->type_name(std::string(command.positional));
}

void take(const CommandSpec &command, const Slots &slots, const CLI::App &app, OptionValues &values)
{
	for (const auto &option : command.options) {
		const std::string name(option.name);
		if (app.count(name) == 0)
			continue;
		if (option.isFlag()) {
			values.given[name] = { slots.flags.find(name)->second ? "true" : "false" };
			continue;
		}
		const auto &texts = slots.texts.find(name)->second;
		if (texts.size() > 1 && !option.has(kRepeatable))
			refuse(fmt::format("{} is given {} times: give it once", name, texts.size()));
		values.given[name] = texts;
	}
	values.positional = slots.positional;
	if (!command.positional.empty() && !command.takesWords() && values.positional.empty())
		refuse(fmt::format("{} is missing: {} See {}", command.positional, command.positionalHelp,
				   helpCommand(command.name)));
}

bool isValueOf(const OptionSpec &option, const CommandSpec &command, const std::string &word)
{
	if (word.starts_with('-'))
		return false;
	if (command.positional.empty())
		return true;
	const auto choices = choicesOf(option);
	return std::find(choices.begin(), choices.end(), word) != choices.end();
}

/// CLI11 asks for every value, so a value that is left out is put in.
std::vector<std::string> withImplied(const CommandSpec &command, std::span<const std::string> words)
{
	std::vector<std::string> out;
	for (std::size_t i = 0; i < words.size(); ++i) {
		const auto *option = command.find(words[i]);
		const bool last = i + 1 == words.size();
		if (option && !option->implied.empty() && (last || !isValueOf(*option, command, words[i + 1]))) {
			out.push_back(fmt::format("{}={}", words[i], option->implied));
			continue;
		}
		out.push_back(words[i]);
		if (option && !option->isFlag() && !last)
			out.push_back(words[++i]);
	}
	return out;
}

} // namespace

Parsed parseWithTable(const std::vector<std::string> &arguments, OptionValues &values,
		      std::span<const CommandSpec> commands)
{
	const auto chosen = chooseCommand(arguments, commands);
	const auto *command = chosen.command;
	const auto helpName = helpCommand(command ? command->name : trim(chosen.prefix));
	CLI::App app;
	Slots slots;
	app.allow_extras();
	app.set_help_flag("--help");
	app.set_version_flag("--version", versionText());
	std::vector<std::string> words(chosen.rest.begin(), chosen.rest.end());
	if (command) {
		addOptions(app, *command, slots);
		words = withImplied(*command, chosen.rest);
	}
	std::reverse(words.begin(), words.end());
	try {
		app.parse(words);
	} catch (const CLI::CallForHelp &) {
		return { nullptr, command ? helpOf(*command) : helpOfAll(chosen.prefix) };
	} catch (const CLI::CallForVersion &) {
		return { nullptr, versionText() };
	} catch (const CLI::ArgumentMismatch &error) {
		// CLI11 says "--room: 1 required ID missing".
		const std::string text = error.what();
		refuse(fmt::format("{} needs a value; see {}", printable(text.substr(0, text.find(':')), 60),
				   helpName));
	} catch (const CLI::ParseError &error) {
		refuse(fmt::format("{}; see {}", printable(error.what(), 200), helpName));
	}
	if (auto extras = app.remaining(true); !extras.empty()) {
		if (!command || !command->takesWords() || extras.front().starts_with('-'))
			refuseExtra(extras.front(), chosen);
		values.words = std::move(extras);
	}
	if (!command) {
		const auto next = commandWords(chosen.prefix);
		const std::span first(next.data(), next.size() - 1);
		refuse(fmt::format("a command is missing: {} or {}; see {}", fmt::join(first, ", "), next.back(),
				   helpName));
	}
	take(*command, slots, app, values);
	values.command = command;
	return { command, {} };
}

} // namespace trtc::cli
