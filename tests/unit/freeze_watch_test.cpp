// SPDX-License-Identifier: MIT
#include "media/freeze_watch.h"

#include <doctest/doctest.h>

#include <array>

using trtc::media::FreezeWatch;

namespace {

constexpr std::array<std::uint8_t, 12> kMiddle { 0x80, 102 }, kEnd { 0x80, 102 | 0x80 };

} // namespace

TEST_CASE("pictures that go in and do not come out want a keyframe, again and again")
{
	FreezeWatch watch;
	for (int round = 0; round < 3; ++round) {
		for (int i = 1; i < FreezeWatch::kPatience; ++i) {
			CHECK_FALSE(watch.packet(kMiddle));
			CHECK_FALSE(watch.packet(kEnd));
		}
		CHECK(watch.packet(kEnd));
	}
}

TEST_CASE("no keyframe is wanted while frames come out, however many packets a picture has")
{
	FreezeWatch watch;
	for (int i = 0; i < 50; ++i) {
		for (int k = 0; k < 20; ++k)
			CHECK_FALSE(watch.packet(kMiddle));
		CHECK_FALSE(watch.packet(kEnd));
		CHECK_FALSE(watch.packet(kEnd)); // the parser holds one back
		watch.frame();
	}
}

TEST_CASE("what is no RTP packet counts for nothing")
{
	FreezeWatch watch;
	for (int i = 0; i < 10; ++i)
		CHECK_FALSE(watch.packet(std::span(kEnd).first(1)));
}
