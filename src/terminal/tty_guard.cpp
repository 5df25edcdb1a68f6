// SPDX-License-Identifier: MIT
#include "terminal/tty_guard.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace trtc::terminal {

namespace {

constexpr int kCrashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGQUIT };

/// What the crash handler gives back; plain memory, because that is all such a handler may touch.
struct CrashRecord {
	std::atomic<bool> taken { false }, raw { false };
	int output = -1, input = -1;
	termios before {};
};
static_assert(std::atomic<bool>::is_always_lock_free);
CrashRecord crashRecord;

extern "C" void onCrash(int number)
{
	const int error = errno;
	if (crashRecord.raw.load())
		::tcsetattr(crashRecord.input, TCSANOW, &crashRecord.before);
	if (crashRecord.taken.load()) {
		// Plain text, cursor shown, lines wrap, the whole screen scrolls (which moves the cursor, so it is saved),
		// prompt and status line gone.
		static constexpr char kResetScreen[] = "\x1b[0m\x1b[?25h\x1b[?7h\x1b"
						       "7\x1b[r\x1b"
						       "8\r\x1b[J";
		static_cast<void>(!::write(crashRecord.output, kResetScreen, sizeof(kResetScreen) - 1));
	}
	errno = error;
	// The default action is back (SA_RESETHAND): the program ends as if there had been no handler.
	::raise(number);
}

void setHandlers(bool on)
{
	for (const int number : kCrashes) {
		struct sigaction now {};
		::sigaction(number, nullptr, &now);
		const bool ours = !(now.sa_flags & SA_SIGINFO) && now.sa_handler == onCrash;
		const bool unused = !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
		struct sigaction action {};
		action.sa_handler = on ? onCrash : SIG_DFL;
		action.sa_flags = on ? static_cast<int>(SA_RESETHAND) | SA_NODEFER : 0;
		if (on ? unused : ours)
			::sigaction(number, &action, nullptr);
	}
}

} // namespace

TtyGuard::TtyGuard(int output, int input) : input_(input)
{
	if (crashRecord.taken.exchange(true))
		return;
	ownsRecord_ = true;
	crashRecord.output = output;
	crashRecord.input = input;
	setHandlers(true);
}

TtyGuard::~TtyGuard()
{
	restore();
	if (!ownsRecord_)
		return;
	setHandlers(false);
	crashRecord.taken = false;
}

bool TtyGuard::raw() noexcept
{
	if (raw_)
		return true;
	if (input_ < 0 || ::tcgetattr(input_, &before_) != 0)
		return false;
	auto mode = before_;
	mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ECHONL | IEXTEN);
	mode.c_lflag |= ISIG;
	mode.c_iflag &= ~static_cast<tcflag_t>(IXON | IXOFF | INLCR | IGNCR);
	mode.c_iflag |= ICRNL;
	mode.c_oflag |= OPOST | ONLCR;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	if (ownsRecord_) {
		crashRecord.before = before_;
		crashRecord.raw = true;
	}
	raw_ = ::tcsetattr(input_, TCSANOW, &mode) == 0;
	if (!raw_ && ownsRecord_)
		crashRecord.raw = false;
	return raw_;
}

void TtyGuard::restore() noexcept
{
	if (!raw_)
		return;
	raw_ = false;
	// What was typed ahead stays for whoever reads next.
	while (::tcsetattr(input_, TCSANOW, &before_) != 0 && errno == EINTR) {}
	if (ownsRecord_)
		crashRecord.raw = false;
}

} // namespace trtc::terminal
