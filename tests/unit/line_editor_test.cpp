// SPDX-License-Identifier: MIT
#include "terminal/line_editor.h"

#include "support/temp_dir.h"
#include "terminal/history_file.h"

#include <doctest/doctest.h>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using namespace trtc::terminal;
using Lines = std::vector<std::string>;

namespace {

struct Editing {
	Lines lines;
	std::vector<Lines> shown;
	int ends = 0, redraws = 0, changes = 0;
	Completion completion;
	std::string asked;
	std::unique_ptr<LineEditor> editor = LineEditor::make({
		[this](const std::string &line) { lines.push_back(line); },
		[this] { ++changes; },
		[this] { ++ends; },
		[this] { ++redraws; },
		[this](std::string_view typed) {
			asked = typed;
			return completion;
		},
		[this](const Lines &candidates) { shown.push_back(candidates); },
	});
	Editing() { REQUIRE(editor); }
	std::string type(std::string_view keys)
	{
		editor->feed(keys);
		return editor->text();
	}
};

std::string contents(const std::string &path)
{
	std::ifstream file(path);
	return { std::istreambuf_iterator<char>(file), {} };
}

} // namespace

TEST_CASE_FIXTURE(Editing, "a line is typed, changed and entered")
{
	CHECK(type("mute vidio") == "mute vidio");
	CHECK(editor->cursor() == 10);
	type("\x1b[D\x7f"
	     "e");
	CHECK(editor->text() == "mute video");
	CHECK(editor->cursor() == 9);
	type("\r");
	CHECK(lines == Lines { "mute video" });
	CHECK(editor->text().empty());
	CHECK(type("users\nstreams\nx") == "x");
	CHECK(lines == Lines { "mute video", "users", "streams" });
}

TEST_CASE_FIXTURE(Editing, "the usual keys of Emacs and of the keyboard")
{
	CHECK(type("one two three\x17") == "one two "); // ^W
	CHECK(type("\x01zero \x05"
		   "end") == "zero one two end");	   // ^A, ^E
	CHECK(type("\x01\x0b").empty());		   // ^K
	CHECK(type("\x19") == "zero one two end");	   // ^Y
	CHECK(type("\x15").empty());			   // ^U
	CHECK(type("abc\x1b[H\x1b[3~") == "bc");	   // Home, Delete
	CHECK(type("\x1b[Fd\x1bOHa") == "abcd");	   // End, Home
	CHECK(type("\x04") == "acd");			   // ^D in a line
	CHECK(type("\x05 word\x1b[1;5D!") == "acd !word"); // Ctrl-left
	CHECK(type("\x1b"
		   "fx") == "acd !wordx"); // Meta-f
	CHECK(ends == 0);
	type("\x0c");
	CHECK(redraws == 1);
}

TEST_CASE_FIXTURE(Editing, "keys may be cut anywhere, and unknown ones do nothing")
{
	for (const char key : std::string("ab\x1b[D\xc3\xa4\xf0\x9f\x98\x80")) {
		const char one[] = { key, 0 };
		editor->feed(one);
	}
	CHECK(editor->text() == "a\xc3\xa4\xf0\x9f\x98\x80"
				"b");
	CHECK(editor->cursor() == 7);
	// Function keys, mouse, quotes, searches, extended commands, control characters above ASCII, no UTF-8.
	CHECK(type("\x15\x1b[15~\x1b[<0;1;1M\x16\x18\x18\x1bx\x12\x13\x1c\x1d\x1e\x1f\xc2\x9b\xff\xc3(")
		      .ends_with("("));
	CHECK(lines.empty());
	CHECK(editor->text() == "(");
}

TEST_CASE_FIXTURE(Editing, "Ctrl-D on an empty line is not an end of file")
{
	type("\x04\x04");
	CHECK(ends == 2);
	CHECK(type("still here") == "still here");
}

TEST_CASE_FIXTURE(Editing, "a line has a limit")
{
	type(std::string(kMaxTyped + 100, 'a'));
	CHECK(editor->text().size() == kMaxTyped);
	type("\xc3\xa4");
	CHECK(editor->text().size() == kMaxTyped);
	type("\n");
	REQUIRE(lines.size() == 1);
	CHECK(lines[0].size() == kMaxTyped);
}

TEST_CASE_FIXTURE(Editing, "arrow keys go back through what was entered, by what was typed")
{
	for (const auto *line : { "mute audio", "users", "unmute audio", "users" })
		editor->remember(line);
	CHECK(type("\x1b[A") == "users");
	CHECK(type("\x1b[A") == "unmute audio");
	CHECK(type("\x1b[B") == "users");
	CHECK(type("\x1b[B").empty());
	CHECK(type("te\x1b[A") == "unmute audio");
	CHECK(type("\x1bOA") == "mute audio");
	type("\n");
	CHECK(lines == Lines { "mute audio" });
	// Anew from the last one.
	CHECK(type("\x1b[A") == "users");
}

TEST_CASE_FIXTURE(Editing, "Tab completes as far as it is clear, then shows what there is")
{
	completion = { 0, { "mute", "mutate" } };
	CHECK(type("m\t") == "mut");
	CHECK(asked == "m");
	CHECK(shown.empty());
	type("\t");
	CHECK(shown == std::vector<Lines> { { "mute", "mutate" } });
	completion = { 0, { "mute" } };
	CHECK(type("\t") == "mute ");
	completion = { 5, { "file:" } };
	CHECK(type("f\t") == "mute file:");
	completion = { 5, { "folder/" } };
	CHECK(type("\x15mute fo\t") == "mute folder/");
	completion = {};
	CHECK(type("\t") == "mute folder/");
	// In the middle of a line only what is before the cursor counts.
	completion = { 0, { "unmute" } };
	CHECK(type("\x15x\x01un\t") == "unmute x");
	// Two names that differ in the second byte of a character.
	completion = { 0, { "\xc3\xa4", "\xc3\xb6" } };
	CHECK(type("\x15\t").empty());
	CHECK(shown.size() == 2);
}

TEST_CASE("history is a private, bounded file, and none is no error")
{
	trtc::test::TempDir folder;
	const auto path = folder / "state/trtc-cli/history";
	const HistoryFile history(path, 10);
	CHECK(history.read().empty());
	history.append("mute audio");
	history.append("users");
	CHECK(history.read() == Lines { "mute audio", "users" });
	struct stat about {};
	REQUIRE(::stat(path.c_str(), &about) == 0);
	CHECK((about.st_mode & 0777) == 0600);
	REQUIRE(::stat((folder / "state/trtc-cli").c_str(), &about) == 0);
	CHECK((about.st_mode & 0777) == 0700);

	for (int i = 0; i < 14; ++i)
		history.append(fmt::format("line {}", i));
	auto lines = history.read();
	CHECK(lines.size() == 10);
	CHECK(lines.back() == "line 13");
	CHECK(std::count(lines.begin(), lines.end(), "line 4") == 1);
	// It was shortened by that.
	const auto text = contents(path);
	CHECK(std::count(text.begin(), text.end(), '\n') == 10);
	REQUIRE(::stat(path.c_str(), &about) == 0);
	CHECK((about.st_mode & 0777) == 0600);

	std::ofstream(path, std::ios::app) << "\x1b[2J\nfine\nhalf a li";
	lines = history.read();
	CHECK(lines.back() == "fine");
	CHECK(lines.size() == 10);

	// Somebody else's, a link, a folder, nothing.
	REQUIRE(::symlink(path.c_str(), (folder / "link").c_str()) == 0);
	for (const auto &bad :
	     { folder / "link", folder.str(), std::string("/dev/null"), std::string("/proc/none/x"), std::string() }) {
		CAPTURE(bad);
		const HistoryFile none(bad, 10);
		none.append("x");
		CHECK(none.read().empty());
	}
	CHECK(contents(path).find("x\n") == std::string::npos);
}
