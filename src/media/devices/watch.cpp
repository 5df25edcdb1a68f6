// SPDX-License-Identifier: MIT
#include "media/devices/watch.h"

#include "glib/main_context.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>

namespace trtc::media {

namespace {

/// A device comes as several nodes, and udev changes each of them.
constexpr std::chrono::milliseconds kSettle { 200 };

class FolderWatch {
public:
	FolderWatch(MainLoop &loop, std::vector<std::string> folders, std::function<void()> changed)
		: loop_(loop), folders_(std::move(folders)), changed_(std::move(changed)),
		  fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
	{
		if (fd_ < 0)
			return;
		add();
		watch_ = glib::watchReadable(loop_, fd_, [this] { return read(); });
	}
	~FolderWatch()
	{
		watch_.reset();
		if (fd_ >= 0)
			::close(fd_);
	}
	FolderWatch(const FolderWatch &) = delete;
	FolderWatch &operator=(const FolderWatch &) = delete;
	bool works() const noexcept { return fd_ >= 0; }

private:
	/// Watching a folder again changes nothing.
	void add()
	{
		for (const auto &folder : folders_) {
			::inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_ATTRIB | IN_MOVED_TO | IN_ONLYDIR);
			const auto parent = std::filesystem::path(folder).parent_path();
			::inotify_add_watch(fd_, parent.c_str(), IN_CREATE | IN_ATTRIB | IN_MOVED_TO | IN_ONLYDIR);
		}
	}
	bool read()
	{
		alignas(inotify_event) char buffer[4096];
		while (::read(fd_, buffer, sizeof(buffer)) > 0) {}
		add();
		settle_ = loop_.after(kSettle, [this] { changed_(); });
		return true;
	}

	MainLoop &loop_;
	std::vector<std::string> folders_;
	std::function<void()> changed_;
	int fd_;
	SourceHandle watch_, settle_;
};

} // namespace

SourceHandle watchFolders(MainLoop &loop, std::vector<std::string> folders, std::function<void()> changed)
{
	auto watch = std::make_shared<FolderWatch>(loop, std::move(folders), std::move(changed));
	if (!watch->works())
		return {};
	return SourceHandle([watch]() mutable { watch.reset(); });
}

} // namespace trtc::media
