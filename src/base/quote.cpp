// SPDX-License-Identifier: MIT
#include "base/quote.h"

namespace trtc {

std::string inQuotes(std::string_view text, std::size_t limit)
{
	std::string out = "\"";
	for (const char c : text.substr(0, limit))
		out += (c >= 0x20 && c < 0x7f) ? c : '?';
	return out + (text.size() > limit ? "...\"" : "\"");
}

} // namespace trtc
