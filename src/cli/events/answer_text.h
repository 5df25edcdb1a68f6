// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_text.h"
#include "cli/events/field_reader.h"

#include <string>
#include <vector>

/// Answers to commands, figures and lists, for people. All reentrant.
namespace trtc::cli {

Prose answerText(const FieldReader &answer);  ///< `command-result`
Prose statsText(const FieldReader &stats);    ///< the event `stats`, and the answer to the command of that name
Prose summaryText(const FieldReader &fields); ///< `summary`
Prose planProse(const FieldReader &plan);     ///< `plan`

/// "audio and video", "nothing", from the fields with these names.
std::string mediaText(const FieldReader &fields, std::string_view audio, std::string_view video,
		      std::string_view smallVideo = {}, std::string_view auxVideo = {});

} // namespace trtc::cli
