// SPDX-License-Identifier: MIT
#pragma once

#include "service/codec_match.h"
#include "webrtc/peer_connection.h"
#include "webrtc/sdp.h"

#include <trtc/error.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Decides how the service answers an offer of the web SDK or of an agent. Pure, reentrant. What webrtcbin gets to see is
/// an offer written anew from the lines understood here: one codec a line and what repairs it, no header extensions, nothing
/// unknown.
namespace trtc::service {

/// The tracks of one publication, in the order of the SDK's uplink m-lines.
enum class Slot : std::size_t { Audio, BigVideo, SmallVideo, AuxVideo };
inline constexpr std::size_t kSlots = 4;

/// Why an offer is refused: a code of protocol::code and a sentence.
struct Refusal {
	int code = 0;
	std::string message;
};

struct Negotiated {
	std::string offer;					///< for webrtcbin
	std::vector<webrtc::AnswerLine> lines;			///< one an m-line
	std::array<std::optional<std::size_t>, kSlots> mLineOf; ///< which m-line carries a slot
	std::string videoCodec;					///< "H264", "VP8" or "" without video
	std::string videoFormat;				///< its parameters as in a=fmtp, "" for VP8
	std::optional<Refusal> refusal;				///< set: nothing else is
};

/// Uplink offer: up to one audio and three video lines (big, small, aux), all sendonly.
/// @p preferredCodec: constraintConfig.videoCodec; taken when every video line has it, else the first
/// of H264 and VP8 that they all have.
Negotiated negotiateUplink(const std::string &offer, const std::string &preferredCodec);

/// Downlink offer: up to one audio and two video lines (main, aux), all recvonly; answered as sending from the start.
/// @p videoCodec, @p videoFormat: what the publisher sends. SSRCs and stream ids follow the SDK's rules.
Negotiated negotiateDownlink(const std::string &offer, const std::string &videoCodec,
			     const std::string &videoFormat = {});

} // namespace trtc::service
