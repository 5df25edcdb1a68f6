// SPDX-License-Identifier: MIT
#include "webrtc/admission.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

using namespace trtc::webrtc;
using namespace std::chrono_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Verdict = Admission::Verdict;

Admission::TimePoint present;

void put(Bytes &bytes, std::uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		bytes.push_back(static_cast<std::uint8_t>(word >> shift));
}

Bytes rtp(std::uint32_t ssrc, int payloadType)
{
	Bytes bytes { 0x80, static_cast<std::uint8_t>(payloadType), 0, 1, 0, 0, 0, 1 };
	put(bytes, ssrc);
	bytes.push_back(0x65);
	return bytes;
}

/// A receiver report, and a source description with these chunks.
Bytes report(std::uint32_t ssrc, const std::vector<std::uint32_t> &described = {})
{
	Bytes bytes { 0x80, 201, 0, 1 };
	put(bytes, ssrc);
	if (described.empty())
		return bytes;
	Bytes chunks;
	for (const auto one : described) {
		put(chunks, one);
		chunks.insert(chunks.end(), { 1, 5, 'c', 'n', 'a', 'm', 'e', 0 });
	}
	bytes.insert(bytes.end(), { static_cast<std::uint8_t>(0x80 | described.size()), 202, 0,
				    static_cast<std::uint8_t>(chunks.size() / 4) });
	bytes.insert(bytes.end(), chunks.begin(), chunks.end());
	return bytes;
}

/// Sound on line 0, three pictures on 1 to 3 with their repairs.
struct Door {
	explicit Door(bool strict = false)
	{
		present = Admission::TimePoint(1h);
		admission.line(0, { 111 }, {}, strict);
		for (std::size_t line = 1; line < 4; ++line)
			admission.line(line, { 102 }, { 103 }, strict);
	}
	/// From the network to rtpbin.
	Verdict comes(std::uint32_t ssrc, int payloadType)
	{
		const auto packet = rtp(ssrc, payloadType);
		const auto first = admission.encrypted(packet);
		return first == Verdict::Pass ? admission.rtp(packet) : first;
	}
	Verdict reports(const Bytes &packet)
	{
		const auto first = admission.encrypted(packet);
		return first == Verdict::Pass ? admission.rtcp(packet) : first;
	}
	std::shared_ptr<PacketFaults> faults = std::make_shared<PacketFaults>();
	Admission admission { faults, [] { return present; } };
};

} // namespace

TEST_CASE("admission: announced streams come in, in their formats; all others stay out and are counted")
{
	Door door;
	door.admission.announce(10, 0, false);
	door.admission.announce(20, 1, false);
	door.admission.announce(21, 1, true);
	door.admission.announce(30, 2, false);
	door.admission.announce(40, 3, false);
	CHECK(door.comes(10, 111) == Verdict::Pass);
	CHECK(door.comes(20, 102) == Verdict::Pass);
	CHECK(door.comes(21, 103) == Verdict::Pass);
	CHECK(door.admission.lineOf(20) == 1);
	CHECK(door.comes(10, 102) == Verdict::PayloadType);
	CHECK(door.comes(20, 111) == Verdict::PayloadType);
	CHECK(door.comes(20, 103) == Verdict::PayloadType);
	CHECK(door.comes(99, 8) == Verdict::PayloadType);
	for (std::uint32_t ssrc = 1000; ssrc < 31000; ++ssrc) {
		REQUIRE(door.comes(ssrc, 111) == Verdict::UnknownStream);
		REQUIRE(door.comes(ssrc, 102) == Verdict::UnknownStream);
	}
	CHECK(door.faults->unknownStream == 60000);
	CHECK(door.faults->payloadType == 4);
	CHECK(door.admission.takeGone().empty());
	// Also after all the others were silent for an hour.
	present += 1h;
	CHECK(door.comes(77, 102) == Verdict::UnknownStream);
	CHECK(door.comes(20, 102) == Verdict::Pass);
}

TEST_CASE("admission: where no stream is announced, the first one of a format comes in, and one that repairs it")
{
	Door door;
	CHECK(door.comes(51, 103) == Verdict::UnknownStream); // nothing to repair
	CHECK(door.comes(50, 102) == Verdict::Pass);
	CHECK(door.admission.lineOf(50) == 1);
	CHECK(door.comes(51, 103) == Verdict::Pass);
	CHECK(door.comes(60, 102) == Verdict::Pass); // the next line of that format
	CHECK(door.admission.lineOf(60) == 2);
	CHECK(door.comes(70, 102) == Verdict::Pass);
	CHECK(door.comes(80, 102) == Verdict::UnknownStream);
	CHECK(door.comes(10, 111) == Verdict::Pass);
	CHECK(door.comes(11, 111) == Verdict::UnknownStream);
	present += Admission::kSilence;
	CHECK(door.comes(11, 111) == Verdict::UnknownStream);
	for (const std::uint32_t ssrc : { 50u, 60u })
		CHECK(door.comes(ssrc, 102) == Verdict::Pass);
	present += 1s;
	CHECK(door.comes(11, 111) == Verdict::Pass); // 10 has been silent
	CHECK(door.comes(10, 111) == Verdict::UnknownStream);
	CHECK(door.comes(80, 102) == Verdict::Pass);
	CHECK(door.admission.lineOf(80) == 3);
	CHECK(door.admission.takeGone() == std::vector<std::uint32_t> { 10, 70 });
	CHECK(door.admission.takeGone().empty());
}

TEST_CASE("admission: an announced stream takes the place of one that came before it was")
{
	Door door;
	CHECK(door.comes(50, 102) == Verdict::Pass);
	door.admission.announce(20, 1, false);
	CHECK(door.comes(20, 102) == Verdict::Pass);
	CHECK(door.admission.lineOf(50) == std::nullopt);
	door.admission.forget(20);
	CHECK(door.admission.takeGone() == std::vector<std::uint32_t> { 50, 20 });
}

TEST_CASE("admission: a connection whose streams are all announced lets in no other")
{
	Door door(true);
	CHECK(door.comes(50, 102) == Verdict::UnknownStream);
	door.admission.announce(50, 1, false);
	CHECK(door.comes(50, 102) == Verdict::Pass);
	CHECK(door.comes(51, 103) == Verdict::Pass); // the client did not say with what it repairs
	CHECK(door.comes(52, 103) == Verdict::UnknownStream);
	CHECK(door.comes(53, 102) == Verdict::UnknownStream);
	door.admission.forget(50);
	CHECK(door.comes(50, 102) == Verdict::UnknownStream);
}

TEST_CASE("admission: one line is not announced for more streams than it can have")
{
	Door door;
	for (std::uint32_t ssrc = 100; ssrc < 2100; ++ssrc)
		door.admission.announce(ssrc, 1, false);
	int in = 0;
	for (std::uint32_t ssrc = 100; ssrc < 2100; ++ssrc)
		in += door.comes(ssrc, 102) == Verdict::Pass && door.admission.lineOf(ssrc) == 1;
	CHECK(in == 8);
}

TEST_CASE("admission: strangers are decrypted eight times a second, and what was made for that goes")
{
	Door door;
	const auto tried = [&door](std::uint32_t from) {
		int passed = 0;
		for (std::uint32_t ssrc = from; ssrc < from + 1000; ++ssrc)
			passed += door.admission.encrypted(rtp(ssrc, 102)) == Verdict::Pass;
		return passed;
	};
	CHECK(tried(1000) == 8);
	CHECK(tried(1000) == 8); // the same ones
	CHECK(tried(5000) == 0);
	present += 1100ms;
	CHECK(tried(9000) == 8);
	CHECK(door.admission.takeGone().size() == 8);
	// None of them was the peer's.
	CHECK(door.comes(9000, 102) == Verdict::Pass);
}

TEST_CASE("admission: reports come of streams that are let in and of 32 others")
{
	Door door;
	door.admission.announce(10, 0, false);
	CHECK(door.reports(report(10)) == Verdict::Pass);
	int passed = 0;
	for (std::uint32_t ssrc = 1000; ssrc < 2000; ++ssrc) {
		present += 200ms;
		passed += door.reports(report(ssrc)) == Verdict::Pass;
		REQUIRE(door.reports(report(10)) == Verdict::Pass);
		if (passed >= 32)
			break;
	}
	CHECK(passed == 32);
	CHECK(door.reports(report(5000)) == Verdict::UnknownStream);
	CHECK(door.reports(report(1000)) == Verdict::Pass);
	CHECK(door.reports(report(10, { 10, 1000 })) == Verdict::Pass);
	CHECK(door.reports(report(10, { 10, 6000, 6001 })) == Verdict::UnknownStream);
	present += 31s;
	CHECK(door.reports(report(5000)) == Verdict::Pass);
}

TEST_CASE("admission: what is neither RTP nor RTCP stays out")
{
	Door door;
	door.admission.announce(10, 0, false);
	const auto whole = rtp(10, 111);
	for (std::size_t size = 0; size < 12; ++size)
		CHECK(door.admission.encrypted({ whole.data(), size }) == Verdict::Malformed);
	auto wrong = whole;
	wrong[0] = 0x40;
	CHECK(door.admission.encrypted(wrong) == Verdict::Malformed);
	const auto rtcp = report(10, { 10, 10 });
	for (std::size_t size = 0; size < rtcp.size(); ++size) {
		CAPTURE(size);
		// Cut between its packets it is whole.
		CHECK((door.admission.rtcp({ rtcp.data(), size }) == Verdict::Malformed) == (size != 0 && size != 8));
	}
	Bytes bye { 0x80, 203, 0, 0 };
	CHECK(door.admission.rtcp(bye) == Verdict::Pass);
	bye[0] = 0x81;
	CHECK(door.admission.rtcp(bye) == Verdict::Malformed);
	const Bytes manyChunks { 0x9f, 202, 0, 1, 0, 0, 0, 10 };
	CHECK(door.admission.rtcp(manyChunks) == Verdict::Malformed);
}
