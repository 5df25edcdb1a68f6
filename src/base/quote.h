// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trtc {

/// @p text in double quotes, for a message: at most @p limit bytes of it in whole characters, as utf8::harmless().
/// Not named quoted(): an unqualified call would also find std::quoted (<iomanip>) through its std:: argument.
std::string inQuotes(std::string_view text, std::size_t limit = 60);

} // namespace trtc
