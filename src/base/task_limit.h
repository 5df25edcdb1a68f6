// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace trtc {

/// How many more threads this process can start, as far as the kernel tells: the least that `pids.max` of its control group and
/// of every group above leaves (systemd's TasksMax=, the limit of a container), or RLIMIT_NPROC for a user other than root.
/// GLib ends the process when a thread cannot be started. Thread-safe; reads some files of /proc and /sys, 25 us.
struct TaskRoom {
	std::size_t left = 0;
	std::string limit; ///< which one is the nearest, for a message: "pids.max 300 of /system.slice/trtc.service"
};
/// Nothing: no limit.
std::optional<TaskRoom> taskRoom();

/// The same from these trees instead of "/proc" and "/sys/fs/cgroup". For tests.
std::optional<TaskRoom> taskRoomIn(const std::string &proc, const std::string &cgroups, std::size_t processLimit);

} // namespace trtc
