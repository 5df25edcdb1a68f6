// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace trtc::cli {

/// Text for a descriptor whose reader may be slow or asleep: it is written when the descriptor takes it, so the loop never waits.
/// The descriptor is not made non-blocking, for that flag would belong to other programs, too. Past kMaxBytes new text is
/// dropped and counted. Thread-bound.
class EventOutbox {
public:
	static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

	/// @p fd is borrowed. @p lost: called when there is room again after text was dropped, with the count of dropped texts.
	EventOutbox(MainLoop &loop, int fd, std::function<void(std::int64_t)> lost, std::size_t maxBytes = kMaxBytes);
	/// Writes what the descriptor takes within @p limit; the rest is dropped.
	void finish(std::chrono::milliseconds limit);
	/// A whole text; at once, if the descriptor takes it.
	void put(std::string text);
	/// Why the descriptor cannot be written any more: an errno value, or 0.
	int failure() const noexcept { return failure_; }

private:
	bool writeSome();
	void watch();

	MainLoop &loop_;
	int fd_;
	std::function<void(std::int64_t)> onLost_;
	std::size_t maxBytes_;
	std::deque<std::string> texts_;
	std::size_t written_ = 0; // of the first text
	std::size_t bytes_ = 0;	  // of all texts
	std::int64_t lost_ = 0;
	int failure_ = 0;
	SourceHandle watch_;
};

} // namespace trtc::cli
