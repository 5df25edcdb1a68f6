// SPDX-License-Identifier: MIT
#include "terminal/text.h"

#include "base/utf8.h"

#include <glib.h>

namespace trtc::terminal {

std::size_t styleLength(std::string_view text) noexcept
{
	if (text.size() < 3 || text[0] != '\x1b' || text[1] != '[')
		return 0;
	const auto end = text.find_first_not_of("0123456789;:", 2);
	return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

int columnsOf(char32_t character) noexcept
{
	if (utf8::steersTerminal(character))
		return 1;
	if (g_unichar_iszerowidth(character))
		return 0;
	return g_unichar_iswide(character) ? 2 : 1;
}

int columnsOf(std::string_view text) noexcept
{
	int columns = 0;
	while (!text.empty()) {
		if (const auto style = styleLength(text)) {
			text.remove_prefix(style);
			continue;
		}
		const auto character = utf8::first(text);
		columns += columnsOf(character.value);
		text.remove_prefix(character.bytes);
	}
	return columns;
}

std::string clean(std::string_view text, bool styled)
{
	std::string out;
	out.reserve(text.size());
	while (!text.empty()) {
		if (const auto style = styled ? styleLength(text) : 0) {
			out += text.substr(0, style);
			text.remove_prefix(style);
			continue;
		}
		const auto character = utf8::first(text);
		if (character.value == '\n')
			out += '\n';
		else if (character.value == '\r' && text.starts_with("\r\n"))
			; // the line feed does it
		else if (character.value == '\t')
			out += ' ';
		else if (utf8::steersTerminal(character.value))
			out += '?';
		else
			out += text.substr(0, character.bytes);
		text.remove_prefix(character.bytes);
	}
	return out;
}

std::string cut(std::string_view text, int columns)
{
	std::string out;
	bool style = false;
	while (!text.empty()) {
		if (const auto length = styleLength(text)) {
			out += text.substr(0, length);
			text.remove_prefix(length);
			style = true;
			continue;
		}
		const auto character = utf8::first(text);
		columns -= columnsOf(character.value);
		if (columns < 0) {
			if (style)
				out += "\x1b[0m";
			break;
		}
		out += text.substr(0, character.bytes);
		text.remove_prefix(character.bytes);
	}
	return out;
}

} // namespace trtc::terminal
