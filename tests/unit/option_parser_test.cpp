// SPDX-License-Identifier: MIT
#include "cli/options/option_layers.h"
#include "cli/options/option_parser.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;

namespace {

constexpr OptionSpec kWatch[] = {
	{ "--play", Kind::Text, "SINK", "", "where to show", kPlain, "auto" },
	{ "--room", Kind::Room, "ID", "", "which" },
	{ "--loud", Kind::Flag, "", "", "shout" },
};
constexpr OptionSpec kCheck[] = {
	{ "--colour", Kind::Choice, "red|green", "", "in which", kPlain, "red" },
	{ "--turn", Kind::Url, "URL", "", "through whom" },
	{ "--pin", Kind::Text, "PIN", "", "what nobody may see", kSecret },
	{ "--codec", Kind::Text, "NAME", "", "of what" },
	{ "--no-shout", Kind::Flag, "", "", "be quiet" },
};
constexpr OptionGroup kWatchGroups[] = { { "Sight", "--play" }, { "Sound", "--loud" } };
constexpr CommandSpec kCommands[] = {
	{ "watch", "look", "", kWatch, {}, kWatchGroups },
	{ "check", "compare", "FILE", kCheck },
	{ "send", "say", "WORD...", kWatch },
	{ "pair one", "first", "", {} },
	{ "help", "explain", "COMMAND...", {} },
};

OptionValues parse(const std::vector<std::string> &words)
{
	OptionValues values([](const char *) -> const char * { return nullptr; });
	parseWithTable(words, values, kCommands);
	return values;
}

std::string printed(const std::vector<std::string> &words)
{
	OptionValues values([](const char *) -> const char * { return nullptr; });
	const auto parsed = parseWithTable(words, values, kCommands);
	CHECK(parsed.command == nullptr);
	return parsed.print;
}

std::string refusal(const std::vector<std::string> &words)
{
	try {
		parse(words);
	} catch (const Exception &error) {
		return error.error().message;
	}
	return "accepted";
}

} // namespace

TEST_CASE("an option whose value may be left out")
{
	CHECK_FALSE(parse({ "watch" }).text("--play"));
	CHECK(parse({ "watch", "--play" }).text("--play") == "auto");
	CHECK(parse({ "watch", "--play", "--loud" }).text("--play") == "auto");
	CHECK(parse({ "watch", "--play", "--loud" }).flag("--loud"));
	CHECK(parse({ "watch", "--play=term" }).text("--play") == "term");
	CHECK(parse({ "watch", "--play", "term" }).text("--play") == "term");
	CHECK(parse({ "watch", "--play", "term", "--room", "5" }).text("--room") == "5");
	CHECK(parse({ "watch", "--play", "--room", "5" }).text("--play") == "auto");
	// only = makes a value of what looks like an option
	CHECK_FALSE(parse({ "watch", "--room=--play" }).text("--play"));
	CHECK(parse({ "watch", "--room=--play" }).text("--room") == "--play");
	CHECK(parse({ "watch", "--room", "-5" }).text("--room") == "-5");
}

TEST_CASE("beside a positional argument only a known word is the value")
{
	CHECK(parse({ "check", "--colour", "a.mkv" }).text("--colour") == "red");
	CHECK(parse({ "check", "--colour", "a.mkv" }).positional == "a.mkv");
	CHECK(parse({ "check", "--colour", "green", "a.mkv" }).text("--colour") == "green");
	CHECK(parse({ "check", "--colour=blue", "a.mkv" }).text("--colour") == "blue");
	CHECK(parse({ "check", "a.mkv", "--colour" }).text("--colour") == "red");
}

TEST_CASE("a forgotten value is told, and no option is taken for it")
{
	CHECK(refusal({ "watch", "--room", "--loud" }) ==
	      "--room needs a value, but \"--loud\" follows: use --room ID, or --room=--loud for a value that begins "
	      "with --");
	CHECK(refusal({ "watch", "--room", "--luod" }).find("\"--luod\" follows") != std::string::npos);
	CHECK(refusal({ "watch", "--play", "--x" }).find("--play has no value here and means auto") !=
	      std::string::npos);
	CHECK(refusal({ "watch", "--play", "--x" }).find("as in --play=--x") != std::string::npos);
	// help is wanted, whatever stands before it
	for (const std::string word : { "-h", "--help" })
		CHECK(printed({ "watch", "--room", word }).starts_with("usage: trtc-cli watch"));
	CHECK(printed({ "watch", "--room", "-V" }).starts_with("trtc-cli "));
	// what is sent to an agent is not looked at
	CHECK(parse({ "send", "--play", "message", "--room", "--loud" }).words ==
	      std::vector<std::string> { "message", "--room", "--loud" });
}

TEST_CASE("what was meant by a wrong name")
{
	CHECK(refusal({ "watch", "--ro" }).find("(did you mean --room?)") != std::string::npos);
	CHECK(refusal({ "watch", "--laud" }).find("(did you mean --loud?)") != std::string::npos);
	CHECK(refusal({ "check", "a", "--co" }).find("(did you mean --colour or --codec?)") != std::string::npos);
	CHECK(refusal({ "check", "a", "--hlep" }).find("(did you mean --help?)") != std::string::npos);
	// never the opposite
	CHECK(refusal({ "watch", "--no-loud" }) ==
	      "unknown option \"--no-loud\": leave --loud out; see trtc-cli watch --help");
	CHECK(refusal({ "check", "a", "--shout" }) ==
	      "unknown option \"--shout\": that is the default, --no-shout switches it off; see trtc-cli check --help");
	CHECK(refusal({ "wach" }) == "unknown command \"wach\"; see trtc-cli --help");
}

TEST_CASE("help, version and nothing at all")
{
	for (const std::vector<std::string> &words : { std::vector<std::string> { "watch", "-h" },
						       { "help", "watch" },
						       { "-h", "watch" },
						       { "--help", "watch" } })
		CHECK(printed(words).starts_with("usage: trtc-cli watch [OPTION...]"));
	CHECK(printed({ "help", "watch", "-h" }).starts_with("usage: trtc-cli"));
	CHECK(printed({ "pair", "help", "one" }).starts_with("usage: trtc-cli pair one"));
	CHECK(printed({ "help", "pair", "one" }).starts_with("usage: trtc-cli pair one"));
	CHECK(printed({ "pair" }).starts_with("usage: trtc-cli pair COMMAND"));
	CHECK(printed({ "help", "pair" }).starts_with("usage: trtc-cli pair COMMAND"));
	CHECK(printed({}).starts_with("usage: trtc-cli COMMAND"));
	CHECK(printed({ "-V" }).starts_with("trtc-cli "));
	CHECK(printed({ "watch", "-V" }).starts_with("trtc-cli "));
	CHECK(refusal({ "help", "wath" }).find("unknown command \"wath\"") != std::string::npos);
	CHECK(refusal({ "help", "watch", "more" }).find("unknown argument \"more\"") != std::string::npos);
}

TEST_CASE("a help text fits its width, in the groups of the table")
{
	const auto lines = [](const std::string &text) {
		std::vector<std::string> found;
		std::istringstream stream(text);
		for (std::string line; std::getline(stream, line);)
			found.push_back(line);
		return found;
	};
	for (const std::size_t columns : { 60u, 80u, 132u })
		for (const auto &command : commandSpecs()) {
			CAPTURE(command.name);
			for (const auto &line : lines(helpOf(command, columns))) {
				CAPTURE(line);
				// A single word is not broken.
				const auto start = line.find_first_not_of(' ');
				CHECK((line.size() <= columns || line.find(' ', start) == std::string::npos));
			}
		}
	CHECK(lines(helpOf(kCommands[0], 132)).size() < lines(helpOf(kCommands[0], 40)).size());
	const auto text = helpOf(kCommands[0]);
	const auto sight = text.find("\nSight:\n  --play [SINK]"), sound = text.find("\nSound:\n  --loud ");
	CHECK(text.find("\nSight:\n  --play [SINK]               where") != std::string::npos);
	CHECK(text.find("\n  --room ID                   which") != std::string::npos);
	CHECK((sight != std::string::npos && sound != std::string::npos && sight < sound));
	for (const auto &command : commandSpecs())
		for (std::size_t i = 0, place = 0; i < command.groups.size(); ++i) {
			// In the table's order, from its first option on.
			const auto *first = command.find(command.groups[i].first);
			REQUIRE(first);
			const auto index = static_cast<std::size_t>(first - command.options.data());
			CHECK((i == 0 ? index == 0 : index > place));
			place = index;
		}
	CHECK(helpColumns("100") == 100);
	CHECK(helpColumns("0") == helpColumns(nullptr));
	CHECK(helpColumns("12x") == helpColumns(nullptr));
}

TEST_CASE("what may be shown of a value")
{
	const auto &turn = kCheck[1], &pin = kCheck[2];
	CHECK(withoutSecrets(pin, "1234") == "<redacted>");
	CHECK(withoutSecrets(pin, "").empty());
	CHECK(withoutSecrets(turn, "turn:ann:secret@host:3478") == "turn:<redacted>@host:3478");
	CHECK(withoutSecrets(turn, "http://ann:p@ss@host") == "http://<redacted>@host");
	CHECK(withoutSecrets(turn, "ws://host:1/a") == "ws://host:1/a");
	CHECK(withoutSecrets(turn, "host") == "host");
	auto values = parse({ "check", "a", "--pin", "1234", "--turn", "turn:a:b@h" });
	const auto settled = settledOptions(values, { { "--colour", "blue" } });
	REQUIRE(settled.size() == 5);
	CHECK(settled[0].value == "blue");
	CHECK(settled[0].from == "default");
	CHECK(settled[1].value == "turn:<redacted>@h");
	CHECK(settled[1].from == "command line");
	CHECK(settled[2].value == "<redacted>");
}

TEST_CASE("the tables: names, kinds and defaults go together")
{
	for (const auto &command : commandSpecs()) {
		for (const auto &option : command.options) {
			CAPTURE(command.name);
			CAPTURE(option.name);
			CHECK(option.name.starts_with("--"));
			CHECK(option.value.empty() == option.isFlag());
			CHECK(command.find(option.name) == &option); // no name twice
			// said once: as data, or in words when it depends on something
			if (!option.byDefault.empty())
				CHECK(option.help.find("(default ") == std::string_view::npos);
			if (option.isFlag())
				CHECK(option.byDefault.empty());
			const auto choices = choicesOf(option);
			if (!choices.empty() && !option.byDefault.empty())
				CHECK(std::find(choices.begin(), choices.end(), option.byDefault) != choices.end());
			if (option.kind == Kind::Number)
				CHECK(option.byDefault.find_first_not_of("0123456789") == std::string_view::npos);
		}
	}
}
