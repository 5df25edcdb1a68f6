// SPDX-License-Identifier: MIT
#pragma once

#include "cli/agent/expectation.h"

#include <trtc/error.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// `--junit FILE`: what became of the expectations, in the form that continuous integration reads.
namespace trtc::cli {

/// What became of one expectation.
struct Verdict {
	std::string expectation; ///< as the user wrote it
	/// When it was decided, since the start of the process.
	std::chrono::milliseconds after { 0 };
	/// Not met: why.
	std::optional<Error> failure;
	/// The agent itself failed, so it was never put to the test to the end.
	bool agentFailed = false;
};

struct JunitReport {
	std::string name; ///< of the suite and in front of the cases: "ROOM.USER"
	std::chrono::system_clock::time_point started;
	std::chrono::milliseconds duration { 0 };
	std::vector<Verdict> verdicts;
};

/// The report as XML: one suite, one case for each expectation. Bytes that XML cannot hold become U+FFFD. Reentrant.
std::string formatJunit(const JunitReport &report);

/// The verdicts in the order of @p expected. Those that are missing: the agent ended because of @p cause.
std::vector<Verdict> completeVerdicts(const std::vector<Expectation> &expected, std::vector<Verdict> verdicts,
				      const Error &cause, std::chrono::milliseconds elapsed);

/// Throws Exception(OutputFailed) when no file can be put at @p path.
void checkJunitPath(const std::string &path);
/// The whole file appears at once, or nothing changes. Throws Exception(OutputFailed).
void writeJunit(const std::string &path, const JunitReport &report);

} // namespace trtc::cli
