// SPDX-License-Identifier: MIT
#include "base/descriptors.h"
#include "cli/agent/run_report.h"
#include "cli/commands/commands.h"
#include "cli/control/terminal_use.h"
#include "cli/options/secret_file.h"

#include <trtc/error.h>
#include <trtc/events.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace {

using namespace trtc;
using namespace trtc::cli;

ExitCode print(const std::string &text)
{
	if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
		return ExitCode::Ok;
	// `trtc-cli join --help | head`: the reader has seen enough.
	if (errno == EPIPE)
		return ExitCode::Ok;
	complain(fmt::format("stdout cannot be written: {}", std::strerror(errno)));
	return ExitCode::Output;
}

std::vector<std::string> variables()
{
	std::vector<std::string> names;
	for (char **each = environ; *each; ++each) {
		const std::string_view entry(*each);
		if (entry.starts_with("TRTC_"))
			names.emplace_back(entry.substr(0, entry.find('=')));
	}
	return names;
}

ExitCode run(const std::vector<std::string> &arguments, std::chrono::steady_clock::time_point start)
{
	const Surroundings surroundings { [](const char *name) -> const char * { return std::getenv(name); },
					  ::isatty(STDOUT_FILENO) == 1,
					  variables(),
					  [](const std::string &message) { complain(message); },
					  helpColumns(std::getenv("COLUMNS")),
					  defaultKeyPath() };
	const auto terminal = findTerminal(false);
	const bool colours = terminal.events && terminal.colours;
	try {
		auto result = parseCommandLine(arguments, surroundings);
		return std::visit(overloaded {
					  [&](const JoinConfig &config) {
						  EventPrinter printer(config.events, STDOUT_FILENO, start);
						  printer.setColours(colours);
						  return runJoin(config, printer);
					  },
					  [&](const ServeConfig &config) {
						  EventPrinter printer(config.events, STDOUT_FILENO, start);
						  printer.setColours(colours);
						  return runServe(config, printer);
					  },
					  [](const DevicesConfig &config) { return runDevices(config); },
					  [](const UserSigConfig &config) { return runUserSig(config); },
					  [&](DoctorConfig &config) { return runDoctor(std::move(config), start); },
					  [](const CtlConfig &config) { return runCtl(config); },
					  [](const PrintAndExit &text) { return print(text.text); },
				  },
				  result);
	} catch (const Exception &error) {
		bool join = false;
		EventPrinter printer(eventFormatOf(arguments, surroundings, join), STDOUT_FILENO, start);
		RunReport report(printer);
		// One error is enough: that there is no report either is not worth a second exit code.
		static_cast<void>(report.open(reportConfigOf(arguments, surroundings)));
		printer.setColours(colours);
		const auto code = reportFatal(printer, error.error());
		if (join)
			printer.print(summaryRecord(code, errorName(error.error().code), printer.elapsed(), {}));
		report.close(code, errorName(error.error().code));
		return code;
	}
}

} // namespace

int main(int argc, char **argv)
{
	const auto start = std::chrono::steady_clock::now();
	// A closed standard stream would give its number to a socket.
	for (int fd = 0; fd < 3; ++fd)
		if (::fcntl(fd, F_GETFD) == -1)
			static_cast<void>(::open("/dev/null", O_RDWR));
#ifdef __GLIBC__
	// Each connection brings threads of GStreamer and libnice. With an arena for each of them, what one thread
	// allocates and another frees is kept, and memory grows over hundreds of joins without a leak.
	::mallopt(M_ARENA_MAX, 2);
#endif
	raiseDescriptorLimit();
	// A reader that goes away is an error of that write, not the end of the program.
	std::signal(SIGPIPE, SIG_IGN);
	// The file size limit becomes an ordinary write error, too.
	std::signal(SIGXFSZ, SIG_IGN);
	try {
		return static_cast<int>(run({ argv + 1, argv + argc }, start));
	} catch (const std::exception &error) {
		complain(fmt::format("internal error: {}", error.what()));
		return static_cast<int>(ExitCode::Internal);
	}
}
