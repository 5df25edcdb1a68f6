// SPDX-License-Identifier: MIT
// The parameter sets were made by x264, of a picture of 174x144 pixels.
#include "media/h264_headers.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace trtc::media;
using namespace std::string_literals;

namespace {

const std::string kBaseline =
	"\x67\x42\xc0\x0b\xd9\x02\xc4\xfa\xf0\x11\x00\x00\x03\x00\x01\x00\x00\x03\x00\x32\x0f\x14\x2a\x48"s;
const std::string kHigh =
	"\x67\x64\x00\x0b\xac\xd9\x42\xc4\xfa\xf0\xe1\x00\x00\x03\x00\x01\x00\x00\x03\x00\x32\x0f\x14\x29\x96"s;
const std::string kInterlaced =
	"\x67\x4d\x40\x15\xec\xa1\x65\x7a\x97\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x21\xf1\x42\x99\x60"s;
const std::string kTenBits =
	"\x67\x6e\x00\x0b\xa6\xcd\x94\x2c\x4f\xaf\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x42\x99\x60"s;
const std::string kFullColour =
	"\x67\xf4\x00\x0b\x91\x9b\x28\x58\x9f\x7e\x02\x20\x00\x00\x03\x00\x20\x00\x00\x06\x41\xe2\x85\x32\xc0"s;

std::optional<h264::Sequence> parse(const std::string &text)
{
	const std::vector<std::uint8_t> bytes(text.begin(), text.end());
	return h264::parseSequence(bytes);
}

bool bidirectional(const std::string &text)
{
	const std::vector<std::uint8_t> bytes(text.begin(), text.end());
	return h264::isBidirectional(bytes);
}

} // namespace

TEST_CASE("h264 headers: what x264 writes")
{
	const auto baseline = parse(kBaseline);
	REQUIRE(baseline);
	CHECK(baseline->profile == 66);
	CHECK(baseline->constrained);
	CHECK(baseline->width == 174);
	CHECK(baseline->height == 144);
	CHECK(baseline->chroma == 1);
	CHECK(baseline->bitDepth == 8);
	CHECK(!baseline->interlaced);
	CHECK(baseline->pictureOrder == 2);
	CHECK(baseline->reorderFrames == 0u);

	const auto high = parse(kHigh);
	REQUIRE(high);
	CHECK(high->profile == 100);
	CHECK(!high->constrained);
	CHECK(high->pictureOrder == 0);
	CHECK(high->reorderFrames == 2u);
	CHECK(high->sarWidth == 4);
	CHECK(high->sarHeight == 3);

	const auto interlaced = parse(kInterlaced);
	REQUIRE(interlaced);
	CHECK(interlaced->interlaced);
	CHECK(interlaced->width == 174);
	CHECK(interlaced->height == 144);

	const auto ten = parse(kTenBits);
	REQUIRE(ten);
	CHECK(ten->profile == 110);
	CHECK(ten->bitDepth == 10);
	CHECK(ten->reorderFrames == 2u);

	const auto full = parse(kFullColour);
	REQUIRE(full);
	CHECK(full->profile == 244);
	CHECK(full->chroma == 3);
	CHECK(full->width == 174);
}

TEST_CASE("h264 headers: a set that ends early or is none gives nothing")
{
	CHECK(!parse(""));
	CHECK(!parse("\x67"s));
	CHECK(!parse("\x68\x42\xc0\x0b\xd9\x02\xc4"s)); // a picture parameter set
	for (std::size_t length = 0; length < 8; ++length)
		CHECK(!parse(kBaseline.substr(0, length)));
	CHECK(!parse("\x67\x42\xc0\x0b"s + std::string(40, '\0')));
	CHECK(!parse("\x67\x42\xc0\x0b"s + std::string(40, '\x01')));
	// Cut inside of the part that is optional: the size is known, reordering is not.
	const auto cut = parse(kBaseline.substr(0, 12));
	REQUIRE(cut);
	CHECK(cut->width == 174);
	CHECK(!cut->reorderFrames);
}

TEST_CASE("h264 headers: slices that predict from two directions")
{
	CHECK(!bidirectional("\x65\x88\x84\x00\x12\xff"s)); // I
	CHECK(!bidirectional("\x41\x9a\x24\x6c\x41\x1f"s)); // P
	CHECK(bidirectional("\x41\x9e\x42\x78\x87\xff"s));  // B that others refer to
	CHECK(bidirectional("\x01\x9e\x61\x74\x43\xbf"s));  // B
	CHECK(!bidirectional("\x41"s));
	CHECK(!bidirectional(""s));
}
