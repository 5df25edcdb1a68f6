// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

/// Messages inside H.264 video, as the web SDK's sendSEIMessage() sends and reads them: supplemental enhancement
/// information (ITU-T H.264 7.3.2.3, annex D) in front of everything else of a frame.
namespace trtc::media::sei {

inline constexpr int kUserData = 5;	///< user data unregistered; the SDK writes no UUID into it
inline constexpr int kSdkDefault = 243; ///< reserved by the standard: a decoder passes over it

struct Message {
	int payloadType = kSdkDefault;
	std::vector<std::uint8_t> data;
	bool operator==(const Message &) const = default;
};

/// With its start code of four bytes, and escaped (7.4.1: emulation prevention). Reentrant.
std::vector<std::uint8_t> nalUnit(const Message &message);
/// The first message of a NAL unit without start code; empty for what is none, or of a type the SDK cannot send. A unit that
/// breaks off gives nothing. Reentrant.
std::optional<Message> parse(std::span<const std::uint8_t> unit);

/// Finds the messages among the RTP packets of a stream (RFC 6184) in the order of their sequence numbers. It looks at the
/// first NAL units of every frame only, and decodes nothing. One thread.
class Reader {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	/// A peer can send what it likes: what goes beyond these is passed over.
	static constexpr std::size_t kMaxBytes = 4096; ///< one message; the SDK sends 1000
	static constexpr std::size_t kMaxAFrame = 8;   ///< the SDK: 9 NAL units, and one is the picture
	static constexpr int kMaxASecond = 100;	       ///< the SDK sends 30

	/// @p handler: in the order in which they were sent; a frame has the newest first.
	explicit Reader(std::function<void(Message)> handler) : handler_(std::move(handler)) {}
	/// A whole packet with its header; anything else is passed over.
	void packet(std::span<const std::uint8_t> rtp, TimePoint now);
	std::uint64_t passedOver() const noexcept { return passedOver_; } ///< messages beyond the limits

private:
	void payload(std::span<const std::uint8_t> payload);
	void aggregate(std::span<const std::uint8_t> payload);
	void fragment(std::span<const std::uint8_t> payload);
	void unit(std::span<const std::uint8_t> unit);
	void tell();

	std::function<void(Message)> handler_;
	std::optional<std::uint32_t> timestamp_; // of the frame we are in
	std::uint16_t sequence_ = 0;
	bool atFront_ = false; // nothing but messages has come of this frame
	std::vector<std::uint8_t> fragment_;
	std::vector<Message> found_; // in this frame
	TimePoint second_ {};
	int inSecond_ = 0;
	std::uint64_t passedOver_ = 0;
};

} // namespace trtc::media::sei
