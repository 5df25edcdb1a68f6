// SPDX-License-Identifier: MIT
#include "media/test_pattern.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace trtc::media;

namespace {

struct Picture {
	int width, height, stride, chromaStride;
	std::vector<std::uint8_t> y, u, v;

	Picture(int w, int h)
		: width(w), height(h), stride(w + 13), chromaStride((w + 1) / 2 + 5),
		  y(static_cast<std::size_t>(stride * h), 77),
		  u(static_cast<std::size_t>(chromaStride * ((h + 1) / 2)), 77), v(u)
	{
	}
	I420View view() { return { y.data(), u.data(), v.data(), stride, chromaStride, chromaStride, width, height }; }
	std::uint8_t &at(int x, int row) { return y[static_cast<std::size_t>(row * stride + x)]; }
};

Picture drawn(int width, int height, const FrameCode &code, bool flash = false)
{
	Picture picture(width, height);
	drawFrame(picture.view(), code, flash);
	return picture;
}

Picture scaled(Picture &from, int width, int height)
{
	Picture to(width, height);
	for (int y = 0; y < height; ++y)
		for (int x = 0; x < width; ++x) {
			const double sx = std::max(0.0, (x + 0.5) * from.width / width - 0.5);
			const double sy = std::max(0.0, (y + 0.5) * from.height / height - 0.5);
			const int x0 = static_cast<int>(sx), y0 = static_cast<int>(sy);
			const int x1 = std::min(x0 + 1, from.width - 1), y1 = std::min(y0 + 1, from.height - 1);
			const double fx = sx - x0, fy = sy - y0;
			to.at(x, y) = static_cast<std::uint8_t>(
				(from.at(x0, y0) * (1 - fx) + from.at(x1, y0) * fx) * (1 - fy) +
				(from.at(x0, y1) * (1 - fx) + from.at(x1, y1) * fx) * fy);
		}
	return to;
}

/// A box of 2 * radius + 1 pixels in both directions, by running sums.
Picture blurred(Picture &from, int radius)
{
	auto pass = [radius](Picture &in, int lines, int length, auto pixel) {
		Picture out = in;
		for (int line = 0; line < lines; ++line) {
			int sum = 0;
			for (int i = -radius - 1; i < radius; ++i)
				sum += pixel(in, line, std::clamp(i, 0, length - 1));
			for (int i = 0; i < length; ++i) {
				sum += pixel(in, line, std::min(i + radius, length - 1)) -
				       pixel(in, line, std::max(i - radius - 1, 0));
				pixel(out, line, i) = static_cast<std::uint8_t>(sum / (2 * radius + 1));
			}
		}
		return out;
	};
	Picture wide = pass(from, from.height, from.width,
			    [](Picture &p, int line, int i) -> std::uint8_t & { return p.at(i, line); });
	return pass(wide, from.width, from.height,
		    [](Picture &p, int line, int i) -> std::uint8_t & { return p.at(line, i); });
}

const FrameCode kCodes[] = {
	{ 0, 0 }, { 1, 1 }, { 0xffffffff, 0xffffffffffff }, { 0xaaaaaaaa, 0x555555555555 }, { 123456, 1790000000123 },
};

struct Size {
	int width, height;
};
const Size kSizes[] = { { 160, 120 }, { 320, 180 },  { 320, 240 },  { 641, 363 },
			{ 640, 480 }, { 1280, 720 }, { 1920, 1080 } };

} // namespace

TEST_CASE("test pattern: what is drawn is read, in every size")
{
	for (const auto &size : kSizes)
		for (const auto &code : kCodes)
			for (const bool flash : { false, true }) {
				CAPTURE(size.width);
				CAPTURE(code.frameNumber);
				Picture picture = drawn(size.width, size.height, code, flash);
				CHECK(readFrame(picture.view()) == code);
				CHECK(isFlash(picture.view()) == flash);
			}
}

TEST_CASE("test pattern: only the low 48 bits of the clock travel")
{
	Picture picture = drawn(160, 120, { 5, 0xabcd'0000'0000'0007 });
	CHECK(readFrame(picture.view()) == FrameCode { 5, 7 });
}

TEST_CASE("test pattern: stays inside the planes")
{
	Picture picture = drawn(161, 121, { 9, 9 });
	for (int y = 0; y < picture.height; ++y)
		for (int x = picture.width; x < picture.stride; ++x)
			REQUIRE(picture.at(x, y) == 77);
	for (int x = 81; x < picture.chromaStride; ++x)
		CHECK(picture.u[static_cast<std::size_t>(60 * picture.chromaStride + x)] == 77);
	CHECK(picture.u[static_cast<std::size_t>(60 * picture.chromaStride + 80)] != 77);
}

TEST_CASE("test pattern: survives noise, blur and coarse levels")
{
	std::mt19937 random(1);
	for (const auto &size : kSizes)
		for (const auto &code : kCodes)
			for (const bool flash : { false, true }) {
				CAPTURE(size.width);
				Picture picture = drawn(size.width, size.height, code, flash);
				Picture soft = blurred(picture, std::max(1, size.width / 160));
				for (auto &value : soft.y) {
					const int noisy = value * 3 / 4 + 30 + static_cast<int>(random() % 61) - 30;
					value = static_cast<std::uint8_t>(std::clamp(noisy / 24 * 24, 0, 255));
				}
				CHECK(readFrame(soft.view()) == code);
				CHECK(isFlash(soft.view()) == flash);
			}
}

TEST_CASE("test pattern: survives scaling")
{
	const FrameCode code { 4711, 1790000000123 };
	for (const bool flash : { false, true }) {
		Picture vga = drawn(640, 480, code, flash), small = drawn(160, 120, code, flash);
		for (const auto &size :
		     { Size { 320, 240 }, Size { 160, 120 }, Size { 213, 160 }, Size { 1280, 720 } }) {
			CAPTURE(size.width);
			Picture fromVga = scaled(vga, size.width, size.height),
				fromSmall = scaled(small, size.width, size.height);
			CHECK(readFrame(fromVga.view()) == code);
			CHECK(readFrame(fromSmall.view()) == code);
			CHECK(isFlash(fromVga.view()) == flash);
			CHECK(isFlash(fromSmall.view()) == flash);
		}
	}
}

TEST_CASE("test pattern: damage is rejected, not misread")
{
	const FrameCode code { 123456, 1790000000123 };
	// Each block of the code inverted: rows 1…7, columns 1…18 of the grid of 20 by 15.
	for (int row = 1; row <= 7; ++row)
		for (int column = 1; column <= 18; ++column) {
			Picture picture = drawn(320, 240, code);
			for (int y = row * 16; y < (row + 1) * 16; ++y)
				for (int x = column * 16; x < (column + 1) * 16; ++x)
					picture.at(x, y) = static_cast<std::uint8_t>(251 - picture.at(x, y));
			CAPTURE(row);
			CAPTURE(column);
			CHECK_FALSE(readFrame(picture.view()).has_value());
		}
}

TEST_CASE("test pattern: mirrored, upside down, black, white, grey and noisy pictures hold no code")
{
	Picture picture = drawn(320, 240, { 77, 99 }, true);
	Picture mirrored(320, 240), turned(320, 240);
	for (int y = 0; y < 240; ++y)
		for (int x = 0; x < 320; ++x) {
			mirrored.at(x, y) = picture.at(319 - x, y);
			turned.at(x, y) = picture.at(x, 239 - y);
		}
	CHECK_FALSE(readFrame(mirrored.view()).has_value());
	CHECK_FALSE(readFrame(turned.view()).has_value());
	CHECK_FALSE(isFlash(turned.view()));
	for (const int level : { 0, 16, 128, 235, 255 }) {
		std::fill(picture.y.begin(), picture.y.end(), static_cast<std::uint8_t>(level));
		CHECK_FALSE(readFrame(picture.view()).has_value());
		CHECK_FALSE(isFlash(picture.view()));
	}
	std::mt19937 random(2);
	for (int i = 0; i < 50; ++i) {
		std::generate(picture.y.begin(), picture.y.end(), [&] { return static_cast<std::uint8_t>(random()); });
		CHECK_FALSE(readFrame(picture.view()).has_value());
	}
	CHECK_FALSE(readFrame(LumaView(picture.y.data(), 10, 10, 10)).has_value());
	CHECK_FALSE(readFrame(LumaView()).has_value());
	Picture tiny = drawn(8, 8, { 1, 1 });
	CHECK_FALSE(readFrame(tiny.view()).has_value());
}

TEST_CASE("test pattern: pictures half a second apart differ")
{
	for (const std::uint32_t apart : { 7u, 8u, 10u, 12u, 15u, 30u })
		for (const std::uint32_t frame : { 0u, 100u, 1000003u }) {
			Picture a = drawn(320, 240, { frame, 0 }), b = drawn(320, 240, { frame + apart, 0 });
			double sum = 0;
			for (int y = 160; y < 240; ++y)
				for (int x = 0; x < 320; ++x)
					sum += std::abs(a.at(x, y) - b.at(x, y));
			CAPTURE(apart);
			CHECK(sum / (80 * 320) > 8);
		}
}

TEST_CASE("test pattern: a flash at the first frame of each second")
{
	for (const std::uint32_t fps : { 1u, 15u, 20u, 25u, 30u, 60u })
		for (std::uint64_t n = 0; n < 10 * fps; ++n)
			CHECK(isFlashFrame(n, fps, 1) == (n % fps == 0));
	// 30000/1001: second k begins at or before frame ceil(k * 29.97).
	for (std::uint64_t n = 0; n < 600; ++n) {
		const auto second = static_cast<std::uint64_t>(static_cast<double>(n) * 1.001 / 30.0 + 1e-9);
		CHECK(isFlashFrame(n, 30000, 1001) == (n == (second * 30000 + 1000) / 1001));
	}
}

TEST_CASE("test pattern: a beep begins with each second of the sample clock")
{
	for (const unsigned rate : { 8000u, 16000u, 44100u, 48000u })
		for (const unsigned channels : { 1u, 2u }) {
			CAPTURE(rate);
			std::vector<std::int16_t> samples(static_cast<std::size_t>(rate) * 2 * channels);
			const std::uint64_t start = std::uint64_t { rate } * 100'000 - rate / 2;
			fillAudio(samples.data(), rate * 2, channels, rate, start);
			auto peak = [&](std::uint64_t from, std::uint64_t to) {
				int most = 0;
				for (auto i = from * channels; i < to * channels; ++i)
					most = std::max(most, std::abs(static_cast<int>(samples[i])));
				return most;
			};
			const unsigned half = rate / 2, ms = rate / 1000;
			for (const unsigned second : { half, half + rate }) {
				CHECK(peak(second - 10 * ms, second) < 400);
				CHECK(peak(second - 10 * ms, second) > 300);
				CHECK(peak(second, second + ms) > 15000);		 // at once, no fade
				CHECK(peak(second + 96 * ms, second + 98 * ms) > 14000); // to the fade
				CHECK(peak(second + 99 * ms, second + 100 * ms) < 12000);
				if (second == half)
					CHECK(peak(second + rate / 10 + 1, second + rate) < 400);
			}
			if (channels == 2)
				for (std::size_t i = 0; i < samples.size(); i += 2)
					REQUIRE(samples[i] == samples[i + 1]);
		}
}

TEST_CASE("test pattern: audio does not depend on how it is cut")
{
	std::vector<std::int16_t> whole(4800), parts(4800);
	fillAudio(whole.data(), 4800, 1, 48000, 47000);
	for (std::size_t at = 0; at < 4800; at += 160)
		fillAudio(parts.data() + at, 160, 1, 48000, 47000 + at);
	CHECK(whole == parts);
}
