// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace trtc {

/// Open files, sockets and pipes this process may have (RLIMIT_NOFILE, soft). Thread-safe.
std::size_t descriptorLimit() noexcept;

/// Takes as many as the administrator permits (the hard limit): a peer connection needs some eight of them, and GLib ends the
/// process when there is none for a new thread's context. Before the first thread.
void raiseDescriptorLimit() noexcept;

} // namespace trtc
