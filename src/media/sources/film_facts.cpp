// SPDX-License-Identifier: MIT
#include "media/sources/film_facts.h"

#include "gst/pipeline.h"
#include "media/sinks/h264.h"

#include <trtc/error.h>

#include <gst/app/gstappsink.h>
#include <gst/pbutils/pbutils.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace trtc::media {

namespace {

void checkReadable(const std::string &path)
{
	const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0) {
		const auto reason = std::string(std::strerror(errno));
		throw Exception(ErrorCode::DeviceNotFound,
				fmt::format("media file {} cannot be opened: {}", path, reason));
	}
	struct stat info = {};
	const bool known = fstat(descriptor, &info) == 0;
	close(descriptor);
	if (known && !S_ISREG(info.st_mode))
		throw Exception(ErrorCode::DeviceNotFound, fmt::format("media file {} is not a regular file", path));
	if (known && info.st_size == 0)
		throw Exception(ErrorCode::InitializeFailed, fmt::format("media file {} is empty", path));
}

struct Decoders {
	const char *caps, *name, *package; // without a name GStreamer's is better
};
// The usual formats; GStreamer describes the others.
constexpr Decoders kDecoders[] = {
	{ "video/x-h264", "H.264", "gstreamer1.0-libav" },
	{ "video/x-h265", "H.265", "gstreamer1.0-libav" },
	{ "video/x-av1", "AV1", "gstreamer1.0-plugins-bad" },
	{ "video/x-vp8", "VP8", "gstreamer1.0-plugins-good" },
	{ "video/x-vp9", "VP9", "gstreamer1.0-plugins-good" },
	{ "video/mpeg", nullptr, "gstreamer1.0-libav" },
	{ "audio/mpeg", nullptr, "gstreamer1.0-libav" },
	{ "audio/x-opus", "Opus", "gstreamer1.0-plugins-base" },
	{ "audio/x-vorbis", "Vorbis", "gstreamer1.0-plugins-base" },
	{ "audio/x-ac3", "AC-3", "gstreamer1.0-libav" },
	{ "audio/x-eac3", "E-AC-3", "gstreamer1.0-libav" },
};

const Decoders *knownFormat(const GstCaps *caps)
{
	const auto *structure = gst_caps_get_structure(caps, 0);
	for (const auto &each : kDecoders)
		if (gst_structure_has_name(structure, each.caps))
			return &each;
	return nullptr;
}

std::string nameOf(const GstCaps *caps)
{
	if (const auto *known = knownFormat(caps); known && known->name)
		return known->name;
	const glib::CharPtr text(gst_pb_utils_get_codec_description(caps));
	return text ? text.get() : gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

bool isRaw(const GstCaps *caps)
{
	return g_str_has_suffix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "/x-raw");
}

/// True if decodebin would find an element.
bool canDecode(const GstCaps *caps)
{
	auto *all = gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DECODER, GST_RANK_MARGINAL);
	auto *fitting = gst_element_factory_list_filter(all, caps, GST_PAD_SINK, FALSE);
	const bool found = fitting != nullptr;
	gst_plugin_feature_list_free(fitting);
	gst_plugin_feature_list_free(all);
	return found;
}

void checkDecoder(const std::string &path, const GstCaps *caps)
{
	if (isRaw(caps) || canDecode(caps))
		return;
	const auto *known = knownFormat(caps);
	throw Exception(ErrorCode::InitializeFailed,
			fmt::format("media file {}: there is no decoder for {}: type apt-get install {}", path,
				    nameOf(caps), known ? known->package : "gstreamer1.0-libav"));
}

std::string orientationOf(GstDiscovererStreamInfo *stream)
{
	const auto *tags = gst_discoverer_stream_info_get_tags(stream);
	gchar *text = nullptr;
	if (!tags || !gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &text))
		return "rotate-0";
	const glib::CharPtr owned(text);
	return owned.get();
}

FilmVideo videoOf(GstDiscovererStreamInfo *stream, const GstCaps *caps)
{
	auto *info = GST_DISCOVERER_VIDEO_INFO(stream);
	FilmVideo video;
	video.codec = nameOf(caps);
	video.isH264 = gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-h264");
	video.width = static_cast<int>(gst_discoverer_video_info_get_width(info));
	video.height = static_cast<int>(gst_discoverer_video_info_get_height(info));
	video.sarWidth = std::max(1, static_cast<int>(gst_discoverer_video_info_get_par_num(info)));
	video.sarHeight = std::max(1, static_cast<int>(gst_discoverer_video_info_get_par_denom(info)));
	video.fpsNumerator = static_cast<int>(gst_discoverer_video_info_get_framerate_num(info));
	video.fpsDenominator = std::max(1, static_cast<int>(gst_discoverer_video_info_get_framerate_denom(info)));
	video.interlaced = gst_discoverer_video_info_is_interlaced(info) != FALSE;
	video.orientation = orientationOf(stream);
	return video;
}

FilmAudio audioOf(GstDiscovererStreamInfo *stream, const GstCaps *caps)
{
	return { nameOf(caps), gst_structure_has_name(gst_caps_get_structure(caps, 0), "audio/x-opus") != FALSE,
		 static_cast<int>(gst_discoverer_audio_info_get_channels(GST_DISCOVERER_AUDIO_INFO(stream))) };
}

[[noreturn]] void refuse(const std::string &path, const char *what, const char *option)
{
	throw Exception(ErrorCode::InitializeFailed,
			fmt::format("media file {} has no {}: leave {} away or name another file", path, what, option));
}

} // namespace

FilmFacts findFilmFacts(const std::string &path, bool wantAudio, bool wantVideo)
{
	checkReadable(path);
	glib::ErrorSlot error;
	const glib::CharPtr uri(gst_filename_to_uri(path.c_str(), error.out()));
	auto discoverer = uri ? glib::ObjectPtr<GstDiscoverer>::adopt(gst_discoverer_new(5 * GST_SECOND, error.out()))
			      : glib::ObjectPtr<GstDiscoverer>();
	auto info = discoverer ? glib::ObjectPtr<GstDiscovererInfo>::adopt(
					 gst_discoverer_discover_uri(discoverer.get(), uri.get(), error.out()))
			       : glib::ObjectPtr<GstDiscovererInfo>();
	FilmFacts facts;
	facts.name = std::filesystem::path(path).filename().string();
	gst::CapsPtr videoCaps, audioCaps;
	auto *list = info ? gst_discoverer_info_get_stream_list(info.get()) : nullptr;
	for (auto *item = list; item; item = item->next) {
		auto *stream = GST_DISCOVERER_STREAM_INFO(item->data);
		auto caps = gst::CapsPtr::adopt(gst_discoverer_stream_info_get_caps(stream));
		if (!caps || gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get()))
			continue;
		if (GST_IS_DISCOVERER_VIDEO_INFO(stream) && !facts.video &&
		    !gst_discoverer_video_info_is_image(GST_DISCOVERER_VIDEO_INFO(stream))) {
			facts.video = videoOf(stream, caps.get());
			videoCaps = std::move(caps);
		} else if (GST_IS_DISCOVERER_AUDIO_INFO(stream) && !facts.audio) {
			facts.audio = audioOf(stream, caps.get());
			audioCaps = std::move(caps);
		}
	}
	gst_discoverer_stream_info_list_free(list);
	if (!facts.audio && !facts.video)
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("media file {} contains no readable audio or video{}{}: give a "
					    "media file, or install "
					    "the plug-in for it (gstreamer1.0-libav, gstreamer1.0-plugins-ugly)",
					    path, error ? ": " : "", error ? error.message() : ""));
	if (wantVideo && !facts.video)
		refuse(path, "video", "--video");
	if (wantAudio && !facts.audio)
		refuse(path, "audio", "--audio");
	if (wantVideo)
		checkDecoder(path, videoCaps.get());
	if (wantAudio)
		checkDecoder(path, audioCaps.get());
	return facts;
}

namespace {

/// What the streaming thread counts.
class Scan {
public:
	void take(GstSample *sample)
	{
		GstMapInfo map;
		auto *buffer = gst_sample_get_buffer(sample);
		if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
			return;
		const auto units = h264::nalUnits({ map.data, map.size });
		bool keyframe = false, bidirectional = false;
		for (const auto &unit : units) {
			const unsigned type = unit[0] & 0x1fu;
			if (type == 7)
				takeSequence(unit);
			keyframe = keyframe || type == 5;
			bidirectional = bidirectional || (type == 1 && h264::isBidirectional(unit));
		}
		facts_.bytes += map.size;
		gst_buffer_unmap(buffer, &map);
		takeTime(*gst_sample_get_segment(sample), buffer, keyframe, bidirectional);
	}

	H264Facts end(bool whole, GstClockTime duration)
	{
		facts_.whole = whole;
		facts_.sequences = sequences_.size();
		if (!sequences_.empty())
			facts_.sequence = sequences_.front();
		// The last picture stays as long as the others did.
		const auto pictures = facts_.pictures > 1 ? last_ + last_ / (facts_.pictures - 1) : last_;
		const auto length = std::max(pictures, GST_CLOCK_TIME_IS_VALID(duration) ? duration : 0);
		facts_.duration = std::chrono::nanoseconds(length);
		group(pictures); // sound may go on, but nothing is to be seen then
		return facts_;
	}

private:
	void takeSequence(std::span<const std::uint8_t> unit)
	{
		const auto parsed = h264::parseSequence(unit);
		if (parsed && std::find(sequences_.begin(), sequences_.end(), *parsed) == sequences_.end())
			sequences_.push_back(*parsed);
	}

	void takeTime(const GstSegment &segment, GstBuffer *buffer, bool keyframe, bool bidirectional)
	{
		if (facts_.pictures++ == 0)
			facts_.startsWithKeyframe = keyframe;
		if (facts_.edits == 0 || segment.start != segmentStart_ || segment.base != segmentBase_) {
			segmentStart_ = segment.start;
			segmentBase_ = segment.base;
			++facts_.edits;
		}
		const auto time = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
		if (!GST_BUFFER_PTS_IS_VALID(buffer)) {
			++facts_.untimed;
		} else if (!GST_CLOCK_TIME_IS_VALID(time)) {
			++facts_.cutOff;
		} else {
			if (bidirectional || (timed_ && time < last_))
				++facts_.outOfOrder;
			last_ = std::max(last_, time);
			timed_ = true;
			if (keyframe)
				group(time);
			return;
		}
		if (bidirectional)
			++facts_.outOfOrder;
	}

	void group(GstClockTime next)
	{
		const auto distance = std::chrono::nanoseconds(next > keyframe_ ? next - keyframe_ : 0);
		facts_.longestGroup = std::max(facts_.longestGroup, distance);
		keyframe_ = next;
	}

	H264Facts facts_;
	std::vector<h264::Sequence> sequences_;
	GstClockTime last_ = 0, keyframe_ = 0, segmentStart_ = 0, segmentBase_ = 0;
	bool timed_ = false;
};

GstFlowReturn onSample(GstAppSink *sink, gpointer data) noexcept
{
	auto sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 0));
	if (sample)
		static_cast<Scan *>(data)->take(sample.get());
	return GST_FLOW_OK;
}

/// The first H.264 pad goes to the parser, the others nowhere: an unlinked pad does not stop a demuxer.
void linkH264(GstElement *, GstPad *pad, gpointer data) noexcept
{
	auto caps = gst::CapsPtr::adopt(gst_pad_query_caps(pad, nullptr));
	auto sink = gst::PadPtr::adopt(gst_element_get_static_pad(GST_ELEMENT(data), "sink"));
	if (!gst_caps_is_empty(caps.get()) &&
	    gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), "video/x-h264") &&
	    !gst_pad_is_linked(sink.get()))
		gst_pad_link(pad, sink.get());
}

} // namespace

H264Facts scanH264(const std::string &path, std::chrono::milliseconds limit)
{
	Scan scan;
	gst::Pipeline pipeline("film-scan");
	auto *source = pipeline.add("filesrc");
	g_object_set(source, "location", path.c_str(), nullptr);
	auto *parser = pipeline.add("parsebin");
	gst_element_link(source, parser);
	auto *chain = pipeline.addChain("h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,"
					"alignment=au ! appsink name=out sync=false");
	g_signal_connect(parser, "pad-added", G_CALLBACK(linkH264), chain);
	auto sink = gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline.bin(), "out"));
	GstAppSinkCallbacks callbacks = {};
	callbacks.new_sample = onSample;
	gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, &scan, nullptr);

	gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
	auto bus = gst::ObjectPtr<GstBus>::adopt(gst_pipeline_get_bus(GST_PIPELINE(pipeline.get())));
	auto *message = gst_bus_timed_pop_filtered(bus.get(), static_cast<GstClockTime>(limit.count()) * GST_MSECOND,
						   static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
	const bool whole = message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
	gst_clear_message(&message);
	gint64 duration = -1;
	if (!gst_element_query_duration(pipeline.get(), GST_FORMAT_TIME, &duration))
		duration = -1;
	pipeline.stop();
	return scan.end(whole, duration < 0 ? GST_CLOCK_TIME_NONE : static_cast<GstClockTime>(duration));
}

} // namespace trtc::media
