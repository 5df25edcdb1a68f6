// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// An X11 screen with its pointer. Throws Exception: DeviceNotFound (no display, nothing answers), InitializeFailed.
SourcePlan prepareScreen(const SourceRequest &request);
SourceText describeScreen(const SourceRequest &request);

} // namespace trtc::media
