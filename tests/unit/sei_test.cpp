// SPDX-License-Identifier: MIT
#include "gst/object.h"
#include "media/sei_sender.h"
#include "media/sinks/h264.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace trtc::media;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes(const std::string &text) { return { text.begin(), text.end() }; }

sei::Message text(const std::string &text) { return { sei::kSdkDefault, bytes(text) }; }

const std::string kSei = "\0\0\0\1\6"s;

/// Without the start code.
Bytes unitOf(const sei::Message &message)
{
	auto unit = sei::nalUnit(message);
	unit.erase(unit.begin(), unit.begin() + 4);
	return unit;
}

struct Stream {
	std::vector<sei::Message> got;
	sei::Reader reader { [this](sei::Message message) { got.push_back(std::move(message)); } };
	std::uint16_t sequence = 65530; // over the edge
	std::uint32_t timestamp = 0;
	sei::Reader::TimePoint now { 1h };

	void packet(const Bytes &payload, bool marker = false)
	{
		Bytes rtp { 0x80, static_cast<std::uint8_t>(marker ? 0xe0 : 0x60),
			    static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence) };
		for (int shift = 24; shift >= 0; shift -= 8)
			rtp.push_back(static_cast<std::uint8_t>(timestamp >> shift));
		rtp.insert(rtp.end(), { 1, 2, 3, 4 });
		rtp.insert(rtp.end(), payload.begin(), payload.end());
		++sequence;
		reader.packet(rtp, now);
	}
	void frame(const std::vector<Bytes> &payloads)
	{
		timestamp += 6000;
		for (std::size_t i = 0; i < payloads.size(); ++i)
			packet(payloads[i], i + 1 == payloads.size());
	}
};

const Bytes kSlice = bytes("\x41\x9a\x24\x6c"s), kSps = bytes("\x67\x42\xc0\x1f"s);

Bytes aggregate(const std::vector<Bytes> &units)
{
	Bytes out { 24 };
	for (const auto &unit : units) {
		out.push_back(static_cast<std::uint8_t>(unit.size() >> 8));
		out.push_back(static_cast<std::uint8_t>(unit.size()));
		out.insert(out.end(), unit.begin(), unit.end());
	}
	return out;
}

std::vector<Bytes> fragments(const Bytes &unit, std::size_t size)
{
	std::vector<Bytes> out;
	for (std::size_t at = 1; at < unit.size(); at += size) {
		const bool first = at == 1, last = at + size >= unit.size();
		Bytes one { static_cast<std::uint8_t>((unit[0] & 0xe0) | 28),
			    static_cast<std::uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | (unit[0] & 0x1f)) };
		one.insert(one.end(), unit.begin() + static_cast<std::ptrdiff_t>(at),
			   unit.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, unit.size())));
		out.push_back(std::move(one));
	}
	return out;
}

/// Keeps what comes.
struct Sink final : trtc::webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		GstMapInfo map;
		REQUIRE(gst_buffer_map(buffer, &map, GST_MAP_READ));
		got.emplace_back(map.data, map.data + map.size);
		gst_buffer_unmap(buffer, &map);
		times.push_back(GST_BUFFER_PTS(buffer));
		gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 1; }
	std::vector<Bytes> got;
	std::vector<GstClockTime> times;
};

struct SenderFixture {
	std::shared_ptr<Sink> sink = std::make_shared<Sink>();
	SeiSender sender { sink };

	std::vector<std::string> push(const std::string &frame)
	{
		auto *buffer = gst_buffer_new_memdup(frame.data(), frame.size());
		GST_BUFFER_PTS(buffer) = 40 * GST_MSECOND;
		// Somebody else looks at the same memory.
		const auto other = trtc::gst::BufferPtr::share(buffer);
		sender.push(gst_buffer_copy(buffer));
		gst_buffer_unref(buffer);
		REQUIRE(sink->times.back() == 40 * GST_MSECOND);
		std::vector<std::string> units;
		for (const auto &unit : h264::nalUnits(sink->got.back()))
			units.emplace_back(unit.begin(), unit.end());
		return units;
	}
	const std::string &last()
	{
		last_.assign(sink->got.back().begin(), sink->got.back().end());
		return last_;
	}

private:
	std::string last_;
};

const std::string kFour = "\0\0\0\1"s, kThree = "\0\0\1"s, kAud = "\x09\xf0"s, kP = "\x41\x9a\x24\x6c"s;

std::string unitText(const std::string &payload)
{
	const auto unit = unitOf(text(payload));
	return { unit.begin(), unit.end() };
}

} // namespace

TEST_CASE("sei: the SDK's form, byte by byte")
{
	CHECK(sei::nalUnit(text("hello")) == bytes(kSei + "\xf3\x05hello\x80"s));
	CHECK(sei::nalUnit({ sei::kUserData, bytes("x") }) == bytes(kSei + "\x05\x01x\x80"s));
	// Sizes go in steps of 255, and are of the payload before it is escaped.
	const std::string a254(254, 'a'), a255(255, 'a'), a1000(1000, 'a');
	CHECK(sei::nalUnit(text(a254)) == bytes(kSei + "\xf3\xfe"s + a254 + "\x80"s));
	CHECK(sei::nalUnit(text(a255)) == bytes(kSei + "\xf3\xff\0"s + a255 + "\x80"s));
	CHECK(sei::nalUnit(text(a1000)) == bytes(kSei + "\xf3\xff\xff\xff\xeb"s + a1000 + "\x80"s));
	CHECK(sei::nalUnit(text("\0\0\1\0\0\3\0\0\0"s)) == bytes(kSei + "\xf3\x09\0\0\3\1\0\0\3\3\0\0\3\0\x80"s));
}

TEST_CASE("sei: every size and every byte comes back")
{
	std::mt19937 random(7);
	for (std::size_t size = 1; size <= 1000; ++size) {
		sei::Message message { size % 2 ? sei::kSdkDefault : sei::kUserData, Bytes(size) };
		for (auto &byte : message.data)
			byte = static_cast<std::uint8_t>(random() % 3 ? random() % 4 : random());
		const auto unit = unitOf(message);
		// No start code inside.
		for (std::size_t i = 2; i < unit.size(); ++i)
			REQUIRE_FALSE((unit[i - 2] == 0 && unit[i - 1] == 0 && unit[i] < 3));
		REQUIRE(sei::parse(unit) == message);
	}
}

TEST_CASE("sei: what is broken, too long or of another kind is none")
{
	const auto whole = unitOf(text("hello"));
	CHECK(sei::parse(whole));
	for (std::size_t size = 0; size + 1 < whole.size(); ++size)
		CHECK_FALSE(sei::parse(std::span(whole).first(size)));
	CHECK(sei::parse(std::span(whole).first(whole.size() - 1))); // the stop bit tells nothing
	CHECK_FALSE(sei::parse(bytes("\x06\xf3\0\x80"s)));
	CHECK_FALSE(sei::parse(bytes("\x06\x01\x02pt\x80"s))); // picture timing
	CHECK_FALSE(sei::parse(bytes("\x06\xff\xff\xff"s)));
	CHECK_FALSE(sei::parse(bytes("\x41\xf3\x05hello\x80"s)));
	Bytes huge { 6, 243 };
	huge.resize(huge.size() + 40, 0xff);
	huge.resize(20'000, 'x');
	CHECK_FALSE(sei::parse(huge));
}

TEST_CASE("sei reader: alone, in an aggregate, in fragments; the newest of a frame is its first")
{
	Stream stream;
	stream.frame({ unitOf(text("one")), kSlice });
	CHECK(stream.got == std::vector { text("one") });
	stream.got.clear();
	stream.frame({ aggregate({ unitOf(text("three")), unitOf(text("two")), kSps }), kSlice });
	CHECK(stream.got == std::vector { text("two"), text("three") });
	stream.got.clear();
	const auto big = text(std::string(1000, 'b'));
	auto packets = fragments(unitOf(big), 300);
	packets.push_back(kSlice);
	stream.frame(packets);
	CHECK(stream.got == std::vector { big });
	stream.got.clear();
	// A frame of nothing else, and none at all.
	stream.frame({ unitOf(text("four")) });
	stream.frame({ kSlice, kSlice });
	CHECK(stream.got == std::vector { text("four") });
}

TEST_CASE("sei reader: only what a frame begins with is a message")
{
	Stream stream;
	stream.frame({ kSps, unitOf(text("an encoder's")), kSlice });
	stream.frame({ aggregate({ kSps, unitOf(text("an encoder's")) }), kSlice });
	stream.frame({ kSlice, unitOf(text("behind")) });
	CHECK(stream.got.empty());
}

TEST_CASE("sei reader: a fragment that is lost takes its message along, and no other")
{
	for (std::size_t missing = 0; missing < 4; ++missing) {
		Stream stream;
		auto packets = fragments(unitOf(text(std::string(1000, 'b'))), 300);
		REQUIRE(packets.size() == 4);
		stream.timestamp = 9000;
		stream.packet(unitOf(text("before")));
		for (std::size_t i = 0; i < packets.size(); ++i) {
			if (i == missing)
				++stream.sequence;
			else
				stream.packet(packets[i]);
		}
		stream.packet(kSlice, true);
		stream.frame({ unitOf(text("after")), kSlice });
		CHECK(stream.got == std::vector { text("before"), text("after") });
	}
}

TEST_CASE("sei reader: the beginning of one message and the end of another make none")
{
	Stream stream;
	const auto one = fragments(unitOf(text(std::string(1000, 'a'))), 300);
	const auto other = fragments(unitOf(text(std::string(1000, 'b'))), 300);
	stream.timestamp = 9000;
	stream.packet(one[0]);
	stream.sequence = static_cast<std::uint16_t>(stream.sequence + 4);
	for (std::size_t i = 1; i < other.size(); ++i)
		stream.packet(other[i]);
	stream.packet(kSlice, true);
	CHECK(stream.got.empty());
}

TEST_CASE("sei reader: limits of what a peer may send")
{
	Stream stream;
	std::vector<Bytes> many(20, unitOf(text("m")));
	many.push_back(kSlice);
	stream.frame(many);
	CHECK(stream.got.size() == sei::Reader::kMaxAFrame);
	for (int i = 0; i < 300; ++i)
		stream.frame({ unitOf(text("m")), kSlice });
	CHECK(stream.got.size() == static_cast<std::size_t>(sei::Reader::kMaxASecond));
	CHECK(stream.reader.passedOver() == 12 + 300 - 92);
	stream.now += 1s;
	stream.frame({ unitOf(text("again")), kSlice });
	CHECK(stream.got.back() == text("again"));
	// A fragment that never ends.
	const auto before = stream.got.size();
	stream.timestamp += 6000;
	stream.packet({ 28, 0x86, 243 });
	for (int i = 0; i < 100; ++i) {
		Bytes more(1200, 'x');
		more[0] = 28;
		more[1] = 6;
		stream.packet(more);
	}
	stream.packet({ 28, 0x46, 0x80 }, true);
	CHECK(stream.got.size() == before);
}

TEST_CASE("sei reader: any bytes whatever")
{
	std::mt19937 random(11);
	Stream stream;
	const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
	for (int round = 0; round < 50'000; ++round) {
		Bytes rtp(random() % 80);
		for (auto &one : rtp)
			one = byte();
		// Most of them are packets, and many of those say SEI, STAP-A or FU-A.
		if (rtp.size() > 14 && random() % 8) {
			rtp[0] = static_cast<std::uint8_t>(0x80 | (random() % 4 ? 0 : rtp[0] & 0x3f));
			static constexpr std::uint8_t kTypes[] = { 6, 24, 28, 5 };
			rtp[12] = kTypes[random() % 4];
			if (random() % 2)
				rtp[13] = static_cast<std::uint8_t>((rtp[13] & 0xc0) | 6);
		}
		stream.now += 1ms;
		stream.reader.packet(rtp, stream.now);
	}
	// It still works.
	stream.now += 1s;
	stream.got.clear();
	stream.frame({ kSlice });
	stream.frame({ unitOf(text("ok")), kSlice });
	CHECK(stream.got == std::vector { text("ok") });
}

TEST_CASE_FIXTURE(SenderFixture, "sei sender: in front of the next frame, the newest first, and then no more")
{
	push(kFour + kP);
	CHECK(last() == kFour + kP);
	REQUIRE(sender.add(text("one")));
	REQUIRE(sender.add(text("two")));
	CHECK(push(kFour + kP) == std::vector { unitText("two"), unitText("one"), kP });
	CHECK(last().starts_with(kSei));
	CHECK(push(kFour + kP) == std::vector { kP });
}

TEST_CASE_FIXTURE(SenderFixture, "sei sender: a delimiter in front goes, or the messages would be a frame of their own")
{
	for (const auto &code : { kThree, kFour }) {
		REQUIRE(sender.add(text("m")));
		CHECK(push(kFour + kAud + code + kP) == std::vector { unitText("m"), kP });
		CHECK(last().ends_with(code + kP));
	}
	CHECK(push(kFour + kAud + kThree + kP) == std::vector { kAud, kP });
	// Nothing but a delimiter is no frame to put anything into.
	REQUIRE(sender.add(text("m")));
	CHECK(push(kFour + kAud) == std::vector { unitText("m"), kAud });
}

TEST_CASE_FIXTURE(SenderFixture, "sei sender: nine units a frame, the rest waits; a frame of nine takes none")
{
	for (int i = 0; i < 20; ++i)
		REQUIRE(sender.add(text(std::to_string(i))));
	auto units = push(kFour + kAud + kThree + kP);
	REQUIRE(units.size() == 9);
	CHECK(units[0] == unitText("7"));
	CHECK(units[7] == unitText("0"));
	std::string full;
	for (int i = 0; i < 9; ++i)
		full += kThree + kP;
	CHECK(push(full).size() == 9);
	CHECK(last() == full);
	CHECK(push(kFour + kP).size() == 9);
	units = push(kFour + kP);
	CHECK(units == std::vector { unitText("19"), unitText("18"), unitText("17"), unitText("16"), kP });
	// A picture that stands still.
	std::size_t waiting = 0;
	while (sender.add(text("m")))
		REQUIRE(++waiting <= SeiSender::kMaxWaiting);
	CHECK(waiting == SeiSender::kMaxWaiting);
}

TEST_CASE("sei budget: thirty calls and 8000 bytes in any second")
{
	SeiBudget budget;
	SeiBudget::TimePoint now(1h);
	for (int i = 0; i < 30; ++i)
		REQUIRE_FALSE(budget.spend(10, now + i * 1ms));
	REQUIRE(budget.spend(10, now + 999ms));
	CHECK(budget.spend(10, now + 999ms) == doctest::String("30 messages a second are the limit: wait a moment"));
	CHECK_FALSE(budget.spend(10, now + 1000ms));
	CHECK(budget.spend(10, now + 1000ms));
	now += 1h;
	for (int i = 0; i < 8; ++i)
		REQUIRE_FALSE(budget.spend(1000, now));
	CHECK(budget.spend(1, now) == doctest::String("8000 bytes of messages a second are the limit: wait a moment"));
	CHECK_FALSE(budget.spend(1000, now + 1s));
}
