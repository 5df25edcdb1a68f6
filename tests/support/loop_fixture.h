// SPDX-License-Identifier: MIT
#pragma once

#include "glib/main_context.h"

#include <trtc/main_loop.h>

#include <chrono>
#include <functional>

namespace trtc::test {

/// A loop of its own for every test. Objects of the test die before it.
class LoopFixture {
public:
	/// What a test may wait for at most.
	static constexpr std::chrono::seconds kWatchdog { 8 };

	LoopFixture() = default;
	~LoopFixture() { drain(); }
	LoopFixture(const LoopFixture &) = delete;
	LoopFixture &operator=(const LoopFixture &) = delete;

	/// Runs the loop until @p done is true; false when the watchdog barked. Rethrows what a task threw.
	[[nodiscard]] bool waitFor(const std::function<bool()> &done, std::chrono::milliseconds limit = kWatchdog)
	{
		bool barked = false;
		const auto watchdog = loop.after(limit, [&barked] { barked = true; });
		while (!done()) {
			if (barked)
				return false;
			g_main_context_iteration(glib::context(loop), TRUE);
			loop.iterate();
		}
		return true;
	}
	/// Runs what is ready now, and what that makes ready; never waits.
	void drain()
	{
		for (int round = 0; round < 1000 && loop.iterate(); ++round) {}
	}

	MainLoop loop;
};

} // namespace trtc::test
