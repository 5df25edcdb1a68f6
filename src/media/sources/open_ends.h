// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <trtc/types.h>

#include <gst/gst.h>

#include <string>

/// The unlinked source pads of a pipeline: existing pads, and pads added at run time (decodebin, demuxers).
namespace trtc::media {

struct OpenEnds {
	gst::PadPtr fitting; ///< the first that delivers, or may deliver, raw media of the kind
	std::string other;   ///< media of the others: "audio/x-raw and video/x-h264"; "": none
	bool later = false;  ///< some elements add pads at run time
};

/// @p chain: parsed from gst-launch text, without ghost pads.
OpenEnds openEnds(GstBin *chain, MediaKind kind);

/// Links the first end with raw media of @p kind to @p tail and discards the data of the others. If no pad fits in the
/// end, @p chain posts an error. Call it before playing; both must be in one pipeline.
void linkOpenEnds(GstBin *chain, MediaKind kind, gst::PadPtr tail);

/// "raw video (video/x-raw)".
std::string rawMediaName(MediaKind kind);

} // namespace trtc::media
