// SPDX-License-Identifier: MIT
#include "cli/serve/service_commands.h"

#include "cli/control/command_completion.h"
#include "cli/control/control_path.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;
using Lines = std::vector<std::string>;

namespace {

/// Writes down what it is asked for.
struct FakeService final : ServiceHost {
	Lines calls;
	void note(std::string call, const CommandReply &reply)
	{
		calls.push_back(std::move(call));
		reply({});
	}
	static std::string at(const UserId &user, const RoomId &room)
	{
		return user.str() + " in " + (room.isString() ? "text " : "number ") + "<" + room.str() + ">";
	}
	void kick(const RoomId &room, const UserId &user, CommandReply reply) override
	{
		note("kick " + at(user, room), reply);
	}
	void ban(const RoomId &room, const UserId &user, CommandReply reply) override
	{
		note("ban " + at(user, room), reply);
	}
	void unban(const RoomId &room, const UserId &user, CommandReply reply) override
	{
		note("unban " + at(user, room), reply);
	}
	void disband(const RoomId &room, CommandReply reply) override { note("disband " + room.str(), reply); }
	void rooms(CommandReply reply) override { note("rooms", reply); }
	void users(const RoomId &room, CommandReply reply) override { note("users " + room.str(), reply); }
	void bans(CommandReply reply) override { note("bans", reply); }
	void stop(CommandReply reply) override { note("stop", reply); }
};

/// What was called, or why nothing was.
std::string run(const std::string &line)
{
	FakeService host;
	std::string said;
	int replies = 0;
	runCommand(serviceCommandTable(), static_cast<ServiceHost &>(host), splitCommand(line),
		   [&](const CommandOutcome &outcome) {
			   ++replies;
			   said = outcome.status ? (host.calls.empty() ? "help" : host.calls[0])
						 : "refused: " + outcome.status.error().message;
		   });
	CHECK(replies == 1);
	return said;
}

} // namespace

TEST_CASE("the table of a service is sorted and has no doubles")
{
	const auto table = serviceCommandTable();
	CHECK(std::is_sorted(table.begin(), table.end(), [](const auto &a, const auto &b) { return a.name < b.name; }));
	CHECK(std::adjacent_find(table.begin(), table.end(),
				 [](const auto &a, const auto &b) { return a.name == b.name; }) == table.end());
}

TEST_CASE("users and rooms in commands")
{
	CHECK(run("kick alice@8888") == "kick alice in number <8888>");
	CHECK(run("ban alice@\"8888\"") == "ban alice in text <8888>");
	CHECK(run("unban alice@live-room_7") == "unban alice in text <live-room_7>");
	CHECK(run("kick alice@a@b") == "kick alice in text <a@b>");
	CHECK(run("kick alice@two words ") == "kick alice in text <two words>");
	CHECK(run("kick alice@\" x \"") == "kick alice in text < x >");
	CHECK(run("disband 08") == "disband 8");
	CHECK(run("users two words") == "users two words");
	CHECK(run("help") == "help");
	CHECK(run("stop") == "stop");
	for (const auto *bad : { "kick", "kick alice", "kick @8888", "kick alice@", "kick al ice@1", "kick alice@0",
				 "kick alice@4294967295", "kick alice@\"", "kick alice@\"\"", "kick alice@a/b", "users",
				 "rooms 1", "stop now", "disband", "Kick alice@1" })
		CHECK_MESSAGE(run(bad).starts_with("refused: "), bad);
	CHECK(run("kick alice").find("USER@ROOM") != std::string::npos);
}

TEST_CASE("a room goes through its text and back")
{
	for (const auto &room :
	     { RoomId::number(8888), RoomId::string("8888"), RoomId::string("live-room_7"), RoomId::string(" "),
	       RoomId::string(" a b "), RoomId::string("@"), RoomId::string("0") })
		CHECK(parseRoom(roomText(room)) == room);
	CHECK(roomText(RoomId::number(8888)) == "8888");
	CHECK(roomText(RoomId::string("8888")) == "\"8888\"");
}

TEST_CASE("completion of a service's commands")
{
	const CompletionWorld world { [](std::string_view place) {
					     return place == "USER@ROOM" ? Lines { "alice@1", "bob@1" }
						    : place == "ROOM"	 ? Lines { "1", "live" }
									 : Lines {};
				     },
				      [](const std::string &) { return Lines {}; } };
	const auto after = [&](std::string_view typed) {
		return completeCommand(typed, shapesOf(serviceCommandTable()), world).candidates;
	};
	CHECK(after("ki") == Lines { "kick" });
	CHECK(after("kick a") == Lines { "alice@1" });
	CHECK(after("disband ") == Lines { "1", "live" });
	CHECK(after("rooms ").empty());
}

TEST_CASE("whose control socket it is, is in its name")
{
	CHECK(isAgentControl(defaultControlPath("/run/user/1", "serve-8687", "8888")));
	CHECK_FALSE(isAgentControl(defaultServiceControlPath("/run/user@1", "8687")));
}
