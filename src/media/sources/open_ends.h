// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <trtc/types.h>

#include <gst/gst.h>

#include <string>

/// The source pads of a chain that lead nowhere yet: those it has now, and those that come when it runs (decodebin,
/// demuxers).
namespace trtc::media {

struct OpenEnds {
	gst::PadPtr fitting; ///< the first that gives raw media of the kind, or may give it
	std::string other;   ///< what the others give: "audio/x-raw and video/x-h264"; "": there are none
	bool later = false;  ///< some elements make pads when they run
};

/// @p chain: as gst-launch text makes it, without ghost pads.
OpenEnds openEnds(GstBin *chain, MediaKind kind);

/// Links the first end that gives raw media of @p kind, now or when it comes, to @p tail; all others flow into nothing.
/// When every pad has come and none fits, @p chain posts an error. Before it plays; both are in one pipeline.
void linkOpenEnds(GstBin *chain, MediaKind kind, gst::PadPtr tail);

/// "raw video (video/x-raw)".
std::string rawMediaName(MediaKind kind);

} // namespace trtc::media
