// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_printer.h"
#include "cli/exit_code.h"
#include "cli/options/options.h"

#include <chrono>
#include <cstdint>

/// The program's commands. Each blocks until it is over and says itself what went wrong. `main` catches nothing but
/// defects.
namespace trtc::cli {

/// Enters a room and stays until told otherwise. Prints `summary` last, whatever happens.
ExitCode runJoin(const JoinConfig &config, EventPrinter &printer);
/// The room service, until SIGINT or SIGTERM.
ExitCode runServe(const ServeConfig &config, EventPrinter &printer);
/// Lists what can be captured and played to. Nothing there is no failure.
ExitCode runDevices(const DevicesConfig &config);
ExitCode runUserSig(const UserSigConfig &config);
/// Looks at everything, prints a line for each finding. Ok, or Internal (1) when something is amiss.
ExitCode runDoctor(DoctorConfig config, std::chrono::steady_clock::time_point start);
/// Asks a running agent over its control socket and prints the answers.
ExitCode runCtl(const CtlConfig &config);

/// One error in its three forms: the line on stderr, the `error` event, the exit code. On a terminal a command that has
/// not begun leaves the line only: from then on @p printer is mute.
ExitCode reportFatal(EventPrinter &printer, const Error &error);

/// RTP payload over all media connections.
struct BytesMoved {
	std::uint64_t sent = 0, received = 0;
};

/// The last line of `join`. @p recordings: the fields of every `recording-stopped`, as the summary lists them.
EventRecord summaryRecord(ExitCode code, const std::string &reason, std::chrono::milliseconds duration,
			  std::vector<Fields> recordings, const BytesMoved &moved = {});

} // namespace trtc::cli
