// SPDX-License-Identifier: MIT
#pragma once

#include "glib/outbox.h"

#include <trtc/main_loop.h>

#include <functional>
#include <memory>
#include <string_view>

namespace trtc::cli {

/// While it lives, what complain() and the log write to stderr waits for a slow reader, and the program does not. Its end gives
/// the reader a second. One at a time.
class ErrorQueue {
public:
	/// What may wait, bytes; more is dropped and counted.
	static constexpr std::size_t kMaxBytes = 1024 * 1024;

	explicit ErrorQueue(int fd);
	~ErrorQueue();
	ErrorQueue(const ErrorQueue &) = delete;
	ErrorQueue &operator=(const ErrorQueue &) = delete;
	/// As glib::Outbox::attach().
	[[nodiscard]] SourceHandle attach(MainLoop &loop) { return outbox_->attach(loop); }
	/// For base::LogHandlers. Any thread, also when the queue is gone.
	std::function<void(std::string_view)> log() const;

	/// Writes to stderr, through the queue if there is one. Any thread.
	static void write(std::string_view text);

private:
	std::shared_ptr<glib::Outbox> outbox_;
};

} // namespace trtc::cli
