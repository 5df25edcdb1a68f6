// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace trtc::base {

namespace {

/// Hands lines to a function, with their line feed.
class WriteSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
	explicit WriteSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

private:
	void sink_it_(const spdlog::details::log_msg &message) override
	{
		spdlog::memory_buf_t line;
		formatter_->format(message, line);
		write_({ line.data(), line.size() });
	}
	void flush_() override {}

	std::function<void(std::string_view)> write_;
};

} // namespace

void setUpLog(const std::string &level, const std::string &file, LogHandlers handlers)
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
		if (file.empty() && handlers.write)
			sink = std::make_shared<WriteSink>(std::move(handlers.write));
		else if (file.empty())
			sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
		else
			sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
	} catch (const spdlog::spdlog_ex &error) {
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("log file {} cannot be written: {}", file, error.what()));
	}
	sink->set_level(parsed);
	auto logger = std::make_shared<spdlog::logger>("trtc-cli", std::move(sink));
	logger->set_level(parsed);
	if (handlers.tap) {
		const auto low = std::min(parsed, spdlog::level::debug);
		auto second = std::make_shared<WriteSink>([tap = std::move(handlers.tap)](std::string_view line) {
			while (line.ends_with('\n') || line.ends_with('\r'))
				line.remove_suffix(1);
			tap(line);
		});
		second->set_level(low);
		logger->sinks().push_back(std::move(second));
		logger->set_level(low);
	}
	logger->flush_on(spdlog::level::debug);
	logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
	spdlog::set_default_logger(std::move(logger));
}

} // namespace trtc::base
