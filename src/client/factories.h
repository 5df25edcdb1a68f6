// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"
#include "media/meter.h"
#include "media/player.h"
#include "media/receiver.h"
#include "media/recorder.h"
#include "media/snapshot.h"
#include "signalling/driver.h"
#include "webrtc/peer_connection.h"

#include <trtc/config.h>
#include <trtc/main_loop.h>

#include <functional>
#include <memory>
#include <string>

namespace trtc::client {

/// Where a session gets its parts from. Tests put others in place of the real ones.
struct Factories {
	std::function<std::unique_ptr<signalling::Driver>(MainLoop &, const std::string &url,
							  signalling::Driver::Listener &)>
		driver;
	std::function<std::unique_ptr<webrtc::PeerConnection>(MainLoop &, webrtc::PeerConnection::Config,
							      webrtc::PeerConnection::Listener &)>
		peerConnection;
	std::function<std::unique_ptr<media::Receiver>(MainLoop &, std::shared_ptr<webrtc::Track>,
						       media::Receiver::FrameHandler)>
		receiver;
	std::function<std::unique_ptr<media::Recorder>(MainLoop &, media::Recorder::Config,
						       media::Recorder::Listener &)>
		recorder;
	std::function<std::unique_ptr<media::Player>(MainLoop &, media::Player::Config, media::Player::Listener &)>
		player;
	std::function<std::unique_ptr<media::SnapshotTaker>(MainLoop &, std::string path, media::SnapshotTaker::Done)>
		snapshot;
	std::function<std::unique_ptr<media::Meter>()> meter;
	/// webrtc::localAddressFor()
	std::function<std::string(const std::string &host)> localAddress;

	static Factories real();
};

} // namespace trtc::client
