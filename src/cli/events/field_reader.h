// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::cli {

/// Fields by name, for texts. A missing field and one of another type is nothing, never an error: `ctl` reads answers of other
/// versions. Borrows the fields.
class FieldReader {
public:
	explicit FieldReader(const Fields &fields) noexcept : fields_(fields) {}
	const FieldValue *find(std::string_view name) const noexcept;
	bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
	/// Any scalar; "" when it is missing.
	std::string text(std::string_view name) const;
	std::optional<double> number(std::string_view name) const noexcept;
	std::int64_t whole(std::string_view name) const noexcept;
	bool flag(std::string_view name) const noexcept;
	/// Null when it is missing.
	const std::vector<Fields> *list(std::string_view name) const noexcept;
	/// Milliseconds in words; "" when it is missing.
	std::string duration(std::string_view name) const;
	/// A room as commands take it: a string room that could be taken for a number, or has a blank, in quotes.
	std::string room(std::string_view name = "roomId") const;
	/// "connection-lost" → "connection lost"; names in capitals stay as they are.
	std::string words(std::string_view name) const;
	const Fields &all() const noexcept { return fields_; }

private:
	const Fields &fields_;
};

} // namespace trtc::cli
