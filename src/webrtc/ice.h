// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/network.h>

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace trtc::webrtc {

/// How one connection may reach its peer.
struct IceConfig {
	std::string localAddress; ///< the only host address; empty: all but loopback
	/// Written into the host candidates of our answers in place of theirs: a router passes its ports on to us.
	std::string advertisedAddress;
	std::optional<StunServer> stun;
	std::optional<TurnServer> turn;
	bool relayOnly = false;
	std::optional<ProxyServer> proxy; ///< for TURN over TCP; http only
	/// UDP ports of the host candidates, both included; 0: any.
	std::uint16_t minPort = 0, maxPort = 0;
};

/// Sets webrtcbin and its agent up, before it starts. Throws Exception(MediaFailed) when the local address is none.
void configureIce(GstElement *webrtc, const IceConfig &config);

/// Puts @p address in place of that of every host candidate; candidates of the other family go. Reentrant.
std::string advertise(const std::string &sdp, const std::string &address);

/// What is wrong with a complete local description; empty: nothing. Gathering itself never fails.
std::string gatheringFailure(const IceConfig &config, const std::string &sdp);

} // namespace trtc::webrtc
