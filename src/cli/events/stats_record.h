// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <trtc/stats.h>

namespace trtc::cli {

/// The figures as the event `stats` and the answer to the command `stats` have them: every kind an array, empty when there is
/// nothing of it; what is not known is left out. @p self: who the local figures belong to, as in the SDK.
Fields statsFields(const Stats &stats, const Traffic &traffic, const UserId &self);

} // namespace trtc::cli
