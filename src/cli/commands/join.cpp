// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include "base/log.h"
#include "cli/agent/plan.h"
#include "cli/agent/run_report.h"
#include "cli/control/terminal_use.h"
#include "cli/events/error_queue.h"
#include "cli/options/secret_file.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long a reader of stdout may take for the last events: after a signal, and else.
constexpr auto kSignalLimit = 2s, kReadLimit = 60s;
/// How long a UserSig lives that the agent makes for itself.
constexpr std::int64_t kOwnSigSeconds = 7 * 24 * 3600;

std::string userSig(const JoinConfig &config, RunReport &report)
{
	if (!config.secretKeyFile.empty()) {
		const auto key = readSecretFile(config.secretKeyFile, "secret key");
		report.hide(key);
		return usersig::sign(config.client.userId.str(), config.client.sdkAppId, key, kOwnSigSeconds,
				     static_cast<std::int64_t>(std::time(nullptr)));
	}
	if (!config.userSigFile.empty())
		return readSecretFile(config.userSigFile, "UserSig");
	return config.client.userSig;
}

/// Whoever has the secret key needs to be given no ticket.
std::string privateMapKey(const JoinConfig &config)
{
	if (!config.privateMapKeyFile.empty())
		return readSecretFile(config.privateMapKeyFile, "PrivateMapKey");
	if (config.secretKeyFile.empty() || !config.join.privateMapKey.empty())
		return config.join.privateMapKey;
	usersig::RoomPermit permit;
	permit.userId = config.client.userId.str();
	permit.sdkAppId = config.client.sdkAppId;
	permit.room = config.join.room;
	permit.privileges = usersig::privilege::kAll;
	return usersig::signPrivateMapKey(std::move(permit), readSecretFile(config.secretKeyFile, "secret key"),
					  kOwnSigSeconds, static_cast<std::int64_t>(std::time(nullptr)));
}

/// Throws Exception(InvalidParameter). The file is read with every connection, and whatever is no file, such as a pipe
/// without a writer, would be waited for.
void checkCaFile(const std::string &path)
{
	struct stat info {};
	const bool readable = ::access(path.c_str(), R_OK) == 0 && ::stat(path.c_str(), &info) == 0;
	if (readable && S_ISREG(info.st_mode))
		return;
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("certificate file {} {}: name a PEM file with --ca-file", path,
				    readable ? "is not a regular file"
					     : fmt::format("cannot be read: {}", std::strerror(errno))));
}

Ending plan(const JoinConfig &config, EventPrinter &printer)
{
	std::vector<TrackPlan> sources;
	try {
		sources = planSources(config);
	} catch (const Exception &error) {
		// As with an agent: whatever the reason is, it is the source that failed.
		const auto code = reportFatal(printer, error.error());
		return { code == ExitCode::Usage ? code : ExitCode::Source, errorName(error.error().code), {} };
	}
	printPlan(config, std::move(sources), printer);
	return { ExitCode::Ok, "dry-run", {} };
}

/// The exit code, when what waits for a slow reader of stdout has been written, or is given up.
ExitCode finishEvents(const Ending &ending, EventPrinter &printer)
{
	const bool signalled = ending.reason == "signal";
	if (printer.failure() != 0 || printer.finish(signalled ? kSignalLimit : kReadLimit) || printer.failure() != 0)
		return ending.code;
	printer.complain(
		fmt::format("the last events are lost: the program that reads stdout did not read them within {} s",
			    (signalled ? kSignalLimit : kReadLimit).count()));
	return ending.code == ExitCode::Ok ? ExitCode::Output : ending.code;
}

Ending run(JoinConfig config, EventPrinter &printer, RunReport &report, ErrorQueue &errors)
{
	try {
		if (const auto error = report.open(config.report))
			throw Exception(*error);
		MainLoop loop;
		const auto use = config.dryRun ? TerminalUse {} : findTerminal(config.readStdin);
		const OpenScreen screen(loop, use, printer);
		const auto errorsQueue = errors.attach(loop);
		SourceHandle queue;
		if (!config.dryRun)
			queue = printer.queue(loop, EventPrinter::SlowReader::Fails);
		base::setUpLog(config.log.level, config.dryRun ? "" : config.log.file,
			       { screen.log() ? screen.log() : errors.log(), report.logTap() });
		config.client.userSig = userSig(config, report);
		if (config.serveKey && !config.dryRun)
			printer.complain(fmt::format("signing in with the key of the service on this machine, {}",
						     config.secretKeyFile));
		report.hide(config.client.userSig);
		config.join.privateMapKey = privateMapKey(config);
		report.hide(config.join.privateMapKey);
		if (const auto &turn = config.client.network.turn)
			report.hide(turn->password);
		if (const auto &proxy = config.client.network.proxy)
			report.hide(proxy->password);
		config.client.trace = config.local.trace = report.trace();
		if (!config.client.caFile.empty())
			checkCaFile(config.client.caFile);
		if (!config.junitFile.empty())
			checkJunitPath(config.junitFile);
		if (config.dryRun)
			return plan(config, printer);
		initializeLibrary();
		report.versions();
		return Agent(loop, std::move(config), printer, { screen.get(), use },
			     [&report](std::string_view secret) { report.hide(secret); })
			.run();
	} catch (const Exception &error) {
		return {
			reportFatal(printer, error.error()), errorName(error.error().code), {}, {}, error.error(), {}
		};
	}
}

} // namespace

void reportExpectations(const JoinConfig &config, EventPrinter &printer, Ending &ending)
{
	if (config.junitFile.empty())
		return;
	const auto elapsed = printer.elapsed();
	const Error cause = ending.cause.value_or(Error { ErrorCode::Unknown, "the agent was interrupted" });
	try {
		writeJunit(config.junitFile,
			   { fmt::format("{}.{}", config.join.room.str(), config.client.userId.str()),
			     std::chrono::system_clock::now() - elapsed, elapsed,
			     completeVerdicts(config.expectations, ending.verdicts, cause, elapsed) });
	} catch (const Exception &error) {
		// Refused at the start it has been told; and another error that came first stays the first.
		if (ending.cause && ending.cause->message == error.error().message)
			return;
		if (ending.code != ExitCode::Ok)
			return printer.complain(error.error().message);
		ending.code = reportFatal(printer, error.error());
		ending.reason = errorName(error.error().code);
	}
}

ExitCode runJoin(const JoinConfig &config, EventPrinter &printer)
{
	ErrorQueue errors(STDERR_FILENO);
	RunReport report(printer);
	auto ending = run(config, printer, report, errors);
	reportExpectations(config, printer, ending);
	printer.print(summaryRecord(ending.code, ending.reason, printer.elapsed(), std::move(ending.recordings),
				    ending.moved));
	return finishEvents(ending, printer);
}

} // namespace trtc::cli
