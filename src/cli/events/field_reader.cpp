// SPDX-License-Identifier: MIT
#include "cli/events/field_reader.h"

#include "cli/events/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::cli {

const FieldValue *FieldReader::find(std::string_view name) const noexcept
{
	const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field &f) { return f.name == name; });
	return found == fields_.end() ? nullptr : &found->value;
}

std::string FieldReader::text(std::string_view name) const
{
	const auto *value = find(name);
	return value ? toText(*value) : std::string();
}

std::optional<double> FieldReader::number(std::string_view name) const noexcept
{
	const auto *value = find(name);
	if (const auto *real = value ? std::get_if<double>(value) : nullptr)
		return *real;
	if (const auto *number = value ? std::get_if<std::int64_t>(value) : nullptr)
		return static_cast<double>(*number);
	return {};
}

std::int64_t FieldReader::whole(std::string_view name) const noexcept
{
	const auto *value = find(name);
	const auto *number = value ? std::get_if<std::int64_t>(value) : nullptr;
	return number ? *number : 0;
}

bool FieldReader::flag(std::string_view name) const noexcept
{
	const auto *value = find(name);
	const auto *flag = value ? std::get_if<bool>(value) : nullptr;
	return flag && *flag;
}

const std::vector<Fields> *FieldReader::list(std::string_view name) const noexcept
{
	const auto *value = find(name);
	return value ? std::get_if<std::vector<Fields>>(value) : nullptr;
}

std::string FieldReader::duration(std::string_view name) const
{
	return has(name) ? durationText(std::chrono::milliseconds(whole(name))) : std::string();
}

std::string FieldReader::room(std::string_view name) const
{
	const auto text = this->text(name);
	const auto *value = find(name);
	const bool string = value && std::holds_alternative<std::string>(*value);
	const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
	return string && (digits || text.find_first_of(" \t") != std::string::npos) ? fmt::format("\"{}\"", text)
										    : text;
}

std::string FieldReader::words(std::string_view name) const
{
	auto text = this->text(name);
	std::replace(text.begin(), text.end(), '-', ' ');
	return text;
}

} // namespace trtc::cli
