// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace trtc::terminal {

/// Columns and rows of a terminal, both at least 1.
struct Size {
	int columns = 80, rows = 24;
	bool operator==(const Size &) const = default;
};

/// Which terminal to use and how much of it.
struct ScreenOptions {
	int output = 1;	     ///< descriptor of the terminal that is drawn on, borrowed
	int input = -1;	     ///< descriptor the prompt reads from, borrowed; -1: no prompt, the input is left alone
	bool colours = true; ///< SGR sequences are let through and used for the status line
};

/// Owns one terminal while it is open. From top to bottom it holds: an optional picture, the lines printed so far,
/// the prompt line, the status line. Every update is one write, so that nothing tears. The lines scroll as they always
/// do; nothing but the last two rows is ever drawn over, so that whatever was printed stays readable.
///
/// What was changed on the terminal (line discipline, scroll region) is restored by close(), by the destructor, while
/// the program is stopped (SIGTSTP) and when it crashes. While the program is in the background, lines are printed
/// plainly and nothing is drawn.
///
/// print() and complain() may be called from any thread, also after close(): then the text is written as it is. All
/// else is bound to the loop's thread.
class Screen {
public:
	/// Null when the terminal cannot be drawn on: TERM is unset or `dumb`, or the descriptor is no terminal.
	/// Blocks SIGTSTP and SIGCONT in the calling thread: call it before threads are made, which inherit this.
	static std::shared_ptr<Screen> open(MainLoop &loop, const ScreenOptions &options);
	virtual ~Screen() = default;

	/// Gives the terminal back as it was found, without prompt and status line. May be called again.
	virtual void close() noexcept = 0;

	/// Prints lines above the prompt; a missing last line feed is added, wide lines are wrapped by the terminal.
	/// Control characters, and in a locale without UTF-8 all but ASCII, become `?`, but for SGR sequences (`ESC [ … m`) if @p styled; these must end reset.
	/// Returns 0 or why the terminal cannot be written, an errno value.
	virtual int print(std::string_view text, bool styled = false) noexcept = 0;

	/// One line, cut to the width; "" removes it. Nothing is written when nothing changes, or while the terminal
	/// takes nothing.
	virtual void setStatus(const std::string &text) = 0;
	/// The prompt with what was typed, and the place of the cursor in columns from the start of @p text; scrolled
	/// sideways so that the cursor is seen. Only drawn when there is an input.
	virtual void setPrompt(const std::string &prompt, const std::string &text, std::size_t cursorBytes) = 0;
	virtual void removePrompt() = 0;

	/// Keeps the top @p rows rows for a picture; lines scroll below them. 0 gives them back. What was on the
	/// terminal is scrolled away first, not overwritten. Returns the rows granted: at least 5 rows are left for the
	/// lines, so it may be fewer, or 0 when the terminal is too low or cannot be drawn on now.
	/// While a picture is there, lines that scroll out of the lower part are not kept by the terminal.
	virtual int reservePicture(int rows) = 0;
	/// The rows that are kept for a picture now; may shrink when the terminal is resized.
	virtual int pictureRows() const noexcept = 0;
	/// Draws in the picture, in one write: @p bytes go out as they are, with the cursor, attributes and wrapping
	/// saved before and restored behind them. They must position absolutely (`ESC [ row ; column H`, from 1) and
	/// stay within pictureRows() and size().columns. Skipped, returning false, while nothing is reserved, the program
	/// is in the background or the terminal takes nothing (then the next picture must be drawn whole).
	virtual bool drawPicture(std::string_view bytes) = 0;

	virtual Size size() const noexcept = 0;
	virtual bool colours() const noexcept = 0;
	/// After the size has changed or the terminal was cleared for another reason (continued after a stop): a picture
	/// must be drawn whole then. pictureRows() is the new one already. Dropping the handle ends the calls.
	[[nodiscard]] virtual SourceHandle onRedraw(std::function<void()> handler) = 0;

	/// Bytes typed by the user, as they come; only with an input. At most one handler.
	virtual void onInput(std::function<void(std::string_view)> handler) = 0;
	/// Switches reading off and on again, for a user who types faster than commands run.
	virtual void readInput(bool on) = 0;
};

} // namespace trtc::terminal
