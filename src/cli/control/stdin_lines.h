// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/line_reader.h"

#include <trtc/main_loop.h>

namespace trtc::cli {

/// The lines of stdin, while it is ready: the loop is never held up. A program in the background of its terminal leaves the
/// input to whoever is in front, and looks again once a second. The end of file is no event: nothing more comes.
/// Thread-bound.
class StdinLines {
public:
	StdinLines(MainLoop &loop, LineReader::Handler handler) : loop_(loop), lines_(std::move(handler)) {}
	/// Begins, or goes on after pause(). The handler may call pause(); what was read already still comes.
	void start();
	void pause();

private:
	bool read();

	MainLoop &loop_;
	LineReader lines_;
	bool on_ = false, ended_ = false;
	SourceHandle watch_, retry_;
};

} // namespace trtc::cli
