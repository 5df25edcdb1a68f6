// SPDX-License-Identifier: MIT
#include "doctor/text.h"

#include <fmt/format.h>

#include <ctime>

namespace trtc::doctor {

std::string dateText(std::int64_t unixSeconds)
{
	const auto seconds = static_cast<std::time_t>(unixSeconds);
	std::tm utc {};
	if (!gmtime_r(&seconds, &utc))
		return fmt::format("{} s since 1970", unixSeconds);
	return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
			   utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string spanText(std::int64_t seconds)
{
	if (seconds < 120)
		return fmt::format("{} s", seconds);
	if (seconds < 2 * 3600)
		return fmt::format("{} min", seconds / 60);
	if (seconds < 48 * 3600)
		return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
	return fmt::format("{} days", seconds / 86400);
}

std::string shellText(const std::string &text)
{
	if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
						    "/._-+=:@%,") == std::string::npos)
		return text;
	std::string out = "'";
	for (const char c : text)
		out += c == '\'' ? std::string("'\\''") : std::string(1, c);
	return out + "'";
}

} // namespace trtc::doctor
