// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"

#include "base/log.h"
#include "cli/options/secret_file.h"
#include "cli/text.h"
#include "doctor/doctor.h"

#include <trtc/main_loop.h>

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace trtc::cli {

namespace {

struct Look {
	std::string_view word, color;
};
Look lookOf(doctor::Verdict verdict)
{
	switch (verdict) {
	case doctor::Verdict::Ok:
		return { "ok", "\033[32m" };
	case doctor::Verdict::Warn:
		return { "warn", "\033[33m" };
	case doctor::Verdict::Fail:
		return { "FAIL", "\033[1;31m" };
	}
	return {};
}

bool set(const doctor::Settings &settings, const char *variable)
{
	const char *value = settings.variable(variable);
	return value && *value;
}

/// What is being looked at, on a terminal's stderr, until there is something to say about it.
class Progress {
public:
	Progress() : shown_(::isatty(STDERR_FILENO) == 1) {}
	~Progress() { clear(); }
	void begin(std::string_view title)
	{
		if (shown_)
			std::fprintf(stderr, "\r\033[Kchecking %s ...", std::string(title).c_str());
	}
	void clear()
	{
		if (shown_)
			std::fputs("\r\033[K", stderr);
	}

private:
	bool shown_;
};

/// A file that cannot be read is a finding, not the end.
void readFiles(doctor::Settings &settings)
{
	try {
		if (!settings.secretKeyFile.empty())
			settings.secretKey = readSecretFile(settings.secretKeyFile, "secret key");
		if (!settings.userSigFile.empty())
			settings.userSig = readSecretFile(settings.userSigFile, "UserSig");
	} catch (const Exception &error) {
		settings.proofProblem = error.error().message;
	}
}

} // namespace

ExitCode runDoctor(DoctorConfig config, std::chrono::steady_clock::time_point start)
{
	auto &settings = config.settings;
	base::setUpLog("error", "");
	readFiles(settings);
	const bool colors = ::isatty(STDOUT_FILENO) == 1 && !set(settings, "NO_COLOR") &&
			    std::string_view(set(settings, "TERM") ? settings.variable("TERM") : "dumb") != "dumb";
	std::int64_t counts[3] = { 0, 0, 0 };
	EventPrinter printer(EventFormat::Json, STDOUT_FILENO, start);
	Progress progress;
	bool broken = false;
	const auto print = [&](const std::string &line) {
		broken = broken || std::fwrite(line.data(), 1, line.size(), stdout) != line.size() ||
			 std::fflush(stdout) != 0;
	};
	MainLoop loop;
	doctor::examine(
		loop, settings, [&](const doctor::Check &check) { progress.begin(check.title); },
		[&](const doctor::Check &check, const doctor::Finding &finding) {
			++counts[static_cast<int>(finding.verdict)];
			const auto look = lookOf(finding.verdict);
			if (config.json) {
				EventRecord record { "check",
						     { { "check", std::string(check.name) },
						       { "name", finding.name },
						       { "verdict", std::string(finding.verdict == doctor::Verdict::Fail
											? "fail"
											: look.word) },
						       { "what", finding.what } } };
				if (!finding.command.empty())
					record.fields.push_back({ "type", finding.command });
				return printer.print(record);
			}
			progress.clear();
			print(fmt::format("{}{:<4}{} {}: {}{}{}\n", colors ? look.color : "", look.word,
					  colors ? "\033[0m" : "", printable(finding.name), printable(finding.what),
					  finding.command.empty() ? "" : " \u2014 run: ", printable(finding.command)));
		});
	progress.clear();
	const auto code = counts[2] > 0 ? ExitCode::Internal : ExitCode::Ok;
	if (config.json)
		printer.print({ "summary",
				{ { "ok", counts[0] },
				  { "warn", counts[1] },
				  { "fail", counts[2] },
				  { "exitCode", std::int64_t { static_cast<int>(code) } },
				  { "durationMs", std::int64_t { printer.elapsed().count() } } } });
	else
		print(fmt::format("{} ok, {} warnings, {} failures\n", counts[0], counts[1], counts[2]));
	if (broken || printer.failure()) {
		complain("stdout cannot be written");
		return ExitCode::Output;
	}
	return code;
}

} // namespace trtc::cli
