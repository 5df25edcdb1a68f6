// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// Figures as a person reads them, with their units. All reentrant.
namespace trtc::cli {

std::string durationText(std::chrono::milliseconds time);  ///< "87 ms", "12.3 s", "2 min 5 s", "1 h 2 min"
std::string bytesText(std::int64_t bytes);		   ///< "512 bytes", "93 kB", "1.2 MB"
std::string bitrateText(double kbps);			   ///< "950 kbit/s", "1.2 Mbit/s"
std::string codecText(std::string_view codec);		   ///< "h264" → "H.264"; an unknown name stays as it is
std::string countText(std::int64_t count, const char *of); ///< "1 picture", "2 pictures"

} // namespace trtc::cli
