// SPDX-License-Identifier: MIT
#include "report/report.h"

#include "json/reader.h"
#include "json/writer.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

namespace trtc::report {

namespace {

// Together below 64 MiB: 8 + 16 + 8 + 1 for the streams, 2 * 48 * 64 KiB = 6 for the descriptions, 2 * 48 * 256 KiB = 24 for
// the graphs, and some kilobytes of the rest.
constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kEventBytes = 8 * kMiB, kLogBytes = 16 * kMiB, kMessageBytes = 8 * kMiB, kCandidateBytes = kMiB;
constexpr std::size_t kDescriptionBytes = 64 * 1024, kGraphBytes = 256 * 1024;
/// Of a series: so many of the first files, and as many of the last.
constexpr std::size_t kKept = 48;

const char *toString(Trace::Direction direction) { return direction == Trace::Direction::In ? "in" : "out"; }

/// For a file's name.
std::string plainName(std::string_view text)
{
	std::string out;
	for (const char c : text.substr(0, 80)) {
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				   c == '-' || c == '_' || c == '.';
		out += plain ? c : '-';
	}
	return out;
}

std::string rfc3339(std::chrono::system_clock::time_point time)
{
	using namespace std::chrono;
	const auto whole = floor<milliseconds>(time.time_since_epoch());
	const auto seconds = static_cast<std::time_t>(floor<std::chrono::seconds>(whole).count());
	std::tm utc {};
	gmtime_r(&seconds, &utc);
	return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
			   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
			   whole.count() - std::int64_t { seconds } * 1000);
}

/// The folder and what is missing above it, private whatever the umask is. An errno value, or 0.
int makeFolders(const std::filesystem::path &path)
{
	std::error_code error;
	if (std::filesystem::is_directory(path, error))
		return 0;
	if (const auto parent = path.parent_path(); !parent.empty() && parent != path)
		if (const int failure = makeFolders(parent))
			return failure;
	if (::mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && std::filesystem::is_directory(path, error)))
		return 0;
	return errno;
}

/// DIRECTORY/trtc-cli-report-20261123T071630Z-PID; the directory is made when it is missing.
std::string makeFolder(const std::string &directory, std::chrono::system_clock::time_point now)
{
	const auto refuse = [&](const std::string &why) {
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("report directory {} cannot be written: {}; name another one with --report",
					    directory, why));
	};
	if (const int error = makeFolders(directory))
		refuse(std::strerror(error));
	auto time = rfc3339(now).substr(0, 19);
	std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
	const auto path =
		(std::filesystem::path(directory) / fmt::format("trtc-cli-report-{}Z-{}", time, ::getpid())).string();
	// Two in one second from one process: the second one has a number.
	for (int i = 1;; ++i) {
		const auto name = i == 1 ? path : fmt::format("{}-{}", path, i);
		if (::mkdir(name.c_str(), 0700) == 0)
			return name;
		if (errno != EEXIST || i == 100)
			refuse(std::strerror(errno));
	}
}

int openFolder(const std::string &path)
{
	const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("report {} cannot be opened: {}", path, std::strerror(errno)));
	return fd;
}

} // namespace

Report::Series::Series(Report &report, const char *name, std::size_t most) : owner(report), folder(name), maxBytes(most)
{
}

Report::Series::~Series()
{
	if (directory >= 0)
		::close(directory);
}

void Report::Series::write(const std::string &name, std::string_view text)
{
	if (directory < 0) {
		if (::mkdirat(owner.directory_, folder.c_str(), 0700) != 0 && errno != EEXIST)
			return owner.failed(folder, errno);
		directory = ::openat(owner.directory_, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			return owner.failed(folder, errno);
	}
	const auto file = fmt::format("{:04}-{}", ++count, plainName(name));
	if (count > kKept) {
		late.push_back(file);
		if (late.size() > kKept) {
			::unlinkat(directory, late.front().c_str(), 0);
			late.pop_front();
		}
	}
	auto clean = owner.redactor_(text);
	if (clean.size() > maxBytes)
		clean.resize(maxBytes);
	if (const int error = writeFile(directory, file, clean))
		owner.failed(folder + '/' + file, error);
}

Report::Report(const std::string &directory, std::function<void(const std::string &)> complain)
	: path_(makeFolder(directory, started_)), directory_(openFolder(path_)), complain_(std::move(complain)),
	  events_(directory_, "events", ".jsonl", kEventBytes), log_(directory_, "log", ".txt", kLogBytes),
	  messages_(directory_, "messages", ".jsonl", kMessageBytes),
	  candidates_(directory_, "candidates", ".jsonl", kCandidateBytes),
	  descriptions_(*this, "sdp", kDescriptionBytes), graphs_(*this, "graphs", kGraphBytes)
{
}

Report::~Report()
{
	if (directory_ >= 0)
		::close(directory_);
}

void Report::failed(const std::string &what, int error)
{
	if (complained_.exchange(true))
		return;
	complain_(fmt::format("warning: the report {} is not complete: {}: {}", path_, what, std::strerror(error)));
}

std::string Report::stamp() const { return rfc3339(std::chrono::system_clock::now()); }

void Report::event(std::string_view name, std::string_view json)
{
	while (json.ends_with('\n'))
		json.remove_suffix(1);
	const auto clean = redactor_(json);
	++counts_[std::string(name)];
	if (const int error = events_.write(clean))
		failed("events.jsonl", error);
}

void Report::stats(std::string_view json) { file("stats.json", json); }

void Report::log(std::string_view line)
{
	const auto clean = redactor_(line);
	std::lock_guard lock(logMutex_);
	if (const int error = log_.write(clean))
		failed("log.txt", error);
}

void Report::file(const std::string &name, std::string_view text)
{
	if (const int error = writeFile(directory_, plainName(name), redactor_(text)))
		failed(name, error);
}

void Report::sdp(std::string_view link, Direction direction, std::string_view type, std::string_view text)
{
	descriptions_.write(fmt::format("{}-{}-{}.sdp", link, toString(direction), type), text);
	json::Writer writer;
	writer.beginObject();
	writer.member("time", stamp());
	writer.member("link", link);
	writer.member("direction", toString(direction));
	writer.member("sdp", type);
	writer.endObject();
	// The order of everything that was negotiated is in one file; the text itself is easier to read in one of its own.
	if (const int error = candidates_.write(redactor_(writer.take())))
		failed("candidates.jsonl", error);
	for (std::size_t start = 0; start < text.size();) {
		const auto end = std::min(text.find('\n', start), text.size());
		auto line = text.substr(start, end - start);
		start = end + 1;
		while (line.ends_with('\r'))
			line.remove_suffix(1);
		if (line.starts_with("a=candidate:"))
			candidate(link, direction, line.substr(2));
	}
}

void Report::candidate(std::string_view link, Direction direction, std::string_view text)
{
	json::Writer writer;
	writer.beginObject();
	writer.member("time", stamp());
	writer.member("link", link);
	writer.member("direction", toString(direction));
	writer.member("candidate", text);
	writer.endObject();
	if (const int error = candidates_.write(redactor_(writer.take())))
		failed("candidates.jsonl", error);
}

void Report::message(std::string_view channel, Direction direction, std::string_view text)
{
	json::Writer writer;
	writer.beginObject();
	writer.member("time", stamp());
	writer.member("channel", channel);
	writer.member("direction", toString(direction));
	// As it is when it is JSON on one line, for the tools that read these; what is not becomes a string.
	const bool json = text.find('\n') == std::string_view::npos && json::parse(text);
	if (!json)
		writer.member("message", text);
	writer.endObject();
	auto line = writer.take();
	if (json) {
		line.pop_back();
		line += fmt::format(",\"message\":{}}}", text);
	}
	if (const int error = messages_.write(redactor_(line)))
		failed("messages.jsonl", error);
}

void Report::pipeline(std::string_view name, std::string_view moment, const std::function<std::string()> &graph)
{
	graphs_.write(fmt::format("{}-{}.dot", name, moment), graph());
}

void Report::finish(int exitCode, const std::string &reason)
{
	if (std::exchange(finished_, true))
		return;
	auto text = fmt::format("exit code {}\nreason {}\nstarted {}\nended {}\n", exitCode, reason, rfc3339(started_),
				stamp());
	for (const auto &[name, count] : counts_)
		text += fmt::format("event {} {}\n", name, count);
	text += fmt::format("descriptions {}\ngraphs {}\n", descriptions_.count, graphs_.count);
	file("summary.txt", text);
}

void Report::discard()
{
	std::error_code ignored;
	std::filesystem::remove_all(path_, ignored);
}

} // namespace trtc::report
