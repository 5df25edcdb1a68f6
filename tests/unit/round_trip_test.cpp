// SPDX-License-Identifier: MIT
#include "webrtc/round_trip.h"

#include <doctest/doctest.h>

#include <random>

using namespace std::chrono_literals;
using trtc::webrtc::RoundTrip;
using Bytes = std::vector<std::uint8_t>;

namespace {

const RoundTrip::TimePoint kStart(1h);

/// A receiver report without blocks in front, as in every compound packet.
Bytes compound(const Bytes &report, std::uint8_t sender = 1)
{
	Bytes out { 0x80, 201, 0, 1, 0, 0, 0, sender };
	out.insert(out.end(), report.begin(), report.end());
	return out;
}

} // namespace

TEST_CASE("round trip: there, held, and back")
{
	RoundTrip receiver, sender;
	CHECK_FALSE(receiver.last());
	sender.read(compound(receiver.write(1, kStart)), kStart + 10ms);
	CHECK_FALSE(sender.last());
	// Held for two seconds, and 15 ms for the way back.
	const auto answer = sender.write(2, kStart + 2010ms);
	receiver.read(compound(answer, 2), kStart + 2025ms);
	REQUIRE(receiver.last());
	CHECK(std::abs((*receiver.last() - 25ms).count()) < 100);
	// The answer carries a question of its own; every question is answered once.
	sender.read(compound(receiver.write(1, kStart + 3s)), kStart + 3s);
	REQUIRE(sender.last());
	CHECK(std::abs((*sender.last() - 15ms).count()) < 976'000);
	CHECK(sender.write(2, kStart + 4s).size() == 8 + 12 + 4 + 12);
	CHECK(sender.write(2, kStart + 5s).size() == 8 + 12);
}

TEST_CASE("round trip: the bytes of RFC 3611")
{
	RoundTrip peer;
	const auto question = peer.write(0x01020304, kStart);
	REQUIRE(question.size() == 20);
	CHECK(Bytes(question.begin(), question.begin() + 12) == Bytes { 0x80, 207, 0, 4, 1, 2, 3, 4, 4, 0, 0, 2 });
	RoundTrip other;
	other.read(question, kStart);
	const auto answer = other.write(9, kStart + 1s);
	REQUIRE(answer.size() == 36);
	CHECK(Bytes(answer.begin(), answer.begin() + 4) == Bytes { 0x80, 207, 0, 8 });
	CHECK(Bytes(answer.begin() + 20, answer.begin() + 28) == Bytes { 5, 0, 0, 3, 1, 2, 3, 4 });
	// The middle of the time, and 65536 for the second.
	CHECK(Bytes(answer.begin() + 28, answer.begin() + 32) == Bytes(question.begin() + 14, question.begin() + 18));
	CHECK(Bytes(answer.begin() + 32, answer.end()) == Bytes { 0, 1, 0, 0 });
}

TEST_CASE("round trip: an answer to what was never asked, and one that was held too long, tell nothing")
{
	RoundTrip peer;
	const auto question = peer.write(1, kStart);
	Bytes answer { 0x80, 207, 0, 5, 0, 0, 0, 2, 5, 0, 0, 3, 0, 0, 0, 1 };
	const auto with = [&](Bytes time, Bytes held) {
		auto out = answer;
		out.insert(out.end(), time.begin(), time.end());
		out.insert(out.end(), held.begin(), held.end());
		return out;
	};
	const Bytes time(question.begin() + 14, question.begin() + 18);
	peer.read(with({ 1, 2, 3, 4 }, { 0, 0, 0, 0 }), kStart + 1s);
	CHECK_FALSE(peer.last());
	peer.read(with(time, { 0, 2, 0, 0 }), kStart + 1s);
	CHECK_FALSE(peer.last());
	peer.read(with(time, { 0, 0, 0, 0 }), kStart + 61s);
	CHECK_FALSE(peer.last());
	peer.read(with(time, { 0, 0, 0x80, 0 }), kStart + 1s);
	CHECK(peer.last() == 500ms);
}

TEST_CASE("round trip: any bytes whatever, and no end of names")
{
	RoundTrip peer;
	std::mt19937 random(3);
	for (int round = 0; round < 50'000; ++round) {
		Bytes bytes(random() % 64);
		for (auto &one : bytes)
			one = static_cast<std::uint8_t>(random());
		if (bytes.size() > 12 && random() % 4) {
			bytes[0] = 0x80;
			bytes[1] = 207;
			bytes[2] = 0;
			bytes[3] = static_cast<std::uint8_t>(random() % 16);
			bytes[8] = static_cast<std::uint8_t>(4 + random() % 2);
			bytes[10] = 0;
			bytes[11] = static_cast<std::uint8_t>(random() % 8);
		}
		peer.read(bytes, kStart);
	}
	CHECK_FALSE(peer.last());
	for (std::uint8_t i = 0; i < 100; ++i)
		peer.read({ { 0x80, 207, 0, 4, 0, 0, 0, i, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8 } }, kStart);
	CHECK(peer.write(1, kStart).size() == 20 + 4 + 8 * 12);
}
