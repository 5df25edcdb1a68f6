// SPDX-License-Identifier: MIT
#include "cli/options/option_values.h"

#include "cli/text.h"

#include <trtc/error.h>

#include <fmt/format.h>

namespace trtc::cli {

std::string OptionValues::variableName(std::string_view option)
{
	std::string name = "TRTC_";
	for (const char c : option.substr(2))
		name += c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
	return name;
}

Said OptionValues::said(std::string_view option) const
{
	if (const auto found = given.find(option); found != given.end())
		return { Layer::CommandLine, found->second, "command line" };
	const auto *spec = command ? command->find(option) : nullptr;
	auto name = variableName(option);
	const bool hasVariable = !spec || !spec->has(kNotInEnvironment);
	if (const char *value = hasVariable ? variable_(name.c_str()) : nullptr; value && *value)
		return { Layer::Environment, { value }, std::move(name) };
	if (const auto found = file.find(option); found != file.end() && !found->second.texts.empty())
		return { found->second.top ? Layer::FileTop : Layer::FileTable, found->second.texts,
			 found->second.place };
	if (spec && spec->isFlag())
		return { Layer::Default, { "false" }, "default" };
	if (spec && !spec->byDefault.empty())
		return { Layer::Default, { std::string(spec->byDefault) }, "default" };
	return { Layer::Default, {}, "default" };
}

std::vector<std::string> OptionValues::texts(std::string_view option) const
{
	auto all = said(option);
	return all.layer == Layer::Default ? std::vector<std::string> {} : std::move(all.texts);
}

std::optional<std::string> OptionValues::text(std::string_view option) const
{
	auto all = texts(option);
	if (all.empty())
		return {};
	return std::move(all.front());
}

std::string OptionValues::value(std::string_view option) const
{
	auto all = said(option).texts;
	return all.empty() ? std::string() : std::move(all.front());
}

bool OptionValues::flag(std::string_view option) const
{
	const auto value = text(option).value_or("false");
	if (value == "true" || value == "1" || value == "yes" || value == "on")
		return true;
	if (value == "false" || value == "0" || value == "no" || value == "off")
		return false;
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("{} is \"{}\": use true or false", variableName(option), printable(value, 40)));
}

} // namespace trtc::cli
