// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"

#include <trtc/error.h>

#include <string>

namespace trtc::signalling {

/// The service's own words, short and without control characters.
std::string printable(const std::string &text);

/// A reply's code in our words. @p verb: "publish", "join the room"; @p other: for codes that say nothing
/// we know. Reentrant.
Error refused(const char *verb, const protocol::ServerMessage &reply, ErrorCode other);
/// No answer came.
Error unanswered(const char *verb);

} // namespace trtc::signalling
