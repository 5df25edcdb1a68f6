// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <algorithm>
#include <cstdlib>

namespace trtc::utf8 {

namespace {

constexpr char32_t kBad = 0xfffd;

/// Bytes of a character with this first byte; 0: no character begins with it.
std::size_t lengthOf(unsigned char first) noexcept
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

} // namespace

Character first(std::string_view text) noexcept
{
	if (text.empty())
		return {};
	const auto lead = static_cast<unsigned char>(text[0]);
	const auto length = lengthOf(lead);
	if (length == 1)
		return { lead, 1 };
	if (length == 0 || text.size() < length)
		return { kBad, 1 };
	char32_t value = lead & (0x7fu >> length);
	for (const char c : text.substr(1, length - 1)) {
		const auto byte = static_cast<unsigned char>(c);
		if ((byte & 0xc0) != 0x80)
			return { kBad, 1 };
		value = (value << 6) | (byte & 0x3fu);
	}
	static constexpr char32_t kLeast[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return { kBad, 1 };
	return { value, length };
}

bool steersTerminal(char32_t c) noexcept
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == kBad)
		return true;
	return c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string harmless(std::string_view text, std::size_t maxBytes)
{
	std::string out;
	for (std::size_t taken = 0; !text.empty();) {
		const auto character = first(text);
		taken += character.bytes;
		if (taken > maxBytes)
			return out + "...";
		if (steersTerminal(character.value))
			out += '?';
		else
			out += text.substr(0, character.bytes);
		text.remove_prefix(character.bytes);
	}
	return out;
}

std::string ascii(std::string_view text)
{
	std::string out;
	while (!text.empty()) {
		const auto character = first(text);
		out += character.value < 0x80 ? static_cast<char>(character.value) : '?';
		text.remove_prefix(character.bytes);
	}
	return out;
}

bool localeShowsUtf8(const std::function<const char *(const char *)> &variable)
{
	for (const char *name : { "LC_ALL", "LC_CTYPE", "LANG" }) {
		const char *value = variable(name);
		if (!value || !*value)
			continue;
		std::string locale(value);
		std::transform(locale.begin(), locale.end(), locale.begin(),
			       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
		return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
	}
	return true;
}

bool localeShowsUtf8()
{
	return localeShowsUtf8([](const char *name) -> const char * { return std::getenv(name); });
}

} // namespace trtc::utf8
