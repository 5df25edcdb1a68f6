// SPDX-License-Identifier: MIT
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace trtc::service {

/// Tells the log about a limit once a minute at most, so that who runs into it a thousand times does not fill the disk.
/// Thread-bound.
class MinuteLog {
public:
	void warn(const std::string &limit, const std::string &text)
	{
		auto &entry = entries_[limit];
		const auto now = std::chrono::steady_clock::now();
		if (entry.told && now - *entry.told < std::chrono::minutes(1)) {
			++entry.untold;
			return;
		}
		if (entry.untold > 0)
			spdlog::warn("{} ({} more like it since the last line)", text, entry.untold);
		else
			spdlog::warn("{}", text);
		entry = { now, 0 };
	}

private:
	struct Entry {
		std::optional<std::chrono::steady_clock::time_point> told;
		std::uint64_t untold = 0;
	};
	std::map<std::string, Entry> entries_;
};

} // namespace trtc::service
