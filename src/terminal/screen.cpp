// SPDX-License-Identifier: MIT
#include "terminal/screen.h"

#include "base/utf8.h"
#include "glib/main_context.h"
#include "glib/outbox.h"
#include "terminal/text.h"
#include "terminal/tty_guard.h"

#include <fmt/format.h>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace trtc::terminal {

namespace {

/// Rows below a picture: a few lines, the prompt, the status line.
constexpr int kMinTextRows = 5;

/// How often a program in the background looks whether it is in front again.
constexpr std::chrono::seconds kComebackPeriod { 1 };
/// Lines kept to be shown again when a picture moves them.
constexpr std::size_t kTailLines = 100;
/// What may wait for a terminal that takes nothing (a stalled connection, Ctrl-S), bytes; more lines are dropped, and counted.
constexpr std::size_t kMaxWaiting = 16 * 1024 * 1024;
/// How long it may take what gives it back, when we stop or end.
constexpr std::chrono::milliseconds kGiveBackLimit { 500 };

// The cursor rests on the first row of what we draw at the bottom, so that this removes all of it, even after the
// terminal has wrapped the status line because it became narrower.
constexpr std::string_view kErase = "\r\x1b[J";
// For these rows: the terminal may be narrower already than it has told us.
constexpr std::string_view kWrapOff = "\x1b[?7l", kWrapOn = "\x1b[?7h";

/// A terminal that takes nothing (a stalled connection) must not hold us up for something that can be left out.
bool takesBytes(int fd) noexcept
{
	pollfd poll { fd, POLLOUT, 0 };
	return ::poll(&poll, 1, 0) == 1 && (poll.revents & POLLOUT);
}

Size sizeOf(int fd) noexcept
{
	winsize size {};
	if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		return {};
	return { size.ws_col, size.ws_row };
}

/// What of the typed text is seen, and where the cursor is in it.
struct Window {
	std::string text;
	int cursor = 0;
};
Window windowOf(std::string_view text, std::size_t cursorBytes, int columns)
{
	if (columns < 1)
		return {};
	cursorBytes = std::min(cursorBytes, text.size());
	// As little as possible is scrolled out at the left: the cursor needs one column of its own.
	std::size_t start = 0;
	while (start < cursorBytes && columnsOf(text.substr(start, cursorBytes - start)) >= columns)
		start += std::max<std::size_t>(utf8::first(text.substr(start)).bytes, 1);
	return { cut(text.substr(start), columns), columnsOf(text.substr(start, cursorBytes - start)) };
}

class TtyScreen final : public Screen, public std::enable_shared_from_this<TtyScreen> {
public:
	TtyScreen(MainLoop &loop, const ScreenOptions &options)
		: loop_(&loop), output_(options.output), input_(options.input), colours_(options.colours),
		  guard_(options.output, options.input), size_(sizeOf(options.output)),
		  outbox_(glib::Outbox::create(
			  options.output,
			  { kMaxWaiting,
			    glib::Outbox::Full::Drop,
			    {},
			    [this](std::int64_t count) {
				    print(fmt::format("{} lines are lost: the terminal took nothing", count), false);
			    } })),
		  outboxWatch_(outbox_->attach(loop))
	{
		sigset_t signals;
		sigemptyset(&signals);
		sigaddset(&signals, SIGTSTP);
		sigaddset(&signals, SIGCONT);
		::pthread_sigmask(SIG_BLOCK, &signals, &maskBefore_);
		signalFd_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
		if (signalFd_ >= 0)
			signalWatch_ = glib::watchReadable(loop, signalFd_, [this] { return onSignals(); });
		resize_ = loop.onSignal(SIGWINCH, [this] { onResize(false); });
	}
	~TtyScreen() override
	{
		close();
		static_cast<void>(outbox_->finish(kGiveBackLimit));
	}

	void close() noexcept override;
	int print(std::string_view text, bool styled) noexcept override;
	void setStatus(const std::string &text) override;
	void setPrompt(const std::string &prompt, const std::string &text, std::size_t cursorBytes) override;
	void removePrompt() override;
	int reservePicture(int rows) override;
	int pictureRows() const noexcept override { return pictureRows_; }
	bool drawPicture(std::string_view bytes) override;
	Size size() const noexcept override { return size_; }
	bool colours() const noexcept override { return colours_; }
	SourceHandle onRedraw(std::function<void()> handler) override;
	void onInput(std::function<void(std::string_view)> handler) override;
	void readInput(bool on) override;

private:
	struct Prompt {
		std::string prompt, text;
		std::size_t cursor = 0;
		bool operator==(const Prompt &) const = default;
	};

	// All with the lock held.
	bool foreground() const noexcept;
	std::string shown(std::string_view text, bool styled) const
	{
		return utf8_ ? clean(text, styled) : utf8::ascii(clean(text, styled));
	}
	int put(const std::string &bytes)
	{
		outbox_->put(bytes);
		return outbox_->failure();
	}
	/// It must not hold us up for something that can be left out.
	bool takesBytes() const noexcept { return !outbox_->waiting() && trtc::terminal::takesBytes(output_); }
	std::string bottom();
	std::string erase();
	std::string pictureSet(int rows);
	void redrawBottom();

	void watchInput();
	bool readSome();
	bool onSignals();
	void onResize(bool always);
	void stop();
	void resume();

	MainLoop *loop_;
	const int output_, input_;
	const bool colours_;
	const bool utf8_ = utf8::localeShowsUtf8();
	TtyGuard guard_;
	mutable std::mutex mutex_; // guards what is drawn; print() comes from any thread
	bool closed_ = false, drawn_ = false;
	Size size_;
	std::string status_;
	std::optional<Prompt> prompt_;
	int pictureWanted_ = 0, pictureRows_ = 0;
	std::deque<std::pair<std::string, bool>> tail_;

	std::function<void(std::string_view)> inputHandler_;
	bool reading_ = true;
	std::map<int, std::function<void()>> redrawHandlers_;
	int nextHandler_ = 0;
	int signalFd_ = -1;
	sigset_t maskBefore_ {};
	SourceHandle signalWatch_, resize_, inputWatch_, comeback_;
	const std::shared_ptr<glib::Outbox> outbox_;
	SourceHandle outboxWatch_;
};

/// The shell puts a job into the background without asking it. Then the last rows are the shell's, and reading or
/// changing the terminal would stop us.
bool TtyScreen::foreground() const noexcept
{
	const auto group = ::tcgetpgrp(output_);
	return group < 0 || group == ::getpgrp();
}

std::string TtyScreen::erase() { return std::exchange(drawn_, false) ? std::string(kErase) : std::string(); }

/// Prompt line and status line, with the cursor in the first of them.
std::string TtyScreen::bottom()
{
	// The last column stays free: a character in it makes terminals differ about where the cursor is.
	const int columns = size_.columns - 1;
	if (closed_ || columns < 1 || (!prompt_ && status_.empty()))
		return {};
	drawn_ = true;
	if (!prompt_)
		return fmt::format("{}{}{}\r", kWrapOff, cut(status_, columns), kWrapOn);
	const auto prompt = cut(prompt_->prompt, columns / 2);
	const int promptColumns = columnsOf(prompt);
	const auto window = windowOf(prompt_->text, prompt_->cursor, columns - promptColumns);
	auto out = std::string(kWrapOff) + prompt + window.text;
	if (!status_.empty())
		out += "\r\n" + cut(status_, columns) + "\x1b[A";
	out += kWrapOn;
	out += '\r';
	if (const int column = promptColumns + window.cursor)
		out += fmt::format("\x1b[{}C", column);
	return out;
}

void TtyScreen::redrawBottom()
{
	if (closed_)
		return;
	if (!foreground()) {
		drawn_ = false;
		return;
	}
	if (!takesBytes())
		return;
	auto out = erase();
	out += bottom();
	if (!out.empty())
		put(out);
}

int TtyScreen::print(std::string_view text, bool styled) noexcept
try {
	auto lines = shown(text, styled && colours_);
	if (lines.empty() || lines.back() != '\n')
		lines += '\n';
	std::lock_guard lock(mutex_);
	if (closed_)
		return put(lines);
	tail_.emplace_back(lines, styled);
	if (tail_.size() > kTailLines)
		tail_.pop_front();
	if (!foreground()) {
		drawn_ = false;
		return put(lines);
	}
	auto out = erase();
	out += lines;
	out += bottom();
	return put(out);
} catch (const std::exception &) {
	return ENOMEM;
}

void TtyScreen::setStatus(const std::string &text)
{
	std::lock_guard lock(mutex_);
	auto status = shown(text, colours_);
	std::replace(status.begin(), status.end(), '\n', ' ');
	if (status == status_ && (drawn_ || status.empty()))
		return;
	status_ = std::move(status);
	redrawBottom();
}

void TtyScreen::setPrompt(const std::string &prompt, const std::string &text, std::size_t cursorBytes)
{
	std::lock_guard lock(mutex_);
	if (input_ < 0)
		return;
	prompt_ = Prompt { prompt, text, cursorBytes };
	redrawBottom();
}

void TtyScreen::removePrompt()
{
	std::lock_guard lock(mutex_);
	if (!prompt_)
		return;
	prompt_.reset();
	redrawBottom();
}

/// Bytes that make the picture region that high, everything else drawn anew. The cursor ends where lines go on.
std::string TtyScreen::pictureSet(int rows)
{
	std::string out = erase();
	const auto bottomRow = fmt::format("\x1b[{};1H", size_.rows);
	if (rows == 0) {
		for (int row = 1; row <= pictureRows_; ++row)
			out += fmt::format("\x1b[{};1H\x1b[2K", row);
		out += "\x1b[r" + bottomRow;
	} else {
		out += "\x1b[r" + bottomRow;
		if (pictureRows_ == 0)
			// What the terminal shows goes into its memory, as if we had printed that much.
			out += std::string(static_cast<std::size_t>(size_.rows), '\n');
		else
			out += "\x1b[2J";
		out += fmt::format("\x1b[{};{}r", rows + 1, size_.rows) + bottomRow;
		const auto keep = std::min(tail_.size(), static_cast<std::size_t>(size_.rows - rows));
		for (auto line = tail_.end() - static_cast<std::ptrdiff_t>(keep); line != tail_.end(); ++line)
			out += line->first;
	}
	pictureRows_ = rows;
	return out;
}

int TtyScreen::reservePicture(int rows)
{
	std::lock_guard lock(mutex_);
	pictureWanted_ = std::max(rows, 0);
	if (closed_ || !foreground())
		return pictureRows_;
	const int granted = std::clamp(pictureWanted_, 0, std::max(0, size_.rows - kMinTextRows));
	if (granted != pictureRows_) {
		auto out = pictureSet(granted);
		out += bottom();
		put(out);
	}
	return granted;
}

bool TtyScreen::drawPicture(std::string_view bytes)
{
	std::lock_guard lock(mutex_);
	if (closed_ || pictureRows_ == 0 || !foreground() || !takesBytes())
		return false;
	std::string out = "\x1b[?2026h\x1b"
			  "7\x1b[?25l\x1b[?7l";
	out += bytes;
	out += "\x1b[0m\x1b[?7h\x1b"
	       "8\x1b[?25h\x1b[?2026l";
	put(out);
	return true;
}

SourceHandle TtyScreen::onRedraw(std::function<void()> handler)
{
	const int id = nextHandler_++;
	redrawHandlers_[id] = std::move(handler);
	return SourceHandle([weak = weak_from_this(), id] {
		if (const auto self = weak.lock())
			self->redrawHandlers_.erase(id);
	});
}

void TtyScreen::onInput(std::function<void(std::string_view)> handler)
{
	inputHandler_ = std::move(handler);
	watchInput();
}

void TtyScreen::readInput(bool on)
{
	reading_ = on;
	watchInput();
}

/// Reads and takes the keys over exactly while somebody wants them and the terminal is ours.
void TtyScreen::watchInput()
{
	if (closed_ || input_ < 0 || !inputHandler_)
		return;
	const bool ours = foreground();
	if (ours)
		guard_.raw();
	if (!ours)
		// The shell brings a job to the front without a signal, too.
		comeback_ = loop_->after(kComebackPeriod, [this] {
			watchInput();
			if (std::lock_guard lock(mutex_); inputWatch_)
				redrawBottom();
		});
	if (!ours || !reading_)
		inputWatch_.reset();
	else if (!inputWatch_)
		inputWatch_ = glib::watchReadable(*loop_, input_, [this] { return readSome(); });
}

bool TtyScreen::readSome()
{
	// Put into the background without a signal: reading would stop us.
	if (!foreground()) {
		watchInput();
		return false;
	}
	char buffer[4096];
	const auto got = ::read(input_, buffer, sizeof(buffer));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got <= 0) {
		// The terminal is gone; SIGHUP says so to whoever wants to know.
		inputWatch_.reset();
		return false;
	}
	const auto keepAlive = shared_from_this();
	// A copy: the handler may set another one.
	const auto handler = inputHandler_;
	handler({ buffer, static_cast<std::size_t>(got) });
	return inputWatch_ ? true : false;
}

bool TtyScreen::onSignals()
{
	signalfd_siginfo info {};
	bool stopped = false, continued = false;
	while (::read(signalFd_, &info, sizeof(info)) == sizeof(info)) {
		stopped = stopped || info.ssi_signo == SIGTSTP;
		continued = continued || info.ssi_signo == SIGCONT;
	}
	const auto keepAlive = shared_from_this();
	if (stopped)
		stop();
	else if (continued)
		resume();
	return true;
}

/// Ctrl-Z: the terminal goes back as it was, then we stop like any program.
void TtyScreen::stop()
{
	inputWatch_.reset();
	{
		std::lock_guard lock(mutex_);
		if (foreground()) {
			auto out = erase();
			if (pictureRows_)
				out += "\x1b"
				       "7\x1b[r\x1b"
				       "8";
			put(out);
			static_cast<void>(outbox_->finish(kGiveBackLimit));
			guard_.restore();
		}
	}
	sigset_t stopSignal;
	sigemptyset(&stopSignal);
	sigaddset(&stopSignal, SIGTSTP);
	::raise(SIGTSTP);
	::pthread_sigmask(SIG_UNBLOCK, &stopSignal, nullptr);
	::pthread_sigmask(SIG_BLOCK, &stopSignal, nullptr);
	// A process group without a shell is not stopped at all, and gets no SIGCONT either.
	resume();
}

void TtyScreen::resume()
{
	// The shell may have changed the line discipline meanwhile; what it has now is what it gets back.
	if (!foreground())
		return watchInput(); // sent to the background: it comes to the front without another signal
	guard_.restore();
	watchInput();
	onResize(true);
}

void TtyScreen::onResize(bool always)
{
	{
		std::lock_guard lock(mutex_);
		const auto size = sizeOf(output_);
		if (closed_ || (size == size_ && !always))
			return;
		size_ = size;
		if (!foreground()) {
			drawn_ = false;
			return;
		}
		if (pictureWanted_ > 0 || pictureRows_ > 0) {
			// Where the terminal has moved our rows to is anybody's guess.
			const int granted = std::clamp(pictureWanted_, 0, std::max(0, size_.rows - kMinTextRows));
			std::string out = "\x1b[r\x1b[2J";
			drawn_ = false;
			pictureRows_ = std::max(pictureRows_, 1);
			out += pictureSet(granted);
			out += bottom();
			put(out);
		} else {
			redrawBottom();
		}
	}
	const auto handlers = redrawHandlers_;
	for (const auto &[id, handler] : handlers)
		if (redrawHandlers_.contains(id))
			handler();
}

void TtyScreen::close() noexcept
try {
	{
		std::lock_guard lock(mutex_);
		if (std::exchange(closed_, true))
			return;
		if (foreground()) {
			auto out = erase();
			if (pictureRows_)
				out += pictureSet(0);
			put(out);
			static_cast<void>(outbox_->finish(kGiveBackLimit));
			guard_.restore();
		}
	}
	outboxWatch_.reset();
	inputWatch_.reset();
	comeback_.reset();
	signalWatch_.reset();
	resize_.reset();
	if (signalFd_ >= 0)
		::close(std::exchange(signalFd_, -1));
	::pthread_sigmask(SIG_SETMASK, &maskBefore_, nullptr);
	loop_ = nullptr;
} catch (const std::exception &) {
	guard_.restore();
}

} // namespace

std::shared_ptr<Screen> Screen::open(MainLoop &loop, const ScreenOptions &options)
{
	const char *name = std::getenv("TERM");
	if (!name || !*name || std::string_view(name) == "dumb" || !::isatty(options.output))
		return nullptr;
	return std::make_shared<TtyScreen>(loop, options);
}

} // namespace trtc::terminal
