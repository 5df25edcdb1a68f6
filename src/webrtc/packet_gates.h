// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/admission.h"
#include "webrtc/packet_faults.h"

#include <gst/gst.h>

#include <memory>

namespace trtc::webrtc {

/// Packets of webrtcbin that are dropped before they can harm: received ones that Admission does not let in, before SRTP and again
/// once they are known to be the peer's; and one to be sent that SRTP refuses, which would end the whole connection. For everything
/// that @p webrtc will have; call before the first transceiver is made.
void guardPackets(GstElement *webrtc, const std::shared_ptr<Admission> &admission,
		  const std::shared_ptr<PacketFaults> &faults);

/// True for the error that srtpenc posts when it refuses one packet.
bool isPacketError(GstMessage *message);

} // namespace trtc::webrtc
