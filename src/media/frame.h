// SPDX-License-Identifier: MIT
#pragma once

#include "media/sei.h"

#include <trtc/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace trtc::media {

enum class Codec { H264, Vp8, Opus };
const char *toString(Codec codec) noexcept; ///< "h264", "vp8", "opus"

/// One encoded access unit (H.264: Annex B with start codes, parameter sets in front of every IDR) or one Opus packet.
struct EncodedFrame {
	MediaKind kind = MediaKind::Audio;
	Codec codec = Codec::Opus;
	std::chrono::nanoseconds time { 0 }; ///< process timeline, lip-synchronised by RTCP
	bool keyframe = true;
	int width = 0, height = 0; ///< video: pixels, 0 until known
	int channels = 0;	   ///< audio
	std::shared_ptr<const std::vector<std::uint8_t>> data;
	/// H.264: messages that came with this frame, or with one before it that was of no use. They are in the data, too.
	std::vector<sei::Message> messages;
};

} // namespace trtc::media
