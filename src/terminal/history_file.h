// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace trtc::terminal {

/// Lines typed in earlier runs, one a line in a file of mode 0600 that only its user reads. Several programs may use
/// one file: each line is appended with one write. Where the file cannot be used there is no history and no error, since
/// nobody asked for it. Thread-bound.
class HistoryFile {
public:
	/// @p path "": none. The folder is made, mode 0700. @p limit: lines kept; a longer file is shortened when it
	/// is read.
	HistoryFile(std::string path, std::size_t limit);
	/// Oldest first, no more than the limit; lines that are no text are left out.
	std::vector<std::string> read() const;
	void append(const std::string &line) const;

private:
	std::string path_;
	std::size_t limit_;
};

/// `$XDG_STATE_HOME/trtc-cli/history`, `~/.local/state/…` without it, "" without a home.
std::string defaultHistoryPath();

} // namespace trtc::terminal
