// SPDX-License-Identifier: MIT
#include "cli/options/help_text.h"

#include "cli/agent/stdin_commands.h"
#include "cli/exit_code.h"
#include "cli/serve/service_commands.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace trtc::cli {

namespace {

constexpr std::string_view kVersion = TRTC_CLI_VERSION;
constexpr std::string_view kHelpText = "print this help and exit";
constexpr std::string_view kVersionText = "print the version and exit";

/// Builds a text of at most that many columns, unless a single word is longer.
class Page {
public:
	explicit Page(std::size_t columns)
		: columns_(std::max<std::size_t>(columns, 40)), indent_(std::min<std::size_t>(30, columns_ * 3 / 8))
	{
	}

	/// Words of @p text, each line @p indent columns to the right. The first line goes on at @p line.
	void paragraph(std::string_view text, std::size_t indent = 0, std::string line = {})
	{
		line.resize(std::max(line.size(), indent), ' ');
		bool first = true;
		for (const auto &word : split(text, ' ')) {
			if (!first && line.size() + 1 + word.size() > columns_) {
				text_ += line + '\n';
				line.assign(indent, ' ');
				first = true;
			}
			line += (first ? "" : " ") + word;
			first = false;
		}
		text_ += line + '\n';
	}
	/// Two columns; a name that is too long for its column has a line of its own.
	void row(std::string_view name, std::string_view help)
	{
		auto line = fmt::format("  {}", name);
		if (line.size() + 2 > indent_) {
			text_ += line + '\n';
			line.clear();
		}
		paragraph(help, indent_, std::move(line));
	}
	void heading(std::string_view title)
	{
		blank();
		paragraph(fmt::format("{}:", title));
	}
	void blank() { text_ += '\n'; }
	std::string take() { return std::move(text_); }

private:
	const std::size_t columns_, indent_;
	std::string text_;
};

void helpAndVersion(Page &page)
{
	page.row("-h, --help", kHelpText);
	page.row("-V, --version", kVersionText);
}

} // namespace

std::size_t helpColumns(const char *columnsVariable)
{
	constexpr unsigned kMost = 1000;
	unsigned columns = 0;
	if (columnsVariable) {
		const std::string_view text(columnsVariable);
		const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
		if (error == std::errc() && end == text.data() + text.size() && columns > 0 && columns <= kMost)
			return columns;
	}
	winsize size {};
	if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return kHelpColumns;
}

std::string helpOfAll(std::string_view prefix, std::size_t columns)
{
	Page page(columns);
	page.paragraph(fmt::format("usage: trtc-cli {}COMMAND [OPTION...]", prefix));
	if (prefix.empty()) {
		page.blank();
		page.paragraph("A headless client and server for TRTC live rooms. It speaks the room protocol of the "
			       "TRTC web SDK.");
	}
	page.heading("Commands");
	for (const auto &command : commandSpecs())
		if (command.name.starts_with(prefix))
			page.row(command.name, command.help);
	page.heading("Options");
	helpAndVersion(page);
	page.blank();
	page.paragraph(
		fmt::format("Help of a command: trtc-cli help {}COMMAND. Each option is also an environment variable: "
			    "--user-id is TRTC_USER_ID.",
			    prefix));
	if (prefix.empty()) {
		page.heading("Exit codes");
		for (const auto &each : exitCodeTable())
			page.row(std::to_string(static_cast<int>(each.code)), each.meaning);
		page.blank();
		page.paragraph("The manual: man trtc-cli");
	}
	return page.take();
}

std::string helpOf(const CommandSpec &command, std::size_t columns)
{
	Page page(columns);
	page.paragraph(fmt::format("usage: trtc-cli {}{}{}{}{}", command.name,
				   command.options.empty() ? "" : " [OPTION...]",
				   command.positional.empty() ? ""
				   : command.takesWords()     ? " ["
							      : " ",
				   command.positional, command.takesWords() ? "]" : ""));
	page.blank();
	page.paragraph(command.help);
	if (command.groups.empty())
		page.heading("Options");
	for (const auto &option : command.options) {
		for (const auto &group : command.groups)
			if (group.first == option.name)
				page.heading(group.title);
		page.row(usageOf(option), helpOf(option));
	}
	if (!command.groups.empty())
		page.heading("Help");
	helpAndVersion(page);
	if (!command.positional.empty()) {
		page.blank();
		page.paragraph(command.positionalHelp);
	}
	if (command.name == "join" || command.name == "serve") {
		page.heading("Commands on stdin, one per line; a leading @ID is copied into the answer");
		for (const auto &each :
		     command.name == "join" ? shapesOf(commandTable()) : shapesOf(serviceCommandTable()))
			page.row(fmt::format("{}{}{}", each.name, each.usage.empty() ? "" : " ", each.usage),
				 each.help);
	}
	if (!command.options.empty()) {
		page.blank();
		page.paragraph(
			"Each option is also an environment variable (--user-id is TRTC_USER_ID) and a key of the "
			"configuration file (user-id). Precedence: command line, environment, file.");
	}
	return page.take();
}

std::string versionText() { return fmt::format("trtc-cli {}\n", kVersion); }

} // namespace trtc::cli
