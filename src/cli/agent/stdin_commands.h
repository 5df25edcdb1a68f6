// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/command_line.h"

#include <trtc/config.h>
#include <trtc/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

/// The commands a running agent takes on stdin. One table serves the parser, `help` and the manual.
namespace trtc::cli {

/// What the commands act on. Thread-bound. Every reply runs exactly once.
class CommandHost {
public:
	using Reply = CommandReply;
	virtual void switchRole(Role role, Reply reply) = 0;
	virtual void updatePrivateMapKey(const std::string &privateMapKey, Reply reply) = 0;
	virtual void publish(Reply reply) = 0;
	virtual void unpublish(Reply reply) = 0;
	virtual void subscribe(const UserId &user, const SubscribeOptions &options, Reply reply) = 0;
	virtual void unsubscribe(const UserId &user, Reply reply) = 0;
	virtual void setMuted(MediaKind kind, bool muted, Reply reply) = 0;
	/// @p text: as it stands on the line, any bytes.
	virtual void message(const std::string &text, Reply reply) = 0;
	virtual void play(const UserId &user, Reply reply) = 0;
	virtual void stop(const UserId &user, Reply reply) = 0;
	virtual void snapshot(const UserId &user, const std::string &path, Reply reply) = 0;
	/// @p user: empty for all.
	virtual void snapshotEvery(std::chrono::milliseconds period, const std::optional<UserId> &user,
				   const std::string &directory, Reply reply) = 0;
	virtual void stopSnapshots(Reply reply) = 0;
	/// @p directory: "": the one of before.
	virtual void startRecording(const std::string &directory, Reply reply) = 0;
	virtual void stopRecording(Reply reply) = 0;
	/// @p source: none removes the track; a track that is not there is added.
	virtual void replace(StreamType type, MediaKind kind, const SourceSpec &source, Reply reply) = 0;
	virtual void users(Reply reply) = 0;
	virtual void streams(Reply reply) = 0;
	virtual void stats(Reply reply) = 0;
	virtual void leave(Reply reply) = 0;

protected:
	~CommandHost() = default;
};

using Command = CommandFor<CommandHost>;
/// Sorted by name.
std::span<const Command> commandTable() noexcept;

/// Runs one line of an agent.
inline void runCommand(CommandHost &host, const CommandLine &line, CommandHost::Reply reply)
{
	runCommand(commandTable(), host, line, std::move(reply));
}

} // namespace trtc::cli
