// SPDX-License-Identifier: MIT
#include "terminal/tiles.h"

#include <algorithm>
#include <cstdint>

namespace trtc::terminal {

namespace {

constexpr int kMinColumns = 8, kMinRows = 3;

} // namespace

std::vector<Tile> gridFor(int count, int columns, int rows)
{
	std::vector<Tile> best;
	std::int64_t bestPixels = -1;
	for (int across = 1; across <= count; ++across) {
		const int width = (columns - (across - 1)) / across;
		if (width < kMinColumns)
			break;
		const int down = std::min((count + across - 1) / across, rows / kMinRows);
		if (down < 1)
			break;
		const int height = rows / down;
		const int shown = std::min(count, across * down);
		const auto one = fit(4, 3, width, height - 1);
		const auto pixels = std::int64_t { one.width } * one.height * shown;
		if (pixels <= bestPixels)
			continue;
		bestPixels = pixels;
		best.clear();
		for (int i = 0; i < shown; ++i)
			best.push_back({ i % across * (width + 1), i / across * height, width, height });
	}
	return best;
}

Fit fit(int width, int height, int columns, int rows)
{
	Fit out;
	const auto ratio = [](int a, int b, int c) { return static_cast<int>((std::int64_t { a } * b + c / 2) / c); };
	out.width = columns;
	out.height = ratio(columns, height, width);
	if (out.height > 2 * rows) {
		out.height = 2 * rows;
		out.width = ratio(2 * rows, width, height);
	}
	out.width = std::clamp(out.width, 1, std::max(columns, 1));
	out.height = std::clamp(out.height, 1, std::max(2 * rows, 1));
	out.column = (columns - out.width) / 2;
	out.row = (rows - (out.height + 1) / 2) / 2;
	return out;
}

} // namespace trtc::terminal
