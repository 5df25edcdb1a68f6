// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <glib.h>

namespace trtc::glib {

/// The loop's context, borrowed; for attaching C sources.
GMainContext *context(MainLoop &loop) noexcept;

/// Calls @p ready on the loop while @p fd is readable or hung up; return false from it to stop watching.
[[nodiscard]] SourceHandle watchReadable(MainLoop &loop, int fd, std::function<bool()> ready);
/// The same for writing.
[[nodiscard]] SourceHandle watchWritable(MainLoop &loop, int fd, std::function<bool()> ready);

} // namespace trtc::glib
