// SPDX-License-Identifier: MIT
#pragma once

#include <glib-object.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace trtc::webrtc {

/// The round trip of a connection that only receives, from RTCP extended reports (RFC 3611 4.4, 4.5): a receiver sends its
/// time, the sender sends it back with how long it has held it. Browsers answer, and so do we; who does not know them passes
/// over them. rtpbin of GStreamer 1.22 can do neither. Thread-safe.
class RoundTrip {
public:
	using TimePoint = std::chrono::steady_clock::time_point;

	/// Puts itself into the RTCP of rtpbin's @p session for as long as that lives.
	static std::shared_ptr<RoundTrip> attach(GObject *session);
	/// Empty until an answer has come.
	std::optional<std::chrono::microseconds> last() const;

	/// What to append to a compound packet that begins with @p sender; never empty.
	std::vector<std::uint8_t> write(std::uint32_t sender, TimePoint now);
	/// A compound packet; what is broken is passed over.
	void read(std::span<const std::uint8_t> rtcp, TimePoint now);

private:
	struct Heard {
		std::uint32_t ssrc, time; ///< time: the middle of its NTP time, 1/65536 s
		TimePoint at;
	};
	struct Sent {
		std::uint32_t time;
		TimePoint at;
	};
	void block(std::uint32_t sender, unsigned type, std::span<const std::uint8_t> body, TimePoint now);

	mutable std::mutex mutex_;
	std::deque<Sent> sent_;
	std::deque<Heard> heard_; // to be answered
	std::optional<std::chrono::microseconds> last_;
};

} // namespace trtc::webrtc
