// SPDX-License-Identifier: MIT
#include "cli/agent/plan.h"

#include "cli/options/secret_file.h"

#include <trtc/client.h>
#include <trtc/main_loop.h>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace trtc::cli {

namespace {

/// That @p path can be made, without making it: the nearest directory that is there takes new files.
void checkCanBeMade(const std::string &path, const char *what, std::string_view option)
{
	auto place = std::filesystem::absolute(path);
	std::error_code error;
	while (!std::filesystem::exists(place, error) && place != place.parent_path())
		place = place.parent_path();
	const bool isDirectory = std::filesystem::is_directory(place, error);
	if (isDirectory && ::access(place.c_str(), W_OK | X_OK) == 0)
		return;
	throw Exception(ErrorCode::OutputFailed,
			fmt::format("{} {} cannot be written: {}: {}; name another one with {}", what, path,
				    place.string(), isDirectory ? std::strerror(errno) : std::strerror(ENOTDIR),
				    option));
}

void checkLogFile(const LogConfig &log)
{
	if (!log.file.empty() && ::access(log.file.c_str(), W_OK) != 0)
		checkCanBeMade(log.file, "log file", "--log-file");
}

std::size_t widest(const std::vector<SettledOption> &options, std::string SettledOption::*column, std::size_t limit)
{
	std::size_t width = 0;
	for (const auto &option : options)
		width = std::max(width, std::min(limit, (option.*column).size()));
	return width;
}

} // namespace

EventRecord planRecord(const Plan &plan)
{
	std::vector<Fields> options, sources, recordings;
	for (const auto &each : plan.options)
		options.push_back({ { "option", each.option }, { "value", each.value }, { "from", each.from } });
	for (const auto &each : plan.sources)
		sources.push_back({ { "streamType", toString(each.streamType) },
				    { "kind", toString(each.kind) },
				    { "small", each.small },
				    { "source", each.source },
				    { "codec", each.codec },
				    { "encoded", each.encoded },
				    { "reason", each.reason },
				    { "pipeline", each.pipeline } });
	for (const auto &path : plan.recordings)
		recordings.push_back({ { "path", path } });
	return { "plan",
		 { { "command", plan.command },
		   { "configFile", plan.configFile },
		   { "options", std::move(options) },
		   { "sources", std::move(sources) },
		   { "recordings", std::move(recordings) } } };
}

std::string planText(const Plan &plan)
{
	auto out = fmt::format("trtc-cli {}, configuration file: {}\n\noptions\n", plan.command,
			       plan.configFile.empty() ? "none" : plan.configFile);
	const auto names = widest(plan.options, &SettledOption::option, 40);
	const auto values = widest(plan.options, &SettledOption::value, 40);
	for (const auto &each : plan.options)
		out += fmt::format("  {:{}}  {:{}}  {}\n", each.option, names, each.value.empty() ? "-" : each.value,
				   values, each.from);
	if (!plan.sources.empty())
		out += "\nsources\n";
	for (const auto &each : plan.sources)
		out += fmt::format("  {} {}{}: {}, {} {}{}{}\n    {}\n", toString(each.streamType),
				   each.small ? "small " : "", toString(each.kind), each.source, each.codec,
				   each.encoded ? "encoded here" : "as it is", each.reason.empty() ? "" : ": ",
				   each.reason, each.pipeline);
	if (!plan.recordings.empty())
		out += "\nrecordings\n";
	for (const auto &path : plan.recordings)
		out += fmt::format("  {}\n", path);
	return out;
}

std::vector<TrackPlan> planSources(const JoinConfig &config)
{
	if (!config.hasSources())
		return {};
	initializeLibrary();
	MainLoop loop;
	return LocalStream(loop, config.local).plan();
}

void printPlan(const JoinConfig &config, std::vector<TrackPlan> sources, EventPrinter &printer)
{
	Plan plan { "join", config.configFile, config.options, std::move(sources), {} };
	checkLogFile(config.log);
	if (!config.recordDirectory.empty()) {
		checkCanBeMade(config.recordDirectory + "/x", "record directory", "--record");
		const auto name = std::find_if(config.options.begin(), config.options.end(),
					       [](const auto &each) { return each.option == "--record-name"; });
		plan.recordings.push_back(fmt::format("{}/{}.mkv", config.recordDirectory,
						      name == config.options.end() ? "" : name->value));
	}
	printer.print(planRecord(plan), planText(plan));
}

void printPlan(const ServeConfig &config, EventPrinter &printer)
{
	checkLogFile(config.log);
	const auto key = config.secretKeyFile.empty() ? defaultKeyPath() : config.secretKeyFile;
	if (::access(key.c_str(), F_OK) == 0)
		readSecretFile(key, "secret key");
	else
		checkCanBeMade(key, "secret key file", "--secret-key-file");
	const Plan plan { "serve", config.configFile, config.options, {}, {} };
	printer.print(planRecord(plan), planText(plan));
}

} // namespace trtc::cli
