// SPDX-License-Identifier: MIT
#include "cli/options/option_table.h"

#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::cli {

const OptionSpec *CommandSpec::find(std::string_view option) const noexcept
{
	const auto found =
		std::find_if(options.begin(), options.end(), [&](const auto &each) { return each.name == option; });
	return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> choicesOf(const OptionSpec &option)
{
	return option.kind == Kind::Choice ? split(option.value, '|') : std::vector<std::string> {};
}

std::string usageOf(const OptionSpec &option)
{
	if (option.isFlag())
		return std::string(option.name);
	const bool needed = option.implied.empty();
	return fmt::format("{} {}{}{}", option.name, needed ? "" : "[", option.value, needed ? "" : "]");
}

std::string helpOf(const OptionSpec &option)
{
	if (option.byDefault.empty())
		return std::string(option.help);
	return fmt::format("{} (default {})", option.help, option.byDefault);
}

} // namespace trtc::cli
