// SPDX-License-Identifier: MIT
#include "cli/text.h"

#include "base/utf8.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace trtc::cli {

namespace {

constexpr std::uint64_t kMaxDurationMs = 50ull * 366 * 24 * 3600 * 1000;

struct DurationUnit {
	std::string_view name;
	std::uint64_t milliseconds;
};
constexpr DurationUnit kUnits[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60'000 }, { "h", 3'600'000 }, { "d", 86'400'000 }
};

/// Letters to insert, remove, replace or swap with their neighbour.
std::size_t editDistance(std::string_view a, std::string_view b)
{
	std::vector<std::size_t> before;
	std::vector<std::size_t> row(b.size() + 1);
	std::iota(row.begin(), row.end(), std::size_t { 0 });
	for (std::size_t i = 1; i <= a.size(); ++i) {
		const auto last = row;
		row[0] = i;
		for (std::size_t j = 1; j <= b.size(); ++j) {
			row[j] =
				std::min({ last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1) });
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = std::min(row[j], before[j - 2] + 1);
		}
		before = last;
	}
	return row[b.size()];
}

} // namespace

std::chrono::milliseconds parseDuration(std::string_view text)
{
	std::uint64_t number = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
	const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
	for (const auto &known : kUnits) {
		if (error != std::errc() || unit != known.name)
			continue;
		if (number == 0 || number > kMaxDurationMs / known.milliseconds)
			break;
		return std::chrono::milliseconds(static_cast<std::int64_t>(number * known.milliseconds));
	}
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("duration \"{}\" is not allowed: use a whole number from 1 and ms, s, m, h or d, "
				    "for example 500ms, 10s, 5m, 1h, 7d",
				    printable(text, 40)));
}

std::uint64_t parseWhole(std::string_view what, std::string_view text, std::uint64_t min, std::uint64_t max)
{
	std::uint64_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < min || value > max)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("{} \"{}\" is not allowed: use a whole number from {} to {}", what,
					    printable(text, 40), min, max));
	return value;
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates)
{
	std::string_view best;
	// A third of the letters may be wrong; more is another word.
	std::size_t bestDistance = std::max<std::size_t>(1, std::min<std::size_t>(text.size(), 32) / 3) + 1;
	if (text.size() > 64)
		return best;
	for (const auto candidate : candidates) {
		const auto distance = editDistance(text, candidate);
		if (distance < bestDistance) {
			bestDistance = distance;
			best = candidate;
		}
	}
	return best;
}

std::string printable(std::string_view text, std::size_t maxBytes) { return utf8::harmless(text, maxBytes); }

std::string_view trim(std::string_view text) noexcept
{
	static constexpr std::string_view kBlank = " \t\r\n\v\f";
	const auto first = text.find_first_not_of(kBlank);
	if (first == std::string_view::npos)
		return {};
	return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator)
{
	std::vector<std::string> parts;
	for (std::size_t start = 0;;) {
		const auto end = text.find(separator, start);
		parts.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
		if (end == std::string_view::npos)
			return parts;
		start = end + 1;
	}
}

} // namespace trtc::cli
