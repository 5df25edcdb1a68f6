// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// A microphone through ALSA. Throws Exception: DeviceNotFound, InitializeFailed (in use, no permission).
SourcePlan prepareAlsa(const SourceRequest &request);
SourceText describeAlsa(const SourceRequest &request);

} // namespace trtc::media
