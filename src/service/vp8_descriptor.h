// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace trtc::service {

/// What stands in front of the VP8 data of an RTP packet (RFC 7741 4.2), as far as a forwarder has to know it.
struct Vp8Descriptor {
	static constexpr std::size_t kMaxSize = 6;

	std::size_t size = 0;	  ///< bytes; 0: it is cut short
	bool startsFrame = false; ///< the first packet of a frame
	/// Where they are, in bytes from the beginning; 0: not there.
	std::size_t pictureIdAt = 0, tl0PicIdxAt = 0;
	bool longPictureId = false;  ///< 15 bits, else 7
	std::uint16_t pictureId = 0; ///< one a frame, +1 each
	std::uint8_t tl0PicIdx = 0;  ///< one a frame of the lowest temporal layer

	/// Reentrant.
	static Vp8Descriptor parse(const std::uint8_t *payload, std::size_t size) noexcept;
	/// All bits of a picture id of this length.
	std::uint16_t pictureIdMask() const noexcept { return longPictureId ? 0x7fff : 0x7f; }
};

} // namespace trtc::service
