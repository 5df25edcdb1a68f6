// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace trtc::webrtc {

/// The 32 bits at byte @p at of an RTP or RTCP packet, in network order (RFC 3550 4). There must be four bytes from there on.
inline std::uint32_t word(std::span<const std::uint8_t> bytes, std::size_t at)
{
	return std::uint32_t { bytes[at] } << 24 | std::uint32_t { bytes[at + 1] } << 16 |
	       std::uint32_t { bytes[at + 2] } << 8 | bytes[at + 3];
}

} // namespace trtc::webrtc
