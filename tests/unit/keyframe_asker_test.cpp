// SPDX-License-Identifier: MIT
#include "service/keyframe_asker.h"

#include "support/loop_fixture.h"

#include <doctest/doctest.h>

#include <vector>

using namespace trtc;
using namespace trtc::service;
using namespace std::chrono_literals;

namespace {

struct Nobody final : webrtc::Sender {
	void push(GstBuffer *buffer) override { gst_buffer_unref(buffer); }
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 0; }
};

constexpr auto kPeriod = 100ms;

struct Asking : test::LoopFixture {
	Asking()
	{
		asker = std::make_unique<KeyframeAsker>(
			loop, fanout, [this] { asked.push_back(std::chrono::steady_clock::now()); }, kPeriod);
	}
	void join() { fanout->add(std::make_shared<Nobody>(), 1, 102); }
	void keyframe()
	{
		const std::uint8_t idr[] = { 0x80, 102, 0, ++sequence, 0, 0, 0, sequence, 0, 0, 0, 1, 0x65, 9, 9 };
		auto *buffer = gst_buffer_new_memdup(idr, sizeof idr);
		fanout->packet(buffer);
		gst_buffer_unref(buffer);
	}
	/// Runs the loop for that many periods.
	void pass(int periods)
	{
		bool over = false;
		const auto end = loop.after(kPeriod * periods, [&over] { over = true; });
		CHECK(waitFor([&over] { return over; }));
	}

	std::shared_ptr<Fanout> fanout = std::make_shared<Fanout>("H264");
	std::unique_ptr<KeyframeAsker> asker;
	std::vector<std::chrono::steady_clock::time_point> asked;
	std::uint8_t sequence = 0;
};

} // namespace

TEST_CASE_FIXTURE(Asking, "keyframes: a room full of wishes is one request a period")
{
	join();
	const auto every = loop.every(5ms, [this] { asker->want(); });
	CHECK(waitFor([this] { return asked.size() == 4; }));
	for (std::size_t i = 1; i < asked.size(); ++i)
		CHECK(asked[i] - asked[i - 1] >= kPeriod);
}

TEST_CASE_FIXTURE(Asking, "keyframes: the first one is asked for at once, and nobody's wish is none")
{
	asker->want();
	CHECK(asked.empty());
	join();
	asker->want();
	CHECK(asked.size() == 1);
}

TEST_CASE_FIXTURE(Asking, "keyframes: a request that was lost is made again until somebody sees something")
{
	join();
	asker->want(); // once; no keyframe comes
	CHECK(waitFor([this] { return asked.size() == 3; }));
	keyframe();
	pass(3);
	CHECK(asked.size() == 3);
}

TEST_CASE_FIXTURE(Asking, "keyframes: one that came meanwhile serves those who wished for it")
{
	join();
	asker->want();
	asker->want();
	keyframe();
	pass(3);
	CHECK(asked.size() == 1);
	// A picture that broke after it does not count as served.
	asker->want();
	CHECK(asked.size() == 2);
	keyframe();
	pass(1);
	asker->want();
	CHECK(asked.size() >= 2);
}

TEST_CASE_FIXTURE(Asking, "keyframes: nobody is left, nobody asks")
{
	auto taker = std::make_shared<Nobody>();
	fanout->add(taker, 1, 102);
	asker->want();
	CHECK(asked.size() == 1);
	fanout->remove(taker.get());
	pass(3);
	CHECK(asked.size() == 1);
}
