// SPDX-License-Identifier: MIT
#include "cli/options/secret_file.h"

#include "base/refuse.h"
#include "cli/descriptor.h"
#include "cli/events/event_printer.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <glib.h>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

namespace trtc::cli {

namespace {

constexpr std::size_t kMaxSecretBytes = 64 * 1024;

std::string randomKey()
{
	unsigned char bytes[32];
	// 32 bytes come at once or not at all.
	if (::getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes)))
		refuse(fmt::format("no random numbers for a new secret key: {}", std::strerror(errno)));
	std::string key;
	for (const auto byte : bytes)
		key += fmt::format("{:02x}", byte);
	return key;
}

void makeParents(const std::filesystem::path &directory)
{
	if (directory.empty() || std::filesystem::is_directory(directory))
		return;
	makeParents(directory.parent_path());
	if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
		refuse(fmt::format("directory {} for the secret key cannot be created: {}; name another file with "
				   "--secret-key-file",
				   directory.string(), std::strerror(errno)));
}

/// The whole key appears at once, or somebody else's is there already.
void makeKey(const std::string &path)
{
	makeParents(std::filesystem::path(path).parent_path());
	const auto draft = fmt::format("{}.{}.new", path, ::getpid());
	const auto fail = [&] {
		const auto reason = std::strerror(errno);
		::unlink(draft.c_str());
		refuse(fmt::format("secret key file {} cannot be created: {}; name another file with --secret-key-file",
				   path, reason));
	};
	::unlink(draft.c_str());
	const auto text = randomKey() + '\n';
	{
		const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
		if (file.get() < 0 ||
		    ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
			fail();
	}
	if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST)
		fail();
	::unlink(draft.c_str());
}

/// One run reads a key file several times, for the UserSig and for a PrivateMapKey.
bool isFirstWarning(const struct stat &info)
{
	static std::set<std::pair<dev_t, ino_t>> warned;
	return warned.emplace(info.st_dev, info.st_ino).second;
}

} // namespace

std::string readSecretFile(const std::string &path, std::string_view what)
{
	const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
	if (file.get() < 0)
		refuse(fmt::format("{} file {} cannot be read: {}{}", what, path, std::strerror(errno),
				   what == "secret key" ? "; the event service-ready of a service names its key file"
							: ""));
	auto text = readAll(file.get(), kMaxSecretBytes);
	if (!text)
		refuse(fmt::format("{} file {} cannot be read: {}", what, path, std::strerror(errno)));
	while (!text->empty() && (text->back() == '\n' || text->back() == '\r'))
		text->pop_back();
	if (text->empty())
		refuse(fmt::format("{} file {} is empty: it must contain only the {}", what, path, what));
	if (text->size() > kMaxSecretBytes || text->find('\n') != std::string::npos)
		refuse(fmt::format("{} file {} has more than one line: it must contain only the {}", what, path, what));
	struct stat info {};
	if (::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & (S_IRGRP | S_IROTH)) &&
	    isFirstWarning(info))
		complain(
			fmt::format("warning: {} file {} can be read by other users: run chmod 600 on it", what, path));
	return *std::move(text);
}

std::string readOrMakeKey(const std::string &path)
{
	struct stat info {};
	if (::stat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
		makeKey(path);
	return readSecretFile(path, "secret key");
}

std::string defaultKeyPath()
{
	return (std::filesystem::path(g_get_user_state_dir()) / "trtc-cli" / "serve.key").string();
}

std::string readStdinText(std::size_t maxBytes)
{
	const auto text = readAll(STDIN_FILENO, maxBytes);
	if (!text)
		refuse(fmt::format("stdin cannot be read: {}", std::strerror(errno)));
	if (text->size() > maxBytes)
		refuse(fmt::format("stdin has more than {} bytes: it is not a UserSig", maxBytes));
	return std::string(trim(*text));
}

} // namespace trtc::cli
