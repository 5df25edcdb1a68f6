// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"
#include "service/rtp_rewriter.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace trtc::service {

/// One incoming RTP stream to many connections, without decoding, on shared payload memory; each has a rewriter of its own.
/// Packets come on the uplink's streaming thread and go out on it, so that nobody's negotiation delays them; the loop only
/// changes the list of routes.
class Fanout {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	using Clock = TimePoint (*)();
	/// @p encodingName: "H264", "VP8", "OPUS". Video begins at a keyframe.
	/// @p now: for tests; thread-safe.
	explicit Fanout(std::string encodingName, Clock now = std::chrono::steady_clock::now)
		: encodingName_(std::move(encodingName)), now_(now)
	{
	}

	/// @p route gets what comes, and says itself (select() with source()) whether it takes it. Idempotent. Thread-safe.
	void add(const std::shared_ptr<RtpRewriter> &route);
	void remove(const RtpRewriter *route);
	/// A picture that began at most kKeep ago is sent at once, from its keyframe on, to a route that waits for one. True if it
	/// still waits. Thread-safe.
	bool begin(RtpRewriter &route);
	/// What routes know this stream by.
	RtpRewriter::Source source() const noexcept { return this; }
	/// Of the RTP timestamps.
	unsigned clockRate() const noexcept { return encodingName_ == "OPUS" ? 48000 : 90000; }
	/// Off: packets are dropped (unpublished, muted). Thread-safe.
	void enable(bool on);
	/// True if somebody listens. Thread-safe.
	bool wanted();
	/// True if somebody listens and has seen no keyframe yet. Thread-safe.
	bool waiting();
	/// True if a keyframe has begun since @p time. Thread-safe.
	bool keyframeSince(TimePoint time);
	/// One RTP packet, borrowed. Streaming thread.
	void packet(GstBuffer *buffer);

	/// How long the latest keyframe and what follows it are kept for new routes: as long as the publisher is not asked for
	/// another one.
	static constexpr std::chrono::milliseconds kKeep { 1000 };
	/// More than this is not kept: one second of 16 Mbit/s.
	static constexpr std::size_t kKeepBytes = 2'000'000;

private:
	struct Kept {
		RtpPacket packet;
		gst::BufferPtr buffer; ///< what the packet borrows
	};
	void keep(const RtpPacket &packet);

	std::string encodingName_;
	Clock now_;
	std::mutex mutex_; // held for one packet or one change
	bool enabled_ = true;
	bool parametersSeen_ = false;	    ///< H.264: SPS come in the stream
	std::optional<std::uint32_t> ssrc_; ///< of the packet before
	TimePoint lastKeyframe_ {};	    ///< the picture it begins
	std::vector<std::shared_ptr<RtpRewriter>> routes_;
	std::deque<Kept> kept_; // from a keyframe on, without a gap; empty when that is too long ago
	std::size_t keptBytes_ = 0;
};

/// True if this RTP payload begins a frame that a decoder can start with (RFC 6184, RFC 7741). Reentrant.
bool startsKeyframe(const std::string &encodingName, const std::uint8_t *payload, std::size_t size);
/// True if this H.264 payload holds, or begins, a sequence parameter set.
bool startsParameters(const std::uint8_t *payload, std::size_t size);

} // namespace trtc::service
