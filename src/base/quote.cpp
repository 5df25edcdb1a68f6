// SPDX-License-Identifier: MIT
#include "base/quote.h"

#include "base/utf8.h"

namespace trtc {

std::string inQuotes(std::string_view text, std::size_t limit) { return '"' + utf8::harmless(text, limit) + '"'; }

} // namespace trtc
