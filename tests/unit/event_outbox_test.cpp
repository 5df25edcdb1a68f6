// SPDX-License-Identifier: MIT
#include "cli/events/error_queue.h"
#include "cli/events/event_printer.h"
#include "glib/outbox.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

using namespace trtc;
using namespace trtc::cli;
using glib::Outbox;
using namespace std::chrono_literals;

namespace {

/// A pipe whose reader sleeps until it is asked to read.
struct SleepyReader {
	int ends[2] = { -1, -1 };
	SleepyReader()
	{
		REQUIRE(::pipe(ends) == 0);
		REQUIRE(::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
	}
	~SleepyReader()
	{
		::close(ends[0]);
		::close(ends[1]);
	}
	/// Fills the pipe with dots until not even one block fits.
	std::size_t fill()
	{
		const auto size = static_cast<std::size_t>(::fcntl(ends[1], F_GETPIPE_SZ));
		const std::string dots(size, '.');
		REQUIRE(::write(ends[1], dots.data(), size) == static_cast<ssize_t>(size));
		return size;
	}
	/// Everything that is there now.
	std::string read()
	{
		std::string all;
		char buffer[65536];
		for (ssize_t got; (got = ::read(ends[0], buffer, sizeof(buffer))) > 0;)
			all.append(buffer, static_cast<std::size_t>(got));
		return all;
	}
};

} // namespace

TEST_CASE("outbox: at once when the reader is awake")
{
	MainLoop loop;
	SleepyReader reader;
	const auto outbox = Outbox::create(reader.ends[1], {});
	const auto handle = outbox->attach(loop);
	outbox->put("one\n");
	outbox->put("two\n");
	CHECK(reader.read() == "one\ntwo\n");
}

TEST_CASE("outbox: a sleeping reader blocks nobody, and gets everything in order when it wakes up")
{
	MainLoop loop;
	SleepyReader reader;
	const auto filled = reader.fill();
	const auto outbox = Outbox::create(
		reader.ends[1],
		{ Outbox::kMaxBytes, Outbox::Full::Drop, {}, [](std::int64_t) { FAIL("nothing is lost"); } });
	const auto handle = outbox->attach(loop);
	std::string wanted;
	for (int i = 0; i < 2000; ++i) {
		const auto line = "line " + std::to_string(i) + std::string(100, '-') + '\n';
		wanted += line;
		outbox->put(line); // would never return if it wrote into the full pipe
	}
	CHECK(reader.read() == std::string(filled, '.'));
	std::string got;
	for (int i = 0; i < 100'000 && got.size() < wanted.size(); ++i) {
		loop.iterate();
		got += reader.read();
	}
	CHECK(got == wanted);
	outbox->put("after\n");
	CHECK(reader.read() == "after\n");
}

TEST_CASE("outbox: what is too much is dropped and counted, whole texts only")
{
	MainLoop loop;
	SleepyReader reader;
	const auto filled = reader.fill();
	std::int64_t lost = 0;
	Outbox *self = nullptr;
	const auto outbox = Outbox::create(reader.ends[1], { 1000, Outbox::Full::Drop, {}, [&](std::int64_t count) {
								    lost += count;
								    self->put("lost " + std::to_string(count) + '\n');
							    } });
	self = outbox.get();
	const auto handle = outbox->attach(loop);
	const std::string line = std::string(99, 'x') + '\n';
	for (int i = 0; i < 25; ++i)
		outbox->put(line);
	REQUIRE(reader.read().size() == filled);
	std::string got;
	for (int i = 0; i < 1000; ++i) {
		loop.iterate();
		got += reader.read();
	}
	CHECK(lost == 15);
	std::string wanted;
	for (int i = 0; i < 10; ++i)
		wanted += line;
	CHECK(got == wanted + "lost 15\n");
}

TEST_CASE("outbox: one long text is not dropped for its length")
{
	MainLoop loop;
	SleepyReader reader;
	const auto outbox = Outbox::create(
		reader.ends[1], { 1000, Outbox::Full::Drop, {}, [](std::int64_t) { FAIL("nothing is lost"); } });
	const auto handle = outbox->attach(loop);
	const std::string longLine(300'000, 'y');
	outbox->put(longLine);
	std::string got;
	for (int i = 0; i < 10'000 && got.size() < longLine.size(); ++i) {
		got += reader.read();
		loop.iterate();
	}
	CHECK(got == longLine);
}

TEST_CASE("outbox: the end waits for a slow reader, not for ever")
{
	MainLoop loop;
	SleepyReader reader;
	reader.fill();
	const auto outbox = Outbox::create(reader.ends[1], {});
	const auto handle = outbox->attach(loop);
	outbox->put("never\n");
	const auto start = std::chrono::steady_clock::now();
	CHECK(!outbox->finish(50ms));
	CHECK(std::chrono::steady_clock::now() - start >= 50ms);
	reader.read();
	outbox->put("last\n");
	CHECK(outbox->finish(50ms));
	CHECK(reader.read().ends_with("last\n"));
}

TEST_CASE("outbox: a reader that went away is noticed")
{
	const auto old = std::signal(SIGPIPE, SIG_IGN);
	MainLoop loop;
	int ends[2];
	REQUIRE(::pipe(ends) == 0);
	const auto outbox = Outbox::create(ends[1], {});
	const auto handle = outbox->attach(loop);
	::close(ends[0]);
	outbox->put("one\n");
	CHECK(outbox->failure() == EPIPE);
	outbox->put("two\n");
	::close(ends[1]);
	std::signal(SIGPIPE, old);
}

TEST_CASE("printer: with a queue a sleeping reader does not hold it up, and hears what it missed")
{
	MainLoop loop;
	SleepyReader reader;
	const auto filled = reader.fill();
	EventPrinter printer(EventFormat::Json, reader.ends[1], std::chrono::steady_clock::now());
	const auto queue = printer.queue(loop);
	const EventRecord record { "left", { { "reason", std::string(1000, 'z') } } };
	for (int i = 0; i < 5000; ++i)
		printer.print(record);
	REQUIRE(reader.read().size() == filled);
	std::string got;
	for (int i = 0; i < 200'000 && got.find("\"events-lost\"") == std::string::npos; ++i) {
		loop.iterate();
		got += reader.read();
	}
	const auto lines = static_cast<std::size_t>(std::count(got.begin(), got.end(), '\n'));
	const auto at = got.find("\"count\":");
	REQUIRE(at != std::string::npos);
	// Nothing is lost without being counted.
	CHECK(lines - 1 + static_cast<std::size_t>(std::stoul(got.substr(at + 8))) == 5000);
}

TEST_CASE("outbox: a long text for a pipe that is nearly full does not wait, and no flag of the pipe changes")
{
	MainLoop loop;
	SleepyReader reader;
	const auto outbox = Outbox::create(reader.ends[1], {});
	const auto handle = outbox->attach(loop);
	// All of the pipe but one byte: it is not full, and a write that may wait would.
	const auto size = static_cast<std::size_t>(::fcntl(reader.ends[1], F_GETPIPE_SZ));
	const std::string dots(size - 1, '.');
	REQUIRE(::write(reader.ends[1], dots.data(), dots.size()) == static_cast<ssize_t>(dots.size()));
	outbox->put(std::string(100'000, 'a') + '\n');
	CHECK((::fcntl(reader.ends[1], F_GETFL) & O_NONBLOCK) == 0); // the flag is not ours to set
	std::string got;
	for (int i = 0; i < 10'000 && !got.ends_with('\n'); ++i) {
		got += reader.read();
		loop.iterate();
	}
	CHECK(got.size() == size - 1 + 100'001);
}

TEST_CASE("outbox: a limit that is an error")
{
	MainLoop loop;
	SleepyReader reader;
	reader.fill();
	const auto outbox = Outbox::create(reader.ends[1], { 1000, Outbox::Full::Fail, {}, {} });
	const auto handle = outbox->attach(loop);
	for (int i = 0; i < 10; ++i)
		outbox->put(std::string(100, 'x'));
	CHECK(outbox->failure() == 0);
	outbox->put("x");
	CHECK(outbox->failure() == ENOBUFS);
	reader.read();
	for (int i = 0; i < 100; ++i)
		loop.iterate();
	CHECK(reader.read() == "");
	CHECK(!outbox->finish(0ms));
}

TEST_CASE("outbox: a reader that takes nothing for too long is an error, one that takes a little is not")
{
	MainLoop loop;
	SleepyReader reader;
	reader.fill();
	const auto outbox = Outbox::create(reader.ends[1], { Outbox::kMaxBytes, Outbox::Full::Fail, 300ms, {} });
	const auto handle = outbox->attach(loop);
	outbox->put(std::string(300'000, 'x'));
	const auto start = std::chrono::steady_clock::now();
	const auto since = [&] { return std::chrono::steady_clock::now() - start; };
	char block[8192];
	// Some bytes every now and then, for longer than the limit.
	auto next = 0ms;
	while (since() < 700ms) {
		loop.iterate();
		if (since() < next)
			continue;
		next += 50ms;
		REQUIRE(::read(reader.ends[0], block, sizeof(block)) > 0);
	}
	CHECK(outbox->failure() == 0);
	const auto asleep = std::chrono::steady_clock::now();
	while (outbox->failure() == 0 && std::chrono::steady_clock::now() - asleep < 5s)
		loop.iterate();
	CHECK(outbox->failure() == ETIMEDOUT);
	CHECK(std::chrono::steady_clock::now() - asleep >= 200ms);
}

TEST_CASE("outbox: text from many threads, each whole, all of it")
{
	MainLoop loop;
	SleepyReader reader;
	const auto outbox = Outbox::create(reader.ends[1], {});
	const auto handle = outbox->attach(loop);
	std::vector<std::thread> threads;
	for (char name = 'a'; name < 'e'; ++name)
		threads.emplace_back([&, name] {
			for (int i = 0; i < 2000; ++i)
				outbox->put(std::string(99, name) + '\n');
		});
	std::string got;
	const auto start = std::chrono::steady_clock::now();
	while (got.size() < 4 * 2000 * 100 && std::chrono::steady_clock::now() - start < 10s) {
		loop.iterate();
		got += reader.read();
	}
	for (auto &thread : threads)
		thread.join();
	REQUIRE(got.size() == 4 * 2000 * 100);
	for (std::size_t at = 0; at < got.size(); at += 100)
		REQUIRE(got.substr(at, 100) == std::string(99, got[at]) + '\n');
}

TEST_CASE("stderr: a sleeping reader holds nothing up, and complaints come in order when it wakes up")
{
	MainLoop loop;
	SleepyReader reader;
	const auto filled = reader.fill();
	{
		ErrorQueue queue(reader.ends[1]);
		const auto handle = queue.attach(loop);
		complain("first");
		queue.log()("a line of the log\n");
		complain("last");
		CHECK(reader.read().size() == filled);
	}
	CHECK(reader.read() == "trtc-cli: first\na line of the log\ntrtc-cli: last\n");
}
