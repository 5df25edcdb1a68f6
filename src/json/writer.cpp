// SPDX-License-Identifier: MIT
#include "json/writer.h"

#include <json-glib/json-glib.h>

#include <charconv>
#include <cmath>

namespace trtc::json {

struct Writer::Impl {
	JsonBuilder *builder = json_builder_new();
	Impl() = default;
	Impl(const Impl &) = delete;
	Impl &operator=(const Impl &) = delete;
	~Impl() { g_object_unref(builder); }
};

namespace {

/// json-glib takes NUL-terminated UTF-8 and checks nothing.
std::string clean(std::string_view text)
{
	auto *valid = g_utf8_make_valid(text.data() ? text.data() : "", static_cast<gssize>(text.size()));
	std::string out = valid;
	g_free(valid);
	return out;
}

void appendString(std::string &out, const char *text)
{
	static constexpr char kHex[] = "0123456789abcdef";
	out += '"';
	for (; *text; ++text) {
		const auto c = static_cast<unsigned char>(*text);
		if (c == '"' || c == '\\')
			out += { '\\', *text };
		else if (c == '\n' || c == '\t' || c == '\r')
			out += { '\\', c == '\n' ? 'n' : c == '\t' ? 't' : 'r' };
		else if (c < 0x20 || c == 0x7f)
			out += { '\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15] };
		else
			out += *text;
	}
	out += '"';
}

void append(std::string &out, JsonNode *node);

void appendObject(std::string &out, JsonObject *object)
{
	JsonObjectIter iterator;
	const char *name = nullptr;
	JsonNode *member = nullptr;
	out += '{';
	json_object_iter_init_ordered(&iterator, object);
	for (bool first = true; json_object_iter_next_ordered(&iterator, &name, &member); first = false) {
		if (!first)
			out += ',';
		appendString(out, name);
		out += ':';
		append(out, member);
	}
	out += '}';
}

/// json-glib's own generator prints 17 digits of a double, 0.16400000000000001; people read these lines.
void append(std::string &out, JsonNode *node)
{
	switch (JSON_NODE_TYPE(node)) {
	case JSON_NODE_OBJECT:
		return appendObject(out, json_node_get_object(node));
	case JSON_NODE_ARRAY: {
		auto *array = json_node_get_array(node);
		out += '[';
		for (guint i = 0; i < json_array_get_length(array); ++i) {
			if (i)
				out += ',';
			append(out, json_array_get_element(array, i));
		}
		out += ']';
		return;
	}
	case JSON_NODE_NULL:
		out += "null";
		return;
	case JSON_NODE_VALUE:
		break;
	}
	if (const auto type = json_node_get_value_type(node); type == G_TYPE_STRING) {
		appendString(out, json_node_get_string(node));
	} else if (type == G_TYPE_BOOLEAN) {
		out += json_node_get_boolean(node) ? "true" : "false";
	} else if (type == G_TYPE_DOUBLE) {
		char digits[32];
		const auto end = std::to_chars(digits, digits + sizeof digits, json_node_get_double(node));
		out.append(digits, end.ptr);
	} else {
		out += std::to_string(json_node_get_int(node));
	}
}

} // namespace

Writer::Writer() : impl_(std::make_unique<Impl>()) {}
Writer::~Writer() = default;

Writer &Writer::beginObject()
{
	json_builder_begin_object(impl_->builder);
	return *this;
}

Writer &Writer::endObject()
{
	json_builder_end_object(impl_->builder);
	return *this;
}

Writer &Writer::beginArray()
{
	json_builder_begin_array(impl_->builder);
	return *this;
}

Writer &Writer::endArray()
{
	json_builder_end_array(impl_->builder);
	return *this;
}

Writer &Writer::key(std::string_view name)
{
	json_builder_set_member_name(impl_->builder, clean(name).c_str());
	return *this;
}

Writer &Writer::value(std::string_view text)
{
	json_builder_add_string_value(impl_->builder, clean(text).c_str());
	return *this;
}

Writer &Writer::value(bool flag)
{
	json_builder_add_boolean_value(impl_->builder, flag);
	return *this;
}

Writer &Writer::value(double number)
{
	if (!std::isfinite(number))
		return null();
	json_builder_add_double_value(impl_->builder, number);
	return *this;
}

Writer &Writer::integer(std::int64_t number)
{
	json_builder_add_int_value(impl_->builder, number);
	return *this;
}

Writer &Writer::null()
{
	json_builder_add_null_value(impl_->builder);
	return *this;
}

std::string Writer::take()
{
	std::string out;
	if (auto *root = json_builder_get_root(impl_->builder)) {
		append(out, root);
		json_node_unref(root);
	}
	json_builder_reset(impl_->builder);
	return out;
}

} // namespace trtc::json
