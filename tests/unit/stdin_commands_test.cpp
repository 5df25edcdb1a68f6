// SPDX-License-Identifier: MIT
#include "cli/agent/stdin_commands.h"
#include "cli/control/line_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;

namespace {

/// Writes down what it is asked for.
struct FakeHost final : CommandHost {
	std::vector<std::string> calls;
	void note(std::string call, const Reply &reply)
	{
		calls.push_back(std::move(call));
		reply({});
	}
	void switchRole(Role role, Reply reply) override { note(std::string("switchRole ") + toString(role), reply); }
	void updatePrivateMapKey(const std::string &key, Reply reply) override
	{
		note("updatePrivateMapKey " + key, reply);
	}
	void publish(Reply reply) override { note("publish", reply); }
	void unpublish(Reply reply) override { note("unpublish", reply); }
	void subscribe(const UserId &user, const SubscribeOptions &o, Reply reply) override
	{
		note("subscribe " + user.str() + (o.audio ? " audio" : "") + (o.video ? " video" : "") +
			     (o.small ? " small" : "") + (o.auxiliary ? " aux" : ""),
		     reply);
	}
	void unsubscribe(const UserId &user, Reply reply) override { note("unsubscribe " + user.str(), reply); }
	void setMuted(MediaKind kind, bool muted, Reply reply) override
	{
		note(std::string(muted ? "mute " : "unmute ") + toString(kind), reply);
	}
	void message(const std::string &text, Reply reply) override { note("message <" + text + ">", reply); }
	void play(const UserId &user, Reply reply) override { note("play " + user.str(), reply); }
	void stop(const UserId &user, Reply reply) override { note("stop " + user.str(), reply); }
	void snapshot(const UserId &user, const std::string &path, Reply reply) override
	{
		note("snapshot " + user.str() + " " + path, reply);
	}
	void snapshotEvery(std::chrono::milliseconds period, const std::optional<UserId> &user,
			   const std::string &directory, Reply reply) override
	{
		note("snapshotEvery " + std::to_string(period.count()) + " " + (user ? user->str() : "all") + " <" +
			     directory + ">",
		     reply);
	}
	void stopSnapshots(Reply reply) override { note("stopSnapshots", reply); }
	void startRecording(const std::string &directory, Reply reply) override
	{
		note("startRecording " + directory, reply);
	}
	void stopRecording(Reply reply) override { note("stopRecording", reply); }
	void replace(StreamType type, MediaKind kind, const SourceSpec &source, Reply reply) override
	{
		note(std::string("replace ") + (type == StreamType::Main ? "" : "aux ") + toString(kind) + " <" +
			     source.str() + ">",
		     reply);
	}
	void users(Reply reply) override { note("users", reply); }
	void streams(Reply reply) override { note("streams", reply); }
	void stats(Reply reply) override { note("stats", reply); }
	void leave(Reply reply) override { note("leave", reply); }
};

struct Ran {
	int replies = 0;
	CommandOutcome outcome;
	std::vector<std::string> calls;
	std::string message() const { return outcome.status ? "" : outcome.status.error().message; }
};

Ran run(const std::string &line)
{
	FakeHost host;
	Ran ran;
	runCommand(host, splitCommand(line), [&](CommandOutcome outcome) {
		++ran.replies;
		ran.outcome = std::move(outcome);
	});
	ran.calls = host.calls;
	return ran;
}

} // namespace

TEST_CASE("the command table is sorted and without doubles")
{
	const auto table = commandTable();
	CHECK(table.size() == 24);
	CHECK(std::adjacent_find(table.begin(), table.end(),
				 [](const Command &a, const Command &b) { return a.name >= b.name; }) == table.end());
	for (const auto &command : table) {
		CAPTURE(command.name);
		CHECK(command.minArgs <= command.maxArgs);
		CHECK(command.usage.empty() == (command.maxArgs == 0));
		CHECK_FALSE(command.help.empty());
	}
}

TEST_CASE("every command refuses one argument too few and one too many, and does nothing")
{
	for (const auto &command : commandTable()) {
		std::vector<std::size_t> wrong;
		if (!command.tail)
			wrong.push_back(command.maxArgs + 1);
		if (command.minArgs > 0)
			wrong.push_back(command.minArgs - 1);
		for (const auto count : wrong) {
			std::string line(command.name);
			for (std::size_t i = 0; i < count; ++i)
				line += " audio";
			CAPTURE(line);
			const auto ran = run(line);
			CHECK(ran.replies == 1);
			CHECK(ran.calls.empty());
			REQUIRE_FALSE(ran.outcome.status);
			CHECK(ran.outcome.status.error().code == ErrorCode::InvalidParameter);
			CHECK(ran.message().find(std::string(command.name) + " takes ") == 0);
			CHECK(ran.message().find("got " + std::to_string(count)) != std::string::npos);
		}
	}
	CHECK(run("mute audio video audio").message() == "mute takes 1 argument (audio|video), got 3");
	CHECK(run("record stop now").message() == "record stop takes no arguments, got 1");
	CHECK(run("snapshot ann").message() == "snapshot takes 2 arguments (USER FILE), got 1");
	CHECK(run("leave now").message() == "leave takes no arguments, got 1");
	CHECK(run("subscribe").message() ==
	      "subscribe takes 1 to 5 arguments (USER [audio|video|small|aux]...), got 0");
}

TEST_CASE("lines reach the right verb")
{
	struct Row {
		const char *line, *call;
	};
	const Row rows[] = {
		{ "switch-role anchor", "switchRole anchor" },
		{ "  switch-role \t audience  ", "switchRole audience" },
		{ "play ann", "play ann" },
		{ "stop ann", "stop ann" },
		{ "snapshot ann a/b.png", "snapshot ann a/b.png" },
		{ "publish", "publish" },
		{ "unpublish", "unpublish" },
		{ "subscribe ann", "subscribe ann audio video aux" },
		{ "subscribe ann video", "subscribe ann video" },
		{ "subscribe ann aux audio", "subscribe ann audio aux" },
		{ "subscribe ann small", "subscribe ann video small" },
		{ "subscribe ann audio video small aux", "subscribe ann audio video small aux" },
		{ "unsubscribe ann", "unsubscribe ann" },
		{ "mute audio", "mute audio" },
		{ "mute\taudio", "mute audio" },
		{ "replace video test", "replace video <test>" },
		{ "replace aux screen:1", "replace aux video <screen:1>" },
		{ "replace audio none", "replace audio <none>" },
		{ " replace \t audio   file:two  blanks and\ta tab.mkv ",
		  "replace audio <file:two  blanks and\ta tab.mkv>" },
		{ "@7 replace video pipeline:videotestsrc ! a", "replace video <pipeline:videotestsrc ! a>" },
		{ "unmute video", "unmute video" },
		{ "record start", "startRecording " },
		{ " record \t start  dir ", "startRecording dir" },
		{ "@7 record start  two  blanks and\ta tab ", "startRecording two  blanks and\ta tab" },
		{ " snapshot\tann  my  picture.png ", "snapshot ann my  picture.png" },
		{ "snapshot --every 5s --all shots", "snapshotEvery 5000 all <shots>" },
		{ "@7 snapshot  --every 1m ann  my shots ", "snapshotEvery 60000 ann <my shots>" },
		{ "snapshot --stop", "stopSnapshots" },
		{ "record stop", "stopRecording" },
		{ "users", "users" },
		{ "stats", "stats" },
		{ "streams", "streams" },
		{ "@7 leave", "leave" },
		{ "leave\r", "leave" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.line);
		const auto ran = run(row.line);
		CHECK(ran.replies == 1);
		CHECK(ran.outcome.status.has_value());
		CHECK(ran.calls == std::vector<std::string> { row.call });
	}
}

TEST_CASE("wrong words are refused with the way out")
{
	struct Row {
		const char *line, *part;
	};
	const Row rows[] = {
		{ "mute all", "use audio or video" },
		{ "switch-role host", "use anchor or audience" },
		{ "subscribe ann smell", "use audio, video, small or aux" },
		{ "replace small test", "use audio, video or aux" },
		{ "subscribe an.n", "user id \"an.n\" is not allowed" },
		{ "muet audio", "did you mean mute?" },
		{ "Leave", "did you mean leave?" },
		{ "record", "record needs a second word: start or stop" },
		{ "record split", "record needs a second word: start or stop" },
		{ "recrod start", "did you mean record?" },
		{ "snapshot --every 5 --all shots", "duration \"5\" is not allowed" },
		{ "snapshot --every 500ms --all shots", "use 1s to 1000h" },
		{ "snapshot --every 5s shots", "takes 3 arguments (DURATION USER|--all DIR), got 2" },
		{ "snapshot --all shots", "snapshot --every DURATION --all DIR" },
		{ "frobnicate", "unknown command \"frobnicate\"; help lists" },
		{ "@7", "a command is missing" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.line);
		const auto ran = run(row.line);
		CHECK(ran.replies == 1);
		CHECK(ran.calls.empty());
		CHECK(ran.message().find(row.part) != std::string::npos);
	}
}

TEST_CASE("help carries the table")
{
	const auto ran = run("help");
	REQUIRE(ran.outcome.status);
	REQUIRE(ran.outcome.extra.size() == 1);
	const auto &lines = std::get<std::vector<Fields>>(ran.outcome.extra[0].value);
	REQUIRE(lines.size() == commandTable().size());
	CHECK(toText(lines[3][0].value) == "message TEXT");
}

TEST_CASE("the answer repeats the line and its id")
{
	const auto line = splitCommand("@a-1  mute   audio ");
	CHECK(line.id == "a-1");
	CHECK(line.text == "mute   audio");
	const auto good = commandResult(line, {});
	CHECK(toText(*good.find("id")) == "a-1");
	CHECK(toText(*good.find("ok")) == "true");
	CHECK(good.find("code") == nullptr);
	const auto bad = commandResult(splitCommand("x"), { Error { ErrorCode::Refused, "no" }, {} });
	CHECK(bad.find("id") == nullptr);
	CHECK(toText(*bad.find("ok")) == "false");
	CHECK(toText(*bad.find("name")) == "REFUSED");
	CHECK(toText(*bad.find("message")) == "no");
	CHECK(splitCommand(std::string(5000, 'x')).text.size() == kMaxEchoBytes);
	CHECK(splitCommand(" \t\r").blank());
	CHECK_FALSE(splitCommand("@1").blank());
	CHECK_FALSE(splitCommand("@").blank()); // each line that says something has an answer
}

TEST_CASE("bytes become lines, and a line over the limit is skipped as one")
{
	std::vector<std::pair<std::string, bool>> lines;
	LineReader reader([&](std::string_view line, bool tooLong) { lines.emplace_back(line, tooLong); });
	reader.feed("us");
	reader.feed("ers\n\nleave\npa");
	CHECK(lines ==
	      std::vector<std::pair<std::string, bool>> { { "users", false }, { "", false }, { "leave", false } });
	lines.clear();
	reader.feed("rt\n");
	CHECK(lines[0].first == "part");
	lines.clear();

	const std::string block(4096, 'x');
	for (int i = 0; i < 256; ++i)
		reader.feed(block);
	CHECK(lines.empty());
	reader.feed("y\nusers\n");
	REQUIRE(lines.size() == 2);
	CHECK(lines[0].second);
	CHECK(lines[0].first.size() == kMaxLineBytes);
	CHECK(lines[1] == std::pair<std::string, bool> { "users", false });
	lines.clear();

	reader.feed(std::string(kMaxLineBytes, 'x') + '\n');
	CHECK_FALSE(lines.at(0).second);
	lines.clear();
	reader.feed("leave");
	reader.end();
	reader.end();
	CHECK(lines == std::vector<std::pair<std::string, bool>> { { "leave", false } });
}

TEST_CASE("a ticket goes to the client and nowhere else")
{
	const std::string ticket = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwok5mcmp-secret_";
	const auto shapes = shapesOf(commandTable());
	CHECK(run("update-private-map-key " + ticket).calls ==
	      std::vector<std::string> { "updatePrivateMapKey " + ticket });
	CHECK(splitCommand("@7 update-private-map-key short", shapes).text == "update-private-map-key <redacted>");
	CHECK(splitCommand("update-private-map-key a b c", shapes).text == "update-private-map-key <redacted>");
	CHECK(presentable("@7  update-private-map-key x", shapes) == "@7 update-private-map-key <redacted>");
	CHECK(splitCommand("update-private-map-key", shapes).text == "update-private-map-key");
	// A slip in the name.
	for (const auto &line : { "update-privat-map-key " + ticket, ticket, "snapshot " + ticket + " x.png" }) {
		CHECK(splitCommand(line, shapes).text.find("secret") == std::string::npos);
		CHECK(run(line).message().find("secret") == std::string::npos);
	}
	CHECK(splitCommand("  snapshot bob  a b.png", shapes).text == "snapshot bob  a b.png");
	CHECK(run("update-private-map-key").message().find("KEY") != std::string::npos);
}
