// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace trtc::cli {

/// The completion script of a shell, made from the tables of options and of commands on stdin. @p shell: bash, zsh or fish.
std::string completionScript(std::string_view shell);

} // namespace trtc::cli
