// SPDX-License-Identifier: MIT
#include "webrtc/track.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <fmt/format.h>

namespace trtc::webrtc {

namespace {

using namespace std::chrono_literals;

/// Events that must not reach what comes behind us: rtpbin's lost-packet events and EOS of a goodbye.
GstFlowReturn deliver(GstAppSink *sink, gpointer data) noexcept
{
	auto sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 0));
	if (sample)
		(*static_cast<Track::SampleSink *>(data))(sample.get());
	// Any error returned here would end every stream of the connection.
	return GST_FLOW_OK;
}

} // namespace

PadTrack::PadTrack(gst::Pipeline &pipeline, gst::PadPtr pad, gulong blockProbe, std::size_t mLine, MediaKind kind,
		   std::string encodingName)
	: pipeline_(&pipeline), pad_(std::move(pad)), blockProbe_(blockProbe), mLine_(mLine), kind_(kind),
	  encodingName_(std::move(encodingName)), counter_(PacketCounter::attach(pad_.get()))
{
}

PadTrack::~PadTrack() = default;

void PadTrack::attach(const std::string &elements, SampleSink sink)
{
	if (!pipeline_ || !blockProbe_)
		throw Exception(ErrorCode::InvalidOperation, "the track is gone or attached already");
	// errorignore: whatever goes wrong behind this point must not come back as a flow error into webrtcbin.
	auto *chain = pipeline_->addChain(
		fmt::format("errorignore ignore-error=true ignore-eos=true ignore-notlinked=true{}{} ! "
			    "appsink name=out sync=false async=false emit-signals=false max-buffers=512 drop=true",
			    elements.empty() ? "" : " ! ", elements));
	auto out = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(chain), "out"));
	GstAppSinkCallbacks callbacks = {};
	callbacks.new_sample = deliver;
	gst_app_sink_set_callbacks(GST_APP_SINK(out.get()), &callbacks, new SampleSink(std::move(sink)),
				   [](gpointer data) noexcept { delete static_cast<SampleSink *>(data); });
	gst_element_sync_state_with_parent(chain);
	auto sinkPad = gst::PadPtr::adopt(gst_element_get_static_pad(chain, "sink"));
	if (const auto result = gst_pad_link(pad_.get(), sinkPad.get()); result != GST_PAD_LINK_OK)
		throw Exception(ErrorCode::Internal,
				fmt::format("a track cannot be linked: {}", gst_pad_link_get_name(result)));
	gst_pad_remove_probe(pad_.get(), std::exchange(blockProbe_, 0));
}

void PadTrack::tap(std::function<void(GstBuffer *)> tap)
{
	using Tap = std::function<void(GstBuffer *)>;
	gst_pad_add_probe(
		pad_.get(), static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
		[](GstPad *, GstPadProbeInfo *info, gpointer data) noexcept {
			auto &show = *static_cast<Tap *>(data);
			if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
				auto *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
				for (guint i = 0; i < gst_buffer_list_length(list); ++i)
					show(gst_buffer_list_get(list, i));
			} else {
				show(GST_PAD_PROBE_INFO_BUFFER(info));
			}
			return GST_PAD_PROBE_OK;
		},
		new Tap(std::move(tap)), [](gpointer data) noexcept { delete static_cast<Tap *>(data); });
}

void PadTrack::requestKeyframe()
{
	const auto now = std::chrono::steady_clock::now();
	if (!pipeline_ || (lastRequest_ != std::chrono::steady_clock::time_point {} && now - lastRequest_ < 500ms))
		return;
	lastRequest_ = now;
	gst_pad_send_event(pad_.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, FALSE, 0));
}

} // namespace trtc::webrtc
