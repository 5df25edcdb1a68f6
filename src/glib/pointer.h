// SPDX-License-Identifier: MIT
#pragma once

#include <glib-object.h>

#include <memory>
#include <utility>

namespace trtc::glib {

/// Owns one reference of a GObject. Says how the pointer came: adopt (transfer full), share
/// (transfer none), sink (floating). Reentrant.
template <class T>
class ObjectPtr {
public:
	ObjectPtr() noexcept = default;
	static ObjectPtr adopt(T *object) noexcept { return ObjectPtr(object); }
	static ObjectPtr share(T *object) noexcept
	{
		return ObjectPtr(object ? static_cast<T *>(g_object_ref(object)) : nullptr);
	}
	static ObjectPtr sink(T *object) noexcept
	{
		return ObjectPtr(object ? static_cast<T *>(g_object_ref_sink(object)) : nullptr);
	}
	ObjectPtr(const ObjectPtr &other) noexcept
		: object_(other.object_ ? static_cast<T *>(g_object_ref(other.object_)) : nullptr)
	{
	}
	ObjectPtr(ObjectPtr &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
	ObjectPtr &operator=(ObjectPtr other) noexcept
	{
		std::swap(object_, other.object_);
		return *this;
	}
	~ObjectPtr() { reset(); }
	void reset() noexcept
	{
		if (auto *object = std::exchange(object_, nullptr))
			g_object_unref(object);
	}
	T *get() const noexcept { return object_; }
	explicit operator bool() const noexcept { return object_ != nullptr; }

private:
	explicit ObjectPtr(T *object) noexcept : object_(object) {}
	T *object_ = nullptr;
};

struct GFree {
	void operator()(void *memory) const noexcept { g_free(memory); }
};
/// A string or block from g_malloc.
using CharPtr = std::unique_ptr<char, GFree>;

/// A `GError *` out parameter that cleans up behind itself.
class ErrorSlot {
public:
	ErrorSlot() noexcept = default;
	ErrorSlot(const ErrorSlot &) = delete;
	ErrorSlot &operator=(const ErrorSlot &) = delete;
	~ErrorSlot() { g_clear_error(&error_); }
	GError **out() noexcept
	{
		g_clear_error(&error_);
		return &error_;
	}
	explicit operator bool() const noexcept { return error_ != nullptr; }
	const GError *get() const noexcept { return error_; }
	const char *message() const noexcept { return error_ ? error_->message : "no error"; }

private:
	GError *error_ = nullptr;
};

/// Disconnects its handler when destroyed. Holds no reference: must not outlive the object.
class SignalConnection {
public:
	SignalConnection() noexcept = default;
	SignalConnection(gpointer object, gulong id) noexcept : object_(object), id_(id) {}
	SignalConnection(SignalConnection &&other) noexcept
		: object_(std::exchange(other.object_, nullptr)), id_(std::exchange(other.id_, 0))
	{
	}
	SignalConnection &operator=(SignalConnection &&other) noexcept
	{
		if (this != &other) {
			reset();
			object_ = std::exchange(other.object_, nullptr);
			id_ = std::exchange(other.id_, 0);
		}
		return *this;
	}
	~SignalConnection() { reset(); }
	void reset() noexcept
	{
		if (id_)
			g_signal_handler_disconnect(object_, std::exchange(id_, 0));
	}

private:
	gpointer object_ = nullptr;
	gulong id_ = 0;
};

} // namespace trtc::glib
