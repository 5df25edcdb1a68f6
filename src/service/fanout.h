// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"
#include "service/rtp_rewriter.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace trtc::service {

/// One incoming RTP stream to many connections, without decoding, on shared payload memory; each has a rewriter of its own.
/// Packets come on the uplink's streaming thread and go out on it, so that nobody's negotiation delays them; the loop only
/// changes the list of routes.
class Fanout {
public:
	/// @p encodingName: "H264", "VP8", "OPUS". Video begins at a keyframe.
	explicit Fanout(std::string encodingName) : encodingName_(std::move(encodingName)) {}

	/// @p route gets what comes, and says itself (select() with source()) whether it takes it. Idempotent. Thread-safe.
	void add(const std::shared_ptr<RtpRewriter> &route);
	void remove(const RtpRewriter *route);
	/// What routes know this stream by.
	RtpRewriter::Source source() const noexcept { return this; }
	/// Of the RTP timestamps.
	unsigned clockRate() const noexcept { return encodingName_ == "OPUS" ? 48000 : 90000; }
	/// Off: packets are dropped (unpublished, muted). Thread-safe.
	void enable(bool on);
	/// True if somebody listens. Thread-safe.
	bool wanted();
	/// True if a keyframe has begun since @p time. Thread-safe.
	bool keyframeSince(std::chrono::steady_clock::time_point time);
	/// One RTP packet, borrowed. Streaming thread.
	void packet(GstBuffer *buffer);

private:
	std::string encodingName_;
	std::mutex mutex_; // held for one packet or one change
	bool enabled_ = true;
	bool parametersSeen_ = false; ///< H.264: SPS come in the stream
	std::chrono::steady_clock::time_point lastKeyframe_ {};
	std::vector<std::shared_ptr<RtpRewriter>> routes_;
};

/// True if this RTP payload begins a frame that a decoder can start with (RFC 6184, RFC 7741). Reentrant.
bool startsKeyframe(const std::string &encodingName, const std::uint8_t *payload, std::size_t size);
/// True if this H.264 payload holds, or begins, a sequence parameter set.
bool startsParameters(const std::uint8_t *payload, std::size_t size);

} // namespace trtc::service
