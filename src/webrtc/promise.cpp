// SPDX-License-Identifier: MIT
#include "webrtc/promise.h"

#include "glib/pointer.h"

#include <atomic>
#include <memory>

namespace trtc::webrtc {

namespace {

struct Call {
	MainLoop &loop;
	const char *field; // nullptr: no description comes back
	std::shared_ptr<const ActionDone> done;
	/// Set by the thread that calls, read by webrtcbin's: GStreamer's own locks order the two, this says so to
	/// compiler and sanitizer, which do not see into them.
	std::atomic<bool> handedOver { false };
};

/// A failure is a field of the reply, also for set-local and set-remote, which look as if they had none.
std::string errorOf(const GstStructure *reply)
{
	if (!reply || !gst_structure_has_field(reply, "error"))
		return {};
	GError *failure = nullptr;
	gst_structure_get(reply, "error", G_TYPE_ERROR, &failure, nullptr);
	std::string text = failure ? failure->message : "unknown error";
	g_clear_error(&failure);
	return text;
}

void onReply(GstPromise *promise, gpointer data) noexcept
{
	auto &call = *static_cast<Call *>(data);
	static_cast<void>(call.handedOver.load(std::memory_order_acquire));
	const auto *reply =
		gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED ? gst_promise_get_reply(promise) : nullptr;
	auto error = errorOf(reply);
	std::string sdp;
	if (error.empty() && call.field) {
		GstWebRTCSessionDescription *raw = nullptr;
		if (reply)
			gst_structure_get(reply, call.field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &raw, nullptr);
		// Copied out: the description goes with the promise.
		if (DescriptionPtr made { raw })
			sdp = glib::CharPtr(gst_sdp_message_as_text(made->sdp)).get();
		else
			error = "no description was returned";
	}
	call.loop.post([done = call.done, error, sdp] { (*done)(error, sdp); });
	gst_promise_unref(promise);
}

GstPromise *makePromise(MainLoop &loop, const char *field, ActionDone done)
{
	auto *call = new Call { loop, field, std::make_shared<const ActionDone>(std::move(done)) };
	call->handedOver.store(true, std::memory_order_release);
	return gst_promise_new_with_change_func(onReply, call,
						[](gpointer data) noexcept { delete static_cast<Call *>(data); });
}

} // namespace

void createDescription(MainLoop &loop, GstElement *webrtc, const char *action, const char *field, ActionDone done)
{
	g_signal_emit_by_name(webrtc, action, nullptr, makePromise(loop, field, std::move(done)));
}

void setDescription(MainLoop &loop, GstElement *webrtc, const char *action, const DescriptionPtr &description,
		    ActionDone done)
{
	g_signal_emit_by_name(webrtc, action, description.get(), makePromise(loop, nullptr, std::move(done)));
}

} // namespace trtc::webrtc
