// SPDX-License-Identifier: MIT
#pragma once

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
	std::optional<Refusal> refusal;				///< set: nothing else is
};

/// Of what is offered, the format of @p name ("H264", "VP8", "OPUS") that fits best what rooms send; empty: none does.
std::optional<webrtc::sdp::RtpMap> findCodec(std::vector<webrtc::sdp::RtpMap> maps, const std::string &name);
/// The parameters that go into the answer: the offer's own for H.264, without what the SDK glues on.
std::string answerFmtp(const webrtc::sdp::RtpMap &map);

/// Uplink offer: up to one audio and three video lines (big, small, aux), all sendonly.
/// @p preferredCodec: constraintConfig.videoCodec; taken when the offer has it, else the first of H264 and VP8 offered.
Negotiated negotiateUplink(const std::string &offer, const std::string &preferredCodec);

/// Downlink offer: up to one audio and two video lines (main, aux), all recvonly; answered as sending from the start.
/// @p videoCodec: what the publisher sends. SSRCs and stream ids follow the SDK's rules.
Negotiated negotiateDownlink(const std::string &offer, const std::string &videoCodec);

} // namespace trtc::service
