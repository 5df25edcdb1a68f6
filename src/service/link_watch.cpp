// SPDX-License-Identifier: MIT
#include "service/link_watch.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::service {

using namespace std::chrono_literals;

void LinkWatch::start(bool answers)
{
	timer_ = loop_.every(1s, [this, answers] { look(std::chrono::steady_clock::now(), answers); });
}

void LinkWatch::look(webrtc::Silence::TimePoint now, bool answers)
{
	const auto heard = connection_.arrivals();
	// Nobody reports on a connection that has never had media: everything is muted from the start.
	if (heard == 0 && !answers)
		return;
	if (answers) {
		// A look at which nothing was sent is none: who gets nothing has nothing to report.
		std::uint64_t sent = 0;
		for (const auto &line : connection_.stats().lines)
			sent += line.sending ? line.packets : 0;
		if (std::exchange(sent_, sent) == sent && heard == heard_)
			return;
	}
	heard_ = heard;
	const auto silent = silence_.look(now, heard);
	if (silent < (answers ? kDownlinkLimit : kUplinkLimit))
		return;
	timer_.reset();
	if (const auto dead = std::exchange(dead_, nullptr))
		dead({ ErrorCode::MediaFailed,
		       fmt::format("the client has sent nothing for {} s, not even reports", silent / 1s) });
}

} // namespace trtc::service
