// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace trtc {

/// The SDK's time-outs of the tries 1, 2, 3 … to come back, of the channel and of links; the last one holds for all that
/// follow. A try begins no earlier than the time-out of the one before it, however soon that one failed.
using TryTimeouts = std::array<std::chrono::milliseconds, 9>;
inline constexpr TryTimeouts kTryTimeouts = [] {
	using namespace std::chrono_literals;
	return TryTimeouts { 2s, 2s, 3s, 3s, 5s, 5s, 8s, 8s, 13s };
}();

/// @p number: 1 and up. Reentrant.
constexpr std::chrono::milliseconds tryTimeout(int number, const TryTimeouts &timeouts = kTryTimeouts)
{
	return timeouts[std::min(static_cast<std::size_t>(std::max(number, 1)), timeouts.size()) - 1];
}

} // namespace trtc
