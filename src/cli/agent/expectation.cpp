// SPDX-License-Identifier: MIT
#include "cli/agent/expectation.h"

#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::cli {

namespace {

[[noreturn]] void refuse(std::string_view text, const std::string &reason)
{
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("expectation \"{}\" is not allowed: {}", printable(text, 120), reason));
}

std::string hint(std::string_view word, const std::vector<std::string_view> &known)
{
	const auto close = nearest(word, known);
	return close.empty() ? std::string() : fmt::format("did you mean {}? ", close);
}

/// What can be waited for: the last line comes when nobody waits any more, and an expectation must not feed on its own result.
bool expectable(std::string_view name)
{
	return name != "summary" && name != "service-ready" && !name.starts_with("expectation-");
}

} // namespace

std::vector<std::string_view> expectableEvents()
{
	std::vector<std::string_view> names;
	for (const auto &spec : eventTable())
		if (expectable(spec.name))
			names.push_back(spec.name);
	return names;
}

Expectation Expectation::parse(std::string_view text)
{
	Expectation result;
	result.text = text;
	auto body = text;
	// The last @, because a value may hold one.
	if (const auto at = text.rfind('@'); at != std::string_view::npos) {
		body = text.substr(0, at);
		try {
			result.within = parseDuration(text.substr(at + 1));
		} catch (const Exception &error) {
			refuse(text, error.error().message);
		}
	}
	const auto parts = split(body, ',');
	result.event = parts[0];

	const auto names = expectableEvents();
	const auto spec = std::find_if(eventTable().begin(), eventTable().end(), [&](const EventSpec &s) {
		return s.name == result.event && expectable(s.name);
	});
	if (spec == eventTable().end())
		refuse(text,
		       fmt::format("event \"{}\" does not exist; {}the events are {}", printable(result.event, 40),
				   hint(result.event, names), fmt::join(names, ", ")));

	const auto known = split(spec->fields, ' ');
	for (std::size_t i = 1; i < parts.size(); ++i) {
		const auto equals = parts[i].find('=');
		if (equals == std::string::npos)
			refuse(text, fmt::format("\"{}\" is not key=value", printable(parts[i], 40)));
		auto key = parts[i].substr(0, equals);
		if (std::find(known.begin(), known.end(), key) == known.end())
			refuse(text, fmt::format("{} has no field \"{}\"; {}its fields are {}", result.event,
						 printable(key, 40), hint(key, { known.begin(), known.end() }),
						 fmt::join(known, ", ")));
		result.fields.emplace_back(std::move(key), parts[i].substr(equals + 1));
	}
	return result;
}

bool Expectation::matches(const EventRecord &record) const
{
	if (record.name != event)
		return false;
	return std::all_of(fields.begin(), fields.end(), [&](const auto &wanted) {
		const auto *value = record.find(wanted.first);
		return value && toText(*value) == wanted.second;
	});
}

ExpectationTracker::ExpectationTracker(std::vector<Expectation> expectations)
{
	for (auto &expectation : expectations)
		items_.push_back({ std::move(expectation) });
}

std::vector<ExpectationTracker::Outcome> ExpectationTracker::observe(const EventRecord &record,
								     std::chrono::milliseconds elapsed)
{
	std::vector<Outcome> outcomes;
	for (auto &item : items_) {
		if (item.state != State::Open || elapsed > item.expectation.within || !item.expectation.matches(record))
			continue;
		item.state = State::Met;
		outcomes.push_back({ &item.expectation, true });
	}
	return outcomes;
}

template <class Condition>
std::vector<ExpectationTracker::Outcome> ExpectationTracker::fail(Condition condition)
{
	std::vector<Outcome> outcomes;
	for (auto &item : items_) {
		if (item.state != State::Open || !condition(item.expectation))
			continue;
		item.state = State::Failed;
		outcomes.push_back({ &item.expectation, false });
	}
	return outcomes;
}

std::vector<ExpectationTracker::Outcome> ExpectationTracker::expire(std::chrono::milliseconds elapsed)
{
	return fail([&](const Expectation &expectation) { return elapsed >= expectation.within; });
}

std::vector<ExpectationTracker::Outcome> ExpectationTracker::finish()
{
	return fail([](const Expectation &) { return true; });
}

std::optional<std::chrono::milliseconds> ExpectationTracker::nextDeadline() const
{
	std::optional<std::chrono::milliseconds> next;
	for (const auto &item : items_)
		if (item.state == State::Open && (!next || item.expectation.within < *next))
			next = item.expectation.within;
	return next;
}

bool ExpectationTracker::allMet() const noexcept
{
	return std::all_of(items_.begin(), items_.end(), [](const Item &item) { return item.state == State::Met; });
}

} // namespace trtc::cli
