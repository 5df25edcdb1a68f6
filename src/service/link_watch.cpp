// SPDX-License-Identifier: MIT
#include "service/link_watch.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::service {

using namespace std::chrono_literals;

void LinkWatch::start(bool answers)
{
	timer_ = loop_.every(1s, [this, answers] { look(answers); });
}

void LinkWatch::look(bool answers)
{
	const auto heard = connection_.arrivals();
	if (answers) {
		// A look at which nothing was sent is none: who gets nothing has nothing to report.
		std::uint64_t sent = 0;
		for (const auto &line : connection_.stats().lines)
			sent += line.sending ? line.packets : 0;
		if (std::exchange(sent_, sent) == sent && heard == heard_)
			return;
	}
	heard_ = heard;
	const auto silent = silence_.look(std::chrono::steady_clock::now(), heard);
	if (silent < (answers ? kDownlinkLimit : kUplinkLimit))
		return;
	timer_.reset();
	if (const auto dead = std::exchange(dead_, nullptr))
		dead({ ErrorCode::MediaFailed,
		       fmt::format("the client has sent nothing for {} s, not even reports", silent / 1s) });
}

} // namespace trtc::service
