// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// A gst-launch chain of the user's that ends in raw video or raw audio. Throws Exception(InitializeFailed) with
/// GStreamer's words.
SourcePlan preparePipeline(const SourceRequest &request);
SourceText describePipeline(const SourceRequest &request);

} // namespace trtc::media
