// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "doctor/text.h"

#include <fmt/format.h>
#include <glib.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace trtc::doctor {

namespace {

using namespace std::chrono_literals;

/// What the disk is tried with, at most: enough to get past its cache's first gulp, and little enough for a card.
constexpr std::uint64_t kTrialBytes = 64 * 1024 * 1024;
constexpr auto kTrialTime = 3s;
/// What one recorded user takes: 720p at the SDK's 1500 kbit/s and sound.
constexpr double kStreamBytesPerSecond = 1'600'000.0 / 8;
/// An agent subscribes to this many users automatically, so it records no more.
constexpr std::uint64_t kMostRecordings = 100;
/// Below this much room a recording may end before it has begun.
constexpr std::uint64_t kLittleSpace = 1024ull * 1024 * 1024;

/// The folder, or the nearest one above it that exists.
std::filesystem::path existing(std::filesystem::path path)
{
	std::error_code error;
	path = std::filesystem::absolute(path, error).lexically_normal();
	while (!std::filesystem::exists(path, error) && path.has_relative_path())
		path = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
	return path;
}

/// A file without a name: nothing is left behind, however this ends. Where the file system has none, one with a name.
int nameless(const std::string &folder)
{
	const int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	auto path = folder + "/.trtc-cli-XXXXXX";
	const int named = ::mkostemp(path.data(), O_CLOEXEC);
	if (named >= 0)
		::unlink(path.c_str());
	return named;
}

/// "" when a file can be made in it, or in what it would be made in.
std::string writable(const std::string &folder)
{
	const auto place = existing(folder).string();
	struct stat info {};
	if (::stat(place.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
		return fmt::format("{} is not a directory", place);
	const int fd = nameless(place);
	if (fd < 0)
		return std::strerror(errno);
	::close(fd);
	return {};
}

/// In a file system such as /proc, which shows the state of the kernel.
bool isKernels(const std::string &folder)
{
	struct statfs info {};
	return ::statfs(folder.c_str(), &info) == 0 &&
	       (info.f_type == PROC_SUPER_MAGIC || info.f_type == SYSFS_MAGIC || info.f_type == CGROUP2_SUPER_MAGIC);
}

PlaceFact folder(const char *name, const std::string &path, const std::string &user)
{
	PlaceFact fact { name, path, writable(path), {}, false };
	if (!fact.problem.empty()) {
		fact.problem = fmt::format("{} cannot be written: {}", path, fact.problem);
		fact.command = fmt::format("install -d -o {} -m 700 {}", user, shellText(path));
		fact.forRoot = true;
	}
	return fact;
}

PlaceFact controlPlace(const Settings &settings, const std::string &user)
{
	const char *runtime = settings.variable ? settings.variable("XDG_RUNTIME_DIR") : nullptr;
	PlaceFact fact { "control socket", {}, {}, {}, false };
	// A relative path is ignored, here and by the agent.
	const bool set = runtime && *runtime == '/';
	fact.path = set ? fmt::format("{}/trtc-cli", runtime) : fmt::format("/tmp/trtc-cli-{}", ::geteuid());
	const char *elsewhere = set ? "unset XDG_RUNTIME_DIR" : "export XDG_RUNTIME_DIR=\"$(mktemp -d)\"";
	struct stat info {};
	if (set && ::stat(runtime, &info) != 0) {
		fact.problem = fmt::format("XDG_RUNTIME_DIR {} does not exist: {}", runtime, std::strerror(errno));
		fact.command = elsewhere;
		return fact;
	}
	if (set && info.st_uid != ::geteuid()) {
		fact.problem = fmt::format("XDG_RUNTIME_DIR {} belongs to another user", runtime);
		fact.command = elsewhere;
		return fact;
	}
	if (::lstat(fact.path.c_str(), &info) == 0) {
		const bool mine = S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
		if (!mine) {
			fact.problem = fmt::format("{} {}", fact.path,
						   S_ISLNK(info.st_mode)    ? "is a symbolic link"
						   : !S_ISDIR(info.st_mode) ? "is not a directory"
									    : "belongs to another user");
			fact.command = elsewhere;
			return fact;
		}
		if (info.st_mode & (S_IRWXG | S_IRWXO)) {
			fact.problem = fmt::format("{} is accessible to other users (mode {:04o})", fact.path,
						   info.st_mode & 07777u);
			fact.command = fmt::format("chmod 700 {}", shellText(fact.path));
			return fact;
		}
	}
	// A socket's name has to fit, with the longest user id (32) and a room's number (10).
	if (fact.path.size() + 32 + 10 + sizeof("/@.sock") > sizeof(sockaddr_un::sun_path)) {
		fact.problem = fmt::format("{} is too long for a socket path", fact.path);
		fact.command = elsewhere;
		return fact;
	}
	auto tried = folder("control socket", fact.path, user);
	return tried;
}

std::string sizeText(std::uint64_t bytes)
{
	if (bytes >= 10ull * 1000 * 1000 * 1000)
		return fmt::format("{} GB", bytes / 1000 / 1000 / 1000);
	return fmt::format("{} MB", bytes / 1000 / 1000);
}

} // namespace

void lookAtPlaces(MainLoop &, const Settings &settings, Facts &facts)
{
	// As GLib finds them, as the rest of the program does.
	facts.places.push_back(folder("state folder", fmt::format("{}/trtc-cli", g_get_user_state_dir()), facts.user));
	facts.places.push_back(controlPlace(settings, facts.user));
	const auto config = settings.configFile.empty()
				    ? fmt::format("{}/trtc-cli/config.toml", g_get_user_config_dir())
				    : settings.configFile;
	PlaceFact file { "configuration file", config, {}, {}, false };
	if (::access(config.c_str(), F_OK) != 0) {
		file.path = fmt::format("none: {} does not exist, so the defaults are used", config);
	} else if (::access(config.c_str(), R_OK) != 0) {
		file.problem = fmt::format("{} cannot be read: {}", config, std::strerror(errno));
		file.command = fmt::format("chown {} {}", facts.user, shellText(config));
		file.forRoot = true;
	}
	facts.places.push_back(std::move(file));
}

void judgePlaces(const Settings &, const Facts &facts, Findings &findings)
{
	for (const auto &fact : facts.places) {
		if (fact.problem.empty())
			findings.ok(fact.name, fact.path);
		else
			findings.warn(fact.name, fact.problem,
				      fact.forRoot ? findings.asRoot(fact.command) : fact.command);
	}
}

void lookAtDisk(MainLoop &, const Settings &settings, Facts &facts)
{
	auto &disk = facts.disk;
	disk.asked = settings.recordDirectory;
	if (disk.asked.empty())
		return;
	disk.tried = existing(disk.asked).string();
	std::error_code error;
	disk.exists = std::filesystem::exists(disk.asked, error);
	struct stat info {};
	if (::stat(disk.tried.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
		disk.error = fmt::format("{} is not a directory", disk.tried);
		return;
	}
	if (isKernels(disk.tried)) {
		disk.error = fmt::format("{} is a file system of the kernel and cannot hold recordings", disk.tried);
		disk.elsewhere = true;
		return;
	}
	const int fd = nameless(disk.tried);
	if (fd < 0) {
		disk.error = std::strerror(errno);
		return;
	}
	struct statvfs space {};
	if (::fstatvfs(fd, &space) == 0)
		disk.freeBytes = std::uint64_t { space.f_bavail } * space.f_frsize;
	// No zeros: some file systems write none.
	std::string block(1024 * 1024, '\0');
	for (std::size_t i = 0; i < block.size(); ++i)
		block[i] = static_cast<char>(i * 2654435761u >> 13);
	const auto start = std::chrono::steady_clock::now();
	const auto most = std::min(kTrialBytes, disk.freeBytes / 4);
	while (disk.writtenBytes < most && std::chrono::steady_clock::now() - start < kTrialTime) {
		const auto written = ::write(fd, block.data(), block.size());
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			disk.error = std::strerror(errno);
			break;
		}
		disk.writtenBytes += static_cast<std::uint64_t>(written);
		// Now and then, so that the time is kept on a slow disk too.
		if (disk.writtenBytes % (8 * block.size()) == 0)
			::fdatasync(fd);
	}
	if (disk.error.empty() && ::fdatasync(fd) != 0)
		disk.error = std::strerror(errno);
	disk.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
	::close(fd);
}

void judgeDisk(const Settings &, const Facts &facts, Findings &findings)
{
	const auto &disk = facts.disk;
	if (disk.asked.empty())
		return;
	const auto path = shellText(disk.asked);
	if (!disk.error.empty()) {
		findings.fail("record directory", fmt::format("{} cannot be written: {}", disk.asked, disk.error),
			      disk.elsewhere ? "trtc-cli doctor --record \"$HOME/recordings\""
					     : findings.asRoot(fmt::format("install -d -o {} {}", facts.user, path)));
		return;
	}
	const double speed = disk.seconds > 0 ? static_cast<double>(disk.writtenBytes) / disk.seconds : 0;
	const auto streams = static_cast<std::uint64_t>(speed / kStreamBytesPerSecond);
	const auto hours = static_cast<double>(disk.freeBytes) / kStreamBytesPerSecond / 3600;
	const auto where = disk.exists ? disk.asked : fmt::format("{} (will be created)", disk.asked);
	const auto room = fmt::format("{} free, {:.1f} h of one 720p stream", sizeText(disk.freeBytes), hours);
	const auto pace = fmt::format(
		"{:.0f} MB/s written, enough for {} at 0.2 MB/s each", speed / 1e6,
		streams >= kMostRecordings
			? fmt::format("the {} users that one agent subscribes to automatically", kMostRecordings)
			: fmt::format("{} simultaneous 720p recordings", streams));
	if (disk.freeBytes < kLittleSpace)
		findings.warn("record directory",
			      fmt::format("{} has little free space: {}; this command shows the largest directories",
					  where, room),
			      fmt::format("du -xh --max-depth=1 {} | sort -h | tail", shellText(disk.tried)));
	else if (streams < 10)
		findings.warn("record directory",
			      fmt::format("{} is slow: {}; use a faster disk, or find other programs that use this one",
					  where, pace),
			      "iostat -x 1 5");
	else
		findings.ok("record directory", fmt::format("{}: {}; {}", where, room, pace));
}

} // namespace trtc::doctor
