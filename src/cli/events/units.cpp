// SPDX-License-Identifier: MIT
#include "cli/events/units.h"

#include <fmt/format.h>
#include <glib.h>

#include <utility>

namespace trtc::cli {

std::string durationText(std::chrono::milliseconds time)
{
	const auto ms = time.count();
	if (ms < 1000)
		return fmt::format("{} ms", ms);
	// 59.95 s and more would be rounded to "60.0 s".
	if (ms < 59'950)
		return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
	const auto seconds = (ms + 500) / 1000;
	if (seconds < 3600)
		return fmt::format("{} min {} s", seconds / 60, seconds % 60);
	return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string bytesText(std::int64_t bytes)
{
	const auto value = static_cast<double>(bytes);
	if (bytes < 1000)
		return countText(bytes, "byte");
	if (value < 999'500)
		return fmt::format("{:.0f} kB", value / 1e3);
	return value < 999.95e6 ? fmt::format("{:.1f} MB", value / 1e6) : fmt::format("{:.1f} GB", value / 1e9);
}

std::string bitrateText(double kbps)
{
	return kbps < 999.5 ? fmt::format("{:.0f} kbit/s", kbps) : fmt::format("{:.1f} Mbit/s", kbps / 1000);
}

std::string codecText(std::string_view codec)
{
	static constexpr std::pair<const char *, const char *> kNames[] = {
		{ "h264", "H.264" },
		{ "h265", "H.265" },
		{ "vp8", "VP8" },
		{ "opus", "Opus" },
	};
	const std::string text(codec);
	for (const auto &[name, shown] : kNames)
		if (g_ascii_strcasecmp(text.c_str(), name) == 0)
			return shown;
	return text;
}

std::string countText(std::int64_t count, const char *of)
{
	return fmt::format("{} {}{}", count, of, count == 1 ? "" : "s");
}

} // namespace trtc::cli
