// SPDX-License-Identifier: MIT
#include "service/metrics.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace trtc::service {

namespace {

/// Of a label's value (exposition formats, "Comments, help text, and type information").
std::string escaped(std::string_view text)
{
	std::string out;
	for (const char c : text) {
		if (c == '\\' || c == '"')
			out += '\\';
		if (c == '\n')
			out += "\\n";
		else
			out += c;
	}
	return out;
}

struct ProcessTimes {
	double cpuSeconds = 0, startSeconds = 0; ///< start: since the machine started
	double virtualBytes = 0, residentBytes = 0;
};

/// proc(5), /proc/self/stat; the name of the program may hold blanks and stands in brackets.
std::optional<ProcessTimes> readTimes()
{
	std::ifstream file("/proc/self/stat");
	std::string line;
	if (!std::getline(file, line) || line.rfind(')') == std::string::npos)
		return {};
	double fields[25] = {}; // numbered as in the manual, from 1; 3 is a letter
	std::size_t at = line.rfind(')') + 4;
	for (int i = 4; i <= 24 && at < line.size(); ++i) {
		std::size_t used = 0;
		fields[i] = std::stod(line.substr(at), &used);
		at += used;
	}
	const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
	return ProcessTimes { (fields[14] + fields[15]) / ticks, fields[22] / ticks, fields[23],
			      fields[24] * static_cast<double>(::sysconf(_SC_PAGESIZE)) };
}

/// Unix time at which the machine started; proc(5), /proc/stat.
std::optional<double> bootTime()
{
	std::ifstream file("/proc/stat");
	for (std::string line; std::getline(file, line);)
		if (line.starts_with("btime "))
			return std::stod(line.substr(6));
	return {};
}

} // namespace

void MetricsText::head(std::string_view name, std::string_view type, std::string_view help)
{
	text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value)
{
	head(name, "gauge", help);
	text_ += fmt::format("{} {}\n", name, value);
}

void MetricsText::counter(std::string_view name, std::string_view help, double value)
{
	head(name, "counter", help);
	text_ += fmt::format("{} {}\n", name, value);
}

void MetricsText::counters(std::string_view name, std::string_view help, std::string_view label,
			   const std::map<std::string, std::uint64_t> &values)
{
	head(name, "counter", help);
	for (const auto &[of, value] : values)
		text_ += fmt::format("{}{{{}=\"{}\"}} {}\n", name, label, escaped(of), value);
}

void addPacketFaults(MetricsText &metrics, const webrtc::PacketFaults &faults)
{
	metrics.counters("trtc_packets_dropped_total",
			 "Media packets dropped before they harm other streams, by reason.", "reason",
			 { { "unknown-ssrc", faults.unknownStream },
			   { "payload-type", faults.payloadType },
			   { "malformed", faults.malformed },
			   { "late", faults.late },
			   { "encryption", faults.encryptionFailed } });
}

void addProcessMetrics(MetricsText &metrics)
{
	if (const auto times = readTimes()) {
		metrics.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
				times->cpuSeconds);
		metrics.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", times->virtualBytes);
		metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", times->residentBytes);
		if (const auto boot = bootTime())
			metrics.gauge("process_start_time_seconds",
				      "Start time of the process since unix epoch in seconds.",
				      *boot + times->startSeconds);
	}
	std::error_code error;
	const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
	if (!error)
		// One of them is the directory itself.
		metrics.gauge("process_open_fds", "Number of open file descriptors.",
			      static_cast<double>(std::distance(begin(descriptors), end(descriptors)) - 1));
	rlimit limit {};
	if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		metrics.gauge("process_max_fds", "Maximum number of open file descriptors.",
			      static_cast<double>(limit.rlim_cur));
}

} // namespace trtc::service
