// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace trtc::base {

void setUpLog(const std::string &level, const std::string &file)
{
	const auto parsed = level == "error"   ? spdlog::level::err
			    : level == "warn"  ? spdlog::level::warn
			    : level == "info"  ? spdlog::level::info
			    : level == "debug" ? spdlog::level::debug
			    : level == "trace" ? spdlog::level::trace
					       : spdlog::level::off;
	if (parsed == spdlog::level::off)
		throw Exception(
			ErrorCode::InvalidParameter,
			fmt::format("log level \"{}\" is unknown: use error, warn, info, debug or trace", level));
	spdlog::sink_ptr sink;
	try {
		if (file.empty())
			sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
		else
			sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
	} catch (const spdlog::spdlog_ex &error) {
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("log file {} cannot be written: {}", file, error.what()));
	}
	auto logger = std::make_shared<spdlog::logger>("trtc-cli", std::move(sink));
	logger->set_level(parsed);
	logger->flush_on(spdlog::level::debug);
	logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
	spdlog::set_default_logger(std::move(logger));
}

} // namespace trtc::base
