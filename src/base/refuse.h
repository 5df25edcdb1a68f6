// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace trtc {

/// Throws Exception(InvalidParameter) with @p message. Reentrant.
[[noreturn]] void refuse(std::string message);

} // namespace trtc
