// SPDX-License-Identifier: MIT
#include "terminal/history_file.h"

#include "base/descriptors.h"
#include "terminal/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace trtc::terminal {

namespace {

/// A file somebody blew up is not read whole.
constexpr std::size_t kMaxFileBytes = 1024 * 1024;

/// Opens a plain file that is ours alone; -1 when it is something else.
int openPrivate(const std::string &path, int flags)
{
	const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat about {};
	if (fd >= 0 && (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != ::geteuid())) {
		::close(fd);
		return -1;
	}
	return fd;
}

} // namespace

HistoryFile::HistoryFile(std::string path, std::size_t limit) : path_(std::move(path)), limit_(limit)
{
	if (path_.empty())
		return;
	std::error_code ignored;
	const auto folder = std::filesystem::path(path_).parent_path();
	std::filesystem::create_directories(folder.parent_path(), ignored);
	::mkdir(folder.c_str(), 0700);
}

std::vector<std::string> HistoryFile::read() const
{
	std::vector<std::string> lines;
	const int fd = path_.empty() ? -1 : openPrivate(path_, O_RDONLY);
	if (fd < 0)
		return lines;
	std::string text;
	char block[16 * 1024];
	for (ssize_t got = 0; text.size() < kMaxFileBytes && (got = ::read(fd, block, sizeof(block))) > 0;)
		text.append(block, static_cast<std::size_t>(got));
	::close(fd);
	std::string_view rest = text;
	std::size_t total = 0;
	for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
		const auto line = rest.substr(0, end);
		rest.remove_prefix(end + 1);
		++total;
		if (!line.empty() && clean(line, false) == line)
			lines.emplace_back(line);
	}
	if (lines.size() > limit_)
		lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit_));
	// Not at each line too many, or every start would write.
	if (total > limit_ + limit_ / 2) {
		const auto fresh = path_ + ".new";
		::unlink(fresh.c_str());
		const int out = openPrivate(fresh, O_WRONLY | O_CREAT | O_EXCL);
		if (out >= 0) {
			std::string kept;
			for (const auto &line : lines)
				kept += line + '\n';
			const bool whole = writeAll(out, kept) == 0;
			::close(out);
			if (!whole || ::rename(fresh.c_str(), path_.c_str()) != 0)
				::unlink(fresh.c_str());
		}
	}
	return lines;
}

void HistoryFile::append(const std::string &line) const
{
	const int fd = path_.empty() ? -1 : openPrivate(path_, O_WRONLY | O_APPEND | O_CREAT);
	if (fd < 0)
		return;
	::fchmod(fd, 0600);
	static_cast<void>(writeAll(fd, line + '\n'));
	::close(fd);
}

std::string defaultHistoryPath()
{
	const char *state = std::getenv("XDG_STATE_HOME");
	const char *home = std::getenv("HOME");
	if (state && *state == '/')
		return std::string(state) + "/trtc-cli/history";
	return home && *home == '/' ? std::string(home) + "/.local/state/trtc-cli/history" : std::string();
}

} // namespace trtc::terminal
