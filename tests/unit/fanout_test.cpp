// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace trtc;
using namespace trtc::service;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Keeps what it gets, as bytes.
struct Taker final : webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		Bytes bytes(gst_buffer_get_size(buffer));
		gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
		times.push_back(GST_BUFFER_PTS(buffer));
		gst_buffer_unref(buffer);
		packets.push_back(std::move(bytes));
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 0; }

	std::vector<std::uint16_t> sequence() const
	{
		std::vector<std::uint16_t> numbers;
		for (const auto &packet : packets)
			numbers.push_back(static_cast<std::uint16_t>(packet[2] << 8 | packet[3]));
		return numbers;
	}
	bool unbroken() const
	{
		const auto numbers = sequence();
		return std::adjacent_find(numbers.begin(), numbers.end(), [](std::uint16_t a, std::uint16_t b) {
			       return static_cast<std::uint16_t>(b - a) != 1;
		       }) == numbers.end();
	}
	std::vector<std::uint32_t> timestamps() const
	{
		std::vector<std::uint32_t> found;
		for (const auto &packet : packets)
			found.push_back(GST_READ_UINT32_BE(packet.data() + 4));
		return found;
	}
	std::vector<Bytes> packets;
	std::vector<GstClockTime> times;
};

/// Lets @p taker hear @p fanout.
std::shared_ptr<RtpRewriter> hear(Fanout &fanout, const std::shared_ptr<Taker> &taker, std::uint32_t ssrc,
				  int payloadType)
{
	auto route = std::make_shared<RtpRewriter>(taker, ssrc, payloadType, fanout.clockRate());
	fanout.add(route);
	route->select(fanout.source());
	return route;
}

const Bytes kPayload { 0x41, 1, 2, 3 };

struct Packet {
	std::uint16_t sequence = 1;
	std::uint32_t timestamp = 0x11223344;
	Bytes payload = kPayload; // a list here makes GCC 12 believe it is not initialised
	bool marker = false, padding = false;
	unsigned csrcs = 0;
	std::optional<Bytes> extension; // a multiple of four

	Bytes bytes() const
	{
		Bytes out { static_cast<std::uint8_t>(0x80 | (padding ? 0x20 : 0) | (extension ? 0x10 : 0) | csrcs),
			    static_cast<std::uint8_t>((marker ? 0x80 : 0) | 96),
			    static_cast<std::uint8_t>(sequence >> 8),
			    static_cast<std::uint8_t>(sequence & 0xff),
			    static_cast<std::uint8_t>(timestamp >> 24),
			    static_cast<std::uint8_t>(timestamp >> 16),
			    static_cast<std::uint8_t>(timestamp >> 8),
			    static_cast<std::uint8_t>(timestamp),
			    0xaa,
			    0xbb,
			    0xcc,
			    0xdd };
		out.insert(out.end(), 4 * csrcs, 0x77);
		if (extension) {
			const auto words = extension->size() / 4;
			out.insert(out.end(), { 0xbe, 0xde, static_cast<std::uint8_t>(words >> 8),
						static_cast<std::uint8_t>(words) });
			out.insert(out.end(), extension->begin(), extension->end());
		}
		out.insert(out.end(), payload.begin(), payload.end());
		return out;
	}
};

void put(Fanout &fanout, const Bytes &bytes, GstClockTime time = 7)
{
	auto *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
	GST_BUFFER_PTS(buffer) = time;
	fanout.packet(buffer);
	gst_buffer_unref(buffer);
}

const Bytes kDelta { 0x41, 9, 9 }, kIdr { 0x65, 9, 9 };

Packet h264(std::uint16_t sequence, bool key)
{
	Packet packet;
	packet.sequence = sequence;
	packet.payload = key ? kIdr : kDelta;
	return packet;
}

/// A clock that the test moves.
Fanout::TimePoint testTime { std::chrono::hours(1) };
Fanout::TimePoint testNow() { return testTime; }

/// @p frames pictures of 40 ms and two packets each, the first one a keyframe. The next number.
std::uint16_t putPicture(Fanout &fanout, std::uint16_t number, std::uint32_t timestamp, int frames)
{
	for (int i = 0; i < frames; ++i)
		for (const bool first : { true, false }) {
			auto packet = h264(number++, i == 0 && first);
			packet.timestamp = timestamp + static_cast<std::uint32_t>(i) * 3600;
			packet.marker = !first;
			put(fanout, packet.bytes(), static_cast<GstClockTime>(i) * 40 * GST_MSECOND + GST_SECOND);
		}
	return number;
}

} // namespace

TEST_CASE("fanout: who comes within a second of a keyframe gets it and what followed, at once and up to date")
{
	Fanout fanout("H264", testNow);
	auto first = std::make_shared<Taker>(), second = std::make_shared<Taker>();
	const auto one = hear(fanout, first, 1, 102);
	CHECK(fanout.begin(*one)); // waits
	CHECK(fanout.waiting());
	// The number and the time go over their edges.
	const std::uint32_t start = 0xffffffff - 4 * 3600;
	auto number = putPicture(fanout, 65530, start, 10);
	CHECK(!fanout.waiting());
	testTime += std::chrono::milliseconds(400);
	const auto two = hear(fanout, second, 2, 102);
	CHECK(!fanout.begin(*two));
	CHECK(!fanout.waiting());
	REQUIRE(second->packets.size() == 20);
	CHECK(second->unbroken());
	CHECK(second->packets.front()[12] == kIdr[0]);
	const auto times = second->timestamps();
	for (std::uint32_t i = 0; i < 20; ++i) {
		// Ten frames, a millisecond apart, and the last one has its own time.
		CHECK(times[i] == start + 9 * 3600 - (9 - i / 2) * 90);
		CHECK(second->times[i] == GST_SECOND + 360 * GST_MSECOND - (9 - i / 2) * GST_MSECOND);
		CHECK((second->packets[i][1] & 0x80) == (i % 2 ? 0x80 : 0));
	}
	// What comes now goes to both, under its own time.
	auto live = h264(number, false);
	live.timestamp = start + 10 * 3600;
	put(fanout, live.bytes(), GST_SECOND);
	CHECK(second->unbroken());
	CHECK(second->timestamps().back() == live.timestamp);
	CHECK(first->packets.size() == 21);
	CHECK(first->timestamps().front() == start);
}

TEST_CASE("fanout: nothing is kept that is too old, too much, has a hole, or was switched off")
{
	Fanout fanout("H264", testNow);
	auto taker = std::make_shared<Taker>();
	auto number = putPicture(fanout, 1, 1000, 5);
	SUBCASE("too old") { testTime += Fanout::kKeep + std::chrono::milliseconds(1); }
	SUBCASE("too old, and more came")
	{
		testTime += Fanout::kKeep + std::chrono::milliseconds(1);
		put(fanout, h264(number, false).bytes());
	}
	SUBCASE("a hole") { put(fanout, h264(static_cast<std::uint16_t>(number + 1), false).bytes()); }
	SUBCASE("too much")
	{
		auto large = h264(number, false);
		large.payload.resize(60'000);
		for (std::size_t sum = 0; sum <= Fanout::kKeepBytes + large.payload.size();
		     sum += large.payload.size()) {
			put(fanout, large.bytes());
			++large.sequence;
		}
	}
	SUBCASE("off and on")
	{
		fanout.enable(false);
		fanout.enable(true);
	}
	const auto route = hear(fanout, taker, 1, 102);
	CHECK(fanout.begin(*route));
	CHECK(taker->packets.empty());
	put(fanout, h264(1000, true).bytes());
	CHECK(taker->packets.size() == 1);
}

TEST_CASE("fanout: for a route that slept time does not go back")
{
	Fanout fanout("H264", testNow);
	auto taker = std::make_shared<Taker>();
	const auto route = hear(fanout, taker, 1, 102);
	auto number = putPicture(fanout, 1, 1000, 5);
	route->select(nullptr);
	route->select(fanout.source());
	CHECK(fanout.begin(*route)); // its last picture is the latest one: the next keyframe
	CHECK(taker->packets.size() == 10);
	route->select(nullptr);
	number = putPicture(fanout, number, 100'000, 5);
	route->select(fanout.source());
	CHECK(!fanout.begin(*route));
	CHECK(taker->packets.size() == 20);
	CHECK(taker->unbroken());
	auto live = h264(number, false);
	live.timestamp = 200'000;
	put(fanout, live.bytes());
	CHECK(taker->unbroken());
	const auto times = taker->timestamps();
	CHECK(std::is_sorted(times.begin(), times.end()));
}

TEST_CASE("fanout: SSRC, payload type and number are the subscriber's, the rest is the sender's")
{
	Fanout fanout("OPUS");
	auto one = std::make_shared<Taker>(), two = std::make_shared<Taker>();
	hear(fanout, one, 0x01020304, 111);
	hear(fanout, two, 0xf0e0d0c0, 100);
	Packet packet;
	packet.sequence = 500;
	packet.marker = true;
	put(fanout, packet.bytes(), 1234);
	const Bytes expected {
		0x80, 0x80 | 111, 500 >> 8, 500 & 0xff, 0x11, 0x22, 0x33, 0x44, 1, 2, 3, 4, 0x41, 1, 2, 3
	};
	REQUIRE(one->packets.size() == 1);
	CHECK(one->packets.front() == expected);
	CHECK(one->times.front() == 1234);
	REQUIRE(two->packets.size() == 1);
	CHECK(two->packets.front()[1] == (0x80 | 100));
	CHECK(Bytes(two->packets.front().begin() + 8, two->packets.front().begin() + 12) ==
	      Bytes { 0xf0, 0xe0, 0xd0, 0xc0 });
}

TEST_CASE("fanout: CSRCs and extensions are left out, padding stays")
{
	Fanout fanout("OPUS");
	auto taker = std::make_shared<Taker>();
	hear(fanout, taker, 1, 111);
	Packet packet;
	packet.csrcs = 15;
	packet.extension = Bytes(8, 0x55);
	packet.padding = true;
	packet.payload = { 1, 2, 3, 0, 2 };
	put(fanout, packet.bytes());
	REQUIRE(taker->packets.size() == 1);
	const auto out = taker->packets.front();
	CHECK(out[0] == 0xa0);
	CHECK(Bytes(out.begin() + 12, out.end()) == packet.payload);
	packet.extension = Bytes {};
	packet.csrcs = 0;
	put(fanout, packet.bytes());
	CHECK(taker->packets.back() == out);
}

TEST_CASE("fanout: what is no RTP packet goes nowhere")
{
	Fanout fanout("OPUS");
	auto taker = std::make_shared<Taker>();
	hear(fanout, taker, 1, 111);
	const auto good = Packet {}.bytes();
	for (std::size_t size = 1; size <= 12; ++size) // a header without anything behind it too
		put(fanout, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
	for (const unsigned version : { 0u, 1u, 3u }) {
		auto bad = good;
		bad[0] = static_cast<std::uint8_t>(version << 6);
		put(fanout, bad);
	}
	Packet packet;
	packet.csrcs = 15;
	auto cut = packet.bytes();
	for (std::size_t size = 12; size <= 72; ++size)
		put(fanout, Bytes(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size)));
	// An extension that says it is longer than the packet, or exactly as long.
	packet = {};
	packet.extension = Bytes(4, 0);
	for (const std::uint16_t words : std::vector<std::uint16_t> { 2, 0x100, 0xffff }) {
		auto bad = packet.bytes();
		bad[14] = static_cast<std::uint8_t>(words >> 8);
		bad[15] = static_cast<std::uint8_t>(words & 0xff);
		put(fanout, bad);
	}
	auto bare = good;
	bare[0] |= 0x10; // the payload is taken for an extension's header
	put(fanout, bare);
	bare.resize(14);
	put(fanout, bare);
	CHECK(taker->packets.empty());
	put(fanout, good);
	CHECK(taker->packets.size() == 1);
}

TEST_CASE("fanout: video begins at a keyframe, sound at once")
{
	Fanout fanout("H264");
	auto taker = std::make_shared<Taker>();
	hear(fanout, taker, 1, 102);
	put(fanout, h264(1, false).bytes());
	put(fanout, h264(2, false).bytes());
	CHECK(taker->packets.empty());
	const auto before = std::chrono::steady_clock::now();
	CHECK(!fanout.keyframeSince(before));
	put(fanout, h264(3, true).bytes());
	CHECK(fanout.keyframeSince(before));
	put(fanout, h264(4, false).bytes());
	CHECK(taker->sequence() == std::vector<std::uint16_t> { 3, 4 });
}

TEST_CASE("fanout: what begins a keyframe")
{
	const auto h = [](Bytes payload) { return startsKeyframe("H264", payload.data(), payload.size()); };
	CHECK(h({ 0x65, 0 }));					// IDR
	CHECK(h({ 0x67, 0 }));					// SPS
	CHECK(!h({ 0x68, 0 }));					// PPS
	CHECK(!h({ 0x41, 0 }));					// slice
	CHECK(h({ 0x7c, 0x85, 0 }));				// FU-A, begins, IDR
	CHECK(!h({ 0x7c, 0x05, 0 }));				// FU-A, goes on
	CHECK(!h({ 0x7c, 0x81, 0 }));				// FU-A, begins, slice
	CHECK(h({ 0x78, 0, 1, 0x67, 0, 1, 0x68, 0, 1, 0x65 })); // STAP-A with SPS
	CHECK(h({ 0x78, 0, 1, 0x09, 0, 2, 0x65, 1 }));		// STAP-A, IDR second
	CHECK(!h({ 0x78, 0, 1, 0x09, 0, 2, 0x41, 1 }));		// STAP-A without
	CHECK(!h({ 0x78, 0xff, 0xff, 0x41 }));			// longer than it is
	CHECK(!h({ 0x78, 0, 0 }));
	CHECK(!h({ 0x78, 0, 0, 0, 0, 0, 0, 0, 0 }));
	CHECK(!h({ 0x65 }));
	CHECK(!h({}));

	const auto v = [](Bytes payload) { return startsKeyframe("VP8", payload.data(), payload.size()); };
	CHECK(v({ 0x10, 0x00 }));		    // no extension, P = 0
	CHECK(!v({ 0x10, 0x01 }));		    // P = 1
	CHECK(!v({ 0x00, 0x00 }));		    // not the beginning
	CHECK(!v({ 0x11, 0x00 }));		    // another partition
	CHECK(v({ 0x90, 0x80, 0x12, 0x00 }));	    // short picture id
	CHECK(v({ 0x90, 0x80, 0x92, 0x34, 0x00 })); // long picture id
	CHECK(!v({ 0x90, 0x80, 0x92, 0x34, 0x01 }));
	CHECK(v({ 0x90, 0xf0, 0x92, 0x34, 1, 2, 0x00 })); // everything
	CHECK(v({ 0x90, 0x20, 2, 0x00 }));		  // TID alone
	CHECK(!v({ 0x90 }));
	CHECK(!v({ 0x90, 0x80 }));
	CHECK(!v({ 0x90, 0x80, 0x92 }));
	CHECK(!v({ 0x90, 0xf0, 0x92, 0x34, 1, 2 }));
	CHECK(!v({ 0x10 }));
	CHECK(!v({}));
	CHECK(startsKeyframe("OPUS", nullptr, 0));
}

TEST_CASE("fanout: a picture whose parameter sets were lost is no beginning")
{
	Fanout fanout("H264");
	auto taker = std::make_shared<Taker>();
	const auto route = hear(fanout, taker, 1, 102);
	const auto packet = [](std::uint16_t number, Bytes payload) {
		Packet made;
		made.sequence = number;
		made.payload = std::move(payload);
		return made.bytes();
	};
	const Bytes parameters { 0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1 };
	put(fanout, packet(1, parameters));
	put(fanout, packet(2, kIdr));
	CHECK(taker->packets.size() == 2);
	route->select(nullptr);
	route->select(fanout.source());
	put(fanout, packet(10, kIdr)); // 9 was lost
	CHECK(taker->packets.size() == 2);
	put(fanout, packet(20, parameters));
	put(fanout, packet(21, kIdr));
	CHECK(taker->sequence() == std::vector<std::uint16_t> { 1, 2, 3, 4 });
}

TEST_CASE("fanout: padding is no payload")
{
	Fanout fanout("VP8");
	auto taker = std::make_shared<Taker>();
	const auto route = hear(fanout, taker, 1, 96);
	std::uint16_t number = 1;
	const auto packet = [&number](Bytes payload, bool padding) {
		Packet made;
		made.sequence = number++;
		made.payload = std::move(payload);
		made.padding = padding;
		return made.bytes();
	};
	put(fanout, packet({ 0x90, 0x80, 0x05, 0x00 }, false));
	REQUIRE(taker->packets.size() == 1);
	// What looks like a descriptor is padding, all of it or in part; the packets go on as they are.
	put(fanout, packet({ 0x90, 0x80, 0x05, 4 }, true));
	put(fanout, packet({ 0x90, 0x80, 0x05, 2 }, true));
	put(fanout, packet({ 0x90, 0x80, 0x06, 0x01, 0, 0, 3 }, true));
	CHECK(taker->packets.size() == 4);
	// More than there is, or none at all, cannot be.
	put(fanout, packet({ 0x90, 0x80, 0x07, 5 }, true));
	put(fanout, packet({ 0x90, 0x80, 0x07, 0 }, true));
	CHECK(taker->packets.size() == 4);
	static_cast<void>(route);
}

TEST_CASE("fanout: a pause leaves no hole in the numbers, and ends at a keyframe")
{
	Fanout fanout("H264");
	auto taker = std::make_shared<Taker>(), other = std::make_shared<Taker>();
	const auto route = hear(fanout, taker, 1, 102);
	hear(fanout, other, 2, 102);
	std::uint16_t number = 65530; // over the edge
	put(fanout, h264(number++, true).bytes());
	put(fanout, h264(number++, false).bytes());
	CHECK(fanout.wanted());
	route->select(nullptr);
	for (int i = 0; i < 20; ++i)
		put(fanout, h264(number++, i == 5).bytes());
	CHECK(taker->packets.size() == 2);
	CHECK(other->packets.size() == 22);
	route->select(fanout.source());
	put(fanout, h264(number++, false).bytes());
	CHECK(taker->packets.size() == 2);
	put(fanout, h264(number++, true).bytes());
	put(fanout, h264(number++, false).bytes());
	CHECK(taker->sequence() == std::vector<std::uint16_t> { 65530, 65531, 65532, 65533 });
	CHECK(other->unbroken());
	// Said again while awake: nothing changes.
	fanout.add(route);
	route->select(fanout.source());
	put(fanout, h264(number++, false).bytes());
	CHECK(taker->unbroken());
	CHECK(taker->packets.size() == 5);
}

TEST_CASE("fanout: switched off and on, the numbers go on, from a keyframe")
{
	Fanout fanout("H264");
	auto taker = std::make_shared<Taker>();
	hear(fanout, taker, 1, 102);
	put(fanout, h264(10, true).bytes());
	put(fanout, h264(11, false).bytes());
	fanout.enable(false);
	CHECK(!fanout.wanted());
	for (std::uint16_t i = 12; i < 40; ++i)
		put(fanout, h264(i, true).bytes());
	CHECK(taker->packets.size() == 2);
	fanout.enable(true);
	fanout.enable(true);
	put(fanout, h264(40, false).bytes());
	put(fanout, h264(41, true).bytes());
	put(fanout, h264(42, false).bytes());
	CHECK(taker->sequence() == std::vector<std::uint16_t> { 10, 11, 12, 13 });
}

TEST_CASE("fanout: a lost packet stays visible, a late one keeps its place")
{
	Fanout fanout("H264");
	auto taker = std::make_shared<Taker>();
	const auto route = hear(fanout, taker, 1, 102);
	put(fanout, h264(100, true).bytes());
	route->select(nullptr);
	route->select(fanout.source());
	put(fanout, h264(200, true).bytes());
	put(fanout, h264(202, false).bytes());
	put(fanout, h264(201, false).bytes());
	put(fanout, h264(204, false).bytes());
	CHECK(taker->sequence() == std::vector<std::uint16_t> { 100, 101, 103, 102, 105 });
}

TEST_CASE("fanout: nobody is there, or not any more")
{
	Fanout fanout("OPUS");
	put(fanout, Packet {}.bytes());
	CHECK(!fanout.wanted());
	auto taker = std::make_shared<Taker>();
	{
		const auto route = hear(fanout, taker, 1, 111);
		fanout.remove(route.get());
		fanout.remove(route.get());
	}
	put(fanout, Packet {}.bytes());
	CHECK(taker->packets.empty());
	CHECK(taker.use_count() == 1);
}
