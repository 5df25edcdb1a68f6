// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/ice.h"

#include <cstdint>
#include <string>

namespace trtc::service {

/// Which of our addresses and ports clients are told for media.
class MediaAddresses {
public:
	MediaAddresses() = default;
	/// @p address: of this machine: the only one that is offered; any other: that of a router which passes the ports on to us
	/// one to one, offered in place of our own; empty: all we have. Clients on loopback get 127.0.0.1 in any case.
	/// Ports: both included; 0: any. Throws Exception(InvalidParameter): no numeric address, an unspecified one.
	MediaAddresses(const std::string &address, std::uint16_t minPort, std::uint16_t maxPort);
	webrtc::IceConfig forClient(const std::string &clientAddress) const;

private:
	std::string address_;
	bool local_ = false;
	std::uint16_t minPort_ = 0, maxPort_ = 0;
};

} // namespace trtc::service
