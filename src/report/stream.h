// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trtc::report {

/// One file of lines that is written as they come and never grows beyond its bound. How something began and how it ended
/// are what a reader looks for, so the middle goes: the first third stays in NAME.EXT, and the rest alternates between
/// NAME-2.EXT and NAME-3.EXT. Not thread-safe.
class Stream {
public:
	/// In the folder @p directory, borrowed. Nothing is made before the first line.
	Stream(int directory, std::string name, std::string extension, std::size_t maxBytes);
	~Stream();
	Stream(const Stream &) = delete;
	Stream &operator=(const Stream &) = delete;

	/// @p line without its line feed. Longer ones are cut at kMaxLine. Returns 0 or an errno value, once; afterwards
	/// nothing is written any more.
	int write(std::string_view line);

	static constexpr std::size_t kMaxLine = 256 * 1024;

private:
	bool next();
	int put(std::string_view text);

	int directory_, fd_ = -1;
	std::string name_, extension_;
	std::size_t partBytes_, written_ = 0;
	std::uint64_t part_ = 0;
	bool broken_ = false;
};

/// Writes the whole text into a new file of mode 0600. Returns 0 or an errno value.
int writeFile(int directory, const std::string &name, std::string_view text);

} // namespace trtc::report
