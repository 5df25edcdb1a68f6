// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>

namespace trtc::service {

/// How much of the loop's time one user takes, over all its connections. What is beyond its share is let in later, so that
/// everybody else's messages are answered in time whatever one user sends. Thread-bound.
class WorkBudget {
public:
	using Clock = std::chrono::steady_clock;
	using Duration = std::chrono::nanoseconds;

	/// So much work at once, then that share of the time.
	struct Limit {
		std::chrono::milliseconds burst;
		double share;
	};
	/// A tenth of the loop, over five seconds; and never more than some hundredths of a second in a row, since all that time
	/// the others wait.
	static constexpr std::array<Limit, 2> kLimits { Limit { std::chrono::milliseconds(500), 0.1 },
							Limit { std::chrono::milliseconds(30), 0.5 } };

	/// @p work: for how long the loop did nothing but work for this user.
	void spend(Duration work, Clock::time_point now)
	{
		drain(now);
		for (auto &level : levels_)
			level += work;
	}
	/// Zero: its next message may be handled now. Otherwise not before this time has passed; rounded up.
	std::chrono::milliseconds wait(Clock::time_point now)
	{
		drain(now);
		std::chrono::milliseconds longest { 0 };
		for (std::size_t i = 0; i < kLimits.size(); ++i) {
			const std::chrono::duration<double, std::nano> over = levels_[i] - Duration(kLimits[i].burst);
			if (over.count() > 0)
				longest = std::max(
					longest, std::chrono::ceil<std::chrono::milliseconds>(over / kLimits[i].share));
		}
		return longest;
	}
	/// Nothing of it is used: it need not be kept.
	bool idle(Clock::time_point now) const { return levelAt(0, now) <= Duration(0); }

private:
	Duration levelAt(std::size_t limit, Clock::time_point now) const
	{
		const std::chrono::duration<double, std::nano> gone = now - last_;
		return std::max(Duration(0),
				levels_[limit] - std::chrono::duration_cast<Duration>(gone * kLimits[limit].share));
	}
	void drain(Clock::time_point now)
	{
		for (std::size_t i = 0; i < kLimits.size(); ++i)
			levels_[i] = levelAt(i, now);
		last_ = now;
	}

	std::array<Duration, kLimits.size()> levels_ {};
	Clock::time_point last_ = Clock::now();
};

} // namespace trtc::service
