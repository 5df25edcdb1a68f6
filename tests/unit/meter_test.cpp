// SPDX-License-Identifier: MIT
#include "media/meter.h"
#include "media/test_pattern.h"

#include <doctest/doctest.h>

#include <gst/gst.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

using namespace trtc::media;

TEST_CASE("meter: the scale is in decibels")
{
	CHECK(volumeOf(0) == 0);
	CHECK(volumeOf(-1) == 0);
	CHECK(volumeOf(std::nan("")) == 0);
	CHECK(volumeOf(0.0001) == 0);
	CHECK(volumeOf(0.001) == 0);
	CHECK(volumeOf(std::pow(10, -30.0 / 20)) == 50);
	CHECK(volumeOf(0.1) == 67);
	CHECK(volumeOf(1) == 100);
	CHECK(volumeOf(2) == 100);
}

TEST_CASE("meter: the loudest block since it was asked last")
{
	const auto tone = [](double level) {
		std::vector<std::int16_t> samples(960);
		for (std::size_t i = 0; i < samples.size(); ++i)
			samples[i] = static_cast<std::int16_t>(
				level * 32767 * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(i) / 48000));
		return samples;
	};
	LoudnessMeter meter;
	CHECK(meter.take() == 0);
	const auto loud = tone(0.5), quiet = tone(0.01);
	meter.add(quiet.data(), quiet.size());
	meter.add(loud.data(), loud.size());
	meter.add(quiet.data(), quiet.size());
	// -6 dBFS peak of a sine is -9 dBFS.
	CHECK(meter.take() == 85);
	CHECK(meter.take() == 0);
	meter.add(quiet.data(), quiet.size());
	CHECK(meter.take() == 28);
	meter.add(quiet.data(), 0);
	CHECK(meter.take() == 0);
	const std::vector<std::int16_t> full(100, -32768);
	meter.add(full.data(), full.size());
	CHECK(meter.take() == 100);
}

TEST_CASE("meter: packets that come faster than they are decoded do not pile up")
{
	const auto meter = Meter::create();
	const auto input = meter->input();
	static std::atomic<int> alive;
	alive = 0;
	static constexpr std::uint8_t kSilence[] = { 0xf8, 0xff, 0xfe }; // RFC 6716: 20 ms of CELT
	int most = 0;
	for (int i = 0; i < 20'000; ++i) {
		++alive;
		auto *buffer = gst_buffer_new_wrapped_full(
			GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t *>(kSilence), sizeof(kSilence), 0,
			sizeof(kSilence), &alive,
			[](gpointer data) noexcept { --*static_cast<std::atomic<int> *>(data); });
		GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i) * 20 * GST_MSECOND;
		input(buffer);
		gst_buffer_unref(buffer);
		most = std::max(most, alive.load());
	}
	CHECK(most > 1);
	CHECK(most < 100);
}
