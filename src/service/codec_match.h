// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/sdp.h"

#include <optional>
#include <string>
#include <vector>

/// Which format of an offer fits. Pure, reentrant.
namespace trtc::service {

/// RFC 6184 8.1, table 5, as far as decoders differ. Baseline counts as constrained baseline: what only the former has (FMO,
/// ASO) no encoder of a call writes.
enum class H264Profile { Baseline, Main, ConstrainedHigh, High };

struct H264Format {
	bool mode1 = false; ///< packetization-mode 1; otherwise every packet is one NAL unit
	H264Profile profile = H264Profile::Baseline;
};

/// From the value of a=fmtp. Nullopt: a packetization mode or a profile that is not forwarded (interleaved, extended, 4:2:2).
std::optional<H264Format> h264Format(const std::string &fmtp);

/// Of what is offered, the format of @p name ("H264", "VP8", "OPUS") that fits best what rooms send; empty: none does.
/// @p published: what the publisher of H.264 sends; then it is the format that decodes it, of the same profile if there is one.
std::optional<webrtc::sdp::RtpMap> findCodec(const std::vector<webrtc::sdp::RtpMap> &maps, const std::string &name,
					     const std::optional<H264Format> &published = std::nullopt);

/// The parameters that go into the answer: the offer's own for H.264, without what the SDK glues on.
std::string answerFmtp(const webrtc::sdp::RtpMap &map);

} // namespace trtc::service
