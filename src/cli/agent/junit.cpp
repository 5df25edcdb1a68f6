// SPDX-License-Identifier: MIT
#include "cli/agent/junit.h"

#include "base/descriptors.h"
#include "cli/descriptor.h"
#include "cli/events/event_printer.h"
#include "glib/pointer.h"

#include <fmt/format.h>
#include <glib.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace trtc::cli {

namespace {

[[noreturn]] void fail(const std::string &path, int error)
{
	throw Exception(ErrorCode::OutputFailed,
			fmt::format("report {} cannot be written: {}; name another file with --junit", path,
				    std::strerror(error)));
}

/// For an attribute: valid UTF-8 of the characters of XML 1.0 (section 2.2), with the mark-up taken out.
std::string attribute(std::string_view text)
{
	const glib::CharPtr valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
	std::string out;
	for (const char *at = valid.get(); *at; at = g_utf8_next_char(at)) {
		const auto character = g_utf8_get_char(at);
		switch (character) {
		case '&':
			out += "&amp;";
			break;
		case '<':
			out += "&lt;";
			break;
		case '>':
			out += "&gt;";
			break;
		case '"':
			out += "&quot;";
			break;
		case '\t':
		case '\n':
		case '\r':
			out += fmt::format("&#{};", character);
			break;
		default:
			if (character < 0x20 || character == 0xfffe || character == 0xffff)
				out += "\xef\xbf\xbd";
			else
				out.append(at, static_cast<std::size_t>(g_utf8_next_char(at) - at));
		}
	}
	return out;
}

std::string seconds(std::chrono::milliseconds time)
{
	return fmt::format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}

/// Seconds are enough, and a zone is not understood everywhere.
std::string stamp(std::chrono::system_clock::time_point time) { return rfc3339(time).substr(0, 19); }

std::string host()
{
	char name[256] = "";
	return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

/// A file beside @p path that becomes it.
class Draft {
public:
	explicit Draft(const std::string &path) : path_(path), name_(path + ".XXXXXX")
	{
		struct stat info {};
		if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
			fail(path, EISDIR);
		fd_ = Descriptor(::mkstemp(name_.data()));
		if (!fd_)
			fail(path, errno);
	}
	~Draft()
	{
		if (!done_)
			::unlink(name_.c_str());
	}
	Draft(const Draft &) = delete;
	Draft &operator=(const Draft &) = delete;

	void finish(std::string_view text)
	{
		while (!text.empty()) {
			const auto written = ::write(fd_.get(), text.data(), text.size());
			if (written < 0 && errno == EINTR)
				continue;
			if (written < 0)
				fail(path_, errno);
			text.remove_prefix(static_cast<std::size_t>(written));
		}
		// mkstemp() makes it for its owner alone; a report is for whoever may read the folder.
		::fchmod(fd_.get(), 0666 & ~creationMask());
		if (::rename(name_.c_str(), path_.c_str()) != 0)
			fail(path_, errno);
		done_ = true;
	}

private:
	std::string path_, name_;
	Descriptor fd_;
	bool done_ = false;
};

} // namespace

std::string formatJunit(const JunitReport &report)
{
	std::string cases;
	std::size_t failures = 0, errors = 0;
	for (const auto &verdict : report.verdicts) {
		cases += fmt::format("    <testcase classname=\"trtc-cli.{}\" name=\"{}\" time=\"{}\"",
				     attribute(report.name), attribute(verdict.expectation), seconds(verdict.after));
		if (!verdict.failure) {
			cases += "/>\n";
			continue;
		}
		++(verdict.agentFailed ? errors : failures);
		cases += fmt::format(">\n      <{} type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
				     verdict.agentFailed ? "error" : "failure", errorName(verdict.failure->code),
				     attribute(verdict.failure->message));
	}
	const auto counts = fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
					report.verdicts.size(), failures, errors, seconds(report.duration));
	return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<testsuites name=\"trtc-cli\" {}>\n"
			   "  <testsuite name=\"trtc-cli.{}\" {} skipped=\"0\" timestamp=\"{}\" hostname=\"{}\">\n"
			   "{}"
			   "  </testsuite>\n"
			   "</testsuites>\n",
			   counts, attribute(report.name), counts, stamp(report.started), attribute(host()), cases);
}

std::vector<Verdict> completeVerdicts(const std::vector<Expectation> &expected, std::vector<Verdict> verdicts,
				      const Error &cause, std::chrono::milliseconds elapsed)
{
	std::vector<Verdict> complete;
	for (const auto &each : expected) {
		const auto found = std::find_if(verdicts.begin(), verdicts.end(), [&](const Verdict &verdict) {
			return verdict.expectation == each.text;
		});
		if (found == verdicts.end()) {
			complete.push_back({ each.text, elapsed, cause, true });
			continue;
		}
		complete.push_back(std::move(*found));
		verdicts.erase(found); // the same expectation may stand there twice
	}
	return complete;
}

void checkJunitPath(const std::string &path) { const Draft draft(path); }

void writeJunit(const std::string &path, const JunitReport &report) { Draft(path).finish(formatJunit(report)); }

} // namespace trtc::cli
