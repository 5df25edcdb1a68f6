// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"
#include "webrtc/silence.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace trtc::service {

/// Notices that a client's connection is dead though its signalling lives; webrtcbin never does. A client that is
/// muted still sends RTCP, so what counts is that nothing at all comes. Thread-bound.
class LinkWatch {
public:
	/// The client's side gives up after 8 to 20 s (the SDK's after some 15 to 20) and builds the link anew, which ends this
	/// one at once; what is left longer belongs to a client that cannot.
	static constexpr std::chrono::seconds kUplinkLimit { 25 }, kDownlinkLimit { 30 };

	/// @p dead is called once, on the loop.
	LinkWatch(MainLoop &loop, const webrtc::PeerConnection &connection, std::function<void(const Error &)> dead)
		: loop_(loop), connection_(connection), dead_(std::move(dead))
	{
	}
	/// Call when the connection is up. @p answers: the client owes us something only while we send (a downlink: reports of
	/// what it got), otherwise always.
	void start(bool answers);
	/// What start() does once a second.
	void look(webrtc::Silence::TimePoint now, bool answers);

private:
	MainLoop &loop_;
	const webrtc::PeerConnection &connection_;
	std::function<void(const Error &)> dead_;
	webrtc::Silence silence_ { std::chrono::seconds(1) };
	std::uint64_t sent_ = 0, heard_ = 0; // at the last look
	SourceHandle timer_;
};

} // namespace trtc::service
