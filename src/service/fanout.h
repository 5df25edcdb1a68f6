// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"
#include "webrtc/peer_connection.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
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
	using TimePoint = std::chrono::steady_clock::time_point;
	using Clock = TimePoint (*)();
	/// @p encodingName: "H264", "VP8", "OPUS". Video routes begin at a keyframe. @p now: for tests; thread-safe.
	explicit Fanout(std::string encodingName, Clock now = std::chrono::steady_clock::now)
		: encodingName_(std::move(encodingName)), now_(now)
	{
	}

	/// Adds or wakes a route for this sender. A picture that began at most kKeep ago is sent to it at once, from its keyframe
	/// on. True if the route waits for a keyframe now. Thread-safe.
	bool add(const std::shared_ptr<webrtc::Sender> &sender, std::uint32_t ssrc, int payloadType);
	/// The route sleeps; its numbers go on where they stopped when it is added again. Thread-safe.
	void pause(const webrtc::Sender *sender);
	void remove(const webrtc::Sender *sender);
	/// Off: packets are dropped (unpublished, muted). Thread-safe.
	void enable(bool on);
	/// True if somebody listens. Thread-safe.
	bool wanted();
	/// True if somebody listens and has seen no keyframe yet. Thread-safe.
	bool waiting();
	/// True if a keyframe has begun since @p time. Thread-safe.
	bool keyframeSince(TimePoint time);
	/// One RTP packet, borrowed. Streaming thread.
	void packet(GstBuffer *buffer);

	/// How long the latest keyframe and what follows it are kept for new routes: as long as the publisher is not asked for
	/// another one.
	static constexpr std::chrono::milliseconds kKeep { 1000 };
	/// More than this is not kept: one second of 16 Mbit/s.
	static constexpr std::size_t kKeepBytes = 2'000'000;

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
		std::uint32_t lastTimestamp = 0;
	};

	static constexpr std::size_t kFixedHeader = 12;
	struct Packet {
		gst::BufferPtr buffer;
		std::array<std::uint8_t, kFixedHeader> header;
		std::size_t headerLength; ///< with contributing sources and extension
		std::uint16_t sequence() const { return static_cast<std::uint16_t>(header[2] << 8 | header[3]); }
		std::uint32_t timestamp() const;
	};
	void send(Route &route, const Packet &packet, std::uint32_t timestamp, GstClockTime pts);
	void replay(Route &route);
	void keep(const Packet &packet, bool keyframe);

	std::string encodingName_;
	Clock now_;
	std::mutex mutex_;
	bool enabled_ = true;
	TimePoint lastKeyframe_ {};
	std::vector<Route> routes_;
	std::deque<Packet> kept_; // from a keyframe on, without a gap; empty when that is too long ago
	std::size_t keptBytes_ = 0;
};

/// True if this RTP payload begins a frame that a decoder can start with (RFC 6184, RFC 7741). Reentrant.
bool startsKeyframe(const std::string &encodingName, const std::uint8_t *payload, std::size_t size);

} // namespace trtc::service
