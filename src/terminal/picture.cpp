// SPDX-License-Identifier: MIT
#include "terminal/picture.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <optional>

namespace trtc::terminal {

namespace {

/// In 24 bits: noise of the codec that nobody sees but that would be most of what is written.
constexpr int kUnseen = 3;

/// The six steps of xterm's colour cube.
constexpr std::array<int, 6> kLevels { 0, 95, 135, 175, 215, 255 };

/// Brightness in ASCII, dark to bright.
constexpr std::string_view kShades = " .:-=+*#%@";

/// In thousandths.
int luma(Rgb c) noexcept { return 299 * c.r + 587 * c.g + 114 * c.b; }

int square(int value) noexcept { return value * value; }

int distance(Rgb a, Rgb b) noexcept
{
	return 299 * square(a.r - b.r) + 587 * square(a.g - b.g) + 114 * square(a.b - b.b);
}

int nearestLevel(int value) noexcept
{
	int best = 0;
	for (int i = 1; i < 6; ++i)
		if (std::abs(kLevels[static_cast<std::size_t>(i)] - value) <
		    std::abs(kLevels[static_cast<std::size_t>(best)] - value))
			best = i;
	return best;
}

/// YCbCr to RGB in 16 bit fixed point. BT.601 and BT.709 as in ITU-T H.273, table 4.
class Matrix {
public:
	Matrix(bool bt709, bool fullRange)
	{
		const double kr = bt709 ? 0.2126 : 0.299, kb = bt709 ? 0.0722 : 0.114, kg = 1 - kr - kb;
		const double luma = fullRange ? 1 : 255.0 / 219, chroma = fullRange ? 1 : 255.0 / 224;
		black_ = fullRange ? 0 : 16;
		y_ = fixed(luma);
		rv_ = fixed(2 * (1 - kr) * chroma);
		bu_ = fixed(2 * (1 - kb) * chroma);
		gu_ = fixed(2 * (1 - kb) * kb / kg * chroma);
		gv_ = fixed(2 * (1 - kr) * kr / kg * chroma);
	}
	Rgb operator()(int y, int u, int v) const noexcept
	{
		const int luma = y_ * (y - black_) + 32768;
		u -= 128;
		v -= 128;
		return { clip(luma + rv_ * v), clip(luma - gu_ * u - gv_ * v), clip(luma + bu_ * u) };
	}

private:
	static int fixed(double value) noexcept { return static_cast<int>(value * 65536 + 0.5); }
	static std::uint8_t clip(int value) noexcept
	{
		return static_cast<std::uint8_t>(std::clamp(value >> 16, 0, 255));
	}
	int black_, y_, rv_, bu_, gu_, gv_;
};

/// The mean of a rectangle of a plane; the end is exclusive and behind the start.
int mean(const std::uint8_t *plane, int stride, int x0, int x1, int y0, int y1) noexcept
{
	unsigned sum = 0;
	for (int y = y0; y < y1; ++y) {
		const auto *row = plane + static_cast<std::ptrdiff_t>(y) * stride;
		for (int x = x0; x < x1; ++x)
			sum += row[x];
	}
	const auto count = static_cast<unsigned>((x1 - x0) * (y1 - y0));
	return static_cast<int>((sum + count / 2) / count);
}

void appendUtf8(std::string &out, char32_t c)
{
	if (c < 0x80) {
		out += static_cast<char>(c);
	} else if (c < 0x800) {
		out += static_cast<char>(0xc0 | (c >> 6));
		out += static_cast<char>(0x80 | (c & 63));
	} else {
		out += static_cast<char>(0xe0 | (c >> 12));
		out += static_cast<char>(0x80 | ((c >> 6) & 63));
		out += static_cast<char>(0x80 | (c & 63));
	}
}

void appendNumber(std::string &out, int number)
{
	char digits[12];
	auto *end = std::end(digits);
	auto *begin = end;
	do
		*--begin = static_cast<char>('0' + number % 10);
	while (number /= 10);
	out.append(begin, end);
}

bool looksAlike(Rgb a, Rgb b) noexcept
{
	return std::abs(a.r - b.r) <= kUnseen && std::abs(a.g - b.g) <= kUnseen && std::abs(a.b - b.b) <= kUnseen;
}

/// What is written for one paint: keeps track of the cursor and of the colours in force.
class Writer {
public:
	explicit Writer(ColourDepth depth) : depth_(depth) {}

	void cell(int column, int row, const Cell &cell)
	{
		if (row != row_ || column != column_)
			move(column, row);
		if (depth_ == ColourDepth::None)
			plain(cell);
		else if (cell.glyph)
			colours(value(cell.top), value(cell.bottom), cell.glyph);
		else
			pixels(value(cell.top), value(cell.bottom));
		column_ = column + 1;
	}
	std::string take() { return std::move(out_); }

private:
	void move(int column, int row)
	{
		out_ += "\x1b[";
		appendNumber(out_, row + 1);
		out_ += ';';
		appendNumber(out_, column + 1);
		out_ += 'H';
		row_ = row;
	}
	int value(Rgb c) const noexcept
	{
		return depth_ == ColourDepth::True ? c.r << 16 | c.g << 8 | c.b : paletteIndex(c);
	}
	/// The half block that needs fewer changes of colour.
	void pixels(int top, int bottom)
	{
		if (top == bottom)
			return top == front_ && top != back_ ? colours(front_, back_.value_or(top), U'\u2588')
							     : colours(front_.value_or(top), top, U' ');
		if (front_ == bottom || back_ == top)
			return colours(bottom, top, U'\u2584');
		colours(top, bottom, U'\u2580');
	}
	void colours(std::optional<int> front, int back, char32_t glyph)
	{
		const bool setFront = glyph != U' ' && front != front_, setBack = glyph != U'\u2588' && back != back_;
		if (setFront || setBack) {
			out_ += "\x1b[";
			if (setFront)
				colour("38", *front);
			if (setFront && setBack)
				out_ += ';';
			if (setBack)
				colour("48", back);
			out_ += 'm';
		}
		if (setFront)
			front_ = front;
		if (setBack)
			back_ = back;
		appendUtf8(out_, glyph);
	}
	void colour(const char *which, int value)
	{
		out_ += which;
		if (depth_ == ColourDepth::Palette256) {
			out_ += ";5;";
			return appendNumber(out_, value);
		}
		out_ += ";2;";
		appendNumber(out_, value >> 16);
		out_ += ';';
		appendNumber(out_, value >> 8 & 255);
		out_ += ';';
		appendNumber(out_, value & 255);
	}
	void plain(const Cell &cell)
	{
		if (cell.glyph)
			return appendUtf8(out_, cell.glyph == U'\u2588' ? U'#' : cell.glyph < 128 ? cell.glyph : U' ');
		const auto bright = static_cast<std::size_t>((luma(cell.top) + luma(cell.bottom)) / 2000);
		out_ += kShades[std::min(bright * kShades.size() / 256, kShades.size() - 1)];
	}

	ColourDepth depth_;
	std::string out_;
	int column_ = -1, row_ = -1;
	std::optional<int> front_, back_;
};

} // namespace

ColourDepth colourDepth(const char *colorTerm, const char *term, bool colours) noexcept
{
	if (!colours)
		return ColourDepth::None;
	const std::string_view how(colorTerm ? colorTerm : ""), what(term ? term : "");
	if (how == "truecolor" || how == "24bit" || what.ends_with("-direct"))
		return ColourDepth::True;
	return ColourDepth::Palette256;
}

/// The distance is a sum over the channels, so the best of the cube is the best step of each channel; and the best grey
/// is the one nearest to the weighted mean.
std::uint8_t paletteIndex(Rgb colour) noexcept
{
	const int r = nearestLevel(colour.r), g = nearestLevel(colour.g), b = nearestLevel(colour.b);
	const auto cube = static_cast<std::uint8_t>(16 + 36 * r + 6 * g + b);
	const auto grey = static_cast<std::uint8_t>(232 + std::clamp((luma(colour) - 8000 + 5000) / 10000, 0, 23));
	return distance(paletteColour(grey), colour) < distance(paletteColour(cube), colour) ? grey : cube;
}

Rgb paletteColour(std::uint8_t index) noexcept
{
	if (index >= 232) {
		const auto grey = static_cast<std::uint8_t>(8 + 10 * (index - 232));
		return { grey, grey, grey };
	}
	const auto level = [](int step) { return static_cast<std::uint8_t>(kLevels[static_cast<std::size_t>(step)]); };
	const int cube = std::max<int>(index, 16) - 16;
	return { level(cube / 36), level(cube / 6 % 6), level(cube % 6) };
}

std::vector<Rgb> scaled(const Picture &picture, int width, int height)
{
	std::vector<Rgb> out;
	out.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
	const Matrix matrix(picture.bt709, picture.fullRange);
	const int chromaWidth = (picture.width + 1) / 2, chromaHeight = (picture.height + 1) / 2;
	// A picture that is enlarged gives every pixel at least one of its own.
	const auto edge = [](int n, int parts, int whole) {
		return static_cast<int>(static_cast<std::int64_t>(n) * whole / parts);
	};
	for (int y = 0; y < height; ++y) {
		const int y0 = edge(y, height, picture.height),
			  y1 = std::max(y0 + 1, edge(y + 1, height, picture.height));
		const int c0 = y0 / 2, c1 = std::clamp(y1 / 2, c0 + 1, std::max(chromaHeight, c0 + 1));
		for (int x = 0; x < width; ++x) {
			const int x0 = edge(x, width, picture.width),
				  x1 = std::max(x0 + 1, edge(x + 1, width, picture.width));
			const int d0 = x0 / 2, d1 = std::clamp(x1 / 2, d0 + 1, std::max(chromaWidth, d0 + 1));
			out.push_back(matrix(mean(picture.y, picture.yStride, x0, x1, y0, y1),
					     mean(picture.u, picture.uStride, d0, d1, c0, c1),
					     mean(picture.v, picture.vStride, d0, d1, c0, c1)));
		}
	}
	return out;
}

Canvas::Canvas(int columns, int rows)
	: columns_(std::max(columns, 0)), rows_(std::max(rows, 0)),
	  cells_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_))
{
}

void Canvas::text(int column, int row, int width, std::string_view text, Rgb colour, Rgb background)
{
	for (int i = 0; i < width && column + i < columns_; ++i) {
		const auto at_ = static_cast<std::size_t>(i);
		const char c = at_ < text.size() ? text[at_] : ' ';
		at(column + i, row) = { colour, background, static_cast<char32_t>(c >= ' ' && c < '\x7f' ? c : '?') };
	}
}

void Canvas::picture(int column, int row, const std::vector<Rgb> &pixels, int width, int height)
{
	const auto pixel = [&](int x, int y) {
		return y < height ? pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
					   static_cast<std::size_t>(x)]
				  : Rgb {};
	};
	for (int y = 0; y < height && row + y / 2 < rows_; y += 2)
		for (int x = 0; x < width && column + x < columns_; ++x)
			at(column + x, row + y / 2) = { pixel(x, y), pixel(x, y + 1), 0 };
}

std::string Painter::paint(const Canvas &canvas)
{
	const bool whole = shown_.columns() != canvas.columns() || shown_.rows() != canvas.rows();
	if (whole)
		shown_ = Canvas(canvas.columns(), canvas.rows());
	Writer writer(depth_);
	const auto same = [this](Rgb a, Rgb b) {
		return depth_ == ColourDepth::True	   ? looksAlike(a, b)
		       : depth_ == ColourDepth::Palette256 ? paletteIndex(a) == paletteIndex(b)
							   : a == b;
	};
	for (int row = 0; row < canvas.rows(); ++row)
		for (int column = 0; column < canvas.columns(); ++column) {
			const auto &next = canvas.at(column, row);
			auto &shown = shown_.at(column, row);
			if (!whole && next.glyph == shown.glyph && same(next.top, shown.top) &&
			    same(next.bottom, shown.bottom))
				continue;
			writer.cell(column, row, next);
			shown = next;
		}
	return writer.take();
}

} // namespace trtc::terminal
