// SPDX-License-Identifier: MIT
#include "base/task_limit.h"

#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string_view>

namespace trtc {

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// The number a file holds; nothing for "max", and when there is none.
std::optional<std::size_t> numberIn(const std::string &path)
{
	std::ifstream file(path);
	std::size_t number = 0;
	return file >> number ? std::optional(number) : std::nullopt;
}

/// The value of "Threads:" in /proc/self/status.
std::size_t threadsNow(const std::string &proc)
{
	std::ifstream file(proc + "/self/status");
	std::string word;
	while (file >> word)
		if (std::size_t count = 0; word == "Threads:" && file >> count)
			return count;
	return 0;
}

void nearer(std::optional<TaskRoom> &nearest, std::size_t limit, std::size_t used, std::string name)
{
	const auto left = limit > used ? limit - used : 0;
	if (!nearest || left < nearest->left)
		nearest = TaskRoom { left, std::move(name) };
}

} // namespace

std::optional<TaskRoom> taskRoomIn(const std::string &proc, const std::string &cgroups, std::size_t processLimit)
{
	std::optional<TaskRoom> nearest;
	// "0::/path" in version 2, "7:pids:/path" in version 1.
	std::ifstream file(proc + "/self/cgroup");
	for (std::string line; std::getline(file, line);) {
		const auto first = line.find(':'), second = line.find(':', first + 1);
		if (second == std::string::npos)
			continue;
		const auto controllers = line.substr(first + 1, second - first - 1);
		if (!controllers.empty() && controllers != "pids")
			continue;
		const auto tree = cgroups + (controllers.empty() ? "" : "/pids");
		auto path = line.substr(second + 1);
		while (true) {
			if (path == "/")
				path.clear();
			const auto folder = tree + path;
			if (const auto most = numberIn(folder + "/pids.max"))
				nearer(nearest, *most, numberIn(folder + "/pids.current").value_or(0),
				       fmt::format("pids.max {} of control group {}", *most,
						   path.empty() ? "/" : path));
			if (path.empty())
				break;
			const auto slash = path.rfind('/');
			path.resize(slash == std::string::npos ? 0 : slash);
		}
	}
	// Counts the tasks of the user, of which we know our own.
	if (processLimit != kNoLimit)
		nearer(nearest, processLimit, threadsNow(proc),
		       fmt::format("RLIMIT_NPROC {} of this user", processLimit));
	return nearest;
}

std::optional<TaskRoom> taskRoom()
{
	rlimit limit {};
	const bool bound =
		::geteuid() != 0 && ::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
	return taskRoomIn("/proc", "/sys/fs/cgroup", bound ? limit.rlim_cur : kNoLimit);
}

} // namespace trtc
