// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

/// Where pictures go on a terminal. Cells are one pixel wide and two high. Reentrant.
namespace trtc::terminal {

/// In cells, from 0. The last row is for the caption.
struct Tile {
	int column = 0, row = 0, columns = 0, rows = 0;
	bool operator==(const Tile &) const = default;
};

/// Places for @p count pictures in @p columns x @p rows cells: the grid in which pictures of 4:3 become largest, read
/// from left to right and down, with one column between. Tiles narrower than 8 columns or lower than 3 rows are left
/// out: then there are fewer than @p count.
std::vector<Tile> gridFor(int count, int columns, int rows);

/// A picture of @p width x @p height pixels, as large as it can be within @p columns x @p rows cells, centred.
struct Fit {
	int column = 0, row = 0;   ///< cells, from the corner of what it is fitted into
	int width = 0, height = 0; ///< pixels to scale to, at least 1
	bool operator==(const Fit &) const = default;
};
Fit fit(int width, int height, int columns, int rows);

} // namespace trtc::terminal
