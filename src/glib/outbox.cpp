// SPDX-License-Identifier: MIT
#include "glib/outbox.h"

#include "glib/main_context.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace trtc::glib {

namespace {

/// A pipe that is ready takes this much without blocking (pipe(7)).
constexpr std::size_t kBlock = PIPE_BUF;

bool ready(int fd, int timeoutMs)
{
	pollfd poll { fd, POLLOUT, 0 };
	return ::poll(&poll, 1, timeoutMs) > 0;
}

} // namespace

std::shared_ptr<Outbox> Outbox::create(int fd, Config config)
{
	return std::make_shared<Outbox>(fd, std::move(config));
}

Outbox::Outbox(int fd, Config config) : fd_(fd), config_(std::move(config))
{
	struct stat info {};
	if (::fstat(fd_, &info) != 0)
		return;
	if (S_ISREG(info.st_mode))
		way_ = Way::Plain; // always ready; where to write is the descriptor's own, so it is not opened again
	else if (S_ISSOCK(info.st_mode))
		way_ = Way::Socket;
	else if (S_ISFIFO(info.st_mode) || ::isatty(fd_)) {
		const auto path = "/proc/self/fd/" + std::to_string(fd_);
		own_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (own_ >= 0)
			way_ = Way::Reopened;
	}
}

Outbox::~Outbox()
{
	if (own_ >= 0)
		::close(own_);
}

SourceHandle Outbox::attach(MainLoop &loop)
{
	{
		const std::lock_guard lock(mutex_);
		loop_ = &loop;
		watched_ = true;
	}
	watch();
	return SourceHandle([this, alive = shared_from_this()] {
		const std::lock_guard lock(mutex_);
		loop_ = nullptr;
		watched_ = false;
		watch_.reset();
		patience_.reset();
	});
}

bool Outbox::waiting() const
{
	const std::lock_guard lock(mutex_);
	return !texts_.empty();
}

int Outbox::failure() const
{
	const std::lock_guard lock(mutex_);
	return failure_;
}

void Outbox::put(std::string text)
{
	const std::lock_guard lock(mutex_);
	if (failure_)
		return;
	if (!loop_ && !texts_.empty())
		flush(); // nobody else does it
	// A text that waits alone may be longer than the limit: an answer must not get lost because it is long.
	if (lost_ > 0 || (!texts_.empty() && bytes_ + text.size() > config_.maxBytes)) {
		if (config_.full == Full::Fail)
			fail(ENOBUFS);
		else
			++lost_;
		return;
	}
	if (texts_.empty())
		progress_ = Clock::now();
	bytes_ += text.size();
	texts_.push_back(std::move(text));
	if (watched_)
		return; // the loop is at it, and the order stays
	flush();
	if (texts_.empty() || !loop_)
		return;
	watched_ = true;
	loop_->post([weak = weak_from_this()] {
		if (const auto self = weak.lock())
			self->watch();
	});
}

void Outbox::watch()
{
	if (!onReady())
		return;
	MainLoop *loop = nullptr;
	{
		const std::lock_guard lock(mutex_);
		loop = loop_;
	}
	if (!loop)
		return;
	watch_ = watchWritable(*loop, own_ >= 0 ? own_ : fd_, [this, alive = shared_from_this()] {
		if (onReady())
			return true;
		patience_.reset();
		watch_.reset();
		return false;
	});
	if (config_.patience.count() > 0)
		patience_ = loop->after(config_.patience, [this] { onPatience(); });
}

/// Writes what the descriptor takes. True: something is left.
bool Outbox::onReady()
{
	std::int64_t lost = 0;
	bool left = false;
	{
		const std::lock_guard lock(mutex_);
		flush();
		// Half empty, so that a reader at the limit is not told of each text.
		if (lost_ > 0 && bytes_ <= config_.maxBytes / 2)
			lost = std::exchange(lost_, 0);
		left = !texts_.empty();
		watched_ = left;
	}
	if (lost > 0 && config_.lost) {
		config_.lost(lost);
		const std::lock_guard lock(mutex_);
		left = left || watched_;
	}
	return left;
}

void Outbox::onPatience()
{
	const std::lock_guard lock(mutex_);
	if (texts_.empty() || !loop_)
		return;
	const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - progress_);
	if (waited >= config_.patience)
		return fail(ETIMEDOUT);
	patience_ = loop_->after(config_.patience - waited, [this] { onPatience(); });
}

void Outbox::fail(int error)
{
	failure_ = error;
	texts_.clear();
	bytes_ = written_ = 0;
	lost_ = 0;
}

void Outbox::flush()
{
	while (!texts_.empty()) {
		const auto &text = texts_.front();
		const auto left = text.size() - written_;
		ssize_t done = 0;
		if (way_ == Way::Reopened)
			done = ::write(own_, text.data() + written_, left);
		else if (way_ == Way::Socket)
			done = ::send(fd_, text.data() + written_, left, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (way_ == Way::Plain)
			done = ::write(fd_, text.data() + written_, left);
		else if (ready(fd_, 0))
			done = ::write(fd_, text.data() + written_, std::min(kBlock, left));
		else
			return;
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			return;
		if (done < 0)
			return fail(errno);
		progress_ = Clock::now();
		written_ += static_cast<std::size_t>(done);
		if (written_ < text.size())
			continue;
		bytes_ -= text.size();
		written_ = 0;
		texts_.pop_front();
	}
}

bool Outbox::finish(std::chrono::milliseconds limit)
{
	const auto end = Clock::now() + limit;
	for (;;) {
		std::int64_t lost = 0;
		{
			const std::lock_guard lock(mutex_);
			flush();
			if (texts_.empty())
				lost = std::exchange(lost_, 0);
			if (texts_.empty() && lost == 0)
				return failure_ == 0;
		}
		if (lost > 0) {
			if (!config_.lost)
				return false;
			config_.lost(lost);
			continue;
		}
		const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
		if (left.count() <= 0 || !ready(own_ >= 0 ? own_ : fd_, static_cast<int>(left.count())))
			return false;
	}
}

} // namespace trtc::glib
