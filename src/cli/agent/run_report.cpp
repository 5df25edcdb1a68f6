// SPDX-License-Identifier: MIT
#include "cli/agent/run_report.h"

#include "doctor/doctor.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace trtc::cli {

namespace {

/// Of ours and of GStreamer; the others are the user's own affair.
std::string environment()
{
	std::vector<std::string> found;
	for (char **each = ::environ; each && *each; ++each) {
		const std::string_view text(*each);
		if (text.starts_with("TRTC_") || text.starts_with("GST_"))
			found.emplace_back(text);
	}
	std::sort(found.begin(), found.end());
	std::string out;
	for (const auto &line : found)
		out += line + '\n';
	return out;
}

} // namespace

RunReport::~RunReport()
{
	// The printer may outlive us.
	printer_.setTee({});
}

std::optional<Error> RunReport::open(const ReportConfig &config)
{
	if (config.directory.empty())
		return {};
	always_ = config.always;
	try {
		report_ = std::make_shared<report::Report>(config.directory,
							   [](const std::string &text) { complain(text); });
	} catch (const Exception &error) {
		if (always_)
			return error.error();
		complain(fmt::format("warning: {}", error.error().message));
		return {};
	}
	for (const auto &secret : config.secrets)
		hide(secret);
	std::string options;
	for (const auto &each : config.options)
		options += fmt::format("{} = {} ({})\n", each.option, each.value, each.from);
	report_->file("options.txt", options);
	report_->file("environment.txt", environment());
	versions();
	printer_.setTee([this](const EventRecord &record, const std::string &json, bool event) {
		if (record.name == "stats")
			report_->stats(json);
		if (!event)
			return;
		report_->event(record.name, json);
		// The last word; the program may end right behind it.
		if (record.name != "summary")
			return;
		const auto *code = record.find("exitCode");
		const auto *reason = record.find("reason");
		if (code && reason)
			close(static_cast<ExitCode>(std::get<std::int64_t>(*code)), toText(*reason));
	});
	return {};
}

std::function<void(std::string_view)> RunReport::logTap() const
{
	if (!report_)
		return {};
	return [report = report_](std::string_view line) { report->log(line); };
}

void RunReport::hide(std::string_view secret)
{
	if (!report_ || secret.empty())
		return;
	report_->redactor().add(secret);
	// The signature inside proves as much as the whole.
	if (const auto claims = usersig::show(secret))
		report_->redactor().add(claims.value().signature);
}

void RunReport::versions()
{
	if (report_)
		report_->file("versions.txt", fmt::format("trtc-cli {}\n", TRTC_CLI_VERSION) + doctor::versions());
}

void RunReport::close(ExitCode code, const std::string &reason)
{
	if (!report_ || std::exchange(closed_, true))
		return;
	if (!always_ && code == ExitCode::Ok) {
		report_->discard();
		return;
	}
	report_->finish(static_cast<int>(code), reason);
	complain(fmt::format("report of this run: {}", report_->path()));
}

} // namespace trtc::cli
