// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

namespace trtc::service {

/// How much of the loop's time one user takes, over all its connections. What is beyond its share is let in later, so that
/// everybody else's messages are answered in time whatever one user sends. Thread-bound.
class WorkBudget {
public:
	using Clock = std::chrono::steady_clock;
	using Duration = std::chrono::nanoseconds;

	/// A tenth of the loop, over five seconds: half a second of work at once, then a tenth of the time.
	static constexpr double kShare = 0.1;
	static constexpr std::chrono::milliseconds kBurst { 500 };

	/// @p work: processor time of the loop's thread for this user. Time spent waiting for other programs does not count.
	void spend(Duration work, Clock::time_point now)
	{
		drain(now);
		level_ += work;
	}
	/// Zero: its next message may be handled now. Otherwise not before this time has passed; rounded up.
	std::chrono::milliseconds wait(Clock::time_point now)
	{
		drain(now);
		const auto over = level_ - Duration(kBurst);
		return over <= Duration(0) ? std::chrono::milliseconds(0)
					   : std::chrono::ceil<std::chrono::milliseconds>(
						     std::chrono::duration<double, std::nano>(over) / kShare);
	}
	/// Nothing of it is used: it need not be kept.
	bool idle(Clock::time_point now) const { return levelAt(now) <= Duration(0); }

private:
	Duration levelAt(Clock::time_point now) const
	{
		const std::chrono::duration<double, std::nano> gone = now - last_;
		return std::max(Duration(0), level_ - std::chrono::duration_cast<Duration>(gone * kShare));
	}
	void drain(Clock::time_point now)
	{
		level_ = levelAt(now);
		last_ = now;
	}

	Duration level_ { 0 };
	Clock::time_point last_ = Clock::now();
};

} // namespace trtc::service
