// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>

/// The headers of an H.264 stream (ITU-T H.264 7.3), as far as they say who can decode it. Reentrant.
namespace trtc::media::h264 {

/// One sequence parameter set.
struct Sequence {
	unsigned profile = 0;		       ///< profile_idc
	bool constrained = false;	       ///< constraint_set1_flag: with profile 66 it is Constrained Baseline
	unsigned chroma = 1;		       ///< chroma_format_idc; 1 is 4:2:0
	unsigned bitDepth = 8;		       ///< the larger one of luma and chroma
	bool interlaced = false;	       ///< frame_mbs_only_flag is 0
	int width = 0, height = 0;	       ///< pixels, without the cropped ones
	int sarWidth = 1, sarHeight = 1;       ///< shape of a pixel; 1:1 when the stream does not say
	unsigned pictureOrder = 0;	       ///< pic_order_cnt_type; 2 excludes reordering
	std::optional<unsigned> reorderFrames; ///< max_num_reorder_frames; empty: not said
	bool operator==(const Sequence &) const = default;
};

/// @p unit: a NAL unit of type 7 with its first byte. Empty when it ends too early or holds impossible values.
std::optional<Sequence> parseSequence(std::span<const std::uint8_t> unit);

/// True for a slice (NAL unit of type 1 or 5) that predicts from two directions.
bool isBidirectional(std::span<const std::uint8_t> unit);

} // namespace trtc::media::h264
