// SPDX-License-Identifier: MIT
#include "json/reader.h"

#include "json/grammar.h"

#include <fmt/format.h>
#include <json-glib/json-glib.h>

#include <cmath>

namespace trtc::json {

struct Value::Document {
	JsonNode *root = nullptr;
	Document() = default;
	Document(const Document &) = delete;
	Document &operator=(const Document &) = delete;
	~Document()
	{
		if (root)
			json_node_unref(root);
	}
};

namespace {

JsonNode *asNode(void *node) noexcept { return static_cast<JsonNode *>(node); }

/// Names come from outside: what a message repeats of them is short and printable.
std::string printable(std::string_view name)
{
	std::string out;
	for (char c : name.substr(0, 40))
		out += c >= 0x20 && c < 0x7f ? c : '?';
	return out;
}

} // namespace

Value::Value(std::shared_ptr<const Document> document, void *node, std::string path) noexcept
	: document_(std::move(document)), node_(node), path_(std::move(path))
{
}

Value::Type Value::type() const noexcept
{
	if (!node_ || JSON_NODE_HOLDS_NULL(asNode(node_)))
		return Type::Null;
	if (JSON_NODE_HOLDS_OBJECT(asNode(node_)))
		return Type::Object;
	if (JSON_NODE_HOLDS_ARRAY(asNode(node_)))
		return Type::Array;
	switch (json_node_get_value_type(asNode(node_))) {
	case G_TYPE_BOOLEAN:
		return Type::Boolean;
	case G_TYPE_INT64:
		return Type::Integer;
	case G_TYPE_DOUBLE:
		return Type::Double;
	default:
		return Type::String;
	}
}

void Value::fail(const std::string &reason) const
{
	throw Exception(ErrorCode::InvalidParameter, fmt::format("{}: {}", path_.empty() ? "message" : path_, reason));
}

std::string Value::childPath(std::string_view name) const
{
	return path_.empty() ? printable(name) : path_ + "." + printable(name);
}

std::optional<Value> Value::find(std::string_view name) const
{
	if (!isObject())
		fail("must be an object");
	auto *member = json_object_get_member(json_node_get_object(asNode(node_)), std::string(name).c_str());
	if (!member || JSON_NODE_HOLDS_NULL(member))
		return std::nullopt;
	return Value(document_, member, childPath(name));
}

Value Value::get(std::string_view name) const
{
	if (auto value = find(name))
		return *std::move(value);
	Value(document_, nullptr, childPath(name)).fail("is missing");
}

std::vector<std::string> Value::keys() const
{
	if (!isObject())
		fail("must be an object");
	std::vector<std::string> names;
	auto *list = json_object_get_members(json_node_get_object(asNode(node_)));
	for (auto *item = list; item; item = item->next)
		names.emplace_back(static_cast<const char *>(item->data));
	g_list_free(list);
	return names;
}

std::vector<Value> Value::items(std::size_t maxItems) const
{
	if (type() != Type::Array)
		fail("must be an array");
	auto *array = json_node_get_array(asNode(node_));
	const auto length = json_array_get_length(array);
	if (length > maxItems)
		fail(fmt::format("has {} items, at most {} are allowed", length, maxItems));
	std::vector<Value> values;
	values.reserve(length);
	for (guint i = 0; i < length; ++i)
		values.emplace_back(document_, json_array_get_element(array, i), fmt::format("{}[{}]", path_, i));
	return values;
}

std::string Value::string(std::size_t maxBytes) const
{
	if (!isString())
		fail("must be a string");
	std::string text = json_node_get_string(asNode(node_));
	if (text.size() > maxBytes)
		fail(fmt::format("is {} bytes long, at most {} are allowed", text.size(), maxBytes));
	return text;
}

std::int64_t Value::integer(std::int64_t min, std::int64_t max) const
{
	std::int64_t value = 0;
	if (type() == Type::Integer) {
		value = json_node_get_int(asNode(node_));
	} else if (type() == Type::Double) {
		const double real = json_node_get_double(asNode(node_));
		// Beyond 2^53 a double does not say which whole number was meant.
		if (!std::isfinite(real) || std::trunc(real) != real || std::abs(real) > 9007199254740992.0)
			fail("must be a whole number");
		value = static_cast<std::int64_t>(real);
	} else {
		fail("must be a number");
	}
	if (value < min || value > max)
		fail(fmt::format("is {}, must be {} to {}", value, min, max));
	return value;
}

double Value::number() const
{
	double value = 0;
	if (type() == Type::Integer)
		value = static_cast<double>(json_node_get_int(asNode(node_)));
	else if (type() == Type::Double)
		value = json_node_get_double(asNode(node_));
	else
		fail("must be a number");
	if (!std::isfinite(value))
		fail("must be a finite number");
	return value;
}

bool Value::boolean() const
{
	if (type() == Type::Boolean)
		return json_node_get_boolean(asNode(node_)) != FALSE;
	if (type() == Type::Integer) {
		const auto value = json_node_get_int(asNode(node_));
		if (value == 0 || value == 1)
			return value == 1;
	}
	fail("must be true or false");
}

std::string Value::stringOr(std::string_view name, std::string fallback, std::size_t maxBytes) const
{
	const auto value = find(name);
	return value ? value->string(maxBytes) : std::move(fallback);
}

std::int64_t Value::integerOr(std::string_view name, std::int64_t fallback, std::int64_t min, std::int64_t max) const
{
	const auto value = find(name);
	return value ? value->integer(min, max) : fallback;
}

bool Value::booleanOr(std::string_view name, bool fallback) const
{
	const auto value = find(name);
	return value ? value->boolean() : fallback;
}

Result<Value> parse(std::string_view text, const Limits &limits)
{
	const auto refuse = [](const std::string &why) {
		return Error { ErrorCode::InvalidParameter, "not a JSON document: " + why };
	};
	if (text.size() > limits.maxBytes)
		return refuse(fmt::format("{} bytes, at most {} are allowed", text.size(), limits.maxBytes));
	const char *end = nullptr;
	if (!g_utf8_validate_len(text.data(), text.size(), &end))
		return refuse(fmt::format("not UTF-8 at byte {}", end - text.data()));
	if (const auto why = checkGrammar(text, limits.maxDepth, limits.maxValues); !why.empty())
		return refuse(why);

	auto *parser = json_parser_new_immutable();
	GError *error = nullptr;
	auto document = std::make_shared<Value::Document>();
	if (json_parser_load_from_data(parser, text.data(), static_cast<gssize>(text.size()), &error))
		document->root = json_parser_steal_root(parser);
	g_object_unref(parser);
	if (error) {
		const std::string why = error->message;
		g_error_free(error);
		return refuse(why);
	}
	void *root = document->root;
	return Value(std::move(document), root, "");
}

} // namespace trtc::json
