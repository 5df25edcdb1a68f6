// SPDX-License-Identifier: MIT
#pragma once

#include "report/redactor.h"
#include "report/stream.h"

#include <trtc/trace.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace trtc::report {

/// What a run leaves behind for somebody who was not there: a folder with everything that was said and done, without
/// secrets. Everything is written as it comes, so that a crash loses nothing that happened before it. A disk that is full
/// costs the report, never the run. The whole stays below 64 MiB.
///
/// Thread-bound, but for log(). Files have mode 0600, folders 0700.
class Report final : public Trace {
public:
	/// Makes DIRECTORY/trtc-cli-report-TIME-PID. @p complain gets one line when writing fails later; on any thread that
	/// calls log(). Throws Exception(OutputFailed) when the folder cannot be made.
	Report(const std::string &directory, std::function<void(const std::string &)> complain);
	~Report();
	Report(const Report &) = delete;
	Report &operator=(const Report &) = delete;

	const std::string &path() const noexcept { return path_; }
	/// Everything that is written goes through it; secrets are added as they become known.
	Redactor &redactor() noexcept { return redactor_; }

	/// One event as JSON.
	void event(std::string_view name, std::string_view json);
	/// The figures as JSON; the last ones stay.
	void stats(std::string_view json);
	/// One line of the log. Thread-safe.
	void log(std::string_view line);
	/// A file of its own: "options.txt".
	void file(const std::string &name, std::string_view text);
	/// Writes summary.txt. Idempotent.
	void finish(int exitCode, const std::string &reason);
	/// Nobody wants it: removes the folder.
	void discard();

	// Trace
	void sdp(std::string_view link, Direction direction, std::string_view type, std::string_view text) override;
	void candidate(std::string_view link, Direction direction, std::string_view text) override;
	void message(std::string_view channel, Direction direction, std::string_view text) override;
	void pipeline(std::string_view name, std::string_view moment,
		      const std::function<std::string()> &graph) override;

private:
	/// Files in a folder of their own, numbered: the first ones stay, of the others the last ones.
	struct Series {
		Series(Report &report, const char *folder, std::size_t maxBytes);
		~Series();
		void write(const std::string &name, std::string_view text);
		Report &owner;
		std::string folder;
		std::size_t maxBytes, count = 0;
		int directory = -1;
		std::deque<std::string> late;
	};

	void failed(const std::string &what, int error);
	std::string stamp() const;

	std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
	std::string path_;
	int directory_ = -1;
	std::function<void(const std::string &)> complain_;
	Redactor redactor_;
	std::mutex logMutex_; // guards log_
	std::atomic<bool> complained_ { false };
	bool finished_ = false;
	Stream events_, log_, messages_, candidates_;
	Series descriptions_, graphs_;
	std::map<std::string, std::size_t, std::less<>> counts_;
};

} // namespace trtc::report
