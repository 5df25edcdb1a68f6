// SPDX-License-Identifier: MIT
#include "json/grammar.h"

#include <fmt/format.h>
#include <glib.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

namespace trtc::json {

namespace {

bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }

int hexValue(char c) noexcept
{
	if (isDigit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

class Scanner {
public:
	Scanner(std::string_view text, std::size_t maxDepth, std::size_t maxValues)
		: text_(text), maxDepth_(maxDepth), maxValues_(maxValues)
	{
	}

	std::string run()
	{
		if (document() && (space(), at_ != text_.size()))
			failed("text after the end");
		return problem_;
	}

private:
	bool failed(std::string_view why)
	{
		if (problem_.empty())
			problem_ = fmt::format("{} at byte {}", why, at_);
		return false;
	}
	char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
	bool take(char c) noexcept
	{
		if (peek() != c || at_ >= text_.size())
			return false;
		++at_;
		return true;
	}
	void space() noexcept
	{
		while (at_ < text_.size() &&
		       (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
			++at_;
	}
	bool word(std::string_view expected)
	{
		if (text_.substr(at_, expected.size()) != expected)
			return failed("not a JSON value");
		at_ += expected.size();
		return true;
	}

	bool codeUnit(unsigned &unit)
	{
		unit = 0;
		for (int i = 0; i < 4; ++i, ++at_) {
			const int digit = hexValue(peek());
			if (digit < 0)
				return failed("bad \\u escape");
			unit = unit * 16 + static_cast<unsigned>(digit);
		}
		return true;
	}

	bool escape()
	{
		const char c = peek();
		++at_;
		if (c != 'u')
			return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos && c != '\0'
				       ? true
				       : failed("unknown escape");
		unsigned unit = 0, low = 0;
		if (!codeUnit(unit))
			return false;
		if (unit == 0)
			return failed("NUL in a string");
		if (unit >= 0xdc00 && unit <= 0xdfff)
			return failed("half of a surrogate pair");
		if (unit >= 0xd800 && unit <= 0xdbff) {
			if (!take('\\') || !take('u'))
				return failed("half of a surrogate pair");
			if (!codeUnit(low))
				return false;
			if (low < 0xdc00 || low > 0xdfff)
				return failed("half of a surrogate pair");
		}
		return true;
	}

	bool string()
	{
		if (!take('"'))
			return failed("string expected");
		while (at_ < text_.size()) {
			const char c = text_[at_];
			if (static_cast<unsigned char>(c) < 0x20)
				return failed("control character in a string");
			++at_;
			if (c == '"')
				return true;
			if (c == '\\' && !escape())
				return false;
		}
		return failed("string without end");
	}

	bool number()
	{
		const auto begin = at_;
		take('-');
		if (!isDigit(peek()))
			return failed("not a JSON value");
		if (!take('0'))
			digits();
		else if (isDigit(peek()))
			return failed("number with a leading zero");
		bool whole = true;
		if (take('.')) {
			whole = false;
			if (!digits())
				return failed("number without digits");
		}
		if (take('e') || take('E')) {
			whole = false;
			if (!take('+'))
				take('-');
			if (!digits())
				return failed("number without digits");
		}
		const std::string token(text_.substr(begin, at_ - begin));
		std::int64_t integer = 0;
		const bool fits =
			whole ? std::from_chars(token.data(), token.data() + token.size(), integer).ec == std::errc()
			      : std::isfinite(g_ascii_strtod(token.c_str(), nullptr));
		if (!fits)
			return failed("number out of range");
		return true;
	}

	bool digits() noexcept
	{
		const auto begin = at_;
		while (isDigit(peek()))
			++at_;
		return at_ > begin;
	}

	/// Opens a container or reads a scalar. @p opened: a container that is not empty yet begins here.
	bool value(bool &opened)
	{
		opened = false;
		if (++values_ > maxValues_)
			return failed(fmt::format("more than {} values", maxValues_));
		space();
		if (at_ >= text_.size())
			return failed("unexpected end");
		switch (const char c = text_[at_]) {
		case '{':
		case '[':
			if (open_.size() >= maxDepth_)
				return failed(fmt::format("nested deeper than {}", maxDepth_));
			++at_;
			space();
			if (take(c == '{' ? '}' : ']'))
				return true;
			open_.push_back(c);
			opened = true;
			return c == '[' || name();
		case '"':
			return string();
		case 't':
			return word("true");
		case 'f':
			return word("false");
		case 'n':
			return word("null");
		default:
			return number();
		}
	}

	bool name()
	{
		space();
		if (!string())
			return false;
		space();
		return take(':') || failed("colon expected");
	}

	bool document()
	{
		for (;;) {
			bool opened = false;
			if (!value(opened))
				return false;
			if (opened)
				continue;
			// A value is complete: close what ends here, or go on to the next member.
			for (;;) {
				if (open_.empty())
					return true;
				space();
				const bool object = open_.back() == '{';
				if (take(',')) {
					if (object && !name())
						return false;
					break;
				}
				if (!take(object ? '}' : ']'))
					return failed(object ? "comma or } expected" : "comma or ] expected");
				open_.pop_back();
			}
		}
	}

	std::string_view text_;
	std::size_t at_ = 0;
	std::size_t maxDepth_, maxValues_, values_ = 0;
	std::vector<char> open_;
	std::string problem_;
};

} // namespace

std::string checkGrammar(std::string_view text, std::size_t maxDepth, std::size_t maxValues)
{
	return Scanner(text, maxDepth, maxValues).run();
}

} // namespace trtc::json
