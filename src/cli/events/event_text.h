// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// Events for people. All reentrant.
namespace trtc::cli {

/// What an event says: a sentence, and for lists a block of lines below it.
struct Prose {
	std::string sentence;
	std::vector<std::string> block;
};

/// Any event; one without a sentence of its own is told by its fields.
Prose proseOf(const EventRecord &record);
/// True when the event has a sentence of its own.
bool hasSentence(std::string_view event) noexcept;

/// Time since the start, sentence, block. @p colours: with SGR sequences for what matters more and less. Control characters of
/// foreign texts become `?`.
std::string formatText(const EventRecord &record, std::chrono::milliseconds elapsed, bool colours = false);

} // namespace trtc::cli
