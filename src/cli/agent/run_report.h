// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_printer.h"
#include "cli/exit_code.h"
#include "cli/options/options.h"
#include "report/report.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace trtc::cli {

/// The `--report` of one run, or nothing: then every call does nothing. Thread-bound.
class RunReport {
public:
	explicit RunReport(EventPrinter &printer) : printer_(printer) {}
	~RunReport();
	RunReport(const RunReport &) = delete;
	RunReport &operator=(const RunReport &) = delete;

	/// Makes the folder, and from now on listens to @p printer. What cannot be made is an error when the user asked for it on
	/// the command line, else a warning on stderr.
	std::optional<Error> open(const ReportConfig &config);
	/// For setUpLog().
	std::function<void(std::string_view)> logTap() const;
	/// A secret of this run. Before anything could be said of it.
	void hide(std::string_view secret);
	/// Borrowed until close(); null without a report.
	Trace *trace() const noexcept { return report_.get(); }
	/// GStreamer has been started, so more is known of this machine.
	void versions();
	/// Writes the rest, says where it is, or removes it when nobody wants it. Idempotent.
	void close(ExitCode code, const std::string &reason);

private:
	EventPrinter &printer_;
	bool always_ = false, closed_ = false;
	std::shared_ptr<report::Report> report_; // shared with the log
};

} // namespace trtc::cli
