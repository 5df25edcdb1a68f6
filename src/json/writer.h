// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace trtc::json {

/// Builds one JSON text without line breaks. Reentrant. Calls must nest properly:
/// `Writer w; w.beginObject().member("a", 1).endObject(); w.take()`.
class Writer {
public:
	Writer();
	~Writer();
	Writer(const Writer &) = delete;
	Writer &operator=(const Writer &) = delete;

	Writer &beginObject();
	Writer &endObject();
	Writer &beginArray();
	Writer &endArray();
	Writer &key(std::string_view name);

	/// Bytes that are not UTF-8, and NUL, become U+FFFD.
	Writer &value(std::string_view text);
	Writer &value(const char *text) { return value(std::string_view(text)); }
	Writer &value(const std::string &text) { return value(std::string_view(text)); }
	Writer &value(bool flag);
	/// What JSON cannot say (infinite, not a number) becomes null.
	Writer &value(double number);
	/// Whole numbers up to 2^63 - 1.
	// clang-format off: the formatter does not know a requires clause
	template <std::integral T>
	requires(!std::same_as<T, bool>) Writer &value(T number) { return integer(static_cast<std::int64_t>(number)); }
	// clang-format on
	Writer &null();

	template <class T>
	Writer &member(std::string_view name, const T &content)
	{
		return key(name).value(content);
	}

	/// The text; the writer is empty afterwards.
	std::string take();

private:
	Writer &integer(std::int64_t number);
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc::json
