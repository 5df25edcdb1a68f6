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
	auto *stream = client_->stream(user, StreamType::Main);
	if (auto *other = client_->stream(user, StreamType::Auxiliary); other && (!stream || !stream->info().hasVideo))
		stream = other;
	if (!stream)
		return reply({ Error { ErrorCode::RemoteStreamNotExist,
				       fmt::format("user \"{}\" has no stream in this room; the command streams lists "
						   "all streams",
						   user.str()) },
			       {} });
	stream->snapshot(path, [reply = std::move(reply)](Result<Snapshot> result) {
		if (result)
			reply({});
		else
			reply({ result.error(), {} });
	});
}

} // namespace trtc::cli
