// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "doctor/text.h"

#include <fmt/format.h>

#include <sys/timex.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

namespace trtc::doctor {

namespace {

/// Before the first version of this program, and so long after it that nobody runs it any more.
constexpr std::int64_t kEarliest = 1704067200, kLatest = 4102444800;
/// The Date header counts whole seconds, and the answer takes its time.
constexpr std::int64_t kSmallOffset = 3;
/// More than that spoils the validity of a UserSig that lives for minutes.
constexpr std::int64_t kLargeOffset = 60;

} // namespace

void lookAtClock(MainLoop &, const Settings &, Facts &facts)
{
	facts.clock.now = static_cast<std::int64_t>(std::time(nullptr));
	timex state {};
	const int result = ::adjtimex(&state);
	facts.clock.known = result >= 0;
	facts.clock.synchronised = result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

void judgeClock(const Settings &, const Facts &facts, Findings &findings)
{
	const auto &clock = facts.clock;
	const auto setNow = findings.asRoot("timedatectl set-ntp true");
	const auto date = dateText(clock.now);
	if (clock.now < kEarliest || clock.now > kLatest) {
		findings.fail("clock",
			      fmt::format("the clock shows {}, which is wrong: services refuse every UserSig", date),
			      setNow);
		return;
	}
	if (facts.server.probe.date) {
		const auto offset = facts.server.probe.dateSeen - *facts.server.probe.date;
		const auto text =
			fmt::format("{} s {} the server's clock", std::abs(offset), offset > 0 ? "ahead of" : "behind");
		if (std::abs(offset) > kLargeOffset)
			findings.fail("clock", fmt::format("{}: the server may refuse a UserSig made here", text),
				      setNow);
		else if (std::abs(offset) > kSmallOffset)
			findings.warn("clock", text, setNow);
		else
			findings.ok("clock", fmt::format("{}, same as the server's clock", date));
	} else {
		findings.ok("clock", date);
	}
	if (!clock.known)
		findings.ok("clock synchronisation", "unknown: the kernel does not report it");
	else if (clock.synchronised)
		findings.ok("clock synchronisation", "synchronised, says the kernel");
	else
		findings.warn("clock synchronisation", "the clock is not synchronised", setNow);
}

} // namespace trtc::doctor
