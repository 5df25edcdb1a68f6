// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace trtc::webrtc {

/// RTP packets that have passed one pad. Counted on its streaming thread, readable from every thread.
class PacketCounter {
public:
	/// Counts what passes @p pad from now on, for as long as the pad lives.
	static std::shared_ptr<PacketCounter> attach(GstPad *pad);

	std::uint64_t packets() const noexcept { return packets_; }
	/// Payload without headers and padding, as octets are counted in RTCP (RFC 3550 6.4.1) and bytesSent in WebRTC.
	std::uint64_t bytes() const noexcept { return bytes_; }
	/// Marker bits: frames, when it is video.
	std::uint64_t frames() const noexcept { return frames_; }
	/// By the sequence numbers, so that losses count (RFC 3550 A.1 in short). Read it before packets(): then
	/// the difference never tells of a loss that is none.
	std::uint64_t expected() const noexcept { return expected_; }

private:
	void count(GstBuffer *buffer);

	std::atomic<std::uint64_t> packets_ { 0 }, bytes_ { 0 }, frames_ { 0 }, expected_ { 0 };
	std::optional<std::uint16_t> first_; // streaming thread only, like last_
	std::uint32_t last_ = 0;
};

} // namespace trtc::webrtc
