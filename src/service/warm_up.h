// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace trtc::service {

/// The first connection of a process loads the plug-ins and makes its DTLS key, some 0.3 s. Better now than while the
/// first publisher waits.
class WarmUp final : public webrtc::PeerConnection::Listener {
public:
	explicit WarmUp(MainLoop &loop) : loop_(loop)
	{
		try {
			connection_ = webrtc::PeerConnection::create(loop, { "warm-up", { "127.0.0.1" } }, *this);
			connection_->offer({ webrtc::OfferLine {} });
		} catch (const Exception &error) {
			// Whoever needs a connection gets the same error, and is told.
			spdlog::warn("warm-up: {}", error.what());
		}
	}

private:
	void onLocalDescription(const std::string &) override { end(); }
	void onConnected() override {}
	void onFailed(const Error &) override { end(); }
	void onTrack(const std::shared_ptr<webrtc::Track> &) override {}
	void end()
	{
		loop_.post([connection = std::shared_ptr<webrtc::PeerConnection>(std::move(connection_))] {});
	}

	MainLoop &loop_;
	std::unique_ptr<webrtc::PeerConnection> connection_;
};

} // namespace trtc::service
