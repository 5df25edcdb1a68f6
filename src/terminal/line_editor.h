// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::terminal {

/// Longest line that can be typed, characters; more is not taken in.
inline constexpr std::size_t kMaxTyped = 4096;
/// Lines kept to go back to.
inline constexpr int kMaxHistory = 500;

/// What may stand instead of the last word before the cursor.
struct Completion {
	std::size_t start = 0;		     ///< where the word begins, bytes
	std::vector<std::string> candidates; ///< whole words; one that ends in `/` or `:` goes on, others get a blank
};

/// Editing of one line: keys in, the line and its cursor out. The work is done by libedit (Emacs keys), which gets keys only whole
/// and never waits, reads or draws: it works on a pseudo-terminal of its own that nobody sees. Whoever owns it draws.
/// Thread-bound; handlers may call any method, but must not destroy the editor.
class LineEditor {
public:
	struct Handlers {
		std::function<void(const std::string &line)> line; ///< Enter; the line is gone from the editor
		std::function<void()> changed;			   ///< text or cursor, after feed()
		std::function<void()> end;			   ///< Ctrl-D on an empty line
		std::function<void()> redraw;			   ///< Ctrl-L
		std::function<Completion(std::string_view beforeCursor)> complete; ///< Tab
		std::function<void(const std::vector<std::string> &)> candidates;  ///< Tab, and there are several
	};
	/// Null when there is no pseudo-terminal to be had.
	static std::unique_ptr<LineEditor> make(Handlers handlers);
	~LineEditor();
	LineEditor(const LineEditor &) = delete;
	LineEditor &operator=(const LineEditor &) = delete;

	/// Bytes as typed; keys may be cut anywhere between two calls.
	void feed(std::string_view bytes);
	std::string text() const;
	/// Where the cursor is in text(), bytes.
	std::size_t cursor() const;
	/// Appends to what the arrow keys go back to; the oldest go first.
	void remember(const std::string &line);

private:
	struct Impl;
	explicit LineEditor(std::unique_ptr<Impl> impl);
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc::terminal
