// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"

#include <trtc/error.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace trtc::protocol {

/// Largest message read, after inflation. An SDK offer is some 8 KiB; a full list of 50 publishers below 8 KiB.
inline constexpr std::size_t kMaxMessageBytes = 256 * 1024;
/// Largest SDP read inside a message, bytes.
inline constexpr std::size_t kMaxSdpBytes = 128 * 1024;

/// Text to message, for the service. Never throws: every malformed input gives an Error whose
/// message names the field and the reason (code InvalidParameter). Reentrant.
Result<ClientMessage> parseClientMessage(std::string_view text);
/// Text to message, for the agent. Unknown `cmd` numbers give Event as sent and payload Ack.
Result<ServerMessage> parseServerMessage(std::string_view text);

/// Message to text, one JSON object without line breaks. Reentrant.
std::string encode(const ClientMessage &message);
std::string encode(const ServerMessage &message);

/// Answer to a schedule request (`POST /api/v1/config`), which clients with a scheduleProxy or unifiedProxy send before anything
/// else: signalling and logs are to go to @p host, "name:port". Reentrant.
std::string scheduleAnswer(std::string_view host);

/// The reply event a command waits for, or 0 if it waits for none (also for Other: its cmd decides).
int replyEventFor(const Command &command);

} // namespace trtc::protocol
