// SPDX-License-Identifier: MIT
#include "json/writer.h"

#include <json-glib/json-glib.h>

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
		auto *text = json_to_string(root, FALSE);
		out = text;
		g_free(text);
		json_node_unref(root);
	}
	json_builder_reset(impl_->builder);
	return out;
}

} // namespace trtc::json
