// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace trtc::webrtc {

/// For how long a peer has said nothing, from looks at its packet count. No clock of its own. Thread-bound.
class Silence {
public:
	using TimePoint = std::chrono::steady_clock::time_point;

	/// @p period: how often look() is called. A look that comes later was held up on our side (a stopped process, a
	/// machine under load), and packets may be waiting: such a hole counts as one period.
	explicit Silence(std::chrono::milliseconds period) : period_(period) {}

	/// @p arrivals: only grows. The silence so far; zero at the first look.
	std::chrono::milliseconds look(TimePoint now, std::uint64_t arrivals)
	{
		using std::chrono::milliseconds;
		const auto passed = last_ ? std::chrono::duration_cast<milliseconds>(now - *last_) : milliseconds(0);
		last_ = now;
		if (arrivals != arrivals_ || passed == milliseconds(0)) {
			arrivals_ = arrivals;
			silent_ = milliseconds(0);
		} else {
			silent_ += passed > 2 * period_ ? period_ : passed;
		}
		return silent_;
	}
	/// Counts from the next look on.
	void excuse() noexcept
	{
		last_.reset();
		silent_ = std::chrono::milliseconds(0);
	}
	/// Something has come, ever.
	bool heard() const noexcept { return arrivals_ > 0; }
	/// As of the last look.
	std::chrono::milliseconds silent() const noexcept { return silent_; }

private:
	std::chrono::milliseconds period_;
	std::optional<TimePoint> last_;
	std::uint64_t arrivals_ = 0;
	std::chrono::milliseconds silent_ { 0 };
};

} // namespace trtc::webrtc
