// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"

#include <sys/resource.h>

namespace trtc::cli {

namespace {

std::int64_t milliseconds(const timeval &time) { return std::int64_t { time.tv_sec } * 1000 + time.tv_usec / 1000; }

} // namespace

ExitCode reportFatal(EventPrinter &printer, const Error &error)
{
	if (printer.errorIsEnough())
		printer.mute();
	printer.complain(error.message);
	printer.print(errorRecord(error, false));
	return exitCodeFor(error.code);
}

EventRecord summaryRecord(ExitCode code, const std::string &reason, std::chrono::milliseconds duration,
			  std::vector<Fields> recordings, const BytesMoved &moved)
{
	std::int64_t bytes = 0;
	for (const auto &recording : recordings)
		for (const auto &field : recording)
			if (field.name == "bytes")
				bytes += std::get<std::int64_t>(field.value);
	rusage usage {};
	::getrusage(RUSAGE_SELF, &usage);
	return { "summary",
		 { { "exitCode", std::int64_t { static_cast<int>(code) } },
		   { "reason", reason },
		   { "durationMs", std::int64_t { duration.count() } },
		   { "recordings", std::move(recordings) },
		   { "bytes", bytes },
		   { "bytesSent", static_cast<std::int64_t>(moved.sent) },
		   { "bytesReceived", static_cast<std::int64_t>(moved.received) },
		   { "cpuSeconds",
		     static_cast<double>(milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)) / 1000 },
		   { "maxRssKiB", std::int64_t { usage.ru_maxrss } } } };
}

} // namespace trtc::cli
