// SPDX-License-Identifier: MIT
#include "webrtc/sender.h"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

namespace trtc::webrtc {

namespace {

struct SenderHook {
	MainLoop &loop;
	std::weak_ptr<AppSender> sender;
	std::function<void(AppSender &)> run;
};

void freeSenderHook(gpointer data) noexcept { delete static_cast<SenderHook *>(data); }

} // namespace

std::shared_ptr<AppSender> AppSender::create(MainLoop &loop, gst::Pipeline &pipeline, std::size_t mLine,
					     const std::string &caps, const std::string &elements, GstPad *sinkPad)
{
	std::shared_ptr<AppSender> sender(new AppSender(mLine));
	auto *source = pipeline.add("appsrc");
	sender->source_ = gst::ElementPtr::share(source);
	auto parsed = caps.empty() ? gst::CapsPtr() : gst::CapsPtr::adopt(gst_caps_from_string(caps.c_str()));
	// Two seconds of backlog at most; a peer that reads slower loses the oldest, nobody waits.
	g_object_set(source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, "caps", parsed.get(),
		     "max-bytes", guint64 { 0 }, "max-time", guint64 { 2 * GST_SECOND }, "leaky-type",
		     GST_APP_LEAKY_TYPE_DOWNSTREAM, "emit-signals", FALSE, nullptr);
	auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(source, "src"));
	gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, upstreamEvent,
			  new SenderHook { loop, sender,
					   [](AppSender &self) {
						   if (self.handler_)
							   self.handler_();
					   } },
			  freeSenderHook);
	auto *last = source;
	if (!elements.empty()) {
		last = pipeline.addChain(elements);
		gst_element_link(source, last);
		gst_element_sync_state_with_parent(last);
	}
	auto lastPad = gst::PadPtr::adopt(gst_element_get_static_pad(last, "src"));
	sender->counter_ = PacketCounter::attach(lastPad.get());
	if (const auto result = gst_pad_link(lastPad.get(), sinkPad); result != GST_PAD_LINK_OK)
		throw Exception(ErrorCode::Internal,
				std::string("webrtcbin refuses a source: ") + gst_pad_link_get_name(result));
	gst_element_sync_state_with_parent(source);
	return sender;
}

void AppSender::setCaps(const std::string &caps)
{
	auto parsed = gst::CapsPtr::adopt(gst_caps_from_string(caps.c_str()));
	gst_app_src_set_caps(GST_APP_SRC(source_.get()), parsed.get());
}

void AppSender::push(GstBuffer *buffer)
{
	if (open_)
		gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer);
	else
		gst_buffer_unref(buffer);
}

GstPadProbeReturn AppSender::upstreamEvent(GstPad *, GstPadProbeInfo *info, gpointer data) noexcept
{
	if (!gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info)))
		return GST_PAD_PROBE_OK;
	auto &hook = *static_cast<SenderHook *>(data);
	hook.loop.post([weak = hook.sender, run = hook.run] {
		if (auto sender = weak.lock())
			run(*sender);
	});
	// An appsrc would do nothing with it.
	return GST_PAD_PROBE_DROP;
}

} // namespace trtc::webrtc
