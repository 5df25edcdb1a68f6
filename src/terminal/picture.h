// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/play.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pictures in characters: every cell shows two square pixels, one above the other. Reentrant; nothing here knows a
/// terminal.
namespace trtc::terminal {

/// Eight bits a channel.
struct Rgb {
	std::uint8_t r = 0, g = 0, b = 0;
	bool operator==(const Rgb &) const = default;
};

/// What a terminal can show: 24 bits, xterm's 256 colours, or brightness in ASCII.
enum class ColourDepth { True, Palette256, None };
/// From the values of COLORTERM and TERM, either may be null. @p colours: false when the user wants none.
ColourDepth colourDepth(const char *colorTerm, const char *term, bool colours) noexcept;

/// Number 16…255 of xterm's palette that looks most like @p colour: of the 6x6x6 cube and the 24 greys the one with the
/// least distance, green counting most and blue least (ITU-R BT.601 luma weights).
std::uint8_t paletteIndex(Rgb colour) noexcept;
/// The colour of number 16…255.
Rgb paletteColour(std::uint8_t index) noexcept;

/// Averages @p picture into @p width x @p height pixels (1 and up), row by row.
std::vector<Rgb> scaled(const Picture &picture, int width, int height);

/// One character cell. A picture's cell has two colours and no glyph.
struct Cell {
	Rgb top, bottom;    ///< pixels; with a glyph: its colour and its background
	char32_t glyph = 0; ///< 0: two pixels; else a character one column wide
	bool operator==(const Cell &) const = default;
};

/// A rectangle of cells, black at first.
class Canvas {
public:
	Canvas() = default;
	Canvas(int columns, int rows);
	int columns() const noexcept { return columns_; }
	int rows() const noexcept { return rows_; }
	/// From 0; must be inside.
	Cell &at(int column, int row) noexcept { return cells_[index(column, row)]; }
	const Cell &at(int column, int row) const noexcept { return cells_[index(column, row)]; }
	/// Puts ASCII @p text there, cut at @p width; the rest of the width becomes blank.
	void text(int column, int row, int width, std::string_view text, Rgb colour, Rgb background);
	/// Puts @p pixels, width x height of them, with their top left corner at cell (@p column, @p row). An odd last row
	/// is black below. What does not fit is cut.
	void picture(int column, int row, const std::vector<Rgb> &pixels, int width, int height);

private:
	std::size_t index(int column, int row) const noexcept
	{
		return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
		       static_cast<std::size_t>(column);
	}
	int columns_ = 0, rows_ = 0;
	std::vector<Cell> cells_;
};

/// Knows what a terminal shows and says what to write to show something else: only the cells that changed, positioned
/// absolutely from row 1, column 1, UTF-8.
class Painter {
public:
	explicit Painter(ColourDepth depth) : depth_(depth) {}
	/// "" when nothing changed. In 24 bits a change too small to be seen is none.
	std::string paint(const Canvas &canvas);
	/// What is on the terminal is not known any more: the next paint() writes every cell.
	void forget() noexcept { shown_ = {}; }

private:
	ColourDepth depth_;
	Canvas shown_;
};

} // namespace trtc::terminal
