// SPDX-License-Identifier: MIT
#include "cli/options/option_layers.h"

#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include <unistd.h>

namespace trtc::cli {

namespace {

/// Variables that begin with one of these mean something that is no option.
constexpr std::array<std::string_view, 2> kReservedVariables { "TRTC_REPORT", "TRTC_TEST_" };

} // namespace

void warnOfVariables(const Surroundings &surroundings)
{
	if (!surroundings.warn || surroundings.variables.empty())
		return;
	std::set<std::string> names;
	for (const auto &command : commandSpecs())
		for (const auto &option : command.options)
			names.insert(OptionValues::variableName(option.name));
	const std::vector<std::string_view> known(names.begin(), names.end());
	for (const auto &name : surroundings.variables) {
		const auto reserved = [&](std::string_view start) { return name.starts_with(start); };
		if (names.count(name) || std::any_of(kReservedVariables.begin(), kReservedVariables.end(), reserved))
			continue;
		const auto close = nearest(name, known);
		surroundings.warn(fmt::format("warning: environment variable {} does not match any option{}",
					      printable(name, 60),
					      close.empty() ? "" : fmt::format(" (did you mean {}?)", close)));
	}
}

std::string loadConfig(const CommandSpec &command, const Surroundings &surroundings, OptionValues &values)
{
	if (!command.find("--config"))
		return {};
	const auto named = values.text("--config");
	if (named && named->empty())
		throw Exception(ErrorCode::InvalidParameter, "--config is empty: name a file, or /dev/null for none");
	auto path = named ? *named : defaultConfigPath(surroundings.variable);
	if (path.empty())
		return {};
	values.file = readConfig(path, named.has_value(), command, surroundings.warn);
	return named || ::access(path.c_str(), F_OK) == 0 ? path : std::string();
}

Error withPlace(Error error, const OptionValues &values)
{
	const auto end = error.message.find_first_not_of("-abcdefghijklmnopqrstuvwxyz");
	const auto option = std::string_view(error.message).substr(0, end);
	if (!values.command || !values.command->find(option))
		return error;
	const auto said = values.said(option);
	if (said.layer != Layer::Default && said.layer != Layer::CommandLine)
		error.message += fmt::format(" (from {})", said.place);
	return error;
}

std::string withoutSecrets(const OptionSpec &option, const std::string &text)
{
	static constexpr std::string_view kRedacted = "<redacted>";
	if (option.has(kSecret))
		return text.empty() ? text : std::string(kRedacted);
	// scheme://user:password@host, and turn:user:password@host
	const auto at = text.rfind('@');
	const auto scheme = text.find(':');
	if (option.kind != Kind::Url || at == std::string::npos || scheme == std::string::npos || scheme > at)
		return text;
	const auto start = text.find_first_not_of('/', scheme + 1);
	return text.substr(0, std::min(start, at)).append(kRedacted) + text.substr(at);
}

std::vector<SettledOption> settledOptions(const OptionValues &values,
					  const std::map<std::string_view, std::string> &computed)
{
	std::vector<SettledOption> out;
	for (const auto &option : values.command->options) {
		auto said = values.said(option.name);
		const auto found = computed.find(option.name);
		if (said.layer == Layer::Default && found != computed.end())
			said.texts = { found->second };
		if (said.texts.empty())
			said.texts.emplace_back();
		if (option.isFlag())
			said.texts = { values.flag(option.name) ? "true" : "false" };
		for (const auto &text : said.texts)
			out.push_back({ std::string(option.name), withoutSecrets(option, text), said.place });
	}
	return out;
}

} // namespace trtc::cli
