// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>

namespace trtc::client {

/// The SDK's time-out of the try 1, 2, 3 … to come back, with the signalling or with a link: 2, 2, 3, 3, 5, 5, 8, 8 and then
/// 13 s each. A try begins no earlier than the time-out of the one before it.
inline std::chrono::milliseconds tryTimeout(int tries) noexcept
{
	constexpr int kSeconds[] = { 2, 2, 3, 3, 5, 5, 8, 8, 13 };
	const auto index = static_cast<std::size_t>(std::max(tries, 1) - 1);
	return std::chrono::seconds(kSeconds[std::min(index, std::size(kSeconds) - 1)]);
}

} // namespace trtc::client
