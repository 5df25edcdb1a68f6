// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"

#include <gst/gst.h>

#include <chrono>
#include <optional>

namespace trtc::webrtc {

/// What the peer's last RTCP receiver report says of our packets.
struct RemoteReport {
	std::chrono::microseconds roundTrip { 0 };
	double lost = 0; ///< 0..1 of what was sent since the report before
};

/// The one session of rtpbin, as everything is bundled; null before negotiation.
glib::ObjectPtr<GObject> rtpSession(GstElement *rtpbin);

/// Empty until the peer has reported, and when we send nothing: a receiver is told of no round trip. Asked from rtpbin's
/// session rather than from webrtcbin's get-stats, which in 1.22 gives the report of one SSRC only, under another's kind,
/// and takes the lock of the whole connection. Loop thread.
std::optional<RemoteReport> remoteReport(GstElement *rtpbin);

} // namespace trtc::webrtc
