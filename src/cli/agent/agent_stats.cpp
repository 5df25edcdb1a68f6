// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include "cli/events/stats_record.h"

// Figures on request and on the clock.
namespace trtc::cli {

namespace {

/// How old the figures in a report are at most.
constexpr std::chrono::seconds kAsidePeriod { 1 };

} // namespace

void Agent::startStats()
{
	// A report has the last figures even of those who did not want to see them.
	if (printer_.hasTee() && config_.statsPeriod != std::chrono::seconds(1))
		asideTimer_ = loop_.every(kAsidePeriod, [this] {
			if (state_ != State::Running || !client_->joined())
				return;
			client_->stats([this](const Stats &stats) {
				if (state_ == State::Running)
					printer_.aside(
						{ "stats", statsFields(stats, client_->traffic(), client_->userId()) });
			});
		});
	if (!config_.statsPeriod)
		return;
	statsTimer_ = loop_.every(*config_.statsPeriod, [this] {
		if (state_ != State::Running || !client_->joined())
			return;
		client_->stats([this](const Stats &stats) {
			if (state_ == State::Running)
				emit({ "stats", statsFields(stats, client_->traffic(), client_->userId()) });
		});
	});
}

BytesMoved Agent::bytesMoved() const
{
	const auto traffic = client_->traffic();
	return { traffic.bytesSent, traffic.bytesReceived };
}

void Agent::stats(Reply reply)
{
	if (!client_->joined())
		return reply({ Error { ErrorCode::InvalidOperation, "not in a room: join first" }, {} });
	client_->stats([this, reply = std::move(reply)](const Stats &stats) {
		reply({ Unit {}, statsFields(stats, client_->traffic(), client_->userId()) });
	});
}

} // namespace trtc::cli
