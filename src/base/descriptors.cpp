// SPDX-License-Identifier: MIT
#include "base/descriptors.h"

#include <sys/resource.h>

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

} // namespace trtc
