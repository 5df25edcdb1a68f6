// SPDX-License-Identifier: MIT
#include "media/decode.h"

#include <trtc/error.h>

#include <gst/app/gstappsrc.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace trtc::media {

namespace {

/// What a decoder may have in front of it before we give up on keeping up: four seconds at 15 pictures a second.
constexpr guint64 kMaxBacklog = 60;

struct Route {
	Codec codec;
	const char *caps, *element, *chain, *package;
};

// In order of preference. One thread a decoder: frame threads would hold every picture back by as many frames.
constexpr Route kRoutes[] = {
	{ Codec::H264, "video/x-h264,stream-format=byte-stream,alignment=au", "avdec_h264",
	  "h264parse ! avdec_h264 max-threads=1", "gstreamer1.0-libav" },
	{ Codec::H264, "video/x-h264,stream-format=byte-stream,alignment=au", "openh264dec", "h264parse ! openh264dec",
	  "gstreamer1.0-plugins-bad" },
	{ Codec::Vp8, "video/x-vp8", "vp8dec", "vp8dec", "gstreamer1.0-plugins-good" },
	// A packet's own channel count may change from packet to packet; two are always right.
	{ Codec::Opus, "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0", "opusdec",
	  "opusdec plc=true ! audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved",
	  "gstreamer1.0-plugins-base" },
};

bool exists(const char *factory)
{
	return static_cast<bool>(glib::ObjectPtr<GstElementFactory>::adopt(gst_element_factory_find(factory)));
}

const Route &routeFor(Codec codec)
{
	std::string packages;
	for (const auto &route : kRoutes) {
		if (route.codec != codec)
			continue;
		if (exists(route.element))
			return route;
		packages += fmt::format("{}{}", packages.empty() ? "" : " or ", route.package);
	}
	throw Exception(ErrorCode::NotSupported,
			fmt::format("no decoder for {}: run apt-get install {}", toString(codec), packages));
}

} // namespace

std::string decoderChain(Codec codec) { return routeFor(codec).chain; }

DecodePipeline::DecodePipeline(Config config)
	: config_(std::move(config)), pipeline_(config_.name), needKeyframe_(config_.codec != Codec::Opus)
{
	const auto &route = routeFor(config_.codec);
	pipeline_.addChain(fmt::format("appsrc name=in is-live=true format=time block=false emit-signals=false "
				       "max-bytes=0 max-buffers=0 max-time=0 caps=\"{}\" ! {} ! {}",
				       route.caps, route.chain, config_.tail));
	source_ = element("in");
	gst_pipeline_set_latency(GST_PIPELINE(pipeline_.get()), static_cast<GstClockTime>(config_.latency.count()));
}

gst::ElementPtr DecodePipeline::element(const char *name) const
{
	return gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline_.bin(), name));
}

void DecodePipeline::onError(std::function<void(GstMessage *)> handler)
{
	pipeline_.onMessage([handler = std::move(handler)](GstMessage *message) {
		const auto type = GST_MESSAGE_TYPE(message);
		if (type == GST_MESSAGE_ERROR || type == GST_MESSAGE_EOS)
			handler(message);
	});
}

void DecodePipeline::start()
{
	try {
		pipeline_.play();
	} catch (const Exception &exception) {
		// The bus knows more than the state change.
		auto bus = gst::ObjectPtr<GstBus>::adopt(gst_pipeline_get_bus(GST_PIPELINE(pipeline_.get())));
		auto *message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
		if (!message)
			throw;
		const auto text = errorText(message);
		gst_message_unref(message);
		throw Exception(exception.error().code, text);
	}
	if (config_.title.empty())
		return;
	auto *tags = gst_tag_list_new(GST_TAG_TITLE, config_.title.c_str(), nullptr);
	// Serialized behind the segment, which appsrc sends with the first buffer: so it goes in by the same door.
	gst_element_send_event(source_.get(), gst_event_new_tag(tags));
}

bool DecodePipeline::push(const EncodedFrame &frame)
{
	if (needKeyframe_ && !frame.keyframe)
		return false;
	if (gst_app_src_get_current_level_buffers(GST_APP_SRC(source_.get())) >= kMaxBacklog) {
		needKeyframe_ = frame.kind == MediaKind::Video;
		return false;
	}
	needKeyframe_ = false;
	return gst_app_src_push_buffer(GST_APP_SRC(source_.get()), toBuffer(frame)) == GST_FLOW_OK;
}

void DecodePipeline::endOfStream() { gst_app_src_end_of_stream(GST_APP_SRC(source_.get())); }

std::string errorText(GstMessage *message)
{
	GError *error = nullptr;
	gst_message_parse_error(message, &error, nullptr);
	std::string text = error->message;
	g_clear_error(&error);
	for (auto &c : text)
		if (static_cast<unsigned char>(c) < ' ')
			c = ' ';
	while (!text.empty() && (text.back() == '.' || text.back() == ' '))
		text.pop_back();
	return text;
}

GstBuffer *toBuffer(const EncodedFrame &frame)
{
	using Bytes = std::shared_ptr<const std::vector<std::uint8_t>>;
	auto *holder = new Bytes(frame.data);
	auto *buffer = gst_buffer_new_wrapped_full(
		GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t *>((*holder)->data()), (*holder)->size(), 0,
		(*holder)->size(), holder, [](gpointer data) noexcept { delete static_cast<Bytes *>(data); });
	// Before the process began there was nothing to show.
	GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(std::max<std::int64_t>(0, frame.time.count()));
	if (!frame.keyframe)
		GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	return buffer;
}

} // namespace trtc::media
