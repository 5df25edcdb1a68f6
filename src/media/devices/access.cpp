// SPDX-License-Identifier: MIT
#include "media/devices/access.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace trtc::media {

namespace {

namespace fs = std::filesystem;

bool holds(const fs::path &process, const std::string &node)
{
	std::error_code error;
	for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
		std::error_code unreadable;
		if (fs::read_symlink(fd->path(), unreadable) == node)
			return true;
	}
	return false;
}

std::string groupOf(const std::string &node, const char *fallback)
{
	struct stat info {};
	if (::stat(node.c_str(), &info) != 0)
		return fallback;
	char buffer[4096];
	group entry {};
	group *found = nullptr;
	if (::getgrgid_r(info.st_gid, &entry, buffer, sizeof(buffer), &found) != 0 || !found || info.st_gid == 0)
		return fallback;
	return found->gr_name;
}

std::string userName()
{
	char buffer[4096];
	passwd entry {};
	passwd *found = nullptr;
	if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return "$USER";
	return found->pw_name;
}

} // namespace

std::string holdersOf(const std::string &node)
{
	std::string holders;
	std::error_code error;
	const auto self = std::to_string(::getpid());
	for (fs::directory_iterator process("/proc", error), end; !error && process != end; process.increment(error)) {
		const auto pid = process->path().filename().string();
		if (!std::isdigit(static_cast<unsigned char>(pid[0])) || pid == self || !holds(process->path(), node))
			continue;
		std::string name;
		std::getline(std::ifstream(process->path() / "comm"), name);
		holders += fmt::format("{}{} (process {})", holders.empty() ? "" : ", ", name, pid);
	}
	return holders;
}

std::string busyMessage(const std::string &what, const std::string &node, const std::string &wayOut)
{
	const auto holders = node.empty() ? std::string() : holdersOf(node);
	return fmt::format("{} is in use by {}: {}", what, holders.empty() ? "another program" : holders, wayOut);
}

std::string permissionMessage(const std::string &what, const std::string &node)
{
	const auto group = groupOf(node, node.starts_with("/dev/snd") ? "audio" : "video");
	return fmt::format("no permission for {}: join the group {} (run sudo usermod -aG {} {}), then log in again",
			   what, group, group, userName());
}

void letGoOf(dev_t device) noexcept
{
	const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
	auto *folder = null >= 0 ? ::opendir("/proc/self/fd") : nullptr;
	while (const auto *entry = folder ? ::readdir(folder) : nullptr) {
		const int fd = std::atoi(entry->d_name); // "." and "..": 0, which is no device of ours
		struct stat info {};
		if (fd > 2 && ::fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == device)
			::dup3(null, fd, O_CLOEXEC);
	}
	if (folder)
		::closedir(folder);
	if (null >= 0)
		::close(null);
}

} // namespace trtc::media
