// SPDX-License-Identifier: MIT
#include "cli/serve/service_commands.h"

#include "base/refuse.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace trtc::cli {

namespace {

bool allDigits(std::string_view text) noexcept
{
	return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Target {
	RoomId room;
	UserId user;
};

/// A user's name has no @, a room's may.
Target parseTarget(const std::string &text)
{
	const auto at = text.find('@');
	if (at == std::string::npos)
		refuse(fmt::format("\"{}\" has no room: use USER@ROOM, as in alice@8888", printable(text, 60)));
	return { parseRoom(std::string_view(text).substr(at + 1)), UserId(text.substr(0, at)) };
}

void runHelp(ServiceHost &, CommandArguments, CommandReply reply)
{
	reply(helpOutcome(shapesOf(serviceCommandTable())));
}

void runKick(ServiceHost &host, CommandArguments arguments, CommandReply reply)
{
	const auto target = parseTarget(arguments[0]);
	host.kick(target.room, target.user, std::move(reply));
}

void runBan(ServiceHost &host, CommandArguments arguments, CommandReply reply)
{
	const auto target = parseTarget(arguments[0]);
	host.ban(target.room, target.user, std::move(reply));
}

void runUnban(ServiceHost &host, CommandArguments arguments, CommandReply reply)
{
	const auto target = parseTarget(arguments[0]);
	host.unban(target.room, target.user, std::move(reply));
}

void runDisband(ServiceHost &host, CommandArguments arguments, CommandReply reply)
{
	host.disband(parseRoom(arguments[0]), std::move(reply));
}

void runUsers(ServiceHost &host, CommandArguments arguments, CommandReply reply)
{
	host.users(parseRoom(arguments[0]), std::move(reply));
}

void runRooms(ServiceHost &host, CommandArguments, CommandReply reply) { host.rooms(std::move(reply)); }
void runBans(ServiceHost &host, CommandArguments, CommandReply reply) { host.bans(std::move(reply)); }
void runStop(ServiceHost &host, CommandArguments, CommandReply reply) { host.stop(std::move(reply)); }

constexpr std::string_view kLikeStop = "same as stop";

// A string room may hold blanks, so the argument is the rest of the line.
constexpr ServiceCommand kServiceCommands[] = {
	{ "ban", "USER@ROOM", "remove a user from a room and refuse the user until unban or until the service stops", 1,
	  1, runBan, true },
	{ "bans", "", "list the banned users of every room", 0, 0, runBans },
	{ "disband", "ROOM", "remove all users from a room", 1, 1, runDisband, true },
	{ "exit", "", kLikeStop, 0, 0, runStop },
	{ "help", "", "list the commands", 0, 0, runHelp },
	{ "kick", "USER@ROOM", "remove a user from a room; the user may join again", 1, 1, runKick, true },
	{ "quit", "", kLikeStop, 0, 0, runStop },
	{ "rooms", "", "list the rooms with their number of users", 0, 0, runRooms },
	{ "stop", "", "notify all users and stop the service", 0, 0, runStop },
	{ "unban", "USER@ROOM", "allow a banned user to join the room again", 1, 1, runUnban, true },
	{ "users", "ROOM", "list the users of a room", 1, 1, runUsers, true },
};

} // namespace

std::span<const ServiceCommand> serviceCommandTable() noexcept { return kServiceCommands; }

RoomId parseRoom(std::string_view text)
{
	if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
		return RoomId::string(std::string(text.substr(1, text.size() - 2)));
	return allDigits(text) ? RoomId::parseNumber(text) : RoomId::string(std::string(text));
}

std::string roomText(const RoomId &room)
{
	const auto &text = room.str();
	const bool plain = !room.isString() || (!allDigits(text) && text.find_first_of(" \t") == std::string::npos);
	return plain ? text : fmt::format("\"{}\"", text);
}

} // namespace trtc::cli
