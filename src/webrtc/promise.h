// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/session_description.h"

#include <trtc/main_loop.h>

#include <functional>
#include <string>

namespace trtc::webrtc {

/// Outcome of a webrtcbin action: @p error is empty on success; @p sdp is the description that was asked for.
using ActionDone = std::function<void(const std::string &error, const std::string &sdp)>;

/// Emits create-offer or create-answer; @p field names the description in the reply ("offer", "answer"). The reply comes
/// on webrtcbin's thread; @p done runs on the loop, also after webrtcbin went to NULL. It must hold its owner weakly.
void createDescription(MainLoop &loop, GstElement *webrtc, const char *action, const char *field, ActionDone done);

/// Emits set-local-description or set-remote-description.
void setDescription(MainLoop &loop, GstElement *webrtc, const char *action, const DescriptionPtr &description,
		    ActionDone done);

} // namespace trtc::webrtc
