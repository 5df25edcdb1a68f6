// SPDX-License-Identifier: MIT
#include "cli/agent/expectation.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

#include <string>

using namespace trtc;
using namespace trtc::cli;
using namespace std::chrono_literals;

namespace {

template <class F>
std::string refusal(F run)
{
	try {
		run();
	} catch (const Exception &error) {
		CHECK(error.error().code == ErrorCode::InvalidParameter);
		return error.error().message;
	}
	return "accepted";
}

EventRecord joined(std::int64_t room)
{
	return { "joined", { { "roomId", room }, { "userId", "ann" }, { "role", "anchor" } } };
}

} // namespace

TEST_CASE("durations")
{
	CHECK(parseDuration("500ms") == 500ms);
	CHECK(parseDuration("1ms") == 1ms);
	CHECK(parseDuration("10s") == 10s);
	CHECK(parseDuration("5m") == 5min);
	CHECK(parseDuration("1h") == 1h);
	CHECK(parseDuration("5d") == 120h);
	for (const char *text : { "", "s", "5", "5 s", "5S", "-5s", "+5s", "1.5s", "0s", "5sec", "5D",
				  "99999999999999999999s", "9999999999h", "0x5s" }) {
		CAPTURE(text);
		CHECK(refusal([&] { parseDuration(text); }).find("is not allowed: use a whole number") !=
		      std::string::npos);
	}
}

TEST_CASE("an expectation is taken apart")
{
	const auto plain = Expectation::parse("joined");
	CHECK(plain.event == "joined");
	CHECK(plain.fields.empty());
	CHECK(plain.within == 30s);
	const auto full = Expectation::parse("first-frame,userId=ann,kind=video@500ms");
	CHECK(full.event == "first-frame");
	REQUIRE(full.fields.size() == 2);
	CHECK(full.fields[1] == std::pair<std::string, std::string> { "kind", "video" });
	CHECK(full.within == 500ms);
	CHECK(full.text == "first-frame,userId=ann,kind=video@500ms");
	CHECK(Expectation::parse("joined,roomId=a@b@1s").fields[0].second == "a@b");
	CHECK(Expectation::parse("left,reason=").fields[0].second.empty());
	CHECK(Expectation::parse("left,reason=a=b").fields[0].second == "a=b");
}

TEST_CASE("a wrong expectation is refused before it can wait for nothing")
{
	struct Row {
		const char *text, *part;
	};
	const Row rows[] = {
		{ "", "event \"\" does not exist" },
		{ "joned", "did you mean joined?" },
		{ "summary", "event \"summary\" does not exist" },
		{ "expectation-met", "event \"expectation-met\" does not exist" },
		{ "joined,role", "\"role\" is not key=value" },
		{ "joined,", "\"\" is not key=value" },
		{ "joined,rol=anchor", "did you mean role?" },
		{ "joined,=x", "has no field \"\"" },
		{ "joined@", "duration \"\"" },
		{ "joined@5", "duration \"5\"" },
		{ "joined,roomId=a@b", "duration \"b\"" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.text);
		CHECK(refusal([&] { Expectation::parse(row.text); }).find(row.part) != std::string::npos);
	}
}

TEST_CASE("an event matches by name and by every named field")
{
	CHECK(Expectation::parse("joined").matches(joined(5)));
	CHECK(Expectation::parse("joined,roomId=5,role=anchor").matches(joined(5)));
	CHECK_FALSE(Expectation::parse("joined,roomId=6").matches(joined(5)));
	CHECK_FALSE(Expectation::parse("joined,roomId=5,mode=live").matches(joined(5)));
	CHECK_FALSE(Expectation::parse("left").matches(joined(5)));
	CHECK(Expectation::parse("stream-added,hasAudio=true").matches({ "stream-added", { { "hasAudio", true } } }));
	CHECK_FALSE(Expectation::parse("stream-added,hasAudio=true")
			    .matches({ "stream-added", { { "hasAudio", false } } }));
}

TEST_CASE("the tracker decides each expectation once")
{
	ExpectationTracker tracker({ Expectation::parse("joined@2s"), Expectation::parse("left@1s"),
				     Expectation::parse("joined,roomId=5") });
	CHECK(tracker.nextDeadline() == 1000ms);
	CHECK(tracker.observe(joined(4), 100ms).size() == 1);
	CHECK(tracker.observe(joined(4), 200ms).empty());
	CHECK_FALSE(tracker.allMet());
	CHECK(tracker.expire(999ms).empty());
	const auto late = tracker.expire(1000ms);
	REQUIRE(late.size() == 1);
	CHECK_FALSE(late[0].met);
	CHECK(late[0].expectation->event == "left");
	CHECK(tracker.expire(1100ms).empty());
	CHECK(tracker.nextDeadline() == 30'000ms);
	CHECK(tracker.observe({ "left", {} }, 1200ms).empty());
	CHECK(tracker.observe(joined(5), 1300ms).size() == 1);
	CHECK_FALSE(tracker.nextDeadline());
	CHECK_FALSE(tracker.allMet());
	CHECK(tracker.finish().empty());
}

TEST_CASE("an event after the deadline comes too late, the end fails what is open")
{
	ExpectationTracker tracker({ Expectation::parse("joined@1s"), Expectation::parse("left@9s") });
	CHECK(tracker.observe(joined(1), 1001ms).empty());
	CHECK(tracker.finish().size() == 2);
	CHECK(tracker.finish().empty());
	ExpectationTracker met({ Expectation::parse("joined@1s") });
	CHECK(met.observe(joined(1), 1000ms).size() == 1);
	CHECK(met.allMet());
}
