// SPDX-License-Identifier: MIT
#include "media/sinks/h264.h"

#include <doctest/doctest.h>

using namespace trtc::media;
using namespace std::string_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes(const std::string &text) { return { text.begin(), text.end() }; }

std::vector<std::string> texts(const Bytes &data)
{
	std::vector<std::string> out;
	for (const auto &unit : h264::nalUnits(data))
		out.emplace_back(unit.begin(), unit.end());
	return out;
}

const std::string kSps = "\x67\x42\xc0\x1f\xda"s, kPps = "\x68\xce\x3c"s, kIdr = "\x65\x88\x84"s, kAud = "\x09\x10"s;
const std::string kFour = "\0\0\0\1"s, kThree = "\0\0\1"s;

} // namespace

TEST_CASE("h264: units between start codes of three and four bytes")
{
	CHECK(texts(bytes(kFour + kSps + kThree + kPps + kFour + kIdr)) == std::vector { kSps, kPps, kIdr });
	CHECK(texts(bytes("garbage"s + kThree + kIdr)) == std::vector { kIdr });
	// Zeros at the end belong to nobody; those inside do.
	CHECK(texts(bytes(kThree + kIdr + "\0\0\0"s + kFour + "\x41\0\0\2\7"s + "\0\0"s)) ==
	      std::vector { kIdr, "\x41\0\0\2\7"s });
	CHECK(texts(bytes(kThree + kThree + kIdr)) == std::vector { kIdr });
}

TEST_CASE("h264: nothing, and half a start code")
{
	for (const auto &data : { ""s, "\0"s, "\0\0"s, "\0\0\1"s, "\0\0\0\1"s, "\0\0\0\0\0\0"s, "no units"s })
		CHECK(texts(bytes(data)).empty());
}

TEST_CASE("h264: lengths instead of start codes, without delimiters")
{
	const auto data = bytes(kFour + kAud + kFour + kSps + kFour + kIdr);
	CHECK(h264::lengthPrefixed(h264::nalUnits(data)) == "\0\0\0\5"s + kSps + "\0\0\0\3"s + kIdr);
	const Bytes large = bytes(kThree + "\x41" + std::string(70000, '\x55'));
	CHECK(h264::lengthPrefixed(h264::nalUnits(large)).substr(0, 4) == "\0\1\x11\x71"s);
}

TEST_CASE("h264: the configuration record")
{
	const auto record = [](const std::string &text) {
		const auto data = bytes(text);
		return h264::configurationRecord(h264::nalUnits(data));
	};
	const auto base = "\1\x42\xc0\x1f\xff\xe1\0\5"s + kSps + "\1\0\3"s + kPps;
	CHECK(record(kFour + kSps + kFour + kPps + kFour + kIdr) == base);
	CHECK(record(kFour + kPps + kFour + kSps) == base);
	CHECK(record(kFour + kSps + kFour + kIdr).empty());
	CHECK(record(kFour + kPps).empty());
	CHECK(record(kFour + "\x67\x42\xc0"s + kFour + kPps).empty()); // an SPS without a level
	const auto high = "\x67\x64\x00\x1f\xac"s;
	CHECK(record(kFour + high + kFour + kPps) ==
	      "\1\x64\0\x1f\xff\xe1\0\5"s + high + "\1\0\3"s + kPps + "\xfd\xf8\xf8\0"s);
}
