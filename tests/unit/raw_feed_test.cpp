// SPDX-License-Identifier: MIT
// What goes into the encoder while a device comes and goes: one timeline, no holes.
#include "gst/pipeline.h"
#include "media/raw_feed.h"

#include <doctest/doctest.h>

#include <vector>

using namespace trtc;
using namespace trtc::media;

namespace {

struct Taken {
	GstClockTime pts, duration;
	std::vector<std::uint8_t> bytes;
};

/// An appsrc that goes nowhere: what was pushed is read back from a pad probe's side, its queue.
struct Fixture {
	Fixture() : pipeline("raw-feed-test")
	{
		source = pipeline.add("appsrc");
		auto *sink = pipeline.add("appsink", "sink");
		g_object_set(source, "format", GST_FORMAT_TIME, "is-live", TRUE, nullptr);
		g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
		gst_element_link(source, sink);
		pipeline.play();
	}
	std::vector<Taken> take(std::size_t count)
	{
		std::vector<Taken> all;
		auto sink = gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline.bin(), "sink"));
		for (std::size_t i = 0; i < count; ++i) {
			GstSample *sample = nullptr;
			g_signal_emit_by_name(sink.get(), "try-pull-sample", guint64 { 5 * GST_SECOND }, &sample);
			REQUIRE(sample);
			auto *buffer = gst_sample_get_buffer(sample);
			Taken taken { GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer), {} };
			taken.bytes.resize(gst_buffer_get_size(buffer));
			gst_buffer_extract(buffer, 0, taken.bytes.data(), taken.bytes.size());
			all.push_back(std::move(taken));
			gst_sample_unref(sample);
		}
		GstSample *more = nullptr;
		g_signal_emit_by_name(sink.get(), "try-pull-sample", guint64 { 0 }, &more);
		CHECK(!more);
		if (more)
			gst_sample_unref(more);
		return all;
	}
	static gst::BufferPtr buffer(std::size_t size, std::uint8_t value)
	{
		auto made = gst::BufferPtr::adopt(gst_buffer_new_allocate(nullptr, size, nullptr));
		gst_buffer_memset(made.get(), 0, value, size);
		return made;
	}
	gst::ElementPtr appsrc() const { return gst::ElementPtr::share(source); }

	gst::Pipeline pipeline;
	GstElement *source;
};

constexpr GstClockTime kMs = GST_MSECOND;

} // namespace

TEST_CASE_FIXTURE(Fixture, "pictures: black while nobody gives any, at the profile's rate, and time goes forward")
{
	const VideoProfile profile { 20, 16, 10, 100 };
	const auto feed = makeVideoFeed(appsrc(), profile);
	CHECK(feed->period().count() == 100);
	feed->fill(1000 * kMs);
	feed->fill(1030 * kMs); // too early for another
	feed->fill(1099 * kMs); // a timer's rounding is no reason to leave one out
	const auto black = take(2);
	CHECK(black[0].pts == 1000 * kMs);
	CHECK(black[1].pts == 1099 * kMs);
	// 20 x 16: the chroma rows of 10 are padded to 12
	REQUIRE(black[0].bytes.size() == 20 * 16 + 2 * 12 * 8);
	CHECK(black[0].bytes.front() == 16);
	CHECK(black[0].bytes[20 * 16 - 1] == 16);
	CHECK(black[0].bytes[20 * 16] == 128);
	CHECK(black[0].bytes.back() == 128);

	const auto picture = buffer(20 * 16 + 2 * 12 * 8, 77);
	feed->push(picture.get(), 1050 * kMs); // from before the last black one
	feed->push(picture.get(), 1150 * kMs);
	feed->fill(1400 * kMs); // somebody gives pictures
	feed->push(picture.get(), 1150 * kMs);
	feed->push(picture.get(), 1250 * kMs);
	const auto pictures = take(2);
	CHECK(pictures[0].pts == 1150 * kMs);
	CHECK(pictures[0].bytes[5] == 77);
	CHECK(pictures[1].pts == 1250 * kMs);
	CHECK(feed->lastPush() > 0);

	feed->release();
	feed->fill(1300 * kMs);
	feed->fill(1360 * kMs);
	const auto again = take(1);
	CHECK(again[0].pts == 1360 * kMs);
	CHECK(again[0].bytes[5] == 16);
}

TEST_CASE_FIXTURE(Fixture, "sound: not a sample is missing between a device, silence and the device again")
{
	const AudioProfile profile { 48000, 2, 64 };
	const auto feed = makeAudioFeed(appsrc(), profile);
	const auto block = buffer(960 * 4, 9);
	feed->push(block.get(), 2000 * kMs);
	feed->push(block.get(), 2021 * kMs); // a millisecond off: clocks drift
	feed->fill(5000 * kMs);		     // somebody gives sound
	feed->release();
	feed->fill(2160 * kMs);
	feed->fill(2165 * kMs);		     // less than a block
	feed->push(block.get(), 2070 * kMs); // from before the end of the silence
	feed->push(block.get(), 2090 * kMs);
	const auto all = take(4);
	GstClockTime next = 2000 * kMs;
	std::size_t samples = 0;
	for (const auto &one : all) {
		CHECK(one.pts == next);
		next += one.duration;
		samples += one.bytes.size() / 4;
	}
	CHECK(all[0].bytes[0] == 9);
	CHECK(all[1].bytes[0] == 9);
	CHECK(all[2].bytes[0] == 0); // silence up to what a device would have given by then
	CHECK(next == 2000 * kMs + samples * GST_SECOND / 48000);
	CHECK(next == 2120 * kMs);
	CHECK(all.back().bytes[0] == 9);
}

TEST_CASE("sound behind sound: holes are filled, what comes twice is left away, drift is let be")
{
	CHECK(joinSound(48000, 48000, 960) == SoundJoint {});
	CHECK(joinSound(48000, 48960, 960) == SoundJoint {});
	CHECK(joinSound(48000, 47040, 960) == SoundJoint {});
	CHECK(joinSound(48000, 48961, 960) == SoundJoint { 961, 0, false });
	CHECK(joinSound(48000, 47039, 2000) == SoundJoint { 0, 961, false });
	CHECK(joinSound(48000, 0, 960) == SoundJoint { 0, 960, false });
	CHECK(joinSound(48000, 48000 + 96000, 960) == SoundJoint { 96000, 0, false });
	CHECK(joinSound(48000, 48000 + 96001, 960) == SoundJoint { 0, 0, true });
}
