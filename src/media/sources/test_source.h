// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// The measurable test picture and sound (test_pattern.h), live. Frame n is due at n / fps seconds of the process
/// timeline, sample m at m / 48000 of the same: flash and beep start in the same instant.
SourcePlan prepareTest(const SourceRequest &request);
SourceText describeTest(const SourceRequest &request);

} // namespace trtc::media
