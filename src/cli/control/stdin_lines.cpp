// SPDX-License-Identifier: MIT
#include "cli/control/stdin_lines.h"

#include "glib/main_context.h"

#include <unistd.h>

#include <cerrno>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// A read from the background of a terminal would stop the whole program (SIGTTIN).
bool inBackground()
{
	const auto front = ::tcgetpgrp(STDIN_FILENO);
	return front > 0 && front != ::getpgrp();
}

} // namespace

void StdinLines::start()
{
	on_ = true;
	if (!ended_)
		watch_ = glib::watchReadable(loop_, STDIN_FILENO, [this] { return read(); });
}

void StdinLines::pause()
{
	on_ = false;
	watch_.reset();
	retry_.reset();
}

/// One read: the descriptor is ready, so it does not block, and the loop gets its turn between blocks.
bool StdinLines::read()
{
	if (inBackground()) {
		retry_ = loop_.after(1s, [this] { start(); });
		return false;
	}
	char buffer[16 * 1024];
	const auto got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got <= 0) {
		ended_ = true;
		lines_.end();
		return false;
	}
	lines_.feed({ buffer, static_cast<std::size_t>(got) });
	return on_;
}

} // namespace trtc::cli
