// SPDX-License-Identifier: MIT
#include "media/test_pattern.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

namespace trtc::media {

namespace {

constexpr int kColumns = 20, kRows = 15;
constexpr int kMarkRow = 1;		      // of the marks that tell orientation and levels
constexpr int kFirstMark = 1, kLastMark = 18; // columns, also the marks at both sides of the data
constexpr int kFirstDataRow = 2, kDataRows = 6, kDataColumns = 16;
constexpr int kFirstBackgroundRow = 9;
constexpr int kBits = kDataRows * kDataColumns;
constexpr std::uint8_t kBlack = 16, kWhite = 235;
constexpr int kMinContrast = 40; // between the means of white and black marks, or there is no code

/// No palindrome and no shifted copy of itself, so a mirrored or displaced picture does not pass.
constexpr std::array<bool, kLastMark - kFirstMark + 1> kMarks {
	true,  true, false, true,  false, false, true, true,  true,
	false, true, true,  false, false, false, true, false, false,
};

using Bits = std::array<bool, kBits>;

constexpr int edge(int index, int count, int size) { return index * size / count; }

/// CRC-16/CCITT-FALSE over the bits before the last 16.
std::uint16_t checksum(const Bits &bits)
{
	unsigned crc = 0xffff;
	for (std::size_t i = 0; i + 16 < bits.size(); ++i) {
		const bool top = (crc & 0x8000u) != 0;
		crc = (crc << 1) & 0xffffu;
		if (top != bits[i])
			crc ^= 0x1021u;
	}
	return static_cast<std::uint16_t>(crc);
}

void putBits(Bits &bits, std::size_t at, std::size_t count, std::uint64_t value)
{
	for (std::size_t i = 0; i < count; ++i)
		bits[at + i] = ((value >> (count - 1 - i)) & 1u) != 0;
}

std::uint64_t getBits(const Bits &bits, std::size_t at, std::size_t count)
{
	std::uint64_t value = 0;
	for (std::size_t i = 0; i < count; ++i)
		value = (value << 1) | (bits[at + i] ? 1u : 0u);
	return value;
}

Bits encode(const FrameCode &code)
{
	Bits bits {};
	putBits(bits, 0, 32, code.frameNumber);
	putBits(bits, 32, 48, code.wallClockMs);
	putBits(bits, 80, 16, checksum(bits));
	return bits;
}

void fill(std::uint8_t *plane, int stride, int x0, int x1, int y0, int y1, std::uint8_t value)
{
	if (x1 <= x0)
		return;
	for (int y = y0; y < y1; ++y)
		std::memset(plane + static_cast<std::ptrdiff_t>(y) * stride + x0, value,
			    static_cast<std::size_t>(x1 - x0));
}

void fillCell(const I420View &view, int column, int row, bool white)
{
	fill(view.y, view.yStride, edge(column, kColumns, view.width), edge(column + 1, kColumns, view.width),
	     edge(row, kRows, view.height), edge(row + 1, kRows, view.height), white ? kWhite : kBlack);
}

/// A soft wave that wanders left and a bright bar that wanders right: all rows are alike, so one is drawn and copied.
void drawBackground(const I420View &view, std::uint32_t frame)
{
	const int top = edge(kFirstBackgroundRow, kRows, view.height);
	std::uint8_t *first = view.y + static_cast<std::ptrdiff_t>(top) * view.yStride;
	for (int x = 0; x < view.width; ++x) {
		const unsigned phase = (static_cast<unsigned>(x * 256 / view.width) + frame * 5u) & 255u;
		const unsigned wave = phase < 128 ? phase : 255 - phase;
		first[x] = static_cast<std::uint8_t>(32 + wave * 3 / 4);
	}
	const int bar = std::max(view.width / 20, 2);
	const int left = static_cast<int>(frame % 50u) * view.width / 50;
	std::memset(first + left, 180, static_cast<std::size_t>(std::min(bar, view.width - left)));
	for (int y = top + 1; y < view.height; ++y)
		std::memcpy(view.y + static_cast<std::ptrdiff_t>(y) * view.yStride, first,
			    static_cast<std::size_t>(view.width));

	const int chromaWidth = (view.width + 1) / 2, chromaHeight = (view.height + 1) / 2;
	const unsigned turn = (frame * 3u) & 255u;
	const int swing = static_cast<int>(turn < 128 ? turn : 255 - turn) / 2; // 0…63, there and back
	fill(view.u, view.uStride, 0, chromaWidth, (top + 1) / 2, chromaHeight, static_cast<std::uint8_t>(96 + swing));
	fill(view.v, view.vStride, 0, chromaWidth, (top + 1) / 2, chromaHeight, static_cast<std::uint8_t>(160 - swing));
}

/// Mean of the middle half of a block: its rim is where codecs and scalers smear.
int cellLevel(const LumaView &view, int column, int row)
{
	const int x0 = edge(column, kColumns, view.width), x1 = edge(column + 1, kColumns, view.width);
	const int y0 = edge(row, kRows, view.height), y1 = edge(row + 1, kRows, view.height);
	const int dx = (x1 - x0) / 4, dy = (y1 - y0) / 4;
	int sum = 0, count = 0;
	for (int y = y0 + dy; y < y1 - dy; ++y) {
		const std::uint8_t *line = view.y + static_cast<std::ptrdiff_t>(y) * view.stride;
		for (int x = x0 + dx; x < x1 - dx; ++x, ++count)
			sum += line[x];
	}
	return count == 0 ? 0 : sum / count;
}

bool tooSmall(int width, int height) { return width < 2 * kColumns || height < 2 * kRows; }

struct Levels {
	int black, white;
	int middle() const { return (black + white) / 2; }
};

/// What black and white became on the way; empty if a mark is missing.
std::optional<Levels> readMarks(const LumaView &view)
{
	if (view.y == nullptr || tooSmall(view.width, view.height))
		return std::nullopt;
	std::array<int, kMarks.size()> level {};
	int sum[2] = { 0, 0 }, count[2] = { 0, 0 };
	for (std::size_t i = 0; i < kMarks.size(); ++i) {
		level[i] = cellLevel(view, kFirstMark + static_cast<int>(i), kMarkRow);
		sum[kMarks[i] ? 1 : 0] += level[i];
		++count[kMarks[i] ? 1 : 0];
	}
	const Levels levels { sum[0] / count[0], sum[1] / count[1] };
	if (levels.white - levels.black < kMinContrast)
		return std::nullopt;
	for (std::size_t i = 0; i < kMarks.size(); ++i)
		if ((level[i] > levels.middle()) != kMarks[i])
			return std::nullopt;
	for (int row = kFirstDataRow; row < kFirstDataRow + kDataRows; ++row)
		if (cellLevel(view, kFirstMark, row) <= levels.middle() ||
		    cellLevel(view, kLastMark, row) > levels.middle())
			return std::nullopt;
	return levels;
}

} // namespace

void drawFrame(const I420View &view, const FrameCode &code, bool flash)
{
	const int chromaWidth = (view.width + 1) / 2, chromaHeight = (view.height + 1) / 2;
	const int top = edge(kFirstBackgroundRow, kRows, view.height);
	const bool small = tooSmall(view.width, view.height);
	const int codeBottom = small ? view.height : top;
	fill(view.y, view.yStride, 0, view.width, 0, codeBottom, kBlack);
	fill(view.u, view.uStride, 0, chromaWidth, 0, chromaHeight, 128);
	fill(view.v, view.vStride, 0, chromaWidth, 0, chromaHeight, 128);
	if (small)
		return;

	for (std::size_t i = 0; i < kMarks.size(); ++i)
		fillCell(view, kFirstMark + static_cast<int>(i), kMarkRow, kMarks[i]);
	const Bits bits = encode(code);
	for (int row = 0; row < kDataRows; ++row) {
		fillCell(view, kFirstMark, kFirstDataRow + row, true);
		for (int column = 0; column < kDataColumns; ++column)
			fillCell(view, kFirstMark + 1 + column, kFirstDataRow + row,
				 bits[static_cast<std::size_t>(row * kDataColumns + column)]);
	}

	if (flash)
		fill(view.y, view.yStride, 0, view.width, top, view.height, kWhite);
	else
		drawBackground(view, code.frameNumber);
}

std::optional<FrameCode> readFrame(const LumaView &view)
{
	const auto levels = readMarks(view);
	if (!levels)
		return std::nullopt;
	Bits bits {};
	for (int row = 0; row < kDataRows; ++row)
		for (int column = 0; column < kDataColumns; ++column)
			bits[static_cast<std::size_t>(row * kDataColumns + column)] =
				cellLevel(view, kFirstMark + 1 + column, kFirstDataRow + row) > levels->middle();
	if (getBits(bits, 80, 16) != checksum(bits))
		return std::nullopt;
	return FrameCode { static_cast<std::uint32_t>(getBits(bits, 0, 32)), getBits(bits, 32, 48) };
}

bool isFlash(const LumaView &view)
{
	const auto levels = readMarks(view);
	if (!levels)
		return false;
	// The first row touches the code; the bar covers one column in twenty, so nearly all must be white.
	int white = 0, all = 0;
	for (int row = kFirstBackgroundRow + 1; row < kRows; ++row)
		for (int column = 0; column < kColumns; ++column, ++all)
			if (cellLevel(view, column, row) > levels->black + (levels->white - levels->black) * 4 / 5)
				++white;
	return white * 10 >= all * 9;
}

bool isFlashFrame(std::uint64_t frameNumber, std::uint32_t fpsNum, std::uint32_t fpsDen)
{
	return frameNumber == 0 || frameNumber * fpsDen / fpsNum != (frameNumber - 1) * fpsDen / fpsNum;
}

void fillAudio(std::int16_t *samples, std::size_t frames, unsigned channels, unsigned sampleRate,
	       std::uint64_t startSample)
{
	const std::uint64_t rate = sampleRate;
	const std::uint64_t beep = rate * kBeepMs / 1000, fade = rate * kBeepFadeMs / 1000;
	const double step = 2 * std::numbers::pi / static_cast<double>(rate);
	for (std::size_t i = 0; i < frames; ++i) {
		// Both frequencies are whole, so the place in the second is all that counts and no error adds up.
		const std::uint64_t place = (startSample + i) % rate;
		const double angle = step * static_cast<double>(place);
		double value = kToneLevel * std::sin(kToneHz * angle);
		if (place < beep) {
			const std::uint64_t left = beep - place;
			const double gain = left < fade ? static_cast<double>(left) / static_cast<double>(fade) : 1.0;
			value += kBeepLevel * gain * std::sin(kBeepHz * angle);
		}
		const auto sample = static_cast<std::int16_t>(std::lround(value * 32767));
		std::fill_n(samples + i * channels, channels, sample);
	}
}

} // namespace trtc::media
