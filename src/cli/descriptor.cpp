// SPDX-License-Identifier: MIT
#include "cli/descriptor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace trtc::cli {

std::optional<std::string> readAll(int fd, std::size_t maxBytes)
{
	std::string text;
	char buffer[4096];
	while (text.size() <= maxBytes) {
		const auto got = ::read(fd, buffer, std::min(sizeof(buffer), maxBytes + 1 - text.size()));
		if (got == 0)
			return text;
		if (got < 0 && errno != EINTR)
			return {};
		if (got > 0)
			text.append(buffer, static_cast<std::size_t>(got));
	}
	return text;
}

} // namespace trtc::cli
