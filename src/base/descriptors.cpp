// SPDX-License-Identifier: MIT
#include "base/descriptors.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace trtc {

std::size_t descriptorLimit() noexcept
{
	rlimit limit {};
	if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return std::numeric_limits<std::size_t>::max();
	return limit.rlim_cur;
}

void raiseDescriptorLimit() noexcept
{
	rlimit limit {};
	if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

mode_t creationMask() noexcept
{
	constexpr mode_t kPrivate = 0077;
	const int fd = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kPrivate;
	char buffer[1024]; // it is the second line
	const auto got = ::read(fd, buffer, sizeof(buffer));
	::close(fd);
	const std::string_view text(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
	constexpr std::string_view kName = "\nUmask:\t";
	const auto at = text.find(kName);
	if (at == std::string_view::npos)
		return kPrivate;
	mode_t mask = 0;
	for (const char c : text.substr(at + kName.size())) {
		if (c < '0' || c > '7')
			break;
		mask = mask * 8 + static_cast<mode_t>(c - '0');
	}
	return mask & 0777;
}

int writeAll(int fd, std::string_view text) noexcept
{
	while (!text.empty()) {
		const auto written = ::write(fd, text.data(), text.size());
		if (written >= 0) {
			text.remove_prefix(static_cast<std::size_t>(written));
		} else if (errno == EAGAIN) {
			// Another program made our descriptor non-blocking; a torn line would be worse than waiting.
			pollfd poll { fd, POLLOUT, 0 };
			::poll(&poll, 1, -1);
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

} // namespace trtc
