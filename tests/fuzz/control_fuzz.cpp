// SPDX-License-Identifier: MIT
#include "cli/agent/stdin_commands.h"
#include "cli/control/command_completion.h"
#include "cli/control/line_reader.h"
#include "cli/serve/service_commands.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace trtc;
using namespace trtc::cli;

void hold(bool good)
{
	if (!good)
		std::abort();
}

struct Agent final : CommandHost {
	void switchRole(Role, Reply reply) override { reply({}); }
	void updatePrivateMapKey(const std::string &, Reply reply) override { reply({}); }
	void publish(Reply reply) override { reply({}); }
	void unpublish(Reply reply) override { reply({}); }
	void subscribe(const UserId &user, const SubscribeOptions &, Reply reply) override { named(user, reply); }
	void unsubscribe(const UserId &user, Reply reply) override { named(user, reply); }
	void setMuted(MediaKind, bool, Reply reply) override { reply({}); }
	void message(const std::string &, Reply reply) override { reply({}); }
	void play(const UserId &user, Reply reply) override { named(user, reply); }
	void stop(const UserId &user, Reply reply) override { named(user, reply); }
	void snapshot(const UserId &user, const std::string &, Reply reply) override { named(user, reply); }
	void snapshotEvery(std::chrono::milliseconds period, const std::optional<UserId> &, const std::string &,
			   Reply reply) override
	{
		hold(period.count() > 0);
		reply({});
	}
	void stopSnapshots(Reply reply) override { reply({}); }
	void startRecording(const std::string &, Reply reply) override { reply({}); }
	void stopRecording(Reply reply) override { reply({}); }
	void replace(StreamType, MediaKind, const SourceSpec &, Reply reply) override { reply({}); }
	void users(Reply reply) override { reply({}); }
	void streams(Reply reply) override { reply({}); }
	void stats(Reply reply) override { reply({}); }
	void leave(Reply reply) override { reply({}); }
	static void named(const UserId &user, const Reply &reply)
	{
		hold(UserId::valid(user.str()));
		reply({});
	}
};

struct Service final : ServiceHost {
	void kick(const RoomId &room, const UserId &, CommandReply reply) override { in(room, reply); }
	void ban(const RoomId &room, const UserId &, CommandReply reply) override { in(room, reply); }
	void unban(const RoomId &room, const UserId &, CommandReply reply) override { in(room, reply); }
	void disband(const RoomId &room, CommandReply reply) override { in(room, reply); }
	void rooms(CommandReply reply) override { reply({}); }
	void users(const RoomId &room, CommandReply reply) override { in(room, reply); }
	void bans(CommandReply reply) override { reply({}); }
	void stop(CommandReply reply) override { reply({}); }
	static void in(const RoomId &room, const CommandReply &reply)
	{
		hold(parseRoom(roomText(room)) == room);
		reply({});
	}
};

template <class Host, class Table>
void run(Host &host, const Table &table, std::string_view text)
{
	const auto shapes = shapesOf(table);
	const auto line = splitCommand(text, shapes);
	hold(line.text.size() <= kMaxEchoBytes + 8); // and what says that it was cut
	if (line.blank())
		return;
	int replies = 0;
	runCommand(table, host, line, [&](CommandOutcome outcome) {
		++replies;
		const auto record = commandResult(line, outcome);
		hold(record.name == "command-result" && record.find("ok"));
	});
	hold(replies == 1);
	// It can be shown, and shown again it says the same.
	const auto shown = presentable(text, shapes);
	hold(presentable(shown, shapes) == shown);
	completeCommand(text, shapes,
			{ [](std::string_view) { return std::vector<std::string> { "ann" }; },
			  [](const std::string &) { return std::vector<std::string> { "a/" }; } });
}

} // namespace

/// What comes on stdin or a control socket of an agent and of a service, in pieces. Each line is answered once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const std::string_view text(reinterpret_cast<const char *>(data), size);
	Agent agent;
	Service service;
	std::size_t lines = 0;
	LineReader reader([&](std::string_view line, bool tooLong) {
		++lines;
		hold(line.size() <= kMaxLineBytes && line.find('\n') == std::string_view::npos);
		if (tooLong)
			return;
		run<CommandHost>(agent, commandTable(), line);
		run<ServiceHost>(service, serviceCommandTable(), line);
	});
	const auto first = size ? data[0] % size : 0;
	reader.feed(text.substr(0, first));
	reader.feed(text.substr(first));
	reader.end();
	hold(lines <= size);
	return 0;
}
