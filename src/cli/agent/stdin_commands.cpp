// SPDX-License-Identifier: MIT
#include "cli/agent/stdin_commands.h"

#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace trtc::cli {

namespace {

using Arguments = std::span<const std::string>;
using Reply = CommandHost::Reply;

[[noreturn]] void refuse(std::string message) { throw Exception(ErrorCode::InvalidParameter, std::move(message)); }

MediaKind parseKind(const std::string &text)
{
	if (text == "audio")
		return MediaKind::Audio;
	if (text == "video")
		return MediaKind::Video;
	refuse(fmt::format("\"{}\" is no kind of media: use audio or video", printable(text, 40)));
}

void runHelp(CommandHost &, Arguments, Reply reply)
{
	std::vector<Fields> lines;
	for (const auto &command : commandTable())
		lines.push_back({ { "usage", std::string(command.name) + (command.usage.empty() ? "" : " ") +
						     std::string(command.usage) },
				  { "help", std::string(command.help) } });
	reply({ Unit {}, { { "commands", std::move(lines) } } });
}

void runLeave(CommandHost &host, Arguments, Reply reply) { host.leave(std::move(reply)); }

void runMute(CommandHost &host, Arguments arguments, Reply reply)
{
	host.setMuted(parseKind(arguments[0]), true, std::move(reply));
}

void runPlay(CommandHost &host, Arguments arguments, Reply reply) { host.play(UserId(arguments[0]), std::move(reply)); }

void runPublish(CommandHost &host, Arguments, Reply reply) { host.publish(std::move(reply)); }

void runSnapshot(CommandHost &host, Arguments arguments, Reply reply)
{
	host.snapshot(UserId(arguments[0]), arguments[1], std::move(reply));
}

void runStop(CommandHost &host, Arguments arguments, Reply reply) { host.stop(UserId(arguments[0]), std::move(reply)); }
void runRecordStart(CommandHost &host, Arguments arguments, Reply reply)
{
	host.startRecording(arguments.empty() ? "" : arguments[0], std::move(reply));
}

void runRecordStop(CommandHost &host, Arguments, Reply reply) { host.stopRecording(std::move(reply)); }

void runStats(CommandHost &host, Arguments, Reply reply) { host.stats(std::move(reply)); }

void runReplace(CommandHost &host, Arguments arguments, Reply reply)
{
	const bool auxiliary = arguments[0] == "aux";
	if (!auxiliary && arguments[0] != "audio" && arguments[0] != "video")
		refuse(fmt::format("\"{}\" is no track: use audio, video or aux", printable(arguments[0], 40)));
	const auto kind = auxiliary ? MediaKind::Video : parseKind(arguments[0]);
	host.replace(auxiliary ? StreamType::Auxiliary : StreamType::Main, kind, SourceSpec::parse(arguments[1], kind),
		     std::move(reply));
}

void runStreams(CommandHost &host, Arguments, Reply reply) { host.streams(std::move(reply)); }

void runSubscribe(CommandHost &host, Arguments arguments, Reply reply)
{
	SubscribeOptions options;
	if (arguments.size() > 1)
		options = { false, false, false, false };
	for (const auto &what : arguments.subspan(1)) {
		if (what == "audio")
			options.audio = true;
		else if (what == "video")
			options.video = true;
		else if (what == "small")
			options.video = options.small = true;
		else if (what == "aux")
			options.auxiliary = true;
		else
			refuse(fmt::format("\"{}\" cannot be subscribed: use audio, video, small or aux",
					   printable(what, 40)));
	}
	host.subscribe(UserId(arguments[0]), options, std::move(reply));
}

void runSwitchRole(CommandHost &host, Arguments arguments, Reply reply)
{
	if (arguments[0] == "anchor")
		host.switchRole(Role::Anchor, std::move(reply));
	else if (arguments[0] == "audience")
		host.switchRole(Role::Audience, std::move(reply));
	else
		refuse(fmt::format("\"{}\" is no role: use anchor or audience", printable(arguments[0], 40)));
}

void runUnmute(CommandHost &host, Arguments arguments, Reply reply)
{
	host.setMuted(parseKind(arguments[0]), false, std::move(reply));
}

void runUnpublish(CommandHost &host, Arguments, Reply reply) { host.unpublish(std::move(reply)); }

void runUnsubscribe(CommandHost &host, Arguments arguments, Reply reply)
{
	host.unsubscribe(UserId(arguments[0]), std::move(reply));
}

void runUsers(CommandHost &host, Arguments, Reply reply) { host.users(std::move(reply)); }

constexpr Command kCommands[] = {
	{ "help", "", "list the commands", 0, 0, runHelp },
	{ "leave", "", "leave the room, close every recording, end", 0, 0, runLeave },
	{ "mute", "audio|video", "stop sending one track without unpublishing it", 1, 1, runMute },
	{ "play", "USER", "show and play a user's streams", 1, 1, runPlay },
	{ "publish", "", "publish the sources of --video, --audio and --auxiliary", 0, 0, runPublish },
	{ "record start", "[DIR]", "record every subscribed user, into the directory of --record or another", 0, 1,
	  runRecordStart, true },
	{ "record stop", "", "close every recording; nothing more is recorded until record start", 0, 0,
	  runRecordStop },
	{ "replace", "audio|video|aux SOURCE",
	  "take another source for a track, add a track, or remove it (none), without a new negotiation", 2, 2,
	  runReplace, true },
	{ "snapshot", "USER FILE", "write a user's next keyframe to a .png or .jpg file", 2, 2, runSnapshot, true },
	{ "stats", "", "tell the figures of what is sent and received", 0, 0, runStats },
	{ "stop", "USER", "stop showing and playing a user's streams", 1, 1, runStop },
	{ "streams", "", "list what the others publish", 0, 0, runStreams },
	{ "subscribe", "USER [audio|video|small|aux]...", "receive a user's streams, or only these parts of them", 1, 5,
	  runSubscribe },
	{ "switch-role", "anchor|audience", "change the role", 1, 1, runSwitchRole },
	{ "unmute", "audio|video", "send a muted track again", 1, 1, runUnmute },
	{ "unpublish", "", "stop publishing", 0, 0, runUnpublish },
	{ "unsubscribe", "USER", "stop receiving a user's streams", 1, 1, runUnsubscribe },
	{ "users", "", "list the other users that are known", 0, 0, runUsers },
};

std::string arityMessage(const Command &command, std::size_t given)
{
	if (command.maxArgs == 0)
		return fmt::format("{} takes no arguments, got {}", command.name, given);
	const auto range = command.minArgs == command.maxArgs ? std::to_string(command.minArgs)
			   : command.minArgs == 0	      ? fmt::format("at most {}", command.maxArgs)
						  : fmt::format("{} to {}", command.minArgs, command.maxArgs);
	return fmt::format("{} takes {} argument{} ({}), got {}", command.name, range, command.maxArgs == 1 ? "" : "s",
			   command.usage, given);
}

std::size_t wordsOf(const Command &command) { return command.name.find(' ') == std::string_view::npos ? 1 : 2; }

/// A name of one or two words at the beginning of the line.
bool names(const Command &command, const CommandLine &line)
{
	if (wordsOf(command) == 1)
		return command.name == line.words[0];
	return line.words.size() > 1 && command.name == line.words[0] + ' ' + line.words[1];
}

const Command &findCommand(const CommandLine &line)
{
	if (line.words.empty())
		refuse("a command is missing after the id; help lists the commands");
	const auto &name = line.words[0];
	const auto *found = std::find_if(std::begin(kCommands), std::end(kCommands),
					 [&](const Command &command) { return names(command, line); });
	if (found == std::end(kCommands)) {
		std::vector<std::string_view> known, second;
		for (const auto &command : kCommands) {
			const auto space = command.name.find(' ');
			known.push_back(command.name.substr(0, space));
			if (space != std::string_view::npos && known.back() == name)
				second.push_back(command.name.substr(space + 1));
		}
		if (!second.empty())
			refuse(fmt::format("{} needs a second word: {}", name,
					   fmt::join(second, second.size() > 2 ? ", " : " or ")));
		const auto close = nearest(name, known);
		refuse(fmt::format("unknown command \"{}\"{}; help lists the commands", printable(name, 40),
				   close.empty() ? "" : fmt::format(" (did you mean {}?)", close)));
	}
	auto given = line.words.size() - wordsOf(*found);
	if (found->tail)
		given = std::min(given, found->maxArgs);
	if (given < found->minArgs || given > found->maxArgs)
		refuse(arityMessage(*found, given));
	return *found;
}

std::vector<std::string> argumentsOf(const Command &command, const CommandLine &line)
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

} // namespace

std::span<const Command> commandTable() noexcept { return kCommands; }

CommandLine splitCommand(std::string_view line)
{
	CommandLine result;
	auto rest = trim(line);
	if (rest.starts_with('@')) {
		const auto end = std::min(rest.find_first_of(" \t"), rest.size());
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

void runCommand(CommandHost &host, const CommandLine &line, Reply reply)
{
	// Shared: a handler that throws has not used its copy.
	const auto once = std::make_shared<Reply>(std::move(reply));
	try {
		const auto &command = findCommand(line);
		command.run(host, argumentsOf(command, line),
			    [once](CommandOutcome outcome) { (*once)(std::move(outcome)); });
	} catch (const Exception &error) {
		(*once)({ error.error(), {} });
	}
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

} // namespace trtc::cli
