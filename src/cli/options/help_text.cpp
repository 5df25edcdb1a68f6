// SPDX-License-Identifier: MIT
#include "cli/options/help_text.h"

#include "cli/agent/stdin_commands.h"
#include "cli/exit_code.h"
#include "cli/serve/service_commands.h"
#include "cli/text.h"

#include <fmt/format.h>

namespace trtc::cli {

namespace {

constexpr std::string_view kVersion = TRTC_CLI_VERSION;
constexpr std::string_view kHelpText = "print this help and exit";
constexpr std::string_view kVersionText = "print the version and exit";

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

} // namespace

std::string helpOfAll(std::string_view prefix)
{
	auto out = fmt::format("usage: trtc-cli {}COMMAND [OPTION...]\n\n", prefix);
	if (prefix.empty())
		out += "A headless client and server for TRTC live rooms. It speaks the room protocol of the TRTC web "
		       "SDK.\n\n";
	out += "Commands:\n";
	for (const auto &command : commandSpecs())
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
	auto out = fmt::format("usage: trtc-cli {} [OPTION...]{}{}{}\n\n{}\n\nOptions:\n", command.name,
			       command.positional.empty() ? ""
			       : command.takesWords()	  ? " ["
							  : " ",
			       command.positional, command.takesWords() ? "]" : "", command.help);
	for (const auto &option : command.options)
		optionLine(out, usageOf(option), helpOf(option));
	optionLine(out, "--help", kHelpText);
	optionLine(out, "--version", kVersionText);
	if (!command.positional.empty())
		out += fmt::format("\n{}\n", command.positionalHelp);
	if (command.name == "join" || command.name == "serve") {
		out += "\nCommands on stdin, one per line; a leading @ID is copied into the answer:\n";
		for (const auto &row :
		     command.name == "join" ? shapesOf(commandTable()) : shapesOf(serviceCommandTable()))
			optionLine(out, fmt::format("{}{}{}", row.name, row.usage.empty() ? "" : " ", row.usage),
				   row.help);
	}
	if (!command.options.empty())
		out += "\nEach option is also an environment variable (--user-id is TRTC_USER_ID) and a key of the "
		       "configuration file\n(user-id). Precedence: command line, environment, file.\n";
	return out;
}

std::string versionText() { return fmt::format("trtc-cli {}\n", kVersion); }

} // namespace trtc::cli
