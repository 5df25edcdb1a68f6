// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::json {

struct Limits {
	std::size_t maxBytes = 256 * 1024;
	std::size_t maxDepth = 64; ///< nested arrays and objects, 1 for `{}`
	/// Of every kind, names of members not counted. A tree takes some 0.5 us of each; the largest message of a room, a list of
	/// 200 users, has 2000.
	std::size_t maxValues = 8192;
};

/// One value of a parsed document; keeps the document alive. Cheap to copy. Reentrant.
/// Getters throw Exception(InvalidParameter) whose message starts with the field's path,
/// e.g. `data.state.audio: must be true or false`.
class Value {
public:
	enum class Type { Null, Boolean, Integer, Double, String, Array, Object };

	Type type() const noexcept;
	bool isNull() const noexcept { return type() == Type::Null; }
	bool isObject() const noexcept { return type() == Type::Object; }
	bool isString() const noexcept { return type() == Type::String; }
	/// Where in the document this is, "" for the root.
	const std::string &path() const noexcept { return path_; }

	/// The member; empty when it is missing or null. Throws unless this is an object.
	std::optional<Value> find(std::string_view name) const;
	/// The member; throws when it is missing or null.
	Value get(std::string_view name) const;
	/// Names of an object's members.
	std::vector<std::string> keys() const;
	/// The items of an array of at most @p maxItems.
	std::vector<Value> items(std::size_t maxItems) const;

	/// A string of at most @p maxBytes of UTF-8.
	std::string string(std::size_t maxBytes) const;
	/// A whole number within the range; 2.0 counts as whole, 2.5 does not.
	std::int64_t integer(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
			     std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
	/// A finite number.
	double number() const;
	/// true, false, 1 or 0.
	bool boolean() const;

	/// The member's value, or @p fallback when it is missing or null.
	std::string stringOr(std::string_view name, std::string fallback, std::size_t maxBytes) const;
	std::int64_t integerOr(std::string_view name, std::int64_t fallback,
			       std::int64_t min = std::numeric_limits<std::int64_t>::min(),
			       std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
	bool booleanOr(std::string_view name, bool fallback) const;

	/// Throws Exception(InvalidParameter) with this value's path in front of @p reason.
	[[noreturn]] void fail(const std::string &reason) const;

	struct Document;
	Value(std::shared_ptr<const Document> document, void *node, std::string path) noexcept;

private:
	std::string childPath(std::string_view name) const;

	std::shared_ptr<const Document> document_;
	void *node_ = nullptr; // a JsonNode of the document, null for JSON's null
	std::string path_;
};

/// The one gate for text from outside: size, UTF-8, grammar of RFC 8259 and depth are checked before
/// json-glib sees a byte. Of duplicate members the last counts. Never throws. Reentrant.
/// Errors have code InvalidParameter and name the byte offset.
Result<Value> parse(std::string_view text, const Limits &limits = {});

} // namespace trtc::json
