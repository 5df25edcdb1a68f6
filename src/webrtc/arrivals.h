// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace trtc::webrtc {

/// Everything that has come from the peer through one webrtcbin: RTP and RTCP, counted behind decryption, where nobody
/// else can put anything in. Counted on a streaming thread, readable from every thread.
class Arrivals {
public:
	/// Counts what enters @p rtpbin from now on. Call before it has a pad.
	static std::shared_ptr<Arrivals> watch(GstElement *rtpbin);
	std::uint64_t count() const noexcept { return count_; }

private:
	static void onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept;

	std::atomic<std::uint64_t> count_ { 0 };
};

} // namespace trtc::webrtc
