// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"
#include "service/replay_window.h"
#include "service/vp8_descriptor.h"
#include "webrtc/packet_faults.h"
#include "webrtc/peer_connection.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>

namespace trtc::service {

/// An RTP packet that has been looked at. Borrows its buffer.
struct RtpPacket {
	static constexpr std::size_t kHeader = 12; ///< without CSRCs and extension

	GstBuffer *buffer = nullptr;
	GstClockTime time = GST_CLOCK_TIME_NONE; ///< the buffer's PTS, or when it is to be sent instead
	std::array<std::uint8_t, kHeader> header {};
	std::size_t payloadAt = 0; ///< behind header, CSRCs and extension
	bool keyframe = false;	   ///< a decoder can begin here; every packet of sound
	/// VP8: its descriptor (size 0: none) and the bytes of it.
	Vp8Descriptor vp8;
	std::array<std::uint8_t, Vp8Descriptor::kMaxSize> vp8Bytes {};

	std::uint16_t sequence() const noexcept { return static_cast<std::uint16_t>(header[2] << 8 | header[3]); }
	std::uint32_t timestamp() const noexcept { return GST_READ_UINT32_BE(header.data() + 4); }
	std::uint32_t ssrc() const noexcept { return GST_READ_UINT32_BE(header.data() + 8); }
};

/// One m-line of a subscriber, fed by one of several sources, as the big and the small video of one camera: what goes out is
/// one stream, whoever it comes from. SSRC and payload type are the subscriber's, the numbers go on without a hole, the
/// timestamps and VP8 picture ids go on in time, and a source begins at a keyframe; until it has come the one before it is
/// heard. CSRCs and header extensions are left out. Packets that come too late or twice are dropped: SRTP refuses them, and with
/// them the whole connection of the subscriber. Thread-safe: sources have a streaming thread each.
class RtpRewriter {
public:
	using Source = const void *; ///< a name, never looked into

	/// @p clockRate: of the RTP timestamps, a second. @p faults: where dropped packets are counted; may be null.
	RtpRewriter(std::shared_ptr<webrtc::Sender> sender, std::uint32_t ssrc, int payloadType, unsigned clockRate,
		    std::shared_ptr<webrtc::PacketFaults> faults = nullptr);
	/// From its next keyframe on @p source goes out. Null: from now on nothing.
	void select(Source source);
	/// What @p source gives has had a hole (it was muted): it goes on at a keyframe.
	void interrupt(Source source);
	/// The same, and its numbers and timestamps begin anew.
	void renew(Source source);
	/// True while packets of @p source go out or are waited for.
	bool wants(Source source) const;
	/// True while a keyframe of the selected source is waited for.
	bool waiting() const;
	/// True while a keyframe of @p source is waited for: it is selected and has not begun, or was interrupted.
	bool waitsFor(Source source) const;
	/// The latest packets of @p source, from a keyframe on, to one that waits for it. False: it does not, or it would see again
	/// what it has seen, and nothing was sent.
	bool replay(Source source, std::span<const RtpPacket> packets);
	/// Streaming thread of @p source.
	void packet(Source source, const RtpPacket &packet);

private:
	/// Where the numbers of the source stand, seen from those that go out; added, modulo the field's size.
	struct Offsets {
		std::uint16_t sequence = 0, pictureId = 0;
		std::uint32_t timestamp = 0;
		std::uint8_t tl0PicIdx = 0;
	};
	/// The newest that went out.
	struct Last {
		std::uint16_t sequence = 0, pictureId = 0;
		std::uint32_t timestamp = 0;
		std::uint8_t tl0PicIdx = 0;
		GstClockTime time = GST_CLOCK_TIME_NONE; ///< of the timestamp, process timeline
	};
	void begin(Source source, const RtpPacket &packet);
	std::uint32_t timestampOffset(Source source, const RtpPacket &packet);
	void send(const RtpPacket &packet);

	const std::shared_ptr<webrtc::Sender> sender_;
	const std::uint32_t ssrc_;
	const int payloadType_;
	const unsigned clockRate_;
	const std::shared_ptr<webrtc::PacketFaults> faults_;
	mutable std::mutex mutex_;
	Source wanted_ = nullptr, current_ = nullptr, before_ = nullptr; // before_: whose timestamps went out last
	bool interrupted_ = false, begun_ = false;
	Offsets offset_;
	Last last_;
	ReplayWindow window_;
	/// A source that comes back has its old offset: its timestamps do not creep with each change.
	std::map<Source, std::uint32_t> timestampOffsets_;
};

} // namespace trtc::service
