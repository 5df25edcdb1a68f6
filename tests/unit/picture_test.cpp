// SPDX-License-Identifier: MIT
#include "terminal/picture.h"
#include "terminal/tiles.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

using namespace trtc;
using namespace trtc::terminal;

namespace {

/// A picture of one colour.
struct Flat {
	Flat(int width, int height, int y, int u, int v)
		: luma(static_cast<std::size_t>(width * height), static_cast<std::uint8_t>(y)),
		  blue(static_cast<std::size_t>((width + 1) / 2 * ((height + 1) / 2)), static_cast<std::uint8_t>(u)),
		  red(blue.size(), static_cast<std::uint8_t>(v))
	{
		picture.y = luma.data();
		picture.u = blue.data();
		picture.v = red.data();
		picture.yStride = width;
		picture.uStride = picture.vStride = (width + 1) / 2;
		picture.width = width;
		picture.height = height;
	}
	std::vector<std::uint8_t> luma, blue, red;
	Picture picture;
};

bool near(Rgb a, Rgb b, int by = 2)
{
	return std::abs(a.r - b.r) <= by && std::abs(a.g - b.g) <= by && std::abs(a.b - b.b) <= by;
}

long weighted(Rgb a, Rgb b)
{
	const auto square = [](int x) { return static_cast<long>(x) * x; };
	return 299 * square(a.r - b.r) + 587 * square(a.g - b.g) + 114 * square(a.b - b.b);
}

/// As little of a terminal as the painter's bytes need: what it would show.
class Emulator {
public:
	Emulator(int columns, int rows) : canvas(columns, rows) {}
	void write(const std::string &bytes)
	{
		for (std::size_t i = 0; i < bytes.size();) {
			if (bytes[i] == '\x1b') {
				const auto end = bytes.find_first_of("Hm", i);
				REQUIRE(end != std::string::npos);
				control(bytes.substr(i + 2, end - i - 2), bytes[end]);
				i = end + 1;
			} else {
				const auto lead = static_cast<unsigned char>(bytes[i]);
				const std::size_t length = lead < 0x80 ? 1 : 3;
				put(bytes.substr(i, length));
				i += length;
			}
		}
	}
	Canvas canvas;
	int written = 0;

private:
	void control(const std::string &text, char final)
	{
		std::vector<int> numbers;
		std::istringstream in(text);
		for (std::string part; std::getline(in, part, ';');)
			numbers.push_back(std::stoi(part));
		if (final == 'H') {
			REQUIRE(numbers.size() == 2);
			row = numbers[0] - 1;
			column = numbers[1] - 1;
			return;
		}
		for (std::size_t i = 0; i < numbers.size();) {
			auto &target = numbers[i] == 38 ? front : back;
			REQUIRE((numbers[i] == 38 || numbers[i] == 48));
			if (numbers[i + 1] == 5) {
				target = paletteColour(static_cast<std::uint8_t>(numbers[i + 2]));
				i += 3;
			} else {
				target = { static_cast<std::uint8_t>(numbers[i + 2]),
					   static_cast<std::uint8_t>(numbers[i + 3]),
					   static_cast<std::uint8_t>(numbers[i + 4]) };
				i += 5;
			}
		}
	}
	void put(const std::string &glyph)
	{
		REQUIRE((row >= 0 && row < canvas.rows() && column >= 0 && column < canvas.columns()));
		auto &cell = canvas.at(column++, row);
		++written;
		if (glyph == "▀")
			cell = { front, back, 0 };
		else if (glyph == "▄")
			cell = { back, front, 0 };
		else if (glyph == "█")
			cell = { front, front, 0 };
		else if (glyph == " ")
			cell = { back, back, 0 };
		else
			cell = { front, back, static_cast<char32_t>(glyph[0]) };
	}
	int row = -1, column = -1;
	Rgb front, back;
};

Canvas noise(int columns, int rows, unsigned seed)
{
	Canvas canvas(columns, rows);
	const auto channel = [&seed] {
		seed = seed * 1664525 + 1013904223;
		// Few different values, so that every way to save bytes is taken.
		return static_cast<std::uint8_t>((seed >> 24) / 64 * 64);
	};
	for (int y = 0; y < rows; ++y)
		for (int x = 0; x < columns; ++x)
			canvas.at(x, y) = { { channel(), channel(), 0 }, { channel(), channel(), 0 }, 0 };
	return canvas;
}

bool shows(const Canvas &shown, const Canvas &wanted, ColourDepth depth)
{
	const auto same = [depth](Rgb a, Rgb b) {
		return depth == ColourDepth::Palette256 ? a == paletteColour(paletteIndex(b)) : near(a, b, 3);
	};
	for (int y = 0; y < wanted.rows(); ++y)
		for (int x = 0; x < wanted.columns(); ++x)
			if (!same(shown.at(x, y).top, wanted.at(x, y).top) ||
			    !same(shown.at(x, y).bottom, wanted.at(x, y).bottom))
				return false;
	return true;
}

} // namespace

TEST_CASE("picture: the colour number is the nearest of all, by the eye's weights")
{
	for (int r = 0; r < 256; r += 15)
		for (int g = 0; g < 256; g += 17)
			for (int b = 0; b < 256; b += 13) {
				const Rgb colour { static_cast<std::uint8_t>(r), static_cast<std::uint8_t>(g),
						   static_cast<std::uint8_t>(b) };
				long best = -1;
				for (int i = 16; i < 256; ++i) {
					const auto d = weighted(paletteColour(static_cast<std::uint8_t>(i)), colour);
					if (best < 0 || d < best)
						best = d;
				}
				REQUIRE(weighted(paletteColour(paletteIndex(colour)), colour) == best);
			}
	CHECK(paletteIndex({ 0, 0, 0 }) == 16);
	CHECK(paletteIndex({ 255, 255, 255 }) == 231);
	CHECK(paletteIndex({ 255, 0, 0 }) == 196);
	CHECK((paletteColour(244) == Rgb { 128, 128, 128 }));
}

TEST_CASE("picture: how many colours a terminal has")
{
	CHECK((colourDepth("truecolor", "xterm-256color", true) == ColourDepth::True));
	CHECK((colourDepth("24bit", nullptr, true) == ColourDepth::True));
	CHECK((colourDepth(nullptr, "xterm-direct", true) == ColourDepth::True));
	CHECK((colourDepth(nullptr, "xterm-256color", true) == ColourDepth::Palette256));
	CHECK((colourDepth("", "screen", true) == ColourDepth::Palette256));
	CHECK((colourDepth("truecolor", "xterm", false) == ColourDepth::None));
}

TEST_CASE("picture: colours of both matrices and both ranges")
{
	// ITU-R BT.601 and BT.709, 8 bit, of pure red, green and white.
	const auto only = [](const Flat &flat) { return scaled(flat.picture, 1, 1).at(0); };
	CHECK(near(only(Flat(16, 16, 81, 90, 240)), { 255, 0, 0 }));
	CHECK(near(only(Flat(16, 16, 145, 54, 34)), { 0, 255, 0 }));
	CHECK(near(only(Flat(16, 16, 235, 128, 128)), { 255, 255, 255 }));
	CHECK(near(only(Flat(16, 16, 16, 128, 128)), { 0, 0, 0 }));
	Flat hd(16, 16, 63, 102, 240);
	hd.picture.bt709 = true;
	CHECK(near(only(hd), { 255, 0, 0 }));
	Flat full(16, 16, 76, 85, 255);
	full.picture.fullRange = true;
	CHECK(near(only(full), { 254, 0, 0 }));
}

TEST_CASE("picture: every pixel is the mean of its share")
{
	Flat flat(8, 4, 16, 128, 128);
	// Left half white: two columns of two.
	for (int y = 0; y < 4; ++y)
		for (int x = 0; x < 4; ++x)
			flat.luma[static_cast<std::size_t>(y * 8 + x)] = 235;
	auto pixels = scaled(flat.picture, 2, 1);
	CHECK(near(pixels[0], { 255, 255, 255 }));
	CHECK(near(pixels[1], { 0, 0, 0 }));
	pixels = scaled(flat.picture, 1, 1);
	CHECK(near(pixels[0], { 128, 128, 128 }));
	// Enlarged, and sizes that do not divide: nothing is read outside (the sanitizers look).
	for (const auto &[width, height] : { std::pair { 16, 8 }, { 3, 5 }, { 7, 3 }, { 100, 1 } })
		CHECK(scaled(flat.picture, width, height).size() == static_cast<std::size_t>(width * height));
	const Flat odd(7, 5, 100, 128, 128);
	for (const auto &[width, height] : { std::pair { 7, 5 }, { 1, 1 }, { 14, 10 }, { 4, 3 } })
		for (const auto &pixel : scaled(odd.picture, width, height))
			CHECK(near(pixel, { 98, 98, 98 }));
}

TEST_CASE("picture: what is written shows the canvas, whatever was there before")
{
	for (const auto depth : { ColourDepth::True, ColourDepth::Palette256 }) {
		Painter painter(depth);
		Emulator terminal(13, 5);
		for (unsigned seed = 1; seed < 40; ++seed) {
			const auto canvas = noise(13, 5, seed);
			terminal.write(painter.paint(canvas));
			REQUIRE(shows(terminal.canvas, canvas, depth));
		}
	}
}

TEST_CASE("picture: only what changed is written")
{
	Painter painter(ColourDepth::True);
	auto canvas = noise(20, 10, 7);
	CHECK_FALSE(painter.paint(canvas).empty());
	CHECK(painter.paint(canvas).empty());
	// Too little to be seen.
	auto &cell = canvas.at(4, 3);
	cell.top.r = static_cast<std::uint8_t>(cell.top.r + 3);
	CHECK(painter.paint(canvas).empty());
	// But it does not add up in silence.
	cell.top.r = static_cast<std::uint8_t>(cell.top.r + 3);
	Emulator terminal(20, 10);
	const auto bytes = painter.paint(canvas);
	terminal.write(bytes);
	CHECK(terminal.written == 1);
	CHECK(bytes.starts_with("\x1b[4;5H"));
	painter.forget();
	terminal.written = 0;
	terminal.write(painter.paint(canvas));
	CHECK(terminal.written == 200);
	// Another size is another terminal.
	const auto other = noise(10, 10, 7);
	CHECK_FALSE(painter.paint(other).empty());
}

TEST_CASE("picture: equal colours are not said twice")
{
	Painter painter(ColourDepth::Palette256);
	Canvas canvas(40, 1);
	for (int x = 0; x < 40; ++x)
		canvas.at(x, 0) = { { 255, 0, 0 }, { 255, 0, 0 }, 0 };
	CHECK(painter.paint(canvas) == "\x1b[1;1H\x1b[48;5;196m" + std::string(40, ' '));
}

TEST_CASE("picture: without colours it is brightness in ASCII")
{
	Painter painter(ColourDepth::None);
	Canvas canvas(4, 1);
	canvas.at(0, 0) = { { 0, 0, 0 }, { 0, 0, 0 }, 0 };
	canvas.at(1, 0) = { { 255, 255, 255 }, { 255, 255, 255 }, 0 };
	canvas.at(2, 0) = { { 255, 255, 255 }, { 0, 0, 0 }, U'a' };
	canvas.at(3, 0) = { { 0, 255, 0 }, { 0, 0, 0 }, U'\u2588' };
	CHECK(painter.paint(canvas) == "\x1b[1;1H @a#");
}

TEST_CASE("picture: text is cut and harmless")
{
	Canvas canvas(10, 2);
	canvas.text(2, 1, 4, "a\x1b\xc3z-more", { 1, 1, 1 }, { 2, 2, 2 });
	CHECK(canvas.at(2, 1).glyph == U'a');
	CHECK(canvas.at(3, 1).glyph == U'?');
	CHECK(canvas.at(4, 1).glyph == U'?');
	CHECK(canvas.at(5, 1).glyph == U'z');
	CHECK(canvas.at(6, 1).glyph == 0);
	canvas.text(8, 0, 10, "wide", {}, {});
	CHECK(canvas.at(9, 0).glyph == U'i');
}

TEST_CASE("tiles: the shape of the grid follows the terminal")
{
	const auto shape = [](int count, int columns, int rows) {
		const auto tiles = gridFor(count, columns, rows);
		int across = 0;
		for (const auto &tile : tiles)
			across += tile.row == 0;
		return std::pair { across, static_cast<int>(tiles.size()) };
	};
	CHECK((shape(1, 80, 18) == std::pair { 1, 1 }));
	CHECK((shape(2, 80, 18) == std::pair { 2, 2 }));
	CHECK((shape(2, 40, 60) == std::pair { 1, 2 }));
	CHECK((shape(4, 80, 48) == std::pair { 2, 4 }));
	CHECK((shape(9, 200, 48).second == 9));
	CHECK((shape(0, 80, 24) == std::pair { 0, 0 }));
	// Nobody gets a tile in which nothing can be seen.
	CHECK(gridFor(1, 7, 20).empty());
	CHECK(gridFor(1, 80, 2).empty());
	CHECK((shape(50, 20, 6).second == 4));
}

TEST_CASE("tiles: they neither overlap nor leave the terminal")
{
	for (int count = 1; count <= 20; ++count)
		for (int columns = 1; columns < 210; columns += 7)
			for (int rows = 1; rows < 70; rows += 5) {
				const auto tiles = gridFor(count, columns, rows);
				REQUIRE(tiles.size() <= static_cast<std::size_t>(count));
				for (std::size_t i = 0; i < tiles.size(); ++i) {
					const auto &a = tiles[i];
					REQUIRE((a.columns >= 8 && a.rows >= 3 && a.column >= 0 && a.row >= 0));
					REQUIRE((a.column + a.columns <= columns && a.row + a.rows <= rows));
					for (std::size_t j = 0; j < i; ++j) {
						const auto &b = tiles[j];
						REQUIRE((a.column >= b.column + b.columns ||
							 b.column >= a.column + a.columns || a.row >= b.row + b.rows ||
							 b.row >= a.row + a.rows));
					}
				}
			}
}

TEST_CASE("tiles: pictures keep their shape")
{
	CHECK((fit(640, 480, 80, 24) == Fit { 8, 0, 64, 48 }));
	CHECK((fit(640, 480, 40, 24) == Fit { 0, 4, 40, 30 }));
	CHECK((fit(1920, 1080, 80, 24) == Fit { 0, 0, 80, 45 }));
	CHECK((fit(480, 640, 80, 24) == Fit { 22, 0, 36, 48 }));
	// However thin, there is something to see.
	CHECK(fit(4096, 16, 8, 2).height == 1);
	CHECK(fit(16, 4096, 8, 2).width == 1);
}
