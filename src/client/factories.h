// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"
#include "media/receiver.h"
#include "media/recorder.h"
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
	/// webrtc::localAddressFor()
	std::function<std::string(const std::string &host)> localAddress;

	static Factories real();
};

} // namespace trtc::client
