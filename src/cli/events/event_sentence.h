// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_text.h"
#include "cli/events/field_reader.h"

#include <string_view>

namespace trtc::cli {

/// Tells one kind of event.
using SentenceWriter = Prose (*)(const FieldReader &fields);
/// Null for an event without one. Reentrant.
SentenceWriter sentenceOf(std::string_view event) noexcept;

} // namespace trtc::cli
