// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Small things about text that the command line needs in several places. All reentrant.
namespace trtc::cli {

/// A number and a unit: `500ms`, `10s`, `5m`, `1h`, `7d`; 1 ms to 50 years.
/// Throws Exception(InvalidParameter) naming the text and what is allowed.
std::chrono::milliseconds parseDuration(std::string_view text);

/// A decimal whole number, digits only. Throws Exception(InvalidParameter) naming @p what and the range.
std::uint64_t parseWhole(std::string_view what, std::string_view text, std::uint64_t min, std::uint64_t max);

/// The candidate that was probably meant by @p text; empty when none is close.
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

/// utf8::harmless(): without control characters, so that a foreign text cannot steer a terminal; cut after @p maxBytes.
std::string printable(std::string_view text, std::size_t maxBytes = std::string_view::npos);

std::string_view trim(std::string_view text) noexcept;
std::vector<std::string> split(std::string_view text, char separator);

} // namespace trtc::cli
