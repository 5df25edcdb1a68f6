// SPDX-License-Identifier: MIT
#include "cli/control/service_manager.h"

#include "cli/text.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace trtc::cli {

namespace {

/// A notification that does not arrive cannot be helped: systemd acts on its absence.
void tell(const std::string &state) { static_cast<void>(::sd_notify(0, state.c_str())); }

} // namespace

ServiceManager::ServiceManager(MainLoop &loop)
{
	std::uint64_t microseconds = 0;
	if (::sd_watchdog_enabled(0, &microseconds) <= 0)
		return;
	// Half of the limit is what sd_watchdog_enabled(3) asks for.
	const std::chrono::milliseconds period(std::max<std::uint64_t>(1, microseconds / 2000));
	watchdog_ = loop.every(period, [] { tell("WATCHDOG=1"); });
}

void ServiceManager::ready(const std::string &status)
{
	const auto *first = std::exchange(ready_, true) ? "" : "READY=1\n";
	tell(fmt::format("{}STATUS={}", first, printable(status)));
}

void ServiceManager::status(const std::string &status) { tell(fmt::format("STATUS={}", printable(status))); }

void ServiceManager::stopping()
{
	if (!std::exchange(stopping_, true))
		tell("STOPPING=1\nSTATUS=leaving");
}

} // namespace trtc::cli
