// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"
#include "webrtc/sdp.h"

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Packets that were lost are asked for (NACK, RFC 4585) and sent again (RTX, RFC 4588), both by webrtcbin. Here is what it
/// has to be told for that, and what it says wrong. Reentrant.
namespace trtc::webrtc {

/// Makes every RTP session of @p webrtc send its feedback at once. Call before the first transceiver is made.
void hastenFeedback(GstElement *webrtc);

/// Answerer: the transceivers that create-answer makes for receiving ask for what is lost on the m-lines that are true here.
void repairReceived(GstElement *webrtc, std::vector<bool> lines);

/// Number of the repair format for @p payloadType, if the section has one and NACK for that type; nullopt: no repair.
std::optional<int> repairFormat(const sdp::Media &media, int payloadType);

/// The SSRC that repairs @p ssrc (RFC 5576 4.2, FID).
std::optional<std::uint32_t> repairSsrc(const sdp::Media &media, std::uint32_t ssrc);

/// Our offer with a repair format of its own for every codec. webrtcbin gives one only to the first codec of an m-line, and a
/// number that the second may have.
std::string offerRepair(const std::string &offer);

/// Our answer with the repair formats of open lines (AnswerLine::openRepairs), of which webrtcbin gives the first codec's alone.
std::string answerRepair(const std::string &answer, const std::vector<AnswerLine> &lines);

} // namespace trtc::webrtc
