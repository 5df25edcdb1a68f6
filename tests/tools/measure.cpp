// SPDX-License-Identifier: MIT
//
// measure FILE [--json] [--expect-fps N] [--tone HZ]: decodes every track of a media file and prints figures about it as
// JSON (--json: on one line). --tone: how much of the sound is at that frequency. Exit code 0; 1 with one line on stderr if the file cannot be decoded; 2 for wrong arguments.
#include "media_figures.h"

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <mutex>
#include <string>

namespace {

using namespace trtc::measure;

constexpr GstClockTime kStall = 30 * GST_SECOND; // no frame of any track for so long: give up

/// One decoded track. Its figures belong to the streaming thread until the pipeline is stopped.
struct Track {
	struct Decoder *decoder = nullptr;
	std::string kind, codec;
	VideoFigures video;
	AudioFigures audio;
};

struct Decoder {
	GstElement *pipeline = nullptr;
	double toneHz = 0;
	std::mutex mutex; // of tracks: pads come on any thread
	std::list<Track> tracks;
	std::atomic<unsigned> samples { 0 };
};

/// The name of what went into the decoder that made this pad.
std::string codecOf(GstPad *pad)
{
	GstPad *inner = GST_PAD(gst_object_ref(pad));
	while (GST_IS_GHOST_PAD(inner)) {
		GstPad *target = gst_ghost_pad_get_target(GST_GHOST_PAD(inner));
		gst_object_unref(inner);
		if (target == nullptr)
			return "unknown";
		inner = target;
	}
	std::string name = "unknown";
	GstElement *element = gst_pad_get_parent_element(inner);
	GstPad *input = element != nullptr ? gst_element_get_static_pad(element, "sink") : nullptr;
	GstCaps *caps = input != nullptr ? gst_pad_get_current_caps(input) : nullptr;
	if (caps != nullptr && gst_caps_get_size(caps) > 0) {
		name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
		for (const char *prefix : { "video/x-", "audio/x-", "video/", "audio/" })
			if (name.rfind(prefix, 0) == 0) {
				name.erase(0, std::strlen(prefix));
				break;
			}
	}
	gst_clear_caps(&caps);
	gst_clear_object(&input);
	gst_clear_object(&element);
	gst_object_unref(inner);
	return name;
}

/// Milliseconds on the file's time line; negative: none.
double timeOf(GstSample *sample)
{
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	const GstSegment *segment = gst_sample_get_segment(sample);
	const GstClockTime time = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
	return GST_CLOCK_TIME_IS_VALID(time) ? static_cast<double>(time) / 1e6 : -1;
}

void takeVideo(Track &track, GstSample *sample)
{
	GstVideoInfo info;
	GstVideoFrame frame;
	if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
	    !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
		return;
	track.video.add({ static_cast<const std::uint8_t *>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
			  GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), GST_VIDEO_FRAME_WIDTH(&frame),
			  GST_VIDEO_FRAME_HEIGHT(&frame) },
			timeOf(sample));
	gst_video_frame_unmap(&frame);
}

void takeAudio(Track &track, GstSample *sample)
{
	GstAudioInfo info;
	GstMapInfo map;
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	if (!gst_audio_info_from_caps(&info, gst_sample_get_caps(sample)) ||
	    !gst_buffer_map(buffer, &map, GST_MAP_READ))
		return;
	const auto channels = static_cast<unsigned>(GST_AUDIO_INFO_CHANNELS(&info));
	track.audio.add(reinterpret_cast<const std::int16_t *>(map.data), map.size / sizeof(std::int16_t) / channels,
			channels, static_cast<unsigned>(GST_AUDIO_INFO_RATE(&info)), timeOf(sample));
	gst_buffer_unmap(buffer, &map);
}

GstFlowReturn onSample(GstAppSink *sink, gpointer data) noexcept
{
	auto &track = *static_cast<Track *>(data);
	if (GstSample *sample = gst_app_sink_pull_sample(sink)) {
		if (track.kind == "video")
			takeVideo(track, sample);
		else
			takeAudio(track, sample);
		++track.decoder->samples;
		gst_sample_unref(sample);
	}
	return GST_FLOW_OK;
}

/// converter ! appsink behind a decoded pad.
void onPad(GstElement *, GstPad *pad, gpointer data) noexcept
{
	auto &decoder = *static_cast<Decoder *>(data);
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const std::string name = caps != nullptr ? gst_structure_get_name(gst_caps_get_structure(caps, 0)) : "";
	gst_clear_caps(&caps);
	const bool video = name == "video/x-raw";
	if (!video && name != "audio/x-raw")
		return; // subtitles: the bin lets an unlinked pad be

	Track *track;
	{
		const std::lock_guard lock(decoder.mutex);
		track = &decoder.tracks.emplace_back();
	}
	track->decoder = &decoder;
	track->kind = video ? "video" : "audio";
	track->audio = AudioFigures(decoder.toneHz);
	track->codec = codecOf(pad);

	GstElement *convert = gst_element_factory_make(video ? "videoconvert" : "audioconvert", nullptr);
	GstElement *sink = gst_element_factory_make("appsink", nullptr);
	GstCaps *wanted = gst_caps_from_string(video ? "video/x-raw,format=I420"
						     : "audio/x-raw,format=" GST_AUDIO_NE(S16) ",layout=interleaved");
	g_object_set(sink, "caps", wanted, "sync", FALSE, "max-buffers", 8u, nullptr);
	gst_caps_unref(wanted);
	GstAppSinkCallbacks callbacks {};
	callbacks.new_sample = onSample;
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, track, nullptr);
	gst_bin_add_many(GST_BIN(decoder.pipeline), convert, sink, nullptr);
	gst_element_link(convert, sink);
	gst_element_sync_state_with_parent(sink);
	gst_element_sync_state_with_parent(convert);
	GstPad *input = gst_element_get_static_pad(convert, "sink");
	gst_pad_link(pad, input);
	gst_object_unref(input);
}

/// Empty: the whole file was decoded. Else why not.
std::string waitForEnd(Decoder &decoder)
{
	GstBus *bus = gst_element_get_bus(decoder.pipeline);
	std::string failure;
	for (unsigned before = 0;;) {
		GstMessage *message = gst_bus_timed_pop_filtered(
			bus, kStall, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
		if (message == nullptr) {
			if (decoder.samples.load() != before) {
				before = decoder.samples.load();
				continue;
			}
			failure = "decoding stands still";
			break;
		}
		if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
			GError *error = nullptr;
			gst_message_parse_error(message, &error, nullptr);
			failure = error->message;
			g_clear_error(&error);
		}
		gst_message_unref(message);
		break;
	}
	gst_object_unref(bus);
	return failure;
}

std::string decode(const char *path, Decoder &decoder)
{
	GError *error = nullptr;
	gchar *uri = gst_filename_to_uri(path, &error);
	if (uri == nullptr) {
		std::string failure = error->message;
		g_clear_error(&error);
		return failure;
	}
	decoder.pipeline = gst_pipeline_new(nullptr);
	GstElement *source = gst_element_factory_make("uridecodebin", nullptr);
	if (source == nullptr) {
		g_free(uri);
		return "GStreamer's uridecodebin is missing (plugins-base)";
	}
	// A software decoder says the same everywhere.
	g_object_set(source, "uri", uri, "force-sw-decoders", TRUE, nullptr);
	g_free(uri);
	g_signal_connect(source, "pad-added", G_CALLBACK(onPad), &decoder);
	gst_bin_add(GST_BIN(decoder.pipeline), source);
	gst_element_set_state(decoder.pipeline, GST_STATE_PLAYING);
	std::string failure = waitForEnd(decoder);
	gst_element_set_state(decoder.pipeline, GST_STATE_NULL);
	gst_object_unref(decoder.pipeline);
	if (failure.empty() && decoder.samples.load() == 0)
		failure = "neither picture nor sound in it";
	return failure;
}

int usage()
{
	std::fputs("usage: measure FILE [--json] [--expect-fps N] [--tone HZ]\n", stderr);
	return 2;
}

} // namespace

int main(int argc, char **argv)
{
	const char *path = nullptr;
	bool oneLine = false;
	double expectFps = 0, toneHz = 0;
	for (int i = 1; i < argc; ++i) {
		const std::string argument = argv[i];
		if (argument == "--json")
			oneLine = true;
		else if (argument == "--expect-fps" && i + 1 < argc &&
			 (expectFps = std::strtod(argv[i + 1], nullptr)) > 0)
			++i;
		else if (argument == "--tone" && i + 1 < argc && (toneHz = std::strtod(argv[i + 1], nullptr)) > 0)
			++i;
		else if (argument.rfind("--", 0) != 0 && path == nullptr)
			path = argv[i];
		else
			return usage();
	}
	if (path == nullptr)
		return usage();

	gst_init(nullptr, nullptr);
	Decoder decoder;
	decoder.toneHz = toneHz;
	if (const std::string failure = decode(path, decoder); !failure.empty()) {
		std::fprintf(stderr, "measure: %s: %s\n", path, failure.c_str());
		return 1;
	}
	std::vector<ReportTrack> tracks;
	for (Track &track : decoder.tracks)
		tracks.push_back({ track.kind, track.codec, track.kind == "video" ? &track.video : nullptr,
				   track.kind == "audio" ? &track.audio : nullptr });
	std::puts(report(path, tracks, expectFps, !oneLine).c_str());
	return 0;
}
