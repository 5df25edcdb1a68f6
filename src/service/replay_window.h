// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>

namespace trtc::service {

/// Which sequence numbers of one outgoing stream may still be sent. SRTP refuses a number that it had already, or that is older than
/// its window of 128, so ours ends before that. Not thread-safe.
class ReplayWindow {
public:
	/// A packet this much later than the newest one is of no use (RFC 3550 A.1, MAX_MISORDER).
	static constexpr unsigned kMostLate = 100;

	/// True, and remembered: this one may go out. What comes before the first packet of all may not.
	bool take(std::uint16_t sequence) noexcept
	{
		if (!begun_) {
			begun_ = true;
			newest_ = sequence;
			taken_.set();
			return true;
		}
		const auto ahead = static_cast<std::uint16_t>(sequence - newest_);
		if (ahead == 0)
			return false;
		if (ahead <= 0x7fff) {
			taken_ <<= ahead;
			taken_.set(0);
			newest_ = sequence;
			return true;
		}
		const unsigned late = 0x10000u - ahead;
		if (late > kMostLate || taken_.test(late))
			return false;
		taken_.set(late);
		return true;
	}

private:
	std::bitset<kMostLate + 1> taken_; // by how late they are
	std::uint16_t newest_ = 0;
	bool begun_ = false;
};

} // namespace trtc::service
