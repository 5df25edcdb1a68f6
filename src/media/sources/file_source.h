// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// One file, audio and video on one timeline. Looks into it, and reads all of its H.264; blocks up to 10 s. Throws
/// Exception: DeviceNotFound (no such file, not readable), InitializeFailed (empty, nothing GStreamer can demux or
/// decode, the asked kind is not in it).
SourcePlan prepareFile(const SourceRequest &request);
/// Looks into it, too.
SourceText describeFile(const SourceRequest &request);

} // namespace trtc::media
