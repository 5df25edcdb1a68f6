// SPDX-License-Identifier: MIT
#include "cli/events/event_text.h"

#include "cli/events/event_sentence.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::cli {

namespace {

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kRed = "\x1b[31m", kGreen = "\x1b[32m",
			   kYellow = "\x1b[33m", kCyan = "\x1b[36m";

/// What the eye should find: failures, then what changed in the room.
std::string_view styleOf(const EventRecord &record)
{
	const auto is = [&](std::string_view field, std::string_view value) {
		return std::any_of(record.fields.begin(), record.fields.end(), [&](const Field &each) {
			return each.name == field && toText(each.value) == value;
		});
	};
	if (record.name == "error" || record.name == "expectation-failed" || record.name == "client-banned" ||
	    is("ok", "false"))
		return kRed;
	if (record.name == "expectation-met" || is("ok", "true") || record.name == "joined")
		return kGreen;
	if (is("state", "RECONNECTING") || is("state", "DISCONNECTED") || record.name == "stream-reconnecting" ||
	    record.name == "events-lost")
		return kYellow;
	if (record.name.starts_with("stream-") || record.name.starts_with("peer-") ||
	    record.name.starts_with("user-") || record.name.starts_with("room-"))
		return kCyan;
	return {};
}

/// For an event that this version does not know: `name: field value, field value`.
Prose plain(const EventRecord &record)
{
	Prose prose { record.name, {} };
	for (const auto &field : record.fields) {
		if (const auto *items = std::get_if<std::vector<Fields>>(&field.value)) {
			for (const auto &item : *items) {
				std::string line = field.name + ':';
				for (const auto &part : item)
					line += fmt::format(" {} {}", part.name, toText(part.value));
				prose.block.push_back(std::move(line));
			}
			continue;
		}
		prose.sentence += fmt::format("{} {} {}", prose.sentence == record.name ? ":" : ",", field.name,
					      toText(field.value));
	}
	return prose;
}

} // namespace

Prose proseOf(const EventRecord &record)
{
	const auto write = sentenceOf(record.name);
	return write ? write(FieldReader(record.fields)) : plain(record);
}

bool hasSentence(std::string_view event) noexcept { return sentenceOf(event) != nullptr; }

std::string formatText(const EventRecord &record, std::chrono::milliseconds elapsed, bool colours)
{
	const auto prose = proseOf(record);
	auto time = fmt::format("{:9.3f}s", static_cast<double>(elapsed.count()) / 1000.0);
	auto sentence = printable(prose.sentence);
	if (colours) {
		time = fmt::format("{}{}{}", kDim, time, kReset);
		if (const auto style = styleOf(record); !style.empty())
			sentence = fmt::format("{}{}{}", style, sentence, kReset);
	}
	auto out = fmt::format("{}  {}\n", time, sentence);
	for (const auto &line : prose.block)
		out += fmt::format("{:14}{}\n", "", printable(line));
	return out;
}

} // namespace trtc::cli
