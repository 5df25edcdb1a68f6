// SPDX-License-Identifier: MIT
#include "cli/agent/expectation.h"

#include <trtc/error.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace trtc::cli;

void hold(bool good)
{
	if (!good)
		std::abort();
}

std::string_view cutAt(std::string_view &text, char separator)
{
	const auto at = text.find(separator);
	const auto part = text.substr(0, at);
	text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
	return part;
}

/// "300 joined roomId=8888 role=anchor"
void observe(ExpectationTracker &tracker, std::string_view line, std::map<const Expectation *, int> &decided)
{
	std::int64_t at = 0;
	const auto time = cutAt(line, ' ');
	std::from_chars(time.data(), time.data() + time.size(), at);
	const std::chrono::milliseconds elapsed(at & 0xffffffffff);
	EventRecord record;
	record.name = cutAt(line, ' ');
	while (!line.empty()) {
		auto value = cutAt(line, ' ');
		const auto name = cutAt(value, '=');
		record.fields.push_back({ std::string(name), std::string(value) });
	}
	const auto due = tracker.nextDeadline();
	for (const auto &outcome : tracker.observe(record, elapsed))
		++decided[outcome.expectation];
	for (const auto &outcome : tracker.expire(elapsed)) {
		hold(!outcome.met && due && *due <= elapsed);
		++decided[outcome.expectation];
	}
	hold(!tracker.nextDeadline() || *tracker.nextDeadline() > elapsed);
}

} // namespace

/// What is expected, a line each, then an empty line, then what comes and when. Each is decided once, and only once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	std::string_view text(reinterpret_cast<const char *>(data), size);
	std::vector<Expectation> expectations;
	while (!text.empty()) {
		const auto line = cutAt(text, '\n');
		if (line.empty())
			break;
		try {
			const auto expectation = Expectation::parse(line);
			hold(expectation.text == line && expectation.within.count() >= 0);
			if (expectations.size() < 16)
				expectations.push_back(expectation);
		} catch (const trtc::Exception &error) {
			hold(error.error().code == trtc::ErrorCode::InvalidParameter && !error.error().message.empty());
		}
	}
	const auto count = expectations.size();
	ExpectationTracker tracker(std::move(expectations));
	std::map<const Expectation *, int> decided;
	while (!text.empty())
		observe(tracker, cutAt(text, '\n'), decided);
	for (const auto &outcome : tracker.finish())
		++decided[outcome.expectation];
	hold(decided.size() == count);
	for (const auto &[expectation, times] : decided)
		hold(times == 1);
	hold(!tracker.nextDeadline());
	return 0;
}
