// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>

#include <string>
#include <string_view>

namespace trtc::signalling {

/// As the SDK's encodeURIComponent. Reentrant.
std::string percentEncoded(std::string_view text);
/// Where the channel is opened: the parameters of the SDK, in its order. Holds the UserSig: never log it. Reentrant.
std::string trtcUrl(const ClientConfig &config, const JoinOptions &options);

} // namespace trtc::signalling
