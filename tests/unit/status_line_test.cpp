// SPDX-License-Identifier: MIT
#include "terminal/status_line.h"

#include "terminal/text.h"

#include <doctest/doctest.h>

#include <string>

using namespace trtc::terminal;
using namespace std::chrono_literals;

namespace {

StatusFigures full()
{
	StatusFigures figures;
	figures.state = "connected";
	figures.tone = StatusFigures::Tone::Good;
	figures.room = "8888";
	figures.role = "anchor";
	figures.userId = "alice";
	figures.users = 3;
	figures.upKbps = 950;
	figures.downKbps = 3420;
	figures.lossPercent = 0.5;
	figures.rttMs = 22.6;
	figures.recordingTime = 754s;
	figures.recordingBytes = 45'200'000;
	figures.recordings = 2;
	return figures;
}

} // namespace

TEST_CASE("everything that is known is said")
{
	CHECK(statusLine(full(), 200, false) ==
	      "connected | room 8888 | anchor | alice | 3 others | up 950k down 3.4M | loss 0.5% | 23 ms | "
	      "REC 12:34 45 MB in 2 files");
	CHECK(statusLine({}, 200, false).empty());
	StatusFigures some;
	some.progress = "connecting to 127.0.0.1:8687, 2 s";
	some.room = "8888";
	CHECK(statusLine(some, 200, false) == "connecting to 127.0.0.1:8687, 2 s | room 8888");
	some.users = 1;
	CHECK(statusLine(some, 200, false) == "connecting to 127.0.0.1:8687, 2 s | room 8888 | 1 other");
	some = {};
	some.downKbps = 12'345;
	some.lossPercent = 12.3;
	some.recordingTime = 3h + 2min + 1s;
	some.recordingBytes = 2'000;
	some.recordings = 1;
	CHECK(statusLine(some, 200, false) == "down 12M | loss 12% | REC 3:02:01 2 kB");
}

TEST_CASE("what is missed least goes first")
{
	const std::pair<int, const char *> rows[] = {
		{ 110,
		  "connected | room 8888 | anchor | 3 others | up 950k down 3.4M | loss 0.5% | 23 ms | REC 12:34 45 "
		  "MB in 2 files" },
		{ 100, "connected | room 8888 | anchor | 3 others | up 950k down 3.4M | loss 0.5% | REC 12:34 45 MB" },
		{ 80, "connected | room 8888 | anchor | 3 | u950k d3.4M | loss 0.5% | REC 12:34 45 MB" },
		{ 75, "connected | room 8888 | anchor | 3 | u950k d3.4M | loss 0.5% | REC 12:34" },
		{ 60, "connected | room 8888 | anchor | 3 | u950k d3.4M | REC 12:34" },
		{ 58, "connected | room 8888 | anchor | u950k d3.4M | REC 12:34" },
		{ 48, "connected | room 8888 | u950k d3.4M | REC 12:34" },
		{ 40, "connected | room 8888 | REC 12:34" },
		{ 30, "connected | 8888 | REC 12:34" },
		{ 21, "connected | REC 12:34" },
		{ 15, "connected | REC" },
		{ 5, "REC" },
		{ 2, "" },
	};
	for (const auto &row : rows) {
		const int columns = row.first;
		const auto *wanted = row.second;
		CAPTURE(columns);
		CHECK(statusLine(full(), columns, false) == wanted);
	}
}

TEST_CASE("it is never wider than asked, with and without colours, and colours change no letter")
{
	auto figures = full();
	figures.progress = "waiting for the first frame of somebody, 12 s";
	for (const auto *room : { "8888", "a-room-with-quite-a-long-name-of-sixty-four-characters-00000000000",
				  "\xe4\xbc\x9a\xe8\xad\xb0\xe5\xae\xa4" }) {
		figures.room = room;
		for (int columns = 0; columns < 200; ++columns) {
			const auto plain = statusLine(figures, columns, false);
			const auto coloured = statusLine(figures, columns, true);
			CHECK(columnsOf(plain) <= columns);
			CHECK(columnsOf(coloured) == columnsOf(plain));
			CHECK(plain.find('\x1b') == std::string::npos);
			CHECK((coloured.find("\x1b[") == std::string::npos || coloured.ends_with("\x1b[0m")));
		}
	}
	// What one waits for outlives the rest.
	CHECK(statusLine(figures, 45, false) == "waiting for the first frame of somebody, 12 s");
	CHECK(statusLine(figures, 20, false) == "waiting for the firs");
}

TEST_CASE("columns are counted as a terminal does")
{
	CHECK(columnsOf("abc") == 3);
	CHECK(columnsOf("\x1b[31mabc\x1b[0m") == 3);
	CHECK(columnsOf("\xe6\xbc\xa2") == 2); // a Chinese character
	CHECK(columnsOf("e\xcc\x81") == 1);    // e and a combining acute
	CHECK(cut("\xe6\xbc\xa2\xe6\xbc\xa2", 3) == "\xe6\xbc\xa2");
	CHECK(cut("\x1b[31mabc\x1b[0m", 2) == "\x1b[31mab\x1b[0m");
	CHECK(cut("abc", 0).empty());
	CHECK(clean("a\tb\nc", false) == "a b\nc");
}
