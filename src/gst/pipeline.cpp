// SPDX-License-Identifier: MIT
#include "gst/pipeline.h"

#include <trtc/error.h>

#include <fmt/format.h>

namespace trtc::gst {

namespace {

GstClock *systemClock() noexcept
{
	// One reference for the life of the process: GStreamer keeps the system clock alive anyway.
	static GstClock *clock = gst_system_clock_obtain();
	return clock;
}

gboolean dispatchMessage(GstBus *, GstMessage *message, gpointer data) noexcept
{
	// A copy: the handler may end the life of the pipeline, and with it the original.
	const auto handler = *static_cast<std::function<void(GstMessage *)> *>(data);
	handler(message);
	return G_SOURCE_CONTINUE;
}

} // namespace

GstClockTime epoch() noexcept
{
	static const GstClockTime start = gst_clock_get_time(systemClock());
	return start;
}

GstClockTime now() noexcept
{
	const GstClockTime start = epoch();
	return gst_clock_get_time(systemClock()) - start;
}

Pipeline::Pipeline(const std::string &name) : pipeline_(ElementPtr::sink(gst_pipeline_new(name.c_str())))
{
	gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), systemClock());
	gst_element_set_base_time(pipeline_.get(), epoch());
	// Without a start time the pipeline does not set a base time of its own on going to PLAYING.
	gst_element_set_start_time(pipeline_.get(), GST_CLOCK_TIME_NONE);
}

Pipeline::~Pipeline() { stop(); }

GstElement *Pipeline::add(const char *factory, const char *name)
{
	auto *element = gst_element_factory_make(factory, name);
	if (!element)
		throw Exception(ErrorCode::NotSupported,
				fmt::format("GStreamer has no element {}: a plug-in package is missing", factory));
	gst_bin_add(bin(), element);
	return element;
}

GstElement *Pipeline::addChain(const std::string &description)
{
	glib::ErrorSlot error;
	auto *chain = gst_parse_bin_from_description_full(description.c_str(), TRUE, nullptr,
							  GST_PARSE_FLAG_FATAL_ERRORS, error.out());
	if (!chain)
		throw Exception(ErrorCode::NotSupported,
				fmt::format("GStreamer cannot make \"{}\": {}", description, error.message()));
	gst_bin_add(bin(), chain);
	return chain;
}

void Pipeline::onMessage(std::function<void(GstMessage *)> handler)
{
	handler_ = [this, handler = std::move(handler)](GstMessage *message) {
		// A broken stream may say so again and again.
		if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR && failures_++ < 3)
			snapshot("failure");
		handler(message);
	};
	auto bus = ObjectPtr<GstBus>::adopt(gst_pipeline_get_bus(GST_PIPELINE(pipeline_.get())));
	watchSource_ = gst_bus_create_watch(bus.get());
	g_source_set_callback(watchSource_,
			      reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(dispatchMessage)), &handler_,
			      nullptr);
	g_source_attach(watchSource_, g_main_context_get_thread_default());
}

void Pipeline::snapshot(const char *moment) const
{
	if (trace_)
		trace_->pipeline(GST_OBJECT_NAME(pipeline_.get()), moment, [this] {
			const glib::CharPtr text(gst_debug_bin_to_dot_data(bin(), GST_DEBUG_GRAPH_SHOW_ALL));
			return std::string(text ? text.get() : "");
		});
}

void Pipeline::play()
{
	played_ = true;
	if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("pipeline {} does not start", GST_OBJECT_NAME(pipeline_.get())));
}

void Pipeline::stop() noexcept
{
	if (auto *watch = std::exchange(watchSource_, nullptr)) {
		g_source_destroy(watch);
		g_source_unref(watch);
	}
	// As it was while it ran; afterwards there is nothing to see.
	if (std::exchange(played_, false))
		snapshot("end");
	gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

} // namespace trtc::gst
