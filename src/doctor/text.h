// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

/// Times and words as the findings say them. All reentrant.
namespace trtc::doctor {

/// "2026-11-23 07:16:30 UTC"
std::string dateText(std::int64_t unixSeconds);
/// "42 s", "17 min", "3 h 20 min", "12 days"
std::string spanText(std::int64_t seconds);
/// For a shell: as it is, or in quotes.
std::string shellText(const std::string &text);

} // namespace trtc::doctor
