// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace trtc::cli {

/// Longest line taken in, bytes without the line feed.
inline constexpr std::size_t kMaxLineBytes = 64 * 1024;

/// Cuts a byte stream into lines. A line over the limit is handed over once, cut, as too long; the
/// rest of it is skipped without being kept. Reentrant.
class LineReader {
public:
	/// @p tooLong: @p line is only its beginning.
	using Handler = std::function<void(std::string_view line, bool tooLong)>;
	explicit LineReader(Handler handler) : handler_(std::move(handler)) {}
	void feed(std::string_view bytes);
	/// End of file: a last line without a line feed counts.
	void end();

private:
	void finishLine();
	Handler handler_;
	std::string line_;
	bool tooLong_ = false;
};

} // namespace trtc::cli
