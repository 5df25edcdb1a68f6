// SPDX-License-Identifier: MIT
#include "cli/options/config_file.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::cli {

namespace {

constexpr std::string_view kHead =
	"# Configuration of trtc-cli, see trtc-cli.toml(5).\n"
	"#\n"
	"# Copy it to ~/.config/trtc-cli/config.toml or name it with --config, and uncomment the lines you change.\n"
	"# Every key is an option of the same name. A key above the first table applies to every command that has\n"
	"# the option. A key in a command's table applies to that command only, and overrides the key above.\n"
	"# Precedence: command line, environment (TRTC_USER_ID), file, default.\n"
	"# Each line shows the default; \"\" means not set.\n";

void comment(std::string &out, std::string_view text)
{
	static constexpr std::size_t kWidth = 100;
	std::string line = "#";
	for (const auto &word : split(text, ' ')) {
		if (line.size() > 1 && line.size() + 1 + word.size() > kWidth) {
			out += line + '\n';
			line = "#";
		}
		line += ' ' + word;
	}
	out += line + '\n';
}

std::string defaultValue(const OptionSpec &option)
{
	if (option.isFlag())
		return "false";
	if (option.has(kRepeatable))
		return "[]";
	if (option.kind == Kind::Number && !option.byDefault.empty())
		return std::string(option.byDefault);
	return fmt::format("\"{}\"", option.byDefault);
}

} // namespace

std::string sampleConfig()
{
	std::string out(kHead);
	for (const auto &command : commandSpecs()) {
		std::string keys;
		for (const auto &option : command.options) {
			if (option.has(kNotInFile))
				continue;
			keys += '\n';
			comment(keys, option.isFlag() ? std::string(option.help)
						      : fmt::format("{} - {}", option.value, option.help));
			keys += fmt::format("#{} = {}\n", option.name.substr(2), defaultValue(option));
		}
		if (keys.empty())
			continue;
		auto name = std::string(command.name);
		std::replace(name.begin(), name.end(), ' ', '.');
		out += fmt::format("\n# trtc-cli {}: {}\n[{}]\n{}", command.name, command.help, name, keys);
	}
	return out;
}

} // namespace trtc::cli
