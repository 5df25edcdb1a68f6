// SPDX-License-Identifier: MIT
#include "base/quote.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

namespace trtc::usersig {

namespace {

struct Named {
	std::string_view name;
	std::uint32_t bits;
};
using namespace privilege;
constexpr Named kNames[] = {
	{ "create", kCreateRoom },	    { "enter", kEnterRoom },	    { "send-audio", kSendAudio },
	{ "receive-audio", kReceiveAudio }, { "send-video", kSendVideo },   { "receive-video", kReceiveVideo },
	{ "send-aux", kSendAux },	    { "receive-aux", kReceiveAux },
};
constexpr Named kGroups[] = {
	{ "send", kSendAudio | kSendVideo | kSendAux },
	{ "receive", kReceiveAudio | kReceiveVideo | kReceiveAux },
	{ "all", kAll },
};

std::uint32_t bitsOf(std::string_view name)
{
	for (const auto &table : { std::span<const Named>(kNames), std::span<const Named>(kGroups) })
		for (const auto &each : table)
			if (each.name == name)
				return each.bits;
	return 0;
}

} // namespace

std::string privilegeNames(std::uint32_t privileges)
{
	std::vector<std::string> names;
	for (const auto &each : kNames)
		if (privileges & each.bits)
			names.emplace_back(each.name);
	if (const auto rest = privileges & ~kAll)
		names.push_back(std::to_string(rest));
	return fmt::format("{}", fmt::join(names, ","));
}

std::uint32_t parsePrivileges(std::string_view text)
{
	std::uint32_t sum = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sum);
	if (error == std::errc() && end == text.data() + text.size() && sum >= 1 && sum <= kAll)
		return sum;
	sum = 0;
	for (auto rest = text;;) {
		const auto comma = std::min(rest.find(','), rest.size());
		const auto bits = bitsOf(rest.substr(0, comma));
		if (bits == 0)
			throw Exception(ErrorCode::InvalidParameter,
					fmt::format("privileges {} are not allowed: {} is unknown; use create, enter, "
						    "send-audio, receive-audio, send-video, receive-video, send-aux, "
						    "receive-aux, send, receive or all with commas between, or their "
						    "sum from 1 to 255",
						    inQuotes(text), inQuotes(rest.substr(0, comma), 40)));
		sum |= bits;
		if (comma == rest.size())
			return sum;
		rest.remove_prefix(comma + 1);
	}
}

} // namespace trtc::usersig
