// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

namespace trtc::media {

/// Notices that pictures come in and none comes out, so that a keyframe is asked for again. The depayloaders ask once, when they
/// have lost something, and RTCP is not repeated: if that one packet is lost, a publisher that makes keyframes only when asked (a
/// browser) would leave the picture frozen for ever. One thread's, the one on which packets go in and frames come out.
class FreezeWatch {
public:
	/// Ends of pictures without a frame that are no freeze: the parser may hold one back, a muted picture leave one behind.
	static constexpr int kPatience = 3;

	/// An RTP packet goes in. True if a keyframe is wanted; then again after as many pictures.
	bool packet(std::span<const std::uint8_t> rtp)
	{
		// The marker bit ends a picture (RFC 6184 5.1, RFC 7741 4.1).
		if (rtp.size() < 2 || !(rtp[1] & 0x80) || ++ended_ < kPatience)
			return false;
		ended_ = 0;
		return true;
	}

	/// A frame comes out.
	void frame() noexcept { ended_ = 0; }

private:
	int ended_ = 0; // pictures since the last frame
};

} // namespace trtc::media
