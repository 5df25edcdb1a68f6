// SPDX-License-Identifier: MIT
#include "client/factories.h"

namespace trtc::client {

Factories Factories::real()
{
	return { &signalling::makeDriver, &webrtc::PeerConnection::create, &media::Receiver::create,
		 &media::Recorder::create, &webrtc::localAddressFor };
}

} // namespace trtc::client
