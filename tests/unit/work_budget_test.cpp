// SPDX-License-Identifier: MIT
#include "base/task_limit.h"
#include "service/half_open.h"
#include "service/work_budget.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

using namespace trtc;
using namespace trtc::service;
using namespace std::chrono_literals;

TEST_CASE("a user has half a second of work in some seconds, then a tenth of the time")
{
	WorkBudget budget;
	auto now = WorkBudget::Clock::now();
	for (int i = 0; i < 50; ++i, now += 20ms) {
		CHECK(budget.wait(now) == 0ms);
		budget.spend(10ms, now);
	}
	// In this second a tenth of it has been given back; 20 ms more are there.
	for (int i = 0; i < 14; ++i, now += 20ms)
		budget.spend(10ms, now);
	CHECK(budget.wait(now) > 50ms);
	CHECK(budget.wait(now) < 400ms);
	CHECK(budget.wait(now + 400ms) == 0ms);
	CHECK(!budget.idle(now + 4s));
	CHECK(budget.idle(now + 6s));
	// Time that passes gives no more than the whole.
	budget.spend(520ms, now + 1h);
	CHECK(budget.wait(now + 1h + 150ms) > 0ms);
}

TEST_CASE("in a row a user has some hundredths of a second")
{
	WorkBudget budget;
	const auto start = WorkBudget::Clock::now();
	budget.spend(30ms, start);
	CHECK(budget.wait(start) == 0ms);
	budget.spend(10ms, start);
	CHECK(budget.wait(start) >= 19ms);
	CHECK(budget.wait(start) <= 21ms);
	CHECK(budget.wait(start + 21ms) == 0ms);
}

TEST_CASE("half-open connections are counted by user, until they are up or gone")
{
	HalfOpen counts;
	auto first = counts.enter("ann", 2), second = counts.enter("ann", 2);
	CHECK(first);
	CHECK(second);
	CHECK(!counts.enter("ann", 2));
	CHECK(counts.enter("bob", 2));
	first.reset();
	CHECK(counts.enter("ann", 2));
	second.reset();
	auto again = counts.enter("ann", 1);
	CHECK(again);
	CHECK(!counts.enter("ann", 1));
}

namespace {

struct Trees {
	std::filesystem::path root;
	Trees()
	{
		std::string pattern = std::filesystem::temp_directory_path() / "trtc-tasks-XXXXXX";
		root = ::mkdtemp(pattern.data());
	}
	~Trees() { std::filesystem::remove_all(root); }
	void write(const std::string &path, const std::string &text) const
	{
		std::filesystem::create_directories((root / path).parent_path());
		std::ofstream(root / path) << text;
	}
	std::optional<TaskRoom> room(std::size_t processLimit = std::numeric_limits<std::size_t>::max()) const
	{
		return taskRoomIn(root / "proc", root / "cgroup", processLimit);
	}
};

} // namespace

TEST_CASE("the nearest limit of threads counts: of the control group, of one above, or of the user")
{
	const Trees trees;
	CHECK(!trees.room());
	trees.write("proc/self/cgroup", "0::/system.slice/trtc.service\n");
	trees.write("proc/self/status", "Name:\ttrtc-cli\nThreads:\t40\n");
	CHECK(!trees.room());
	trees.write("cgroup/system.slice/trtc.service/pids.max", "max\n");
	trees.write("cgroup/system.slice/trtc.service/pids.current", "40\n");
	CHECK(!trees.room());
	trees.write("cgroup/system.slice/trtc.service/pids.max", "300\n");
	REQUIRE(trees.room());
	CHECK(trees.room()->left == 260);
	CHECK(trees.room()->limit == "pids.max 300 of control group /system.slice/trtc.service");
	trees.write("cgroup/system.slice/pids.max", "1000\n");
	trees.write("cgroup/system.slice/pids.current", "990\n");
	CHECK(trees.room()->left == 10);
	CHECK(trees.room(45)->left == 5);
	CHECK(trees.room(45)->limit.find("RLIMIT_NPROC 45") != std::string::npos);
	CHECK(trees.room(30)->left == 0);

	// Version 1, in a container whose own group is the root it sees.
	trees.write("proc/self/cgroup", "9:name=systemd:/\n8:pids:/\n4:memory:/x\n");
	trees.write("cgroup/pids/pids.max", "100\n");
	trees.write("cgroup/pids/pids.current", "90\n");
	CHECK(trees.room()->left == 10);
	trees.write("proc/self/cgroup", "nonsense\n::\n0::\n0::no/slash\n");
	CHECK(!trees.room());
}
