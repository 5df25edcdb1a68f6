// SPDX-License-Identifier: MIT
#pragma once

#include "cli/descriptor.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Where the control socket of an agent or a service is, and how both ends get hold of it.
namespace trtc::cli {

/// What fits into an address of a unix socket (`sun_path`, less its final zero), bytes.
inline constexpr std::size_t kMaxControlPath = 107;

/// `RUNTIME/trtc-cli`, or `/tmp/trtc-cli-UID`. @p runtimeDirectory: of $XDG_RUNTIME_DIR, "" without it.
std::string controlDirectory(std::string_view runtimeDirectory);
/// `USER@ROOM.sock` in controlDirectory().
std::string defaultControlPath(std::string_view runtimeDirectory, std::string_view user, std::string_view room);

/// `serve-PORT.sock` in controlDirectory(). An agent's has an @ in its name, and no user's name has one.
std::string defaultServiceControlPath(std::string_view runtimeDirectory, std::string_view port);

/// Makes the directory for the default path with mode 0700. Throws Exception(InvalidParameter) when it cannot be created, and
/// what checkControlDirectory() throws.
void makeControlDirectory(const std::string &directory);
/// Throws Exception(InvalidParameter) for a directory that is a symbolic link, belongs to another user, or lets other users
/// in. One that does not exist is fine.
void checkControlDirectory(const std::string &directory);

/// A socket that listens and the file it is reached by. The file goes with it, unless somebody has put another in its place.
class ControlAddress {
public:
	/// Takes over a file that nobody listens behind. The file appears with mode 0600 and only when it can be connected to.
	/// Throws Exception(InvalidParameter): too long, no socket, in use by a living agent, the directory is missing.
	explicit ControlAddress(std::string path);
	~ControlAddress();
	ControlAddress(const ControlAddress &) = delete;
	ControlAddress &operator=(const ControlAddress &) = delete;
	int fd() const noexcept { return fd_.get(); }
	const std::string &path() const noexcept { return path_; }

private:
	std::string path_;
	Descriptor fd_;
};

/// Connects, blocking. Throws Exception(ConnectFailed) when no agent answers there, Exception(InvalidParameter) for a path
/// that cannot be one.
Descriptor connectControl(const std::string &path);

/// By its name: an agent's, not a service's.
bool isAgentControl(const std::string &path);
/// The sockets in @p directory that somebody listens behind, sorted.
std::vector<std::string> livingControls(const std::string &directory);

} // namespace trtc::cli
