// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"

#include <trtc/error.h>

#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

#include <memory>
#include <string>
#include <vector>

/// What we say in SDP: the caps that make webrtcbin say it, and what is mended in its words before they go out. Reentrant.
namespace trtc::webrtc {

/// Payload types of our own offers; the numbers Chromium uses.
inline constexpr int kOpusPt = 111, kH264Pt = 102, kVp8Pt = 96;
/// Their repair formats (RTX).
inline constexpr int kOpusRepairPt = 112, kH264RepairPt = 103, kVp8RepairPt = 97;

/// RTP caps of one codec for `codec-preferences` of our own offers.
std::string codecCaps(VideoCodec codec);
std::string opusCaps();

/// webrtcbin's offer, with what it cannot say: the H.264 profile. Without what we do not do: transport-cc feedback.
std::string finishOffer(const std::string &text);

/// webrtcbin's answer with the SSRCs, those that repair them, stream ids and format parameters of @p lines. Error Internal when a line has not
/// the direction that was planned.
Result<std::string> finishAnswer(const std::string &text, const std::vector<AnswerLine> &lines);

struct FreeDescription {
	void operator()(GstWebRTCSessionDescription *description) const noexcept
	{
		gst_webrtc_session_description_free(description);
	}
};
using DescriptionPtr = std::unique_ptr<GstWebRTCSessionDescription, FreeDescription>;

/// Null when GStreamer cannot parse @p text.
DescriptionPtr makeDescription(GstWebRTCSDPType type, const std::string &text);

} // namespace trtc::webrtc
