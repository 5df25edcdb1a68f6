// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"

#include "base/log.h"
#include "cli/agent/plan.h"
#include "cli/agent/run_report.h"
#include "cli/control/service_manager.h"
#include "cli/control/terminal_use.h"
#include "cli/events/error_queue.h"
#include "cli/options/secret_file.h"
#include "cli/serve/service_desk.h"
#include "service/server.h"

#include <trtc/client.h>
#include <trtc/main_loop.h>

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <optional>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long the goodbye to everybody may take.
constexpr auto kStopLimit = 5s;
/// How long a reader of stdout may take for the last events.
constexpr auto kReadLimit = 1s;

ExitCode run(const ServeConfig &config, EventPrinter &printer, RunReport &report, ErrorQueue &errors)
{
	try {
		if (const auto error = report.open(config.report))
			throw Exception(*error);
		MainLoop loop;
		SourceHandle queue;
		const auto use = config.dryRun ? TerminalUse {} : findTerminal(config.readStdin);
		const OpenScreen screen(loop, use, printer);
		const auto errorsQueue = errors.attach(loop);
		base::setUpLog(config.log.level, config.dryRun ? "" : config.log.file,
			       { screen.log() ? screen.log() : errors.log(), report.logTap() });
		if (config.dryRun) {
			printPlan(config, printer);
			return ExitCode::Ok;
		}
		// A reader of stdout that falls asleep must not stop the rooms.
		queue = printer.queue(loop);
		service::ServerConfig server;
		const auto keyFile = config.secretKeyFile.empty() ? defaultKeyPath() : config.secretKeyFile;
		server.secretKey = readOrMakeKey(keyFile);
		report.hide(server.secretKey);
		server.trace = report.trace();
		server.host = config.host;
		server.port = config.port;
		server.tlsCertificate = config.tlsCertificate;
		server.tlsKey = config.tlsKey;
		server.mediaAddress = config.mediaAddress;
		server.minMediaPort = config.minMediaPort;
		server.maxMediaPort = config.maxMediaPort;
		server.sdkAppId = config.sdkAppId;
		server.limits.maxRooms = config.maxRooms;
		server.limits.maxUsersPerRoom = config.maxUsers;
		server.limits.maxAnchorsPerRoom = config.maxAnchors;
		server.limits.maxRoomsPerUser = config.maxRoomsPerUser;
		server.limits.maxPublicationsPerUser = config.maxPublicationsPerUser;
		server.maxConnectionsPerAddress = config.maxConnectionsPerAddress;
		server.requirePrivateMapKey = config.requirePrivateMapKey;
		initializeLibrary();
		report.versions();

		std::optional<service::Server> service;
		std::optional<ServiceDesk> desk;
		SourceHandle watchdog;
		ServiceManager manager(loop);
		const auto stop = [&] {
			if (watchdog)
				return loop.quit(); // asked twice
			manager.stopping();
			if (desk)
				desk->close();
			watchdog = loop.after(kStopLimit, [&] { loop.quit(); });
			service->stop([&] { loop.quit(); });
		};
		const auto onInterrupt = loop.onSignal(SIGINT, stop);
		const auto onTerminate = loop.onSignal(SIGTERM, stop);
		try {
			service.emplace(loop, server);
			desk.emplace(loop, config, printer, *service, screen.get(), use, stop);
		} catch (const Exception &error) {
			// An address or a control socket that cannot be had is a matter of configuration here, not of a peer.
			reportFatal(printer, error.error());
			return ExitCode::Usage;
		}
		printer.print({ "service-ready",
				{ { "url", service->url() },
				  { "sdkAppId", std::int64_t { config.sdkAppId } },
				  { "secretKeyFile", keyFile } } });
		manager.ready(fmt::format("room service at {}", service->url()));
		desk->open();
		loop.run();
		return ExitCode::Ok;
	} catch (const Exception &error) {
		return reportFatal(printer, error.error());
	}
}

} // namespace

ExitCode runServe(const ServeConfig &config, EventPrinter &printer)
{
	ErrorQueue errors(STDERR_FILENO);
	RunReport report(printer);
	const auto code = run(config, printer, report, errors);
	static_cast<void>(printer.finish(kReadLimit));
	report.close(code, code == ExitCode::Ok ? "signal" : "failed");
	return code;
}

} // namespace trtc::cli
