// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <span>
#include <string_view>

namespace trtc::cli {

/// What the program ends with. Scripts rely on the numbers; the manual's EXIT STATUS and
/// `trtc-cli --help` are checked against this list.
enum class ExitCode : int {
	Ok = 0,
	Internal = 1,
	Usage = 2,
	Refused = 3,
	NoConnection = 4,
	Source = 5,
	Media = 6,
	ConnectionLost = 7,
	Expectation = 8,
	Output = 9,
	Removed = 10,
	Interrupted = 130,
};

/// The one table from error to exit code. Reentrant, never fails.
ExitCode exitCodeFor(ErrorCode code) noexcept;

struct ExitCodeText {
	ExitCode code;
	std::string_view meaning;
};
/// Every exit code with its meaning, ascending.
std::span<const ExitCodeText> exitCodeTable() noexcept;

} // namespace trtc::cli
