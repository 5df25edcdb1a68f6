// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trtc::cli {

/// `--expect EVENT[,key=value…][@DURATION]`: an event of that name whose fields have these values as text.
struct Expectation {
	std::string text; ///< as the user wrote it
	std::string event;
	std::vector<std::pair<std::string, std::string>> fields;
	std::chrono::milliseconds within { 30'000 }; ///< from the start of the process

	/// Throws Exception(InvalidParameter): unknown event or field, malformed pair or duration.
	static Expectation parse(std::string_view text);
	bool matches(const EventRecord &record) const;
};

/// The events that can be waited for, sorted.
std::vector<std::string_view> expectableEvents();

/// Which expectations are met, which have failed. No clock inside: every time is since the process started.
class ExpectationTracker {
public:
	struct Outcome {
		const Expectation *expectation;
		bool met;
	};

	explicit ExpectationTracker(std::vector<Expectation> expectations);
	/// What @p record has decided. An event after the deadline comes too late.
	std::vector<Outcome> observe(const EventRecord &record, std::chrono::milliseconds elapsed);
	/// What has failed because its time is over.
	std::vector<Outcome> expire(std::chrono::milliseconds elapsed);
	/// The agent ends: what is still open has failed.
	std::vector<Outcome> finish();
	/// The next moment expire() has something to do.
	std::optional<std::chrono::milliseconds> nextDeadline() const;
	bool allMet() const noexcept;
	bool empty() const noexcept { return items_.empty(); }

private:
	enum class State { Open, Met, Failed };
	struct Item {
		Expectation expectation;
		State state = State::Open;
	};
	template <class Condition>
	std::vector<Outcome> fail(Condition condition);
	std::vector<Item> items_;
};

} // namespace trtc::cli
