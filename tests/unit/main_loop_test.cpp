// SPDX-License-Identifier: MIT
#include "support/loop_fixture.h"

#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace trtc;
using namespace std::chrono_literals;
using test::LoopFixture;

TEST_CASE_FIXTURE(LoopFixture, "post defers and keeps the order")
{
	std::vector<int> order;
	loop.post([&] {
		order.push_back(1);
		loop.post([&] { order.push_back(3); });
	});
	loop.post([&] { order.push_back(2); });
	CHECK(order.empty());
	REQUIRE(waitFor([&] { return order.size() == 3; }));
	CHECK(order == std::vector { 1, 2, 3 });
}

TEST_CASE_FIXTURE(LoopFixture, "post from another thread wakes the loop")
{
	int count = 0;
	std::thread other([&] {
		for (int i = 0; i < 1000; ++i)
			loop.post([&] { ++count; });
	});
	CHECK(waitFor([&] { return count == 1000; }));
	other.join();
}

TEST_CASE_FIXTURE(LoopFixture, "after comes once and not too early")
{
	int count = 0;
	const auto begin = std::chrono::steady_clock::now();
	const auto timer = loop.after(20ms, [&] { ++count; });
	REQUIRE(waitFor([&] { return count > 0; }));
	CHECK(std::chrono::steady_clock::now() - begin >= 19ms);
	bool later = false;
	const auto second = loop.after(40ms, [&] { later = true; });
	REQUIRE(waitFor([&] { return later; }));
	CHECK(count == 1);
}

TEST_CASE_FIXTURE(LoopFixture, "a dropped handle cancels")
{
	bool cancelled = true, done = false;
	{
		const auto timer = loop.after(1ms, [&] { cancelled = false; });
	}
	const auto second = loop.after(20ms, [&] { done = true; });
	REQUIRE(waitFor([&] { return done; }));
	CHECK(cancelled);
}

TEST_CASE_FIXTURE(LoopFixture, "a timer may cancel itself while it runs")
{
	int count = 0;
	SourceHandle timer;
	const auto big = std::make_shared<std::vector<int>>(1000, 7);
	timer = loop.every(1ms, [&, big] {
		timer.reset();
		count += (*big)[999];
	});
	bool done = false;
	const auto second = loop.after(30ms, [&] { done = true; });
	REQUIRE(waitFor([&] { return done; }));
	CHECK(count == 7);
}

TEST_CASE_FIXTURE(LoopFixture, "every repeats")
{
	int count = 0;
	const auto timer = loop.every(1ms, [&] { ++count; });
	CHECK(waitFor([&] { return count >= 5; }));
}

TEST_CASE_FIXTURE(LoopFixture, "run throws what a task threw")
{
	loop.post([] { throw std::runtime_error("broken"); });
	CHECK_THROWS_WITH(loop.run(), "broken");
	loop.post([&] { loop.quit(); });
	CHECK_NOTHROW(loop.run());
}

TEST_CASE_FIXTURE(LoopFixture, "signals arrive on the loop")
{
	int count = 0;
	const auto handle = loop.onSignal(SIGUSR1, [&] { ++count; });
	kill(getpid(), SIGUSR1);
	CHECK(waitFor([&] { return count == 1; }));
}

TEST_CASE_FIXTURE(LoopFixture, "a readable descriptor is reported until the callback says stop")
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	int count = 0;
	const auto watch = glib::watchReadable(loop, ends[0], [&] { return ++count < 3; });
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK(waitFor([&] { return count == 3; }));
	drain();
	CHECK(count == 3);
	close(ends[0]);
	close(ends[1]);
}

TEST_CASE("what was posted too late is dropped with what it owns")
{
	const auto owned = std::make_shared<int>(1);
	{
		MainLoop loop;
		loop.post([owned] {});
		CHECK(owned.use_count() == 2);
	}
	CHECK(owned.use_count() == 1);
}

TEST_CASE_FIXTURE(LoopFixture, "with a handler for failures, a task that throws ends alone")
{
	std::string what;
	int others = 0;
	loop.onTaskFailure([&](const std::string &text) { what = text; });
	loop.post([] { throw std::runtime_error("no luck"); });
	loop.post([&] { ++others; });
	const auto timer = loop.after(1ms, [] { throw std::runtime_error("again"); });
	REQUIRE(waitFor([&] { return what == "again"; }));
	CHECK(others == 1);
	loop.onTaskFailure({});
	loop.post([] { throw std::runtime_error("out"); });
	CHECK_THROWS_AS(static_cast<void>(waitFor([] { return false; })), std::runtime_error);
}
