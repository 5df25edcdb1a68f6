// SPDX-License-Identifier: MIT
#include "cli/commands.h"

#include <sys/resource.h>

namespace trtc::cli {

namespace {

double seconds(const timeval &time)
{
	return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

} // namespace

ExitCode reportFatal(EventPrinter &printer, const Error &error)
{
	complain(error.message);
	printer.print(errorRecord(error, false));
	return exitCodeFor(error.code);
}

EventRecord summaryRecord(ExitCode code, const std::string &reason, std::chrono::milliseconds duration,
			  std::vector<Fields> recordings)
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
		   { "cpuSeconds", seconds(usage.ru_utime) + seconds(usage.ru_stime) },
		   { "maxRssKiB", std::int64_t { usage.ru_maxrss } } } };
}

} // namespace trtc::cli
