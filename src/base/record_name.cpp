// SPDX-License-Identifier: MIT
#include <trtc/config.h>
#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace trtc {

namespace {

/// A field and the longest text it can become, bytes.
struct Known {
	std::string_view name;
	std::size_t maxBytes;
};
constexpr Known kKnown[] = {
	{ "room", 64 }, // a string room's limit
	{ "user", 32 }, // a user id's
	{ "type", 9 },	// "auxiliary"
	{ "time", 16 }, // "20240501T120000Z"
	{ "n", 6 },
};
/// A file name has 255 bytes on the file systems there are; some are left for the number and the extension.
constexpr std::size_t kMaxBytes = 240;

[[noreturn]] void refuse(std::string_view text, const std::string &reason)
{
	std::string shown;
	for (const char c : text.substr(0, 120))
		shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("recording name \"{}\" is not allowed: {}", shown, reason));
}

/// Calls @p literal and @p field for the parts of the text, in order.
template <class Literal, class Field>
void takeApart(std::string_view text, Literal literal, Field field)
{
	while (!text.empty()) {
		const auto open = text.find('{');
		literal(text.substr(0, open));
		if (open == std::string_view::npos)
			return;
		text.remove_prefix(open + 1);
		const auto close = text.find('}');
		field(text.substr(0, close), close != std::string_view::npos);
		text.remove_prefix(close == std::string_view::npos ? text.size() : close + 1);
	}
}

} // namespace

RecordName RecordName::parse(std::string_view text)
{
	if (text.empty())
		refuse(text, "it is empty; the fields are {room}, {user}, {type}, {time} and {n}");
	std::size_t longest = 0;
	takeApart(
		text,
		[&](std::string_view literal) {
			longest += literal.size();
			for (const char c : literal) {
				if (c == '/')
					refuse(text, "it contains a slash; name the directory with --record");
				if (c == '}')
					refuse(text, "a } has no {");
				if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
					refuse(text, "it contains a control character");
			}
		},
		[&](std::string_view field, bool closed) {
			if (!closed)
				refuse(text, "a { has no }");
			const auto *known = std::find_if(std::begin(kKnown), std::end(kKnown),
							 [&](const Known &each) { return each.name == field; });
			if (known == std::end(kKnown))
				refuse(text, fmt::format("the field {{{}}} does not exist; the fields are {{room}}, "
							 "{{user}}, {{type}}, {{time}} and {{n}}",
							 field));
			longest += known->maxBytes;
		});
	if (longest > kMaxBytes)
		refuse(text, fmt::format("it can become {} bytes long, the limit is {}", longest, kMaxBytes));
	RecordName name;
	name.text_ = text;
	return name;
}

std::string RecordName::expand(const Values &values, unsigned number) const
{
	std::string out;
	bool numbered = false;
	takeApart(
		text_, [&](std::string_view literal) { out += literal; },
		[&](std::string_view field, bool) {
			numbered = numbered || field == "n";
			out += field == "room"	 ? values.room
			       : field == "user" ? values.user
			       : field == "type" ? values.type
			       : field == "time" ? values.time
						 : std::to_string(number);
		});
	if (!numbered && number > 1)
		out += fmt::format("-{}", number);
	return out;
}

} // namespace trtc
