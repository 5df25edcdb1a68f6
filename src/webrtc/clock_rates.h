// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/sdp.h"

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace trtc::webrtc {

/// Tells the RTP session the clock rate of what is sent, before its first sender report. webrtcbin's funnel hides it (the caps that
/// come out say neither SSRC nor rate), so rtpsession 1.22 asks for it when that report is due: without its lock, in the middle of
/// a walk through its sources. When a source is added in that moment, as that of the picture right after that of the sound, the
/// walk ends with a critical warning and the other reports are not sent. Thread-safe.
class ClockRates {
public:
	/// For what rtpbin sends from now on, bundled on one session. Null when it sends nothing.
	static std::shared_ptr<ClockRates> attach(GstElement *rtpbin);
	/// Every stream that @p local names, repair streams too.
	void add(const sdp::Description &local);
	void add(std::uint32_t ssrc, int clockRate);

private:
	/// 0: not known.
	int of(std::uint32_t ssrc);

	std::mutex mutex_;
	std::map<std::uint32_t, int> rates_;
};

} // namespace trtc::webrtc
