// SPDX-License-Identifier: MIT
#pragma once

#include <termios.h>

namespace trtc::terminal {

/// Holds a terminal's line discipline as it was and gives it back: by restore(), by the destructor, and in a signal
/// handler when the program crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS) or is quit (SIGQUIT). Such a handler
/// can only reach static storage, so this file holds the program's one static record, written by the guard alone;
/// a second guard in one process gets no crash handler. Handlers that somebody else installed stay. Thread-bound.
class TtyGuard {
public:
	/// @p output: where `reset` goes in a crash. @p input: the line discipline is its; -1: none is changed.
	TtyGuard(int output, int input);
	~TtyGuard();
	TtyGuard(const TtyGuard &) = delete;
	TtyGuard &operator=(const TtyGuard &) = delete;

	/// Characters as they are typed, unseen; signals from keys and the processing of output stay. Ctrl-S no longer stops the
	/// output, which would stop the program. Keeps what was there to give it back. False when the terminal refuses.
	bool raw() noexcept;
	/// As it was before raw().
	void restore() noexcept;
	bool isRaw() const noexcept { return raw_; }

private:
	int input_;
	bool raw_ = false, ownsRecord_ = false;
	termios before_ {};
};

} // namespace trtc::terminal
