// SPDX-License-Identifier: MIT
#include "cli/control/line_reader.h"

#include <algorithm>
#include <utility>

namespace trtc::cli {

void LineReader::feed(std::string_view bytes)
{
	while (!bytes.empty()) {
		const auto feed = bytes.find('\n');
		const auto part = bytes.substr(0, feed);
		const auto room = kMaxLineBytes - line_.size();
		line_ += part.substr(0, room);
		tooLong_ = tooLong_ || part.size() > room;
		if (feed == std::string_view::npos)
			return;
		finishLine();
		bytes.remove_prefix(feed + 1);
	}
}

void LineReader::end()
{
	if (!line_.empty())
		finishLine();
}

void LineReader::finishLine()
{
	const auto line = std::exchange(line_, {});
	handler_(line, std::exchange(tooLong_, false));
}

} // namespace trtc::cli
