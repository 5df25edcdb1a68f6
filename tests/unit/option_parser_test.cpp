// SPDX-License-Identifier: MIT
#include "cli/options/option_layers.h"
#include "cli/options/option_parser.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

#include <algorithm>
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
};
constexpr CommandSpec kCommands[] = {
	{ "watch", "look", "", kWatch },
	{ "check", "compare", "FILE", kCheck },
};

OptionValues parse(const std::vector<std::string> &words)
{
	OptionValues values([](const char *) -> const char * { return nullptr; });
	parseWithTable(words, values, kCommands);
	return values;
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
	// the value of another option only looks like it
	CHECK_FALSE(parse({ "watch", "--room", "--play" }).text("--play"));
	CHECK(parse({ "watch", "--room", "--play" }).text("--room") == "--play");
}

TEST_CASE("beside a positional argument only a known word is the value")
{
	CHECK(parse({ "check", "--colour", "a.mkv" }).text("--colour") == "red");
	CHECK(parse({ "check", "--colour", "a.mkv" }).positional == "a.mkv");
	CHECK(parse({ "check", "--colour", "green", "a.mkv" }).text("--colour") == "green");
	CHECK(parse({ "check", "--colour=blue", "a.mkv" }).text("--colour") == "blue");
	CHECK(parse({ "check", "a.mkv", "--colour" }).text("--colour") == "red");
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
	REQUIRE(settled.size() == 3);
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
