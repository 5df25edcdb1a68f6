// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"
#include "webrtc/peer_connection.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace trtc::service {

/// One incoming RTP stream to many connections, without decoding: every packet leaves with the subscriber's SSRC and
/// payload type, its own unbroken sequence numbers, no header extensions, on shared payload memory. Packets come on the
/// uplink's streaming thread and go out on it, so that nobody's negotiation delays them; the loop only changes the list of
/// routes. That is the one lock of the service: it is held for one packet or one change.
class Fanout {
public:
	/// @p encodingName: "H264", "VP8", "OPUS". Video routes begin at a keyframe.
	explicit Fanout(std::string encodingName) : encodingName_(std::move(encodingName)) {}

	/// Adds or wakes a route for this sender. Thread-safe.
	void add(const std::shared_ptr<webrtc::Sender> &sender, std::uint32_t ssrc, int payloadType);
	/// The route sleeps; its numbers go on where they stopped when it is added again. Thread-safe.
	void pause(const webrtc::Sender *sender);
	void remove(const webrtc::Sender *sender);
	/// Off: packets are dropped (unpublished, muted). Thread-safe.
	void enable(bool on);
	/// True if somebody listens. Thread-safe.
	bool wanted();
	/// True if a keyframe has begun since @p time. Thread-safe.
	bool keyframeSince(std::chrono::steady_clock::time_point time);
	/// One RTP packet, borrowed. Streaming thread.
	void packet(GstBuffer *buffer);

private:
	struct Route {
		std::shared_ptr<webrtc::Sender> sender;
		std::uint32_t ssrc;
		int payloadType;
		bool active = true;
		bool needKeyframe = true;
		bool fresh = false; ///< the next packet follows on, whatever its number
		bool begun = false;
		std::uint16_t offset = 0, last = 0;
	};

	std::string encodingName_;
	std::mutex mutex_;
	bool enabled_ = true;
	std::chrono::steady_clock::time_point lastKeyframe_ {};
	std::vector<Route> routes_;
};

/// True if this RTP payload begins a frame that a decoder can start with (RFC 6184, RFC 7741). Reentrant.
bool startsKeyframe(const std::string &encodingName, const std::uint8_t *payload, std::size_t size);

} // namespace trtc::service
