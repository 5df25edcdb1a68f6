// SPDX-License-Identifier: MIT
#include "client/factories.h"

#include <utility>

namespace trtc::client {

Factories Factories::real()
{
	Factories real;
	real.driver = &signalling::makeDriver;
	real.peerConnection = &webrtc::PeerConnection::create;
	real.receiver = &media::Receiver::create;
	real.recorder = &media::Recorder::create;
	real.player = &media::Player::create;
	real.snapshot = [](MainLoop &loop, std::string path, media::SnapshotTaker::Done done) {
		return media::SnapshotTaker::create(loop, std::move(path), std::move(done));
	};
	real.meter = &media::Meter::create;
	real.localAddress = &webrtc::localAddressFor;
	return real;
}

} // namespace trtc::client
