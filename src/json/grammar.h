// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trtc::json {

/// Why @p text is not one JSON document (RFC 8259) that fits our limits, or "". Private to src/json.
/// Does not recurse. Refuses on top of the grammar what json-glib would garble: integers beyond
/// int64, numbers beyond double, `\u0000`, halves of surrogate pairs.
std::string checkGrammar(std::string_view text, std::size_t maxDepth, std::size_t maxValues);

} // namespace trtc::json
