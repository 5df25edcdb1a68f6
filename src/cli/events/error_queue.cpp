// SPDX-License-Identifier: MIT
#include "cli/events/error_queue.h"

#include "base/descriptors.h"

#include <fmt/format.h>

#include <unistd.h>

#include <mutex>
#include <string>

namespace trtc::cli {

namespace {

std::mutex currentMutex;
std::weak_ptr<glib::Outbox> currentQueue;

} // namespace

ErrorQueue::ErrorQueue(int fd)
{
	const auto lost = [](std::int64_t count) {
		write(fmt::format("trtc-cli: {} lines on stderr are lost: they were not read\n", count));
	};
	outbox_ = glib::Outbox::create(fd, { kMaxBytes, glib::Outbox::Full::Drop, {}, lost });
	const std::lock_guard lock(currentMutex);
	currentQueue = outbox_;
}

ErrorQueue::~ErrorQueue()
{
	static_cast<void>(outbox_->finish(std::chrono::seconds(1)));
	const std::lock_guard lock(currentMutex);
	currentQueue.reset();
}

std::function<void(std::string_view)> ErrorQueue::log() const { return write; }

void ErrorQueue::write(std::string_view text)
{
	std::shared_ptr<glib::Outbox> queue;
	{
		const std::lock_guard lock(currentMutex);
		queue = currentQueue.lock();
	}
	if (queue)
		queue->put(std::string(text));
	else // A failure here has nowhere to go.
		static_cast<void>(writeAll(STDERR_FILENO, text));
}

} // namespace trtc::cli
