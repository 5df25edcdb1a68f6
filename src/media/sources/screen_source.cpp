// SPDX-License-Identifier: MIT
#include "media/sources/screen_source.h"

#include "media/devices/x11.h"
#include "media/live_source.h"

#include <gst/app/gstappsrc.h>

#include <fmt/format.h>

namespace trtc::media {

namespace {

/// What the grabbing thread, appsrc's own, may know.
struct Grab {
	std::shared_ptr<DisplayGrabber> grabber;
	GstClockTime frame = 0, next = 0;
	std::string name;
};

void onNeedData(GstAppSrc *source, guint, gpointer data) noexcept
{
	auto &grab = *static_cast<Grab *>(data);
	// After a stall it goes on from there.
	grab.next = std::max(grab.next, gst::now());
	for (auto now = gst::now(); now < grab.next; now = gst::now())
		g_usleep((grab.next - now) / 1000 + 1);
	if (auto *buffer = grab.grabber->grab()) {
		GST_BUFFER_PTS(buffer) = grab.next;
		GST_BUFFER_DURATION(buffer) = grab.frame;
		grab.next += grab.frame;
		gst_app_src_push_buffer(source, buffer);
		return;
	}
	GST_ELEMENT_ERROR(source, RESOURCE, READ, ("the X server is gone, or the screen size changed"), (nullptr));
	gst_app_src_end_of_stream(source);
}

class ScreenDevice final : public LiveDevice {
public:
	ScreenDevice(std::string display, int fps) : display_(std::move(display)), fps_(fps) {}

	std::string open() override
	{
		grabber_.reset();
		try {
			grabber_ = std::make_shared<DisplayGrabber>(display_);
		} catch (const Exception &exception) {
			throw Exception(exception.error().code,
					fmt::format("{}; trtc-cli devices lists the displays", exception.what()));
		}
		return fmt::format("appsrc name=grab is-live=true format=time max-buffers=1 "
				   "caps=video/x-raw,format=BGRx,width={},height={},framerate={}/1,"
				   "pixel-aspect-ratio=1/1",
				   grabber_->width(), grabber_->height(), fps_);
	}

	void attach(GstBin *bin) override
	{
		const auto source = gst::ElementPtr::adopt(gst_bin_get_by_name(bin, "grab"));
		GstAppSrcCallbacks callbacks = {};
		callbacks.need_data = onNeedData;
		// The pipeline keeps it from now on: the connection closes with it.
		auto *grab = new Grab { std::move(grabber_), GST_SECOND / static_cast<GstClockTime>(fps_), 0, name() };
		gst_app_src_set_callbacks(GST_APP_SRC(source.get()), &callbacks, grab,
					  [](gpointer data) noexcept { delete static_cast<Grab *>(data); });
	}

	std::string name() const override
	{
		return display_.empty() ? std::string("the screen") : fmt::format("screen {}", display_);
	}

private:
	std::string display_;
	int fps_;
	std::shared_ptr<DisplayGrabber> grabber_;
};

} // namespace

SourcePlan prepareScreen(const SourceRequest &request)
{
	return prepareLive(request,
			   std::make_shared<ScreenDevice>(request.spec.argument, request.config.videoProfile.fps));
}

SourceText describeScreen(const SourceRequest &request) { return describeLive(request, "appsrc name=grab"); }

} // namespace trtc::media
