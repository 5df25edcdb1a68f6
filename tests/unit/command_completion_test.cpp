// SPDX-License-Identifier: MIT
#include "cli/control/command_completion.h"

#include "cli/agent/stdin_commands.h"
#include "support/temp_dir.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace trtc::cli;
using Lines = std::vector<std::string>;

namespace {

const CompletionWorld kWorld {
	[](std::string_view place) {
		return place == "USER" ? Lines { "alice", "anna", "bob" } : Lines {};
	},
	[](const std::string &folder) {
		return folder.empty() ? Lines { "film.mp4", "films/", "two words" } : Lines { "inner" };
	}
};

Lines after(std::string_view typed) { return completeCommand(typed, shapesOf(commandTable()), kWorld).candidates; }

} // namespace

TEST_CASE("verbs come from the table")
{
	CHECK(after("un").size() >= 3);
	CHECK(after("mut") == Lines { "mute" });
	CHECK(after("zzz").empty());
	Lines names;
	for (const auto &command : commandTable())
		names.emplace_back(command.name.substr(0, command.name.find(' ')));
	names.erase(std::unique(names.begin(), names.end()), names.end());
	CHECK(after("") == names);
	CHECK(after("record ") == Lines { "start", "stop" });
	CHECK(after("record sto") == Lines { "stop" });
	CHECK(after("@7 mut") == Lines { "mute" });
	CHECK(after("@7").empty());
}

TEST_CASE("arguments come from the usage of their command")
{
	CHECK(after("mute ") == Lines { "audio", "video" });
	CHECK(after("mute v") == Lines { "video" });
	CHECK(after("mute video ").empty());
	CHECK(after("switch-role a") == Lines { "anchor", "audience" });
	CHECK(after("subscribe a") == Lines { "alice", "anna" });
	CHECK(after("subscribe bob a") == Lines { "audio", "aux" });
	CHECK(after("subscribe bob aux a") == Lines { "audio" });
	CHECK(after("subscribe bob aux s") == Lines { "small" });
	CHECK(after("replace a") == Lines { "audio", "aux" });
	CHECK(after("replace aux n") == Lines { "none" });
	CHECK(after("@x  subscribe  bob  v") == Lines { "video" });
	CHECK(after("record start f") == Lines { "films/" });
	CHECK(after("record start films/").empty());
	CHECK(after("replace video te") == Lines { "test" });
	CHECK(after("replace video file:") == Lines { "file:film.mp4", "file:films/" });
	CHECK(after("snapshot ") == Lines { "--every", "--stop", "alice", "anna", "bob" });
	CHECK(after("snapshot bob fi") == Lines { "film.mp4", "films/" });
	CHECK(after("snapshot --every 5") == Lines { "5s" });
	CHECK(after("snapshot --every 5s -") == Lines { "--all" });
	CHECK(after("snapshot --every 5s bo") == Lines { "bob" });
	CHECK(after("snapshot --every 5s --all f") == Lines { "films/" });
	CHECK(after("snapshot --stop ").empty());
	CHECK(after("leave ").empty());
	CHECK(after("nonsense ").empty());
	const auto completion = completeCommand("subscribe bo", shapesOf(commandTable()), kWorld);
	CHECK(completion.start == 10);
	CHECK(completion.candidates == Lines { "bob" });
}

TEST_CASE("every command's places can be completed or are free text")
{
	// A usage that is written in another way would silently complete nothing.
	for (const auto &command : commandTable()) {
		CAPTURE(command.name);
		for (std::size_t i = 0; i < command.maxArgs; ++i) {
			std::string typed(command.name);
			for (std::size_t k = 0; k < i; ++k)
				typed += " x";
			const auto found = after(typed + " ");
			if (command.usage != "TEXT" && command.usage != "KEY")
				CHECK(!found.empty());
			for (const auto &word : found)
				CHECK(word.find_first_of(" []|.") ==
				      (word.find('.') == std::string::npos ? std::string::npos : word.find('.')));
		}
	}
}

TEST_CASE("names of files are found, folders marked, hidden ones left out")
{
	trtc::test::TempDir folder;
	std::filesystem::create_directory(folder / "sub");
	std::ofstream(folder / "b.mkv") << "x";
	std::ofstream(folder / ".hidden") << "x";
	CHECK(namesInFolder(folder.str()) == Lines { "b.mkv", "sub/" });
	CHECK(namesInFolder(folder / "none").empty());
}
