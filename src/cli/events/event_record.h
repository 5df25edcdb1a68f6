// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>
#include <trtc/events.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Events as the contract writes them: a name and ordered fields. Printing and `--expect` both work on this form.
namespace trtc::cli {

struct Field;
using Fields = std::vector<Field>;
using FieldValue = std::variant<std::string, std::int64_t, double, bool, std::vector<Fields>>;
struct Field {
	std::string name;
	FieldValue value;
};

struct EventRecord {
	std::string name;
	Fields fields;
	/// The field, or null.
	const FieldValue *find(std::string_view field) const noexcept;
};

/// A scalar as text: `true`, `42`, `ann`. Arrays: "".
std::string toText(const FieldValue &value);

/// A count as JSON has it.
inline FieldValue whole(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// A number room is a number, as in the SDK; a string room is a string.
FieldValue roomValue(const RoomId &room);

EventRecord toRecord(const Event &event);
EventRecord errorRecord(const Error &error, bool recoverable);

/// One kind of event with all the fields it can have, space separated.
struct EventSpec {
	std::string_view name, fields;
};
/// Every event of the program, sorted by name.
std::span<const EventSpec> eventTable() noexcept;

} // namespace trtc::cli
