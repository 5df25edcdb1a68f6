// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

/// Secrets live in files. All of it blocks; none of it logs what it reads.
namespace trtc::cli {

/// The file's text without its trailing line feeds; @p what is for messages ("secret key"). Complains on stderr when
/// others may read a key. Throws Exception(InvalidParameter): missing, unreadable, empty, over 64 KiB, several lines.
std::string readSecretFile(const std::string &path, std::string_view what);

/// readSecretFile(), and a new key of 64 hexadecimal digits (mode 0600, missing directories 0700) when there is no
/// file. Two processes that start at once end with one key. Throws Exception(InvalidParameter).
std::string readOrMakeKey(const std::string &path);

/// `$XDG_STATE_HOME/trtc-cli/serve.key`, or the same below `~/.local/state`.
std::string defaultKeyPath();

/// All of stdin up to @p maxBytes, trimmed. Throws Exception(InvalidParameter) when there is more.
std::string readStdinText(std::size_t maxBytes);

} // namespace trtc::cli
