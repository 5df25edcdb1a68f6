// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <string>
#include <string_view>

namespace trtc::cli {

/// Tells systemd how far the program is, for units with `Type=notify`, and keeps its watchdog (`WatchdogSec=`) quiet for as
/// long as the loop turns. Does nothing when nobody asked (NOTIFY_SOCKET is not set). Thread-bound.
/// The protocol: sd_notify(3), sd_watchdog_enabled(3).
class ServiceManager {
public:
	explicit ServiceManager(MainLoop &loop);
	/// The start is over: others may build on us. Once; later calls only change the status.
	void ready(const std::string &status);
	/// One line for `systemctl status`.
	void status(const std::string &status);
	/// The end has begun. Idempotent.
	void stopping();

private:
	bool ready_ = false, stopping_ = false;
	SourceHandle watchdog_;
};

} // namespace trtc::cli
