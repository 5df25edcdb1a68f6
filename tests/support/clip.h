// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"
#include "support/temp_dir.h"
#include "support/tools.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

/// Coded clips of the test pattern, and what is in a media file, without decoding.
namespace trtc::test {

/// Makes a clip with `make-pattern`; @p options as it takes them.
inline std::string makeClip(const TempDir &folder, const std::string &name, const std::vector<std::string> &options)
{
	std::vector<std::string> arguments { toolPath("MAKE_PATTERN"), "clip", folder / name };
	arguments.insert(arguments.end(), options.begin(), options.end());
	const auto run = runTool(arguments);
	REQUIRE_MESSAGE(run.status == 0, run.err);
	return folder / name;
}

struct Demuxed {
	std::vector<media::EncodedFrame> video, audio;
	std::string error; ///< GStreamer's, empty when the end was reached
};

/// Takes a Matroska file apart. @p video: "h264", "vp8" or "" for none; H.264 comes with start codes.
inline Demuxed demux(const std::string &path, const std::string &video, bool audio)
{
	std::string text = "filesrc name=in ! matroskademux name=d";
	if (video == "h264")
		text += " d.video_0 ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! h264parse "
			"config-interval=-1 ! "
			"video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=video sync=false "
			"async=false wait-on-eos=false";
	else if (!video.empty())
		text += " d.video_0 ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! appsink name=video "
			"sync=false async=false wait-on-eos=false";
	if (audio)
		text += " d.audio_0 ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! appsink name=audio "
			"sync=false async=false wait-on-eos=false";
	GError *error = nullptr;
	GstElement *pipeline = gst_parse_launch(text.c_str(), &error);
	REQUIRE_MESSAGE(pipeline, error->message);
	g_clear_error(&error);
	GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
	g_object_set(in, "location", path.c_str(), nullptr);
	gst_object_unref(in);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);

	Demuxed result;
	GstBus *bus = gst_element_get_bus(pipeline);
	GstMessage *message = gst_bus_timed_pop_filtered(
		bus, 20 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
	if (!message) {
		result.error = "no end came";
	} else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		gst_message_parse_error(message, &error, nullptr);
		result.error = error->message;
		g_clear_error(&error);
	}
	gst_clear_message(&message);
	gst_object_unref(bus);
	for (const bool isVideo : { true, false }) {
		GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), isVideo ? "video" : "audio");
		if (!sink)
			continue;
		while (GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 0)) {
			GstBuffer *buffer = gst_sample_get_buffer(sample);
			media::EncodedFrame frame;
			frame.kind = isVideo ? MediaKind::Video : MediaKind::Audio;
			frame.codec = !isVideo		? media::Codec::Opus
				      : video == "h264" ? media::Codec::H264
							: media::Codec::Vp8;
			frame.time =
				std::chrono::nanoseconds(GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : 0);
			frame.keyframe = !isVideo || !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
			frame.channels = isVideo ? 0 : 1;
			if (const auto *caps = gst_sample_get_caps(sample); caps && isVideo) {
				const auto *structure = gst_caps_get_structure(caps, 0);
				gst_structure_get_int(structure, "width", &frame.width);
				gst_structure_get_int(structure, "height", &frame.height);
			}
			std::vector<std::uint8_t> bytes(gst_buffer_get_size(buffer));
			gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
			frame.data = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
			(isVideo ? result.video : result.audio).push_back(std::move(frame));
			gst_sample_unref(sample);
		}
		gst_object_unref(sink);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	return result;
}

/// Three seconds of each, coded once for all tests.
inline const Demuxed &clip(const std::string &codec = "h264", const std::string &size = "320x240")
{
	static std::map<std::string, Demuxed> clips;
	auto &found = clips[codec + size];
	if (found.video.empty()) {
		const TempDir folder;
		found = demux(
			makeClip(folder, "clip.mkv", { "video=" + codec, "size=" + size, "seconds=3", "kbps=200" }),
			codec, true);
		REQUIRE_MESSAGE(found.error.empty(), found.error);
		REQUIRE(found.video.size() == 45);
		REQUIRE(found.audio.size() >= 150);
		REQUIRE(found.video.front().keyframe);
	}
	return found;
}

inline media::EncodedFrame later(media::EncodedFrame frame, std::chrono::nanoseconds shift)
{
	frame.time += shift;
	return frame;
}

/// Both kinds in the order of their time.
inline std::vector<media::EncodedFrame> mixed(const std::vector<media::EncodedFrame> &video,
					      const std::vector<media::EncodedFrame> &audio)
{
	auto all = video;
	all.insert(all.end(), audio.begin(), audio.end());
	std::stable_sort(all.begin(), all.end(), [](const auto &a, const auto &b) { return a.time < b.time; });
	return all;
}

} // namespace trtc::test
