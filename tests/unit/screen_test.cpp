// SPDX-License-Identifier: MIT
#include "terminal/screen.h"

#include "support/loop_fixture.h"
#include "support/vt_model.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace trtc;
using namespace trtc::terminal;

namespace {

/// A pseudo-terminal whose other side is the model.
class PtyFixture : public test::LoopFixture {
public:
	explicit PtyFixture(int columns = 40, int rows = 10) : model(columns, rows)
	{
		::setenv("TERM", "xterm", 1);
		master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
		REQUIRE(::grantpt(master) == 0);
		REQUIRE(::unlockpt(master) == 0);
		tty = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
		REQUIRE(tty >= 0);
		resize(columns, rows);
	}
	~PtyFixture()
	{
		screen.reset();
		::close(tty);
		::close(master);
	}
	void resize(int columns, int rows) const
	{
		winsize size {};
		size.ws_col = static_cast<unsigned short>(columns);
		size.ws_row = static_cast<unsigned short>(rows);
		REQUIRE(::ioctl(tty, TIOCSWINSZ, &size) == 0);
	}
	Screen &open(bool prompt = true, bool colours = false)
	{
		screen = Screen::open(loop, { tty, prompt ? tty : -1, colours });
		REQUIRE(screen);
		return *screen;
	}
	/// What was written until now, into the model.
	std::string take()
	{
		std::string bytes;
		char block[4096];
		for (ssize_t got = 0; (got = ::read(master, block, sizeof(block))) > 0;)
			bytes.append(block, static_cast<std::size_t>(got));
		model.feed(bytes);
		return bytes;
	}
	std::vector<std::string> shown()
	{
		take();
		return model.all();
	}
	termios mode() const
	{
		termios now {};
		REQUIRE(::tcgetattr(tty, &now) == 0);
		return now;
	}

	test::VtModel model;
	int master = -1, tty = -1;
	std::shared_ptr<Screen> screen;
};

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(PtyFixture, "lines stand above the prompt, the status line below it, the cursor in the typed text")
{
	auto &s = open();
	s.print("one");
	s.setPrompt("> ", "mute", 4);
	s.setStatus("room 8888");
	s.print("two\nthree\n");
	CHECK(shown() == Lines { "one", "two", "three", "> mute", "room 8888" });
	CHECK(model.cursorRow() == 3);
	CHECK(model.cursorColumn() == 6);
	s.setPrompt("> ", "mute", 1);
	take();
	CHECK(model.cursorColumn() == 3);
	s.close();
	CHECK(shown() == Lines { "one", "two", "three" });
	CHECK(model.cursorRow() == 3);
	CHECK(model.cursorColumn() == 0);
	CHECK(s.print("later") == 0);
	CHECK(shown() == Lines { "one", "two", "three", "later" });
	CHECK(model.unknown.empty());
}

TEST_CASE_FIXTURE(PtyFixture, "nothing is lost or doubled when lines scroll")
{
	auto &s = open();
	s.setPrompt("> ", "typing", 6);
	s.setStatus("status");
	Lines wanted;
	for (int i = 0; i < 30; ++i) {
		wanted.push_back(fmt::format("line {}", i));
		s.print(wanted.back());
		if (i % 3 == 0)
			s.setStatus(fmt::format("status {}", i));
	}
	wanted.push_back("> typing");
	wanted.push_back("status 27");
	CHECK(shown() == wanted);
}

TEST_CASE_FIXTURE(PtyFixture, "a line wider than the terminal is wrapped, not cut")
{
	auto &s = open();
	s.setStatus("status");
	s.print(std::string(45, 'x'));
	s.print(std::string(40, 'y'));
	CHECK(shown() == Lines { std::string(40, 'x'), std::string(5, 'x'), std::string(40, 'y'), "status" });
}

TEST_CASE_FIXTURE(PtyFixture, "status and prompt never take a second row")
{
	auto &s = open();
	s.setStatus(std::string(100, 's'));
	s.setPrompt("> ", std::string(100, 'a') + "END", 103);
	CHECK(shown() == Lines { "> " + std::string(33, 'a') + "END", std::string(39, 's') });
	CHECK(model.cursorColumn() == 38);
	s.setPrompt("> ", std::string(100, 'a') + "END", 0);
	CHECK(shown()[0] == "> " + std::string(37, 'a'));
	CHECK(model.cursorColumn() == 2);
	// Wide characters: a half one is not shown.
	s.setPrompt("", "", 0);
	s.setStatus("x" + std::string("漢") + std::string(36, 'b') + "漢");
	const auto bytes = take();
	CHECK(bytes.find(std::string(36, 'b')) != std::string::npos);
	CHECK(bytes.find(std::string(36, 'b') + "漢") == std::string::npos);
}

TEST_CASE("a terminal that is narrower than it says gets no second row either")
{
	PtyFixture narrow(20, 10);
	narrow.resize(40, 10);
	auto &s = narrow.open();
	s.setPrompt("> ", "x", 1);
	s.setStatus(std::string(35, 's'));
	s.print("line");
	CHECK(narrow.shown() == Lines { "line", "> x", std::string(20, 's') });
}

TEST_CASE_FIXTURE(PtyFixture, "no control character reaches the terminal")
{
	auto &s = open(true, true);
	s.print("a\x1b]0;title\x07"
		"b\x7f\xc2\x9b"
		"31mc\xff\xe2\x80\xae"
		"d\te");
	s.print("\x1b[31mred\x1b[0m \x1b[2J", true);
	s.print("\x1b[31mred\r\n");
	s.setStatus("x\x1b[2Jy\nz");
	CHECK(shown() == Lines { "a?]0;title?b??31mc??d e", "red ?[2J", "?[31mred", "x?[2Jy z" });
	CHECK(model.unknown.empty());
	CHECK(!model.styled);
}

TEST_CASE_FIXTURE(PtyFixture, "without colours no style is sent, even if asked")
{
	auto &s = open(true, false);
	s.print("\x1b[31mred\x1b[0m", true);
	CHECK(shown() == Lines { "?[31mred?[0m" });
}

TEST_CASE_FIXTURE(PtyFixture, "nothing is written when nothing changes")
{
	auto &s = open();
	s.setStatus("same");
	take();
	s.setStatus("same");
	CHECK(take().empty());
	s.setStatus("");
	CHECK(shown().empty());
	s.setStatus("");
	CHECK(take().empty());
}

TEST_CASE_FIXTURE(PtyFixture, "lines of many threads do not mix")
{
	PtyFixture wide(200, 10);
	auto &s = wide.open();
	s.setStatus("status");
	std::vector<std::thread> threads;
	for (int t = 0; t < 4; ++t)
		threads.emplace_back([&s, t] {
			for (int i = 0; i < 10; ++i)
				s.print(std::string(30, static_cast<char>('a' + t)));
		});
	// The terminal holds 4 KiB; somebody has to read.
	int whole = 0;
	const auto complete = [&] {
		whole = 0;
		for (const auto &line : wide.shown())
			whole += line.size() == 30 && line == std::string(30, line[0]);
		return whole == 40;
	};
	const auto poke = wide.loop.every(std::chrono::milliseconds(5), [] {});
	CHECK(wide.waitFor(complete));
	for (auto &thread : threads)
		thread.join();
	CHECK(whole == 40);
	CHECK(wide.shown().size() == 41);
}

TEST_CASE_FIXTURE(PtyFixture, "keys are taken over while somebody reads, and given back")
{
	const auto before = mode();
	auto &s = open();
	CHECK((mode().c_lflag & ICANON));
	std::string typed;
	s.onInput([&](std::string_view bytes) { typed += bytes; });
	CHECK(!(mode().c_lflag & (ICANON | ECHO)));
	CHECK((mode().c_lflag & ISIG));
	REQUIRE(::write(master, "mu\t", 3) == 3);
	CHECK(waitFor([&] { return typed == "mu\t"; }));
	SUBCASE("close") { s.close(); }
	SUBCASE("destruction") { screen.reset(); }
	const auto after = mode();
	CHECK(before.c_lflag == after.c_lflag);
	CHECK(before.c_iflag == after.c_iflag);
	CHECK(before.c_oflag == after.c_oflag);
	CHECK(std::memcmp(before.c_cc, after.c_cc, sizeof(before.c_cc)) == 0);
}

TEST_CASE_FIXTURE(PtyFixture, "input can wait")
{
	auto &s = open();
	std::string typed;
	s.onInput([&](std::string_view bytes) { typed += bytes; });
	s.readInput(false);
	REQUIRE(::write(master, "a", 1) == 1);
	drain();
	CHECK(typed.empty());
	s.readInput(true);
	CHECK(waitFor([&] { return typed == "a"; }));
}

TEST_CASE_FIXTURE(PtyFixture, "a picture at the top stays while lines scroll below it")
{
	auto &s = open();
	s.print("before");
	s.setPrompt("> ", "x", 1);
	s.setStatus("status");
	CHECK(s.reservePicture(4) == 4);
	CHECK(s.drawPicture("\x1b[1;1HTOP\x1b[4;1HBOTTOM"));
	take();
	CHECK(model.regionTop() == 4);
	for (int i = 0; i < 12; ++i)
		s.print(fmt::format("line {}", i));
	take();
	CHECK(model.row(0) == "TOP");
	CHECK(model.row(3) == "BOTTOM");
	CHECK(model.row(7) == "line 11");
	CHECK(model.row(8) == "> x");
	CHECK(model.row(9) == "status");
	CHECK(model.cursorRow() == 8);
	CHECK(model.cursorColumn() == 3);
	CHECK(model.cursorShown);
	CHECK(model.wraps);
	// What was there before has not been painted over.
	CHECK(model.all()[0] == "before");

	CHECK(s.reservePicture(0) == 0);
	CHECK(!s.drawPicture("\x1b[1;1Hnever"));
	take();
	CHECK(model.regionTop() == 0);
	CHECK(model.regionBottom() == 9);
	CHECK(model.row(0).empty());
	CHECK(model.row(8) == "> x");
	CHECK(model.row(9) == "status");
	CHECK(model.unknown.empty());
}

TEST_CASE_FIXTURE(PtyFixture, "lines have room below a picture, whatever is asked for")
{
	auto &s = open();
	CHECK(s.reservePicture(100) == 5);
	CHECK(s.pictureRows() == 5);
	s.setStatus("status");
	s.close();
	take();
	CHECK(model.regionTop() == 0);
	CHECK(model.regionBottom() == 9);
}

TEST_CASE_FIXTURE(PtyFixture, "a new size is told and used")
{
	auto &s = open();
	s.setStatus(std::string(100, 's'));
	int redraws = 0;
	auto handle = s.onRedraw([&] { ++redraws; });
	REQUIRE(s.reservePicture(5) == 5);
	take();
	resize(20, 8);
	REQUIRE(::raise(SIGWINCH) == 0);
	CHECK(waitFor([&] { return redraws == 1; }));
	CHECK(s.size() == Size { 20, 8 });
	CHECK(s.pictureRows() == 3);
	const auto bytes = take();
	CHECK(bytes.find("\x1b[4;8r") != std::string::npos);
	CHECK(bytes.find(std::string(19, 's')) != std::string::npos);
	CHECK(bytes.find(std::string(20, 's')) == std::string::npos);
	// Higher again: as much as was asked for.
	resize(20, 30);
	REQUIRE(::raise(SIGWINCH) == 0);
	CHECK(waitFor([&] { return redraws == 2; }));
	CHECK(s.pictureRows() == 5);
	handle.reset();
	take();
	resize(20, 31);
	REQUIRE(::raise(SIGWINCH) == 0);
	CHECK(waitFor([&] { return s.size().rows == 31; }));
	CHECK(redraws == 2);
}

TEST_CASE_FIXTURE(PtyFixture, "a terminal that takes nothing does not hold the status line up")
{
	auto &s = open();
	::tcflow(tty, TCOOFF); // as Ctrl-S does
	s.setStatus("stalled");
	CHECK(!s.drawPicture("x"));
	::tcflow(tty, TCOON);
	s.setStatus("going on");
	CHECK(shown() == Lines { "going on" });
}

TEST_CASE_FIXTURE(PtyFixture, "a terminal that takes nothing holds no line up, and has all of them in the end")
{
	auto &s = open();
	s.setStatus("status");
	take();
	::tcflow(tty, TCOOFF);
	Lines wanted;
	for (int i = 0; i < 2000; ++i) {
		wanted.push_back(fmt::format("line {}", i));
		CHECK(s.print(wanted.back()) == 0); // would never return if it waited
	}
	wanted.push_back("status");
	::tcflow(tty, TCOON);
	CHECK(waitFor([&] {
		take();
		return model.all().size() >= wanted.size();
	}));
	CHECK(shown() == wanted);
	s.close();
}

TEST_CASE_FIXTURE(PtyFixture, "a terminal that takes nothing does not hold the end up")
{
	auto &s = open();
	::tcflow(tty, TCOOFF);
	for (int i = 0; i < 2000; ++i)
		s.print(fmt::format("line {}", i));
	const auto start = std::chrono::steady_clock::now();
	s.close();
	CHECK(s.print("later") == 0);
	screen.reset();
	CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
	::tcflow(tty, TCOON);
}

TEST_CASE_FIXTURE(PtyFixture, "a terminal that is gone is an error of print, not the end")
{
	auto &s = open();
	::close(master);
	CHECK(s.print("x") == EIO);
	s.setStatus("y");
	s.close();
	master = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST_CASE_FIXTURE(PtyFixture, "no screen on a dumb terminal or on none")
{
	for (const char *type : { "dumb", "" }) {
		::setenv("TERM", type, 1);
		CHECK(!Screen::open(loop, { tty, tty, true }));
	}
	::setenv("TERM", "xterm", 1);
	const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(!Screen::open(loop, { null, -1, true }));
	::close(null);
}
