// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// A camera, in the mode that suits the profile best. Throws Exception: DeviceNotFound, InitializeFailed (in use, no
/// permission, no usable format).
SourcePlan prepareV4l2(const SourceRequest &request);
SourceText describeV4l2(const SourceRequest &request);

} // namespace trtc::media
