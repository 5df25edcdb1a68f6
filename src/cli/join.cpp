// SPDX-License-Identifier: MIT
#include "cli/agent.h"

#include "base/log.h"
#include "cli/run_report.h"
#include "cli/secret_file.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <unistd.h>

#include <ctime>

namespace trtc::cli {

namespace {

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

Ending run(JoinConfig config, EventPrinter &printer, RunReport &report)
{
	try {
		if (const auto error = report.open(config.report))
			throw Exception(*error);
		base::setUpLog(config.log.level, config.log.file, report.logTap());
		config.client.userSig = userSig(config, report);
		report.hide(config.client.userSig);
		report.hide(config.join.privateMapKey);
		config.client.trace = config.local.trace = report.trace();
		if (!config.client.caFile.empty() && ::access(config.client.caFile.c_str(), R_OK) != 0)
			throw Exception(
				ErrorCode::InvalidParameter,
				fmt::format("certificate file {} cannot be read: name a PEM file with --ca-file",
					    config.client.caFile));
		initializeLibrary();
		report.versions();
		MainLoop loop;
		return Agent(loop, std::move(config), printer).run();
	} catch (const Exception &error) {
		return { reportFatal(printer, error.error()), errorName(error.error().code), {} };
	}
}

} // namespace

ExitCode runJoin(JoinConfig config, EventPrinter &printer)
{
	RunReport report(printer);
	auto ending = run(std::move(config), printer, report);
	printer.print(summaryRecord(ending.code, ending.reason, printer.elapsed(), std::move(ending.recordings)));
	return ending.code;
}

} // namespace trtc::cli
