// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/command_line.h"

#include <trtc/types.h>

#include <span>
#include <string>
#include <string_view>

/// The commands a running service takes on stdin and its control socket. One table serves the parser, `help` and the manual.
namespace trtc::cli {

/// What the commands act on. Thread-bound. Every reply runs exactly once.
class ServiceHost {
public:
	virtual void kick(const RoomId &room, const UserId &user, CommandReply reply) = 0;
	virtual void ban(const RoomId &room, const UserId &user, CommandReply reply) = 0;
	virtual void unban(const RoomId &room, const UserId &user, CommandReply reply) = 0;
	virtual void disband(const RoomId &room, CommandReply reply) = 0;
	virtual void rooms(CommandReply reply) = 0;
	virtual void users(const RoomId &room, CommandReply reply) = 0;
	virtual void bans(CommandReply reply) = 0;
	virtual void stop(CommandReply reply) = 0;

protected:
	~ServiceHost() = default;
};

using ServiceCommand = CommandFor<ServiceHost>;
/// Sorted by name.
std::span<const ServiceCommand> serviceCommandTable() noexcept;

/// A room in a command: digits are a number room; anything else, or any text in double quotes (which no room has in its
/// name), a string room. Throws Exception(InvalidParameter).
RoomId parseRoom(std::string_view text);
/// The same back: `8888`, `live-room_7`, `"8888"`.
std::string roomText(const RoomId &room);

} // namespace trtc::cli
