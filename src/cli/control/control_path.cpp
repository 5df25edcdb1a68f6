// SPDX-License-Identifier: MIT
#include "cli/control/control_path.h"

#include "base/refuse.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace trtc::cli {

namespace {

/// Connections that wait for accept().
constexpr int kBacklog = 32;

sockaddr_un addressOf(const std::string &path)
{
	if (path.empty())
		refuse("control socket: the path is empty");
	if (path.size() > kMaxControlPath)
		refuse(fmt::format(
			"control socket {}: the path has {} bytes, the limit is {}: name a shorter path with --control",
			printable(path, 200), path.size(), kMaxControlPath));
	sockaddr_un address {};
	address.sun_family = AF_UNIX;
	path.copy(address.sun_path, kMaxControlPath);
	return address;
}

Descriptor makeSocket()
{
	Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (!fd)
		refuse(fmt::format("control socket cannot be created: {}", std::strerror(errno)));
	return fd;
}

int connectTo(const Descriptor &fd, const std::string &path)
{
	const auto address = addressOf(path);
	int result = 0;
	do
		result = ::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address));
	while (result != 0 && errno == EINTR);
	return result == 0 ? 0 : errno;
}

enum class There { Nothing, Dead, Alive, NoSocket };

There whatIsAt(const std::string &path)
{
	struct stat info {};
	if (::lstat(path.c_str(), &info) != 0)
		return There::Nothing;
	if (!S_ISSOCK(info.st_mode))
		return There::NoSocket;
	// Not blocking: an agent that has no room for another connection lives, too.
	const auto fd = makeSocket();
	::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
	return connectTo(fd, path) == ECONNREFUSED ? There::Dead : There::Alive;
}

[[noreturn]] void refuseTaken(const std::string &path, There what)
{
	if (what == There::NoSocket)
		refuse(fmt::format("control socket {}: a file with this name exists and is not a socket: name another "
				   "path with --control",
				   path));
	refuse(fmt::format("control socket {} belongs to a running agent: name another one with --control, or none",
			   path));
}

std::string directoryOf(const std::string &path)
{
	const auto slash = path.rfind('/');
	return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// A name beside @p path that is not longer than a path may be.
std::string draftOf(const std::string &path)
{
	const auto slash = path.rfind('/');
	return fmt::format("{}.{}", slash == std::string::npos ? "" : path.substr(0, slash + 1), ::getpid());
}

} // namespace

std::string controlDirectory(std::string_view runtimeDirectory)
{
	return runtimeDirectory.empty() ? fmt::format("/tmp/trtc-cli-{}", ::geteuid())
					: fmt::format("{}/trtc-cli", runtimeDirectory);
}

std::string defaultControlPath(std::string_view runtimeDirectory, std::string_view user, std::string_view room)
{
	return fmt::format("{}/{}@{}.sock", controlDirectory(runtimeDirectory), user, room);
}

std::string defaultServiceControlPath(std::string_view runtimeDirectory, std::string_view port)
{
	return fmt::format("{}/serve-{}.sock", controlDirectory(runtimeDirectory), port);
}

void makeControlDirectory(const std::string &directory)
{
	if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
		refuse(fmt::format("directory {} for the control socket cannot be created: {}; name a socket with "
				   "--control, or none",
				   directory, std::strerror(errno)));
	checkControlDirectory(directory);
}

void checkControlDirectory(const std::string &directory)
{
	struct stat info {};
	if (::lstat(directory.c_str(), &info) != 0)
		return;
	std::string problem;
	if (S_ISLNK(info.st_mode))
		problem = "is a symbolic link";
	else if (!S_ISDIR(info.st_mode))
		problem = "is not a directory";
	else if (info.st_uid != ::geteuid())
		problem = fmt::format("belongs to another user (uid {})", info.st_uid);
	else if (info.st_mode & (S_IRWXG | S_IRWXO))
		refuse(fmt::format("directory {} for control sockets is accessible to other users (mode {:04o}): run "
				   "chmod 700 {}, or name a socket in another directory with --control",
				   directory, info.st_mode & 07777u, directory));
	if (!problem.empty())
		refuse(fmt::format("directory {} for control sockets {}: remove it, or name a socket in another "
				   "directory with --control",
				   directory, problem));
}

ControlAddress::ControlAddress(std::string path) : path_(std::move(path)), fd_(makeSocket())
{
	static_cast<void>(addressOf(path_)); // complains about the path before anything is made
	const auto draft = draftOf(path_);
	const auto address = addressOf(draft);
	const auto fail = [&](int error) {
		::unlink(draft.c_str());
		refuse(fmt::format("control socket {} cannot be created: {}; name another path with --control, or none",
				   path_, std::strerror(error)));
	};
	::unlink(draft.c_str()); // of a process with our number that died in the middle
	// Linux gives the file the mode of the descriptor, so nobody else can connect at any moment.
	::fchmod(fd_.get(), S_IRUSR | S_IWUSR);
	if (::bind(fd_.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0 ||
	    ::listen(fd_.get(), kBacklog) != 0)
		fail(errno);
	// The name appears when the socket listens already: who finds nobody behind a name has found a dead one.
	if (::link(draft.c_str(), path_.c_str()) == 0) {
		::unlink(draft.c_str());
		return;
	}
	if (errno != EEXIST)
		fail(errno);
	// Two that find the same dead file must not both take it over.
	const Descriptor directory(::open(directoryOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0)
		fail(errno);
	const auto what = whatIsAt(path_);
	if (what == There::Alive || what == There::NoSocket) {
		::unlink(draft.c_str());
		refuseTaken(path_, what);
	}
	if (::rename(draft.c_str(), path_.c_str()) != 0)
		fail(errno);
}

ControlAddress::~ControlAddress()
{
	if (!fd_)
		return;
	// Closed first: then whoever listens behind the name is somebody else.
	fd_.reset();
	if (whatIsAt(path_) == There::Dead)
		::unlink(path_.c_str());
}

Descriptor connectControl(const std::string &path)
{
	auto fd = makeSocket();
	const auto error = connectTo(fd, path);
	if (error == ENOENT || error == ECONNREFUSED || error == ENOTSOCK || error == ENOTDIR)
		throw Exception(
			ErrorCode::ConnectFailed,
			fmt::format("no agent listens on {}: check that it is running and uses this --control", path));
	if (error != 0)
		throw Exception(ErrorCode::ConnectFailed,
				fmt::format("control socket {} cannot be reached: {}", path, std::strerror(error)));
	return fd;
}

bool isAgentControl(const std::string &path) { return path.find('@', path.rfind('/') + 1) != std::string::npos; }

std::vector<std::string> livingControls(const std::string &directory)
{
	std::vector<std::string> found;
	std::error_code error;
	for (const auto &entry : std::filesystem::directory_iterator(directory, error))
		if (entry.path().extension() == ".sock" && entry.path().native().size() <= kMaxControlPath &&
		    whatIsAt(entry.path().native()) == There::Alive)
			found.push_back(entry.path().native());
	std::sort(found.begin(), found.end());
	return found;
}

} // namespace trtc::cli
