// SPDX-License-Identifier: MIT
#include "base/refuse.h"
#include "cli/descriptor.h"
#include "cli/options/config_file.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trtc::cli {

namespace {

} // namespace

Settings readConfig(const std::string &path, bool mustExist, const CommandSpec &command,
		    const std::function<void(const std::string &)> &warn)
{
	if (path == "/dev/null")
		return {};
	// Without waiting for somebody to write into a pipe.
	const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (file.get() < 0) {
		if (!mustExist && (errno == ENOENT || errno == ENOTDIR))
			return {};
		refuse(fmt::format("configuration file {} cannot be read: {}; name another one with --config, or "
				   "/dev/null for none",
				   path, std::strerror(errno)));
	}
	struct stat info {};
	if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
		refuse(fmt::format("configuration file {} is not a regular file: name another one with --config",
				   path));
	const auto text = readAll(file.get(), kMaxConfigBytes);
	if (!text)
		refuse(fmt::format("configuration file {} cannot be read: {}", path, std::strerror(errno)));
	if (text->size() > kMaxConfigBytes)
		refuse(fmt::format("configuration file {} is larger than {} KiB: check that it is the right file", path,
				   kMaxConfigBytes / 1024));
	bool hasSecret = false;
	auto settings = parseConfig(*text, path, command, hasSecret);
	if (hasSecret && warn && (info.st_mode & (S_IRGRP | S_IROTH)))
		warn(fmt::format("warning: configuration file {} contains a secret and other users can read it: run "
				 "chmod 600 on it",
				 path));
	return settings;
}

std::string defaultConfigPath(const std::function<const char *(const char *)> &variable)
{
	static constexpr std::string_view kName = "trtc-cli/config.toml";
	// A relative one is to be ignored, says the XDG base directory specification.
	if (const char *base = variable("XDG_CONFIG_HOME"); base && *base == '/')
		return fmt::format("{}/{}", base, kName);
	if (const char *home = variable("HOME"); home && *home)
		return fmt::format("{}/.config/{}", home, kName);
	return {};
}

} // namespace trtc::cli
