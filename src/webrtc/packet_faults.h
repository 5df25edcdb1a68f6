// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace trtc::webrtc {

/// Packets that cost their own stream a piece and nothing else, of all connections that share this. Thread-safe.
struct PacketFaults {
	using Count = std::atomic<std::uint64_t>;
	Count unknownStream { 0 };    ///< received: of an SSRC that the peer has not announced
	Count payloadType { 0 };      ///< received: not of a format of its m-line
	Count malformed { 0 };	      ///< received: neither RTP nor RTCP
	Count late { 0 };	      ///< to be forwarded: too late, or for the second time
	Count encryptionFailed { 0 }; ///< to be sent: refused by SRTP
};

} // namespace trtc::webrtc
