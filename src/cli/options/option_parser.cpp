// SPDX-License-Identifier: MIT
#include "cli/options/option_parser.h"

#include "base/refuse.h"
#include "cli/options/help_text.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

bool asksForHelp(std::string_view word) { return word == "-h" || word == "--help"; }
bool asksForVersion(std::string_view word) { return word == "-V" || word == "--version"; }

/// `--X` and `--no-X`.
bool opposites(std::string_view a, std::string_view b)
{
	const auto negates = [](std::string_view no, std::string_view yes) {
		return no.starts_with("--no-") && yes.starts_with("--") && no.substr(5) == yes.substr(2);
	};
	return negates(a, b) || negates(b, a);
}

/// What was probably meant by @p text: names that begin with it, else the nearest one; never its opposite.
std::string meant(std::string_view text, std::vector<std::string_view> known)
{
	constexpr std::size_t kShortest = 4, kMost = 4;
	std::erase_if(known, [&](std::string_view each) {
		return opposites(text, each) || text.starts_with('-') != each.starts_with('-');
	});
	std::vector<std::string_view> longer;
	if (text.size() >= kShortest)
		std::copy_if(known.begin(), known.end(), std::back_inserter(longer),
			     [&](std::string_view each) { return each.starts_with(text); });
	if (longer.empty() || longer.size() > kMost)
		longer = { nearest(text, known) };
	if (longer.front().empty())
		return {};
	const std::span first(longer.data(), longer.size() - 1);
	return fmt::format(" (did you mean {}{}{}?)", fmt::join(first, ", "), first.empty() ? "" : " or ",
			   longer.back());
}

/// What an option does that is not there because it is the default, or because its opposite is an option.
std::string explained(std::string_view name, const CommandSpec &command)
{
	if (name == "--publish" && command.find("--no-publish"))
		return ": an anchor with --video or --audio publishes when it joins; the command publish does it later";
	if (name.starts_with("--no-") && command.find(fmt::format("--{}", name.substr(5))))
		return fmt::format(": leave --{} out", name.substr(5));
	if (name.size() > 2 && command.find(fmt::format("--no-{}", name.substr(2))))
		return fmt::format(": that is the default, --no-{} switches it off", name.substr(2));
	return {};
}

/// An argument that belongs to nothing.
[[noreturn]] void refuseExtra(const std::string &extra, const Chosen &chosen)
{
	const auto words = commandWords(chosen.prefix);
	std::vector<std::string_view> known(words.begin(), words.end());
	if (chosen.command) {
		known.clear();
		for (const auto &option : chosen.command->options)
			known.push_back(option.name);
	}
	known.insert(known.end(), { "--help", "--version" });
	const bool isOption = extra.starts_with('-') && extra.size() > 1;
	const auto name = extra.substr(0, extra.find('='));
	const auto what = isOption ? "option" : chosen.command ? "argument" : "command";
	auto hint = chosen.command ? explained(name, *chosen.command) : std::string();
	if (hint.empty())
		hint = meant(name, known);
	const auto place = std::find(chosen.rest.begin(), chosen.rest.end(), extra);
	if (chosen.command && isOption && place != chosen.rest.begin() && place != chosen.rest.end())
		if (const auto *before = chosen.command->find(*(place - 1)); before && !before->implied.empty())
			hint += fmt::format(
				" ({} has no value here and means {}; a value that begins with - needs an =, as "
				"in {}={})",
				before->name, before->implied, before->name, printable(extra, 40));
	refuse(fmt::format("unknown {} \"{}\"{}; see {}", what, printable(name, 60), hint,
			   helpCommand(chosen.command ? chosen.command->name : trim(chosen.prefix))));
}

/// The help of the program, of a group of commands, or of one command.
std::string helpFor(std::vector<std::string> words, std::span<const CommandSpec> commands, std::size_t columns)
{
	std::erase_if(words, [](const std::string &word) { return word.starts_with('-'); });
	const auto chosen = chooseCommand(words, commands);
	if (!chosen.rest.empty())
		refuseExtra(chosen.rest.front(), chosen);
	return chosen.command ? helpOf(*chosen.command, columns) : helpOfAll(chosen.prefix, columns);
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

/// CLI11 takes any next word for the value. One that begins with -- is the next option: the value was forgotten.
void checkValue(const OptionSpec &option, const std::string &word)
{
	if (word.size() > 2 && word.starts_with("--"))
		refuse(fmt::format(
			"{} needs a value, but \"{}\" follows: use {}, or {}={} for a value that begins with --",
			option.name, printable(word, 40), usageOf(option), option.name, printable(word, 40)));
}

/// CLI11 asks for every value, so a value that is left out is put in.
std::vector<std::string> withImplied(const CommandSpec &command, std::span<const std::string> words)
{
	std::vector<std::string> out;
	for (std::size_t i = 0; i < words.size(); ++i) {
		const bool last = i + 1 == words.size();
		if (command.takesWords() && !words[i].starts_with('-')) {
			// From here on everything belongs to the command that is sent.
			out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
			break;
		}
		const auto *option = command.find(words[i]);
		if (option && !option->implied.empty() && (last || !isValueOf(*option, command, words[i + 1]))) {
			out.push_back(fmt::format("{}={}", words[i], option->implied));
			continue;
		}
		out.push_back(words[i]);
		if (!option || option->isFlag() || last)
			continue;
		const auto &value = words[++i];
		if (asksForHelp(value) || asksForVersion(value))
			return { value };
		checkValue(*option, value);
		out.push_back(value);
	}
	return out;
}

} // namespace

Parsed parseWithTable(const std::vector<std::string> &arguments, OptionValues &values,
		      std::span<const CommandSpec> commands, std::size_t columns)
{
	const auto chosen = chooseCommand(arguments, commands);
	const auto *command = chosen.command;
	if (!command && chosen.rest.empty())
		return { nullptr, helpOfAll(chosen.prefix, columns) };
	if (!command && (asksForHelp(chosen.rest.front()) || chosen.rest.front() == "help")) {
		std::vector<std::string> about(arguments.begin(), arguments.end() - std::ssize(chosen.rest));
		about.insert(about.end(), chosen.rest.begin() + 1, chosen.rest.end());
		return { nullptr, helpFor(std::move(about), commands, columns) };
	}
	const auto helpName = helpCommand(command ? command->name : trim(chosen.prefix));
	CLI::App app;
	Slots slots;
	app.allow_extras();
	app.set_help_flag("-h,--help");
	app.set_version_flag("-V,--version", versionText());
	std::vector<std::string> words(chosen.rest.begin(), chosen.rest.end());
	if (command) {
		addOptions(app, *command, slots);
		words = withImplied(*command, chosen.rest);
	}
	std::reverse(words.begin(), words.end());
	try {
		app.parse(words);
	} catch (const CLI::CallForHelp &) {
		return { nullptr, command ? helpOf(*command, columns) : helpOfAll(chosen.prefix, columns) };
	} catch (const CLI::CallForVersion &) {
		return { nullptr, versionText() };
	} catch (const CLI::ArgumentMismatch &error) {
		// CLI11 says "--room: 1 required ID missing".
		const std::string text = error.what();
		refuse(fmt::format("{} needs a value; see {}", printable(text.substr(0, text.find(':')), 60),
				   helpName));
	} catch (const CLI::ConversionError &error) {
		// Only a flag is converted: "Could not convert: --loop = maybe".
		const std::string text = error.what();
		const auto start = std::min(text.find("--"), text.size());
		refuse(fmt::format("{} is a flag: give it alone, or as =true or =false; see {}",
				   printable(text.substr(start, text.find_first_of(" =:", start) - start), 60),
				   helpName));
	} catch (const CLI::ParseError &error) {
		refuse(fmt::format("{}; see {}", printable(error.what(), 200), helpName));
	}
	if (auto extras = app.remaining(true); !extras.empty()) {
		if (!command || !command->takesWords() || extras.front().starts_with('-'))
			refuseExtra(extras.front(), chosen);
		values.words = std::move(extras);
	}
	if (!command)
		return { nullptr, helpOfAll(chosen.prefix, columns) };
	if (command->name == "help")
		return { nullptr, helpFor(std::move(values.words), commands, columns) };
	if (command->name == "version")
		return { nullptr, versionText() };
	take(*command, slots, app, values);
	values.command = command;
	return { command, {} };
}

} // namespace trtc::cli
