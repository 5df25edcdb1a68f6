// SPDX-License-Identifier: MIT
#include "cli/control/terminal_use.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace trtc::cli {

namespace {

bool sameTerminal(int a, int b)
{
	struct stat first {
	}, second {};
	return ::isatty(a) && ::isatty(b) && ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 &&
	       first.st_rdev == second.st_rdev;
}

/// Started with `&` by a script, which goes on using the terminal: such a shell gives its jobs no input and no process
/// group of their own, so that nothing else tells them from a program in the foreground.
bool sideJob()
{
	struct stat input {
	}, null {};
	return ::getpgrp() != ::getpid() && ::fstat(STDIN_FILENO, &input) == 0 && ::stat("/dev/null", &null) == 0 &&
	       S_ISCHR(input.st_mode) && input.st_rdev == null.st_rdev;
}

} // namespace

TerminalUse findTerminal(bool readStdin)
{
	TerminalUse use;
	const char *type = std::getenv("TERM");
	if (!type || !*type || std::string_view(type) == "dumb")
		return use;
	const char *plain = std::getenv("NO_COLOR");
	use.colours = !plain || !*plain;
	use.events = ::isatty(STDOUT_FILENO);
	if (sideJob())
		return use;
	use.output = use.events ? STDOUT_FILENO : ::isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
	if (use.output < 0)
		return use;
	use.log = sameTerminal(use.output, STDERR_FILENO);
	if (readStdin && sameTerminal(use.output, STDIN_FILENO))
		use.input = STDIN_FILENO;
	return use;
}

OpenScreen::OpenScreen(MainLoop &loop, const TerminalUse &use, EventPrinter &printer) : use_(use)
{
	if (use.output >= 0)
		screen_ = terminal::Screen::open(loop, { use.output, use.input, use.colours });
	if (screen_)
		printer.attach(screen_, use.events, use.log);
}

OpenScreen::~OpenScreen()
{
	if (screen_)
		screen_->close();
}

std::function<void(std::string_view)> OpenScreen::log() const
{
	if (!screen_ || !use_.log)
		return {};
	return [screen = screen_](std::string_view line) { static_cast<void>(screen->print(line)); };
}

} // namespace trtc::cli
