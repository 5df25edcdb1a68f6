// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_printer.h"
#include "terminal/screen.h"

#include <functional>
#include <memory>
#include <string_view>

namespace trtc::cli {

/// What of the terminal a command may use.
struct TerminalUse {
	/// The terminal on stdout, else the one on stderr, to draw on; -1: there is none, it is dumb, or a script that
	/// has started us with `&` uses it.
	int output = -1;
	int input = -1;			  ///< stdin, when it is the same terminal
	bool events = false, log = false; ///< stdout, stderr are that terminal
	bool colours = false;
};
/// Looks at the standard streams, TERM and NO_COLOR.
TerminalUse findTerminal(bool readStdin);

/// The screen of a command while it runs. The terminal is given back whatever happens; log and events go on through the
/// closed screen, which writes plainly. Thread-bound.
class OpenScreen {
public:
	/// @p printer is borrowed and goes through the screen from now on.
	OpenScreen(MainLoop &loop, const TerminalUse &use, EventPrinter &printer);
	~OpenScreen();
	OpenScreen(const OpenScreen &) = delete;
	OpenScreen &operator=(const OpenScreen &) = delete;
	/// Null without a terminal.
	std::shared_ptr<terminal::Screen> get() const { return screen_; }
	/// Where the log goes; empty: to stderr.
	std::function<void(std::string_view)> log() const;

private:
	TerminalUse use_;
	std::shared_ptr<terminal::Screen> screen_;
};

} // namespace trtc::cli
