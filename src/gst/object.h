// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"

#include <gst/gst.h>

#include <string_view>
#include <utility>

namespace trtc::gst {

template <class T>
using ObjectPtr = glib::ObjectPtr<T>;
using ElementPtr = glib::ObjectPtr<GstElement>;
using PadPtr = glib::ObjectPtr<GstPad>;

/// Owns one reference of a GstMiniObject (buffer, caps, sample, event, promise). Says how it came.
template <class T>
class MiniPtr {
public:
	MiniPtr() noexcept = default;
	static MiniPtr adopt(T *object) noexcept { return MiniPtr(object); }
	static MiniPtr share(T *object) noexcept
	{
		return MiniPtr(object ? reinterpret_cast<T *>(gst_mini_object_ref(GST_MINI_OBJECT_CAST(object)))
				      : nullptr);
	}
	MiniPtr(const MiniPtr &other) noexcept : MiniPtr(share(other.object_)) {}
	MiniPtr(MiniPtr &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
	MiniPtr &operator=(MiniPtr other) noexcept
	{
		std::swap(object_, other.object_);
		return *this;
	}
	~MiniPtr()
	{
		if (object_)
			gst_mini_object_unref(GST_MINI_OBJECT_CAST(object_));
	}
	T *get() const noexcept { return object_; }
	/// Gives the reference away.
	T *release() noexcept { return std::exchange(object_, nullptr); }
	explicit operator bool() const noexcept { return object_ != nullptr; }

private:
	explicit MiniPtr(T *object) noexcept : object_(object) {}
	T *object_ = nullptr;
};

using BufferPtr = MiniPtr<GstBuffer>;
using CapsPtr = MiniPtr<GstCaps>;
using SamplePtr = MiniPtr<GstSample>;
using PromisePtr = MiniPtr<GstPromise>;

/// Of that factory: "rtpsession".
inline bool isElement(GstElement *element, std::string_view factory)
{
	auto *made = gst_element_get_factory(element);
	return made && GST_OBJECT_NAME(made) == factory;
}

} // namespace trtc::gst
