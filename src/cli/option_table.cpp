// SPDX-License-Identifier: MIT
#include "cli/option_table.h"

#include "cli/exit_code.h"
#include "cli/stdin_commands.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace trtc::cli {

namespace {

constexpr std::string_view kVersion = TRTC_CLI_VERSION;

constexpr OptionSpec kJoin[] = {
	{ "--server", "URL", "room service, ws:// or wss:// (default ws://127.0.0.1:8687)" },
	{ "--sdk-app-id", "N", "application (default 1400000001)" },
	{ "--user-id", "ID", "who enters: 1 to 32 bytes of A-Z a-z 0-9 _ -" },
	{ "--user-sig", "SIG", "proof of identity; rather use one of the next two, or TRTC_USER_SIG" },
	{ "--user-sig-file", "FILE", "read the UserSig from a file" },
	{ "--secret-key-file", "FILE", "sign a UserSig with the secret key in this file" },
	{ "--room", "ID", "room to enter: 1 to 4294967294" },
	{ "--string-room", "", "the room is a text of 1 to 64 characters" },
	{ "--mode", "live|rtc", "live: anchors and audience; rtc: everybody is an anchor (default live)" },
	{ "--role", "anchor|audience", "role to enter with (default anchor)" },
	{ "--video", "SOURCE", "none, test or file:PATH (default none)" },
	{ "--audio", "SOURCE", "none, test or file:PATH (default none)" },
	{ "--loop", "", "file sources start again at their end" },
	{ "--video-profile", "PROFILE", "name as in the web SDK, or WxH@FPS,KBPSk (default 480p)" },
	{ "--audio-profile", "PROFILE", "standard, standard-stereo, high, high-stereo or KBPSk (default standard)" },
	{ "--video-codec", "h264|vp8", "codec of what is encoded (default h264)" },
	{ "--no-publish", "", "an anchor waits for the command publish" },
	{ "--subscribe", "all|none|USER,...", "whose streams to receive (default all)" },
	{ "--record", "DIR", "record every subscribed user into a Matroska file in this directory" },
	{ "--play", "[SINK]",
	  "show and play: auto (default), or window, term, sound, alsa[:DEVICE] with commas between", false, "auto" },
	{ "--audio-volume", "SECONDS", "tell how loud everybody is with this period, 1 to 3600 (default off)" },
	{ "--ca-file", "FILE", "trust these certificates (PEM) instead of the system's" },
	{ "--insecure", "", "accept any certificate of the server" },
	{ "--latency", "MS", "receive buffer, 0 to 10000 (default 200 when recording, else 100)" },
	{ "--events", "json|text|none", "form of the events on stdout (default text on a terminal, else json)" },
	{ "--exit-after", "DURATION", "leave after this time" },
	{ "--expect", "EVENT[,key=value...][@DURATION]",
	  "this event must come within DURATION of the start (default 30s); may be repeated", true },
	{ "--exit-when-expected", "", "leave as soon as every expectation is met, or one has failed" },
	{ "--no-stdin", "", "take no commands from stdin" },
	{ "--log-level", "LEVEL", "error, warn, info, debug or trace (default warn)" },
	{ "--log-file", "FILE", "write the log there instead of stderr" },
};

constexpr OptionSpec kServe[] = {
	{ "--listen", "HOST:PORT", "address; port 0 picks a free one (default 127.0.0.1:8687)" },
	{ "--sdk-app-id", "N", "application whose users may enter (default 1400000001)" },
	{ "--secret-key-file", "FILE",
	  "key that signs their UserSigs; made if missing (default in the state directory)" },
	{ "--max-rooms", "N", "rooms at a time (default 1000)" },
	{ "--max-users", "N", "users in a room (default 200)" },
	{ "--max-anchors", "N", "publishing users in a room (default 50)" },
	{ "--plain-text", "", "allow an address beyond this machine without encryption" },
	{ "--events", "json|text|none", "form of the events on stdout (default text on a terminal, else json)" },
	{ "--log-level", "LEVEL", "error, warn, info, debug or trace (default warn)" },
	{ "--log-file", "FILE", "write the log there instead of stderr" },
};

constexpr OptionSpec kSign[] = {
	{ "--sdk-app-id", "N", "application (default 1400000001)" },
	{ "--user-id", "ID", "whom it is for" },
	{ "--secret-key-file", "FILE", "the application's secret key" },
	{ "--expire", "DURATION", "how long it is valid (default 24h)" },
	{ "--private-map-key", "", "make a PrivateMapKey, the ticket for one room, instead of a UserSig" },
	{ "--room", "ID", "PrivateMapKey: the room" },
	{ "--string-room", "", "PrivateMapKey: the room is a text" },
	{ "--privileges", "N", "PrivateMapKey: sum of the rights, 1 to 255 (default 255, all)" },
};

constexpr OptionSpec kVerify[] = {
	{ "--sdk-app-id", "N", "application (default 1400000001)" },
	{ "--user-id", "ID", "whom it has to be for" },
	{ "--secret-key-file", "FILE", "the application's secret key" },
	{ "--private-map-key", "", "check a PrivateMapKey instead of a UserSig" },
	{ "--room", "ID", "PrivateMapKey: the room" },
	{ "--string-room", "", "PrivateMapKey: the room is a text" },
};

constexpr CommandSpec kCommandSpecs[] = {
	{ "join", "enter a room as anchor or audience: publish, subscribe, record", "", kJoin },
	{ "serve", "run a room service on this machine", "", kServe },
	{ "usersig sign", "make a UserSig or a PrivateMapKey and print it", "", kSign },
	{ "usersig show", "print what a UserSig or PrivateMapKey says; needs no key, proves nothing", "SIG", {} },
	{ "usersig verify", "check a UserSig or PrivateMapKey", "SIG", kVerify },
};

void optionLine(std::string &out, std::string_view left, std::string_view help)
{
	static constexpr std::size_t kColumn = 30;
	static constexpr std::size_t kWidth = 100;
	auto line = fmt::format("  {}", left);
	if (line.size() + 2 > kColumn) {
		out += line + '\n';
		line.clear();
	}
	line.resize(kColumn, ' ');
	for (const auto &word : split(help, ' ')) {
		if (line.size() > kColumn && line.size() + 1 + word.size() > kWidth) {
			out += line + '\n';
			line.assign(kColumn, ' ');
		}
		line += (line.size() > kColumn ? " " : "") + word;
	}
	out += line + '\n';
}

constexpr std::string_view kHelpText = "print this and end";
constexpr std::string_view kVersionText = "print the version and end";

std::string helpOfAll(std::string_view prefix)
{
	auto out = fmt::format("usage: trtc-cli {}COMMAND [OPTION...]\n\n", prefix);
	if (prefix.empty())
		out += "A live-room agent without a screen, and a room service for it; speaks the room protocol of the "
		       "TRTC web SDK.\n\n";
	out += "Commands:\n";
	for (const auto &command : kCommandSpecs)
		if (command.name.starts_with(prefix))
			optionLine(out, command.name, command.help);
	out += "\nOptions:\n";
	optionLine(out, "--help", kHelpText);
	optionLine(out, "--version", kVersionText);
	out += fmt::format("\nOptions of a command: trtc-cli {}COMMAND --help. Each is also an environment variable: "
			   "--user-id is TRTC_USER_ID.\n",
			   prefix);
	if (prefix.empty()) {
		out += "\nExit codes:\n";
		for (const auto &row : exitCodeTable())
			optionLine(out, std::to_string(static_cast<int>(row.code)), row.meaning);
		out += "\nThe manual: man trtc-cli\n";
	}
	return out;
}

std::string helpOf(const CommandSpec &command)
{
	auto out = fmt::format("usage: trtc-cli {} [OPTION...]{}{}\n\n{}\n\nOptions:\n", command.name,
			       command.positional.empty() ? "" : " ", command.positional, command.help);
	for (const auto &option : command.options)
		optionLine(out, fmt::format("{}{}{}", option.name, option.value.empty() ? "" : " ", option.value),
			   option.help);
	optionLine(out, "--help", kHelpText);
	optionLine(out, "--version", kVersionText);
	if (!command.positional.empty())
		out += fmt::format("\n{} is the text itself, or - to read it from stdin.\n", command.positional);
	if (command.name == "join") {
		out += "\nCommands on stdin, one a line; @ID in front comes back in the answer:\n";
		for (const auto &row : commandTable())
			optionLine(out, fmt::format("{}{}{}", row.name, row.usage.empty() ? "" : " ", row.usage),
				   row.help);
	}
	if (!command.options.empty())
		out += "\nEach option is also an environment variable: --user-id is TRTC_USER_ID. The command line "
		       "wins.\n";
	return out;
}

[[noreturn]] void refuse(std::string message) { throw Exception(ErrorCode::InvalidParameter, std::move(message)); }

std::string helpCommand(std::string_view command)
{
	return fmt::format("trtc-cli {}{}--help", command, command.empty() ? "" : " ");
}

/// An argument nobody took.
[[noreturn]] void refuseExtra(const std::string &extra, const CommandSpec *command, std::string_view prefix)
{
	std::vector<std::string_view> known;
	if (command)
		for (const auto &option : command->options)
			known.push_back(option.name);
	else
		known = prefix.empty() ? std::vector<std::string_view> { "join", "serve", "usersig" }
				       : std::vector<std::string_view> { "sign", "show", "verify" };
	const bool isOption = extra.starts_with('-') && extra.size() > 1;
	const auto name = extra.substr(0, extra.find('='));
	const auto close = nearest(name, known);
	const auto what = isOption ? "option" : command ? "argument" : "command";
	refuse(fmt::format(
		"unknown {} \"{}\"{}; see {}", what, printable(name, 60),
		close.empty() || isOption != close.starts_with('-') ? "" : fmt::format(" (did you mean {}?)", close),
		helpCommand(command ? command->name : prefix.substr(0, prefix.find(' ')))));
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
		if (option.value.empty())
			app.add_flag(name, slots.flags[name]);
		else {
			// One value each time, every one kept: how often is allowed is checked with a better message.
			auto *added =
				app.add_option(name,
					       [&slots, name, alone = option.alone](const CLI::results_t &results) {
						       auto &texts = slots.texts[name] = results;
						       for (auto &text : texts)
							       if (text.empty() && !alone.empty())
								       text = alone;
						       return true;
					       })
					->type_size(1)
					->expected(1)
					->type_name(std::string(option.value))
					->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
			if (!option.alone.empty())
				added->expected(0, 1);
		}
	}
	if (!command.positional.empty())
		app.add_option("signature", slots.positional)->type_name(std::string(command.positional));
}

void take(const CommandSpec &command, const Slots &slots, const CLI::App &app, OptionValues &values)
{
	for (const auto &option : command.options) {
		const std::string name(option.name);
		if (app.count(name) == 0)
			continue;
		if (option.value.empty()) {
			values.given[name] = { slots.flags.find(name)->second ? "true" : "false" };
			continue;
		}
		const auto &texts = slots.texts.find(name)->second;
		if (texts.size() > 1 && !option.repeatable)
			refuse(fmt::format("{} is given {} times: give it once", name, texts.size()));
		values.given[name] = texts;
	}
	values.positional = slots.positional;
	if (!command.positional.empty() && values.positional.empty())
		refuse(fmt::format("{} is missing: give it, or - to read it from stdin; see {}", command.positional,
				   helpCommand(command.name)));
}

} // namespace

std::span<const CommandSpec> commandSpecs() noexcept { return kCommandSpecs; }

std::string OptionValues::variableName(std::string_view option)
{
	std::string name = "TRTC_";
	for (const char c : option.substr(2))
		name += c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
	return name;
}

std::vector<std::string> OptionValues::texts(std::string_view option) const
{
	if (const auto found = given.find(option); found != given.end())
		return found->second;
	if (const char *value = variable_(variableName(option).c_str()); value && *value)
		return { value };
	return {};
}

std::optional<std::string> OptionValues::text(std::string_view option) const
{
	auto all = texts(option);
	if (all.empty())
		return {};
	return std::move(all.front());
}

std::string OptionValues::textOr(std::string_view option, std::string_view fallback) const
{
	return text(option).value_or(std::string(fallback));
}

bool OptionValues::flag(std::string_view option) const
{
	const auto value = textOr(option, "false");
	if (value == "true" || value == "1" || value == "yes" || value == "on")
		return true;
	if (value == "false" || value == "0" || value == "no" || value == "off")
		return false;
	refuse(fmt::format("{} is \"{}\": use true or false", variableName(option), printable(value, 40)));
}

Parsed parseWithTable(const std::vector<std::string> &arguments, OptionValues &values)
{
	CLI::App app;
	Slots slots;
	std::vector<std::pair<CLI::App *, const CommandSpec *>> leaves;
	std::vector<CLI::App *> all { &app };
	CLI::App *usersig = app.add_subcommand("usersig");
	all.push_back(usersig);
	for (const auto &command : kCommandSpecs) {
		const auto words = split(command.name, ' ');
		auto *leaf = (words.size() == 2 ? usersig : &app)->add_subcommand(words.back());
		addOptions(*leaf, command, slots);
		leaves.emplace_back(leaf, &command);
		all.push_back(leaf);
	}
	for (auto *each : all) {
		each->allow_extras();
		each->set_help_flag("--help");
		each->set_version_flag("--version", std::string(kVersion));
	}

	const auto chosen = [&]() -> const CommandSpec * {
		for (const auto &[leaf, command] : leaves)
			if (leaf->parsed())
				return command;
		return nullptr;
	};
	std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
	try {
		app.parse(reversed);
	} catch (const CLI::CallForHelp &) {
		const auto *command = chosen();
		return { nullptr, command ? helpOf(*command) : helpOfAll(usersig->parsed() ? "usersig " : "") };
	} catch (const CLI::CallForVersion &) {
		return { nullptr, fmt::format("trtc-cli {}\n", kVersion) };
	} catch (const CLI::ArgumentMismatch &error) {
		// CLI11 says "--room: 1 required ID missing".
		const std::string text = error.what();
		refuse(fmt::format("{} needs a value; see {}", printable(text.substr(0, text.find(':')), 60),
				   helpCommand(chosen() ? chosen()->name : "")));
	} catch (const CLI::ParseError &error) {
		const auto *command = chosen();
		refuse(fmt::format("{}; see {}", printable(error.what(), 200),
				   helpCommand(command ? command->name : "")));
	}
	const auto *command = chosen();
	const std::string_view prefix = usersig->parsed() ? "usersig " : "";
	if (const auto extras = app.remaining(true); !extras.empty())
		refuseExtra(extras.front(), command, prefix);
	if (!command)
		refuse(fmt::format("a command is missing: {}; see {}",
				   prefix.empty() ? "join, serve or usersig" : "sign, show or verify",
				   helpCommand(prefix.substr(0, prefix.find(' ')))));
	for (const auto &[leaf, spec] : leaves)
		if (spec == command)
			take(*command, slots, *leaf, values);
	return { command, {} };
}

} // namespace trtc::cli
