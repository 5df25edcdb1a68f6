// SPDX-License-Identifier: MIT
#include "webrtc/packet_counter.h"

#include "gst/object.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

using namespace trtc;
using webrtc::PacketCounter;

namespace {

/// A pad that is counted, and one behind it.
struct CountedPad {
	CountedPad()
	{
		gst_pad_set_chain_function(sink.get(), [](GstPad *, GstObject *, GstBuffer *buffer) {
			gst_buffer_unref(buffer);
			return GST_FLOW_OK;
		});
		gst_pad_set_active(sink.get(), TRUE);
		gst_pad_set_active(source.get(), TRUE);
		REQUIRE(gst_pad_link(source.get(), sink.get()) == GST_PAD_LINK_OK);
		gst_pad_push_event(source.get(), gst_event_new_stream_start("test"));
		GstSegment segment;
		gst_segment_init(&segment, GST_FORMAT_TIME);
		gst_pad_push_event(source.get(), gst_event_new_segment(&segment));
		counter = PacketCounter::attach(source.get());
	}
	void push(std::initializer_list<std::uint16_t> sequences)
	{
		for (const auto sequence : sequences)
			REQUIRE(gst_pad_push(source.get(), packet(sequence)) == GST_FLOW_OK);
	}
	/// @p flags: 0x20 padding, 0x10 extension, low four bits: contributing sources.
	static GstBuffer *packet(std::uint16_t sequence, std::size_t payload = 10, bool marker = false, int flags = 0)
	{
		std::vector<std::uint8_t> bytes(12 + 4 * static_cast<std::size_t>(flags & 0x0f));
		bytes[0] = static_cast<std::uint8_t>(0x80 | flags);
		bytes[1] = static_cast<std::uint8_t>(marker ? 0x80 | 96 : 96);
		bytes[2] = static_cast<std::uint8_t>(sequence >> 8);
		bytes[3] = static_cast<std::uint8_t>(sequence);
		if (flags & 0x10)
			for (const int byte : { 0xbe, 0xde, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8 })
				bytes.push_back(static_cast<std::uint8_t>(byte));
		bytes.insert(bytes.end(), payload, 0x55);
		if (flags & 0x20)
			for (const int byte : { 0, 0, 3 })
				bytes.push_back(static_cast<std::uint8_t>(byte));
		auto *buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
		gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
		return buffer;
	}

	gst::PadPtr source = gst::PadPtr::sink(gst_pad_new("src", GST_PAD_SRC));
	gst::PadPtr sink = gst::PadPtr::sink(gst_pad_new("sink", GST_PAD_SINK));
	std::shared_ptr<PacketCounter> counter;
};

} // namespace

TEST_CASE_FIXTURE(CountedPad, "packets: payload without headers, extension and padding")
{
	CHECK(counter->packets() == 0);
	CHECK(counter->expected() == 0);
	gst_pad_push(source.get(), packet(1, 100));
	CHECK(counter->bytes() == 100);
	gst_pad_push(source.get(), packet(2, 100, false, 0x10));
	CHECK(counter->bytes() == 200);
	gst_pad_push(source.get(), packet(3, 100, false, 0x20));
	CHECK(counter->bytes() == 300);
	gst_pad_push(source.get(), packet(4, 100, false, 0x30 | 15));
	CHECK(counter->bytes() == 400);
	CHECK(counter->packets() == 4);
}

TEST_CASE_FIXTURE(CountedPad, "packets: lists count as what is in them, marker bits are frames")
{
	auto *list = gst_buffer_list_new();
	gst_buffer_list_add(list, packet(7, 10));
	gst_buffer_list_add(list, packet(8, 10, true));
	gst_pad_push_list(source.get(), list);
	gst_pad_push(source.get(), packet(9, 10, true));
	CHECK(counter->packets() == 3);
	CHECK(counter->bytes() == 30);
	CHECK(counter->frames() == 2);
	CHECK(counter->expected() == 3);
}

TEST_CASE_FIXTURE(CountedPad, "packets: gaps are expected, also where the numbers begin anew")
{
	push({ 65533, 65534, 65535, 0, 3 });
	CHECK(counter->packets() == 5);
	CHECK(counter->expected() == 7);
	// Late and in time, it is no loss any more.
	push({ 2 });
	CHECK(counter->expected() == 7);
	CHECK(counter->packets() == 6);
}

TEST_CASE_FIXTURE(CountedPad, "packets: what is no RTP is not counted")
{
	auto *buffer = gst_buffer_new_allocate(nullptr, 5, nullptr);
	gst_buffer_memset(buffer, 0, 0, 5);
	gst_pad_push(source.get(), buffer);
	CHECK(counter->packets() == 0);
	// A padding that says it is larger than the packet.
	auto *odd = packet(1, 0, false, 0x20);
	gst_buffer_memset(odd, gst_buffer_get_size(odd) - 1, 200, 1);
	gst_pad_push(source.get(), odd);
	CHECK(counter->packets() == 1);
	CHECK(counter->bytes() == 0);
}
