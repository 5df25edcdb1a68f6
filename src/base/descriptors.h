// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace trtc {

/// Open files, sockets and pipes this process may have (RLIMIT_NOFILE, soft). Thread-safe.
std::size_t descriptorLimit() noexcept;

/// Takes as many as the administrator permits (the hard limit): a peer connection needs some eight of them, and GLib ends the
/// process when there is none for a new thread's context. Before the first thread.
void raiseDescriptorLimit() noexcept;

/// The file mode creation mask, without a change of it: umask() would leave other threads without one for a moment. 0077 if
/// the kernel does not tell. Thread-safe.
mode_t creationMask() noexcept;

/// Writes all of @p text, however little the kernel takes at a time; waits when the descriptor is non-blocking and full.
/// Returns 0 or an errno value. Thread-safe.
int writeAll(int fd, std::string_view text) noexcept;

} // namespace trtc
