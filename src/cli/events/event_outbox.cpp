// SPDX-License-Identifier: MIT
#include "cli/events/event_outbox.h"

#include "glib/main_context.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace trtc::cli {

namespace {

/// A pipe that is ready takes this much without blocking (pipe(7)).
constexpr std::size_t kBlock = PIPE_BUF;

bool ready(int fd, int timeoutMs)
{
	pollfd poll { fd, POLLOUT, 0 };
	return ::poll(&poll, 1, timeoutMs) > 0;
}

} // namespace

EventOutbox::EventOutbox(MainLoop &loop, int fd, std::function<void(std::int64_t)> lost, std::size_t maxBytes)
	: loop_(loop), fd_(fd), onLost_(std::move(lost)), maxBytes_(maxBytes)
{
}

void EventOutbox::put(std::string text)
{
	if (failure_)
		return;
	// A text that waits alone may be longer than the limit: an answer must not get lost because it is long.
	if (lost_ > 0 || (!texts_.empty() && bytes_ + text.size() > maxBytes_)) {
		++lost_;
		return;
	}
	bytes_ += text.size();
	texts_.push_back(std::move(text));
	if (!watch_)
		watch();
}

/// Writes while the descriptor takes it; what is left comes when it is ready again.
void EventOutbox::watch()
{
	while (!texts_.empty() && ready(fd_, 0))
		if (!writeSome())
			return;
	if (!texts_.empty())
		watch_ = glib::watchWritable(loop_, fd_, [this] {
			if (!writeSome())
				return false;
			if (!texts_.empty())
				return true;
			watch_ = {};
			return false;
		});
}

/// One block. False: nothing more can be written.
bool EventOutbox::writeSome()
{
	const auto &text = texts_.front();
	const auto size = std::min(kBlock, text.size() - written_);
	const auto done = ::write(fd_, text.data() + written_, size);
	if (done < 0) {
		if (errno == EINTR || errno == EAGAIN)
			return true;
		failure_ = errno;
		texts_.clear();
		bytes_ = written_ = 0;
		return false;
	}
	written_ += static_cast<std::size_t>(done);
	if (written_ < text.size())
		return true;
	bytes_ -= text.size();
	written_ = 0;
	texts_.pop_front();
	// Half empty, so that a reader at the limit is not told of each text.
	if (lost_ > 0 && bytes_ <= maxBytes_ / 2)
		onLost_(std::exchange(lost_, 0));
	return true;
}

void EventOutbox::finish(std::chrono::milliseconds limit)
{
	watch_ = {};
	const auto end = std::chrono::steady_clock::now() + limit;
	while (!texts_.empty()) {
		const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
		if (left.count() <= 0 || !ready(fd_, static_cast<int>(left.count())) || !writeSome())
			break;
	}
}

} // namespace trtc::cli
