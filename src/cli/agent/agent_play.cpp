// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include <fmt/format.h>

#include <utility>

// What the agent shows and plays, and snapshots.
namespace trtc::cli {

Playing &Agent::playing()
{
	if (!playing_)
		playing_ = std::make_unique<Playing>(loop_, *client_, config_.play.value_or(PlayConfig::parse("auto")),
						     config_.join.room, terminal_.screen,
						     [this](const Error &error) { fail(error, ExitCode::Ok, false); });
	return *playing_;
}

void Agent::play(const UserId &user, Reply reply)
{
	playing().play(user);
	reply({});
}

void Agent::stop(const UserId &user, Reply reply)
{
	playing().stop(user);
	reply({});
}

void Agent::snapshot(const UserId &user, const std::string &path, Reply reply)
{
	streamWait_->until(StreamWait::For::Subscription, user, [this, user, path, reply = std::move(reply)]() mutable {
		takeSnapshot(user, path, std::move(reply));
	});
}

void Agent::takeSnapshot(const UserId &user, const std::string &path, Reply reply)
{
	auto *stream = client_->stream(user, StreamType::Main);
	if (auto *other = client_->stream(user, StreamType::Auxiliary); other && (!stream || !stream->info().hasVideo))
		stream = other;
	if (!stream)
		return reply({ Error { ErrorCode::RemoteStreamNotExist,
				       fmt::format("user \"{}\" has no stream in this room; the command streams lists "
						   "all streams",
						   user.str()) },
			       {} });
	const auto info = stream->info();
	snapshots_->whenFree(info, [this, info, path, reply = std::move(reply)]() mutable {
		auto *now = client_->stream(info.userId, info.streamType);
		if (!now)
			return reply({ Error { ErrorCode::RemoteStreamNotExist,
					       fmt::format("the stream of \"{}\" has ended", info.userId.str()) },
				       {} });
		now->snapshot(path, [reply = std::move(reply)](const Result<Snapshot> &result) {
			if (result)
				reply({});
			else
				reply({ result.error(), {} });
		});
	});
}

void Agent::snapshotEvery(std::chrono::milliseconds period, const std::optional<UserId> &user,
			  const std::string &directory, Reply reply)
{
	snapshots_->start(user, period, directory, std::move(reply));
}

void Agent::stopSnapshots(Reply reply) { snapshots_->stop(std::move(reply)); }

} // namespace trtc::cli
