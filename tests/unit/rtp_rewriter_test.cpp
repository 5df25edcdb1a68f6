// SPDX-License-Identifier: MIT
#include "service/fanout.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <vector>

using namespace trtc;
using namespace trtc::service;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// What a subscriber sees of a packet.
struct Seen {
	std::uint16_t sequence = 0;
	std::uint32_t timestamp = 0, ssrc = 0;
	Bytes payload;
	/// Of a VP8 descriptor with a 15-bit picture id and, if there is one, TL0PICIDX behind it.
	std::uint16_t pictureId() const
	{
		return static_cast<std::uint16_t>((payload.at(2) & 0x7f) << 8 | payload.at(3));
	}
	std::uint8_t tl0() const { return payload.at(4); }
};

struct Viewer final : webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		Bytes bytes(gst_buffer_get_size(buffer));
		gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
		gst_buffer_unref(buffer);
		seen.push_back({ GST_READ_UINT16_BE(bytes.data() + 2), GST_READ_UINT32_BE(bytes.data() + 4),
				 GST_READ_UINT32_BE(bytes.data() + 8), Bytes(bytes.begin() + 12, bytes.end()) });
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 1; }
	/// Numbers without a hole, timestamps that never go back.
	void checkOneStream() const
	{
		for (std::size_t i = 1; i < seen.size(); ++i) {
			CAPTURE(i);
			CHECK(static_cast<std::uint16_t>(seen[i].sequence - seen[i - 1].sequence) == 1);
			CHECK(static_cast<std::int32_t>(seen[i].timestamp - seen[i - 1].timestamp) >= 0);
			CHECK(seen[i].ssrc == seen[0].ssrc);
		}
	}
	/// What of @p marks was sent, by the last byte of the payload.
	Bytes marks() const
	{
		Bytes out;
		for (const auto &one : seen)
			out.push_back(one.payload.back());
		return out;
	}
	std::vector<Seen> seen;
};

/// A publisher's track: numbers, timestamps and picture ids of its own.
struct Track {
	Fanout fanout;
	std::uint8_t mark; ///< the last byte of all it sends
	std::uint16_t sequence;
	std::uint32_t timestamp; ///< at time 0
	std::uint16_t pictureId = 0;
	std::uint8_t tl0 = 0;
	bool vp8 = false;
	std::uint32_t ssrc = 0;

	/// One frame of one packet, captured @p ms after the beginning and arriving @p late later.
	void frame(int ms, bool key, int late = 0)
	{
		Bytes bytes(12);
		bytes[0] = 0x80;
		bytes[1] = 96;
		GST_WRITE_UINT16_BE(bytes.data() + 2, sequence);
		++sequence;
		GST_WRITE_UINT32_BE(bytes.data() + 4, timestamp + static_cast<std::uint32_t>(ms) * 90);
		GST_WRITE_UINT32_BE(bytes.data() + 8, ssrc);
		if (vp8) {
			bytes.insert(bytes.end(), { 0x90, 0xe0, static_cast<std::uint8_t>(0x80 | pictureId >> 8),
						    static_cast<std::uint8_t>(pictureId), tl0, 0x20,
						    static_cast<std::uint8_t>(key ? 0x10 : 0x11) });
			pictureId = (pictureId + 1) & 0x7fff;
			++tl0;
		} else {
			bytes.push_back(key ? 0x65 : 0x41);
		}
		bytes.push_back(mark);
		auto *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
		GST_BUFFER_PTS(buffer) = GST_SECOND + static_cast<GstClockTime>(ms + late) * GST_MSECOND;
		fanout.packet(buffer);
		gst_buffer_unref(buffer);
	}
};

constexpr std::uint8_t kBig = 0xbb, kSmall = 0x55;

struct Switching {
	explicit Switching(bool vp8)
		: codec(vp8 ? "VP8" : "H264"), big { Fanout(codec), kBig, 65533, 4294967000u, 32766, 254, vp8 }, small {
			  Fanout(codec), kSmall, 100, 7000, 5, 9, vp8
		  }
	{
		big.fanout.add(route);
		small.fanout.add(route);
		route->select(big.fanout.source());
	}
	std::string codec;
	Track big, small;
	std::shared_ptr<Viewer> viewer = std::make_shared<Viewer>();
	std::shared_ptr<webrtc::PacketFaults> faults = std::make_shared<webrtc::PacketFaults>();
	std::shared_ptr<RtpRewriter> route = std::make_shared<RtpRewriter>(viewer, 0x01020304, 96, 90000, faults);
};

} // namespace

TEST_CASE("rewriter: big, small, big: one stream that begins with a keyframe of each")
{
	Switching s(false);
	s.big.frame(0, true);
	s.small.frame(0, true);
	s.big.frame(100, false);
	s.small.frame(100, false);
	CHECK(s.viewer->marks() == Bytes { kBig, kBig });

	s.route->select(s.small.fanout.source());
	CHECK(s.route->waiting());
	CHECK(s.big.fanout.wanted()); // until the other one has come
	CHECK(s.small.fanout.wanted());
	s.small.frame(200, false);
	s.big.frame(200, false);
	s.small.frame(300, true);
	CHECK(!s.route->waiting());
	CHECK(!s.big.fanout.wanted());
	s.big.frame(300, false);
	s.small.frame(400, false);
	CHECK(s.viewer->marks() == Bytes { kBig, kBig, kBig, kSmall, kSmall });

	s.route->select(s.big.fanout.source());
	s.small.frame(500, false);
	s.big.frame(500, false);
	s.big.frame(600, true);
	s.small.frame(600, true);
	s.big.frame(700, false);
	CHECK(s.viewer->marks() == Bytes { kBig, kBig, kBig, kSmall, kSmall, kSmall, kBig, kBig });
	s.viewer->checkOneStream();
	// Time is one time: what was captured at n ms is at n ms.
	const int captured[] = { 0, 100, 200, 300, 400, 500, 600, 700 };
	for (std::size_t i = 0; i < s.viewer->seen.size(); ++i) {
		CAPTURE(i);
		CHECK(s.viewer->seen[i].timestamp - s.viewer->seen[0].timestamp ==
		      static_cast<std::uint32_t>(captured[i]) * 90);
	}
}

TEST_CASE("rewriter: a wish that is taken back before the keyframe changes nothing")
{
	Switching s(false);
	s.big.frame(0, true);
	s.route->select(s.small.fanout.source());
	s.big.frame(100, false);
	s.route->select(s.big.fanout.source());
	s.small.frame(150, true);
	s.big.frame(200, false);
	CHECK(s.viewer->marks() == Bytes { kBig, kBig, kBig });
	s.viewer->checkOneStream();
}

TEST_CASE("rewriter: VP8 picture ids and TL0PICIDX go on, over their edges")
{
	Switching s(true);
	for (int i = 0; i < 4; ++i) {
		s.big.frame(100 * i, i == 0);
		s.small.frame(100 * i, i == 0);
	}
	s.route->select(s.small.fanout.source());
	s.small.frame(400, true);
	s.small.frame(500, false);
	s.route->select(s.big.fanout.source());
	s.big.frame(600, true);
	REQUIRE(s.viewer->seen.size() == 7);
	s.viewer->checkOneStream();
	for (std::size_t i = 0; i < 7; ++i) {
		CAPTURE(i);
		CHECK(s.viewer->seen[i].pictureId() == (32766 + i) % 32768);
		CHECK(s.viewer->seen[i].tl0() == (254 + i) % 256);
		CHECK((s.viewer->seen[i].payload[2] & 0x80) == 0x80);
		CHECK(s.viewer->seen[i].payload[5] == 0x20); // TID and key index are the source's
	}
	// What a source shares with nobody stays as it was.
	CHECK(s.viewer->seen[0].payload == Bytes { 0x90, 0xe0, 0xff, 0xfe, 254, 0x20, 0x10, kBig });
}

TEST_CASE("rewriter: VP8 with short picture ids, or none")
{
	auto viewer = std::make_shared<Viewer>();
	Fanout one("VP8"), two("VP8");
	const auto route = std::make_shared<RtpRewriter>(viewer, 1, 96, 90000);
	one.add(route);
	two.add(route);
	const auto put = [](Fanout &fanout, std::uint16_t sequence, const Bytes &payload) {
		Bytes bytes { 0x80, 96, 0, static_cast<std::uint8_t>(sequence), 0, 0, 0, 0, 0, 0, 0, 0 };
		bytes.insert(bytes.end(), payload.begin(), payload.end());
		auto *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
		fanout.packet(buffer);
		gst_buffer_unref(buffer);
	};
	route->select(one.source());
	put(one, 1, { 0x90, 0x80, 127, 0x10 });
	route->select(two.source());
	put(two, 9, { 0x90, 0x80, 40, 0x10 });
	put(two, 10, { 0x90, 0x80, 41, 0x11 });
	CHECK(viewer->seen.at(1).payload == Bytes { 0x90, 0x80, 0, 0x10 });
	CHECK(viewer->seen.at(2).payload == Bytes { 0x90, 0x80, 1, 0x11 });
	route->select(one.source());
	put(one, 50, { 0x10, 0x10 });
	put(one, 51, { 0x90 }); // cut short: as it is
	CHECK(viewer->seen.at(3).payload == Bytes { 0x10, 0x10 });
	CHECK(viewer->seen.at(4).payload == Bytes { 0x90 });
	CHECK(viewer->seen.at(4).sequence == 5);
}

TEST_CASE("rewriter: a source that is late does not turn time back, and has its own time again later")
{
	Switching s(false);
	s.big.frame(0, true);
	s.small.frame(0, true, 40);
	s.big.frame(1000, false);
	s.route->select(s.small.fanout.source());
	// Taken before the big frame of 1000 ms, comes after it.
	s.small.frame(990, true, 5);
	REQUIRE(s.viewer->seen.size() == 3);
	s.viewer->checkOneStream();
	CHECK(s.viewer->seen[2].timestamp - s.viewer->seen[1].timestamp <= 450);
	s.route->select(s.big.fanout.source());
	s.big.frame(2000, true, 70); // late on the way: the known offset is better than the time of arrival
	CHECK(s.viewer->seen[3].timestamp - s.viewer->seen[0].timestamp == 2000 * 90);
}

TEST_CASE("rewriter: a source whose clock has started anew goes on in time")
{
	Switching s(false);
	s.big.frame(0, true);
	s.route->select(s.small.fanout.source());
	s.small.frame(100, true);
	s.big.timestamp += 1u << 31;
	s.route->select(s.big.fanout.source());
	s.big.frame(200, true);
	s.viewer->checkOneStream();
	CHECK(s.viewer->seen[2].timestamp - s.viewer->seen[0].timestamp == 200 * 90);
}

TEST_CASE("rewriter: paused on one source, awake on the other; muted and heard again")
{
	Switching s(false);
	s.big.frame(0, true);
	s.route->select(nullptr);
	CHECK(!s.route->waiting());
	s.big.frame(100, true);
	s.route->select(s.small.fanout.source());
	s.big.frame(200, true); // it was paused: nothing of it is due
	s.small.frame(200, false);
	s.small.frame(300, true);
	CHECK(s.viewer->marks() == Bytes { kBig, kSmall });
	s.small.fanout.enable(false);
	s.small.frame(400, true);
	s.small.fanout.enable(true);
	s.small.frame(500, false);
	s.small.frame(600, true);
	CHECK(s.viewer->marks() == Bytes { kBig, kSmall, kSmall });
	s.viewer->checkOneStream();
	CHECK(s.viewer->seen[2].timestamp - s.viewer->seen[0].timestamp == 600 * 90);
}

TEST_CASE("rewriter: a packet that is late by more than 100, or comes again, is dropped and counted")
{
	Switching s(false);
	s.big.sequence = 1000;
	s.big.frame(0, true);
	s.big.sequence = 1200; // 1001 to 1199 are missing
	s.big.frame(1000, false);
	const auto late = [&s](std::uint16_t sequence) {
		const auto before = s.viewer->seen.size();
		s.big.sequence = sequence;
		s.big.frame(900, false);
		return s.viewer->seen.size() > before;
	};
	CHECK_FALSE(late(1099));
	CHECK(late(1100));
	CHECK_FALSE(late(1100));
	CHECK(late(1199));
	CHECK_FALSE(late(1200));
	CHECK_FALSE(late(1000));
	CHECK_FALSE(late(static_cast<std::uint16_t>(1200 + 0x8000)));
	CHECK(s.faults->late == 5);
	CHECK(late(1201));
}

TEST_CASE("rewriter: numbers that jump at random are sent in an order that SRTP takes")
{
	Switching s(false);
	s.big.frame(0, true);
	std::uint32_t random = 1;
	std::vector<std::uint16_t> sent;
	for (int i = 0; i < 5000; ++i) {
		random = random * 1664525 + 1013904223;
		s.big.sequence = static_cast<std::uint16_t>(random >> 16);
		s.big.frame(i, false);
	}
	// As libsrtp has it: a window of 128 behind the newest, each number once.
	std::uint64_t newest = s.viewer->seen.front().sequence;
	std::set<std::uint64_t> seen;
	for (const auto &one : s.viewer->seen) {
		const auto step = static_cast<std::int16_t>(one.sequence - static_cast<std::uint16_t>(newest));
		const auto index = newest + static_cast<std::uint64_t>(std::int64_t { step });
		REQUIRE(step > -128);
		REQUIRE(seen.insert(index).second);
		newest = std::max(newest, index);
	}
	CHECK(s.viewer->seen.size() > 1000);
	CHECK(s.faults->late + s.viewer->seen.size() == 5001);
}

TEST_CASE("rewriter: what a source sent before its keyframe takes no number of the source before")
{
	Switching s(false);
	for (int i = 0; i < 5; ++i)
		s.big.frame(i * 66, i == 0);
	s.route->select(s.small.fanout.source());
	s.small.sequence = 500;
	s.small.frame(400, true);
	for (const std::uint16_t sequence : std::initializer_list<std::uint16_t> { 499, 498, 450 }) {
		s.small.sequence = sequence;
		s.small.frame(390, false);
	}
	s.small.sequence = 501;
	s.small.frame(466, false);
	s.viewer->checkOneStream();
	CHECK(s.viewer->marks() == Bytes { kBig, kBig, kBig, kBig, kBig, kSmall, kSmall });
	CHECK(s.faults->late == 3);
}

TEST_CASE("rewriter: a client that begins anew with another SSRC goes on at its keyframe, without a hole")
{
	Switching s(false);
	s.big.sequence = 20000;
	for (int i = 0; i < 5; ++i)
		s.big.frame(i * 66, i == 0);
	s.big.ssrc = 7;
	s.big.sequence = 300;
	s.big.timestamp = 5;
	s.big.frame(400, false);
	CHECK(s.viewer->seen.size() == 5);
	s.big.frame(466, true);
	s.big.frame(533, false);
	REQUIRE(s.viewer->seen.size() == 7);
	s.viewer->checkOneStream();
	// A fifth of a second has passed.
	CHECK(s.viewer->seen[5].timestamp - s.viewer->seen[4].timestamp == (466 - 4 * 66) * 90);
	CHECK(s.faults->late == 0);
}
