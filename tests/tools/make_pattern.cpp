// SPDX-License-Identifier: MIT
//
// make-pattern frame WxH NUMBER WALLCLOCK_MS [flash]   one raw I420 picture of the test pattern on stdout
// make-pattern clip FILE.mkv [KEY=VALUE…]              a coded clip of it, for the tests of what reads it
//   video=h264|vp8|none size=WxH fps=N seconds=N kbps=N still=1 (one picture again and again)
//   key=N (a keyframe every N frames)
//   drop=A-B (these frames are left out) audio=opus|none shift=MS (audio later by so much)
#include "media/test_pattern.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace trtc::media;

constexpr unsigned kRate = 48000;
constexpr std::uint64_t kFirstClockMs = 1'700'000'000'000;

struct Options {
	std::map<std::string, std::string> values {
		{ "video", "h264" }, { "size", "640x480" }, { "fps", "15" }, { "seconds", "5" },  { "kbps", "300" },
		{ "still", "0" },    { "key", "150" },	    { "drop", "-" }, { "audio", "opus" }, { "shift", "0" },
	};
	bool set(const std::string &argument)
	{
		const auto equals = argument.find('=');
		const auto found = values.find(argument.substr(0, equals));
		if (equals == std::string::npos || found == values.end())
			return false;
		found->second = argument.substr(equals + 1);
		return true;
	}
	const std::string &text(const char *key) const { return values.at(key); }
	int number(const char *key) const { return std::atoi(values.at(key).c_str()); }
};

bool parseSize(const std::string &text, int &width, int &height)
{
	return std::sscanf(text.c_str(), "%dx%d", &width, &height) == 2 && width >= 16 && height >= 16 &&
	       width <= 8192 && height <= 8192;
}

std::size_t pictureBytes(int width, int height)
{
	return static_cast<std::size_t>(width * height + 2 * ((width + 1) / 2) * ((height + 1) / 2));
}

/// Planes one after the other without padding: GStreamer's layout for sizes that are multiples of 8, ffmpeg's for all.
I420View packed(std::uint8_t *data, int width, int height)
{
	const int chromaWidth = (width + 1) / 2, chromaHeight = (height + 1) / 2;
	std::uint8_t *u = data + width * height;
	return { data, u, u + chromaWidth * chromaHeight, width, chromaWidth, chromaWidth, width, height };
}

void pushVideo(GstAppSrc *source, const Options &options, int width, int height)
{
	const auto fps = static_cast<unsigned>(options.number("fps"));
	unsigned dropFrom = 1, dropTo = 0;
	std::sscanf(options.text("drop").c_str(), "%u-%u", &dropFrom, &dropTo);
	for (unsigned n = 0; n < fps * static_cast<unsigned>(options.number("seconds")); ++n) {
		if (n >= dropFrom && n <= dropTo)
			continue;
		GstBuffer *buffer = gst_buffer_new_allocate(nullptr, pictureBytes(width, height), nullptr);
		GstMapInfo map;
		gst_buffer_map(buffer, &map, GST_MAP_WRITE);
		const bool still = options.number("still") != 0;
		drawFrame(packed(map.data, width, height),
			  { still ? 1 : n, kFirstClockMs + (still ? 0 : n * 1000 / fps) },
			  !still && isFlashFrame(n, fps, 1));
		gst_buffer_unmap(buffer, &map);
		GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(n, GST_SECOND, fps);
		GST_BUFFER_DURATION(buffer) = GST_SECOND / fps;
		gst_app_src_push_buffer(source, buffer);
	}
	gst_app_src_end_of_stream(source);
}

void pushAudio(GstAppSrc *source, const Options &options)
{
	constexpr unsigned chunk = kRate / 50;
	const auto shift = static_cast<GstClockTime>(options.number("shift")) * GST_MSECOND;
	for (std::uint64_t at = 0; at < std::uint64_t { kRate } * static_cast<unsigned>(options.number("seconds"));
	     at += chunk) {
		GstBuffer *buffer = gst_buffer_new_allocate(nullptr, chunk * sizeof(std::int16_t), nullptr);
		GstMapInfo map;
		gst_buffer_map(buffer, &map, GST_MAP_WRITE);
		fillAudio(reinterpret_cast<std::int16_t *>(map.data), chunk, 1, kRate, at);
		gst_buffer_unmap(buffer, &map);
		GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(at, GST_SECOND, kRate) + shift;
		GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(chunk, GST_SECOND, kRate);
		gst_app_src_push_buffer(source, buffer);
	}
	gst_app_src_end_of_stream(source);
}

int fail(const std::string &text)
{
	std::fprintf(stderr, "make-pattern: %s\n", text.c_str());
	return 1;
}

std::string description(const Options &options)
{
	std::string text = "matroskamux name=mux ! filesink name=out";
	const std::string kbps = options.text("kbps"), codec = options.text("video");
	if (codec != "none")
		text += " appsrc name=video format=time max-bytes=0 caps=video/x-raw,format=I420,width=" +
			options.text("size").substr(0, options.text("size").find('x')) +
			",height=" + options.text("size").substr(options.text("size").find('x') + 1) +
			",framerate=" + options.text("fps") + "/1 ! queue ! ";
	if (codec == "h264")
		text += "x264enc tune=zerolatency speed-preset=veryfast key-int-max=" + options.text("key") +
			" bitrate=" + kbps + " ! h264parse ! mux.";
	else if (codec == "vp8")
		text += "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=" + options.text("key") +
			" target-bitrate=" + kbps + "000 ! mux.";
	if (options.text("audio") == "opus")
		text += " appsrc name=audio format=time max-bytes=0 "
			"caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! queue ! opusenc ! "
			"mux.";
	return text;
}

int makeClip(const char *path, const Options &options)
{
	int width = 0, height = 0;
	if (!parseSize(options.text("size"), width, height) || options.number("fps") < 1 || width % 8 != 0 ||
	    height % 2 != 0)
		return fail("size and fps: WxH with a width that is a multiple of 8 and an even height, 1 and up");
	GError *error = nullptr;
	GstElement *pipeline = gst_parse_launch(description(options).c_str(), &error);
	if (error != nullptr)
		return fail(error->message);
	GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	g_object_set(out, "location", path, nullptr);
	gst_object_unref(out);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	if (GstElement *source = gst_bin_get_by_name(GST_BIN(pipeline), "video")) {
		pushVideo(GST_APP_SRC(source), options, width, height);
		gst_object_unref(source);
	}
	if (GstElement *source = gst_bin_get_by_name(GST_BIN(pipeline), "audio")) {
		pushAudio(GST_APP_SRC(source), options);
		gst_object_unref(source);
	}
	GstBus *bus = gst_element_get_bus(pipeline);
	GstMessage *message = gst_bus_timed_pop_filtered(
		bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
	const bool done = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
	gst_clear_message(&message);
	gst_object_unref(bus);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	return done ? 0 : fail("the clip could not be made");
}

int makeFrame(const char *size, const FrameCode &code, bool flash)
{
	int width = 0, height = 0;
	if (!parseSize(size, width, height))
		return fail("the size must look like 640x480");
	std::vector<std::uint8_t> picture(pictureBytes(width, height));
	drawFrame(packed(picture.data(), width, height), code, flash);
	return std::fwrite(picture.data(), 1, picture.size(), stdout) == picture.size() ? 0 : fail("stdout is closed");
}

} // namespace

int main(int argc, char **argv)
{
	const std::string mode = argc > 1 ? argv[1] : "";
	if (mode == "frame" && argc >= 5)
		return makeFrame(argv[2],
				 { static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)),
				   std::strtoull(argv[4], nullptr, 10) },
				 argc > 5 && std::strcmp(argv[5], "flash") == 0);
	if (mode == "clip" && argc >= 3) {
		Options options;
		for (int i = 3; i < argc; ++i)
			if (!options.set(argv[i]))
				return fail(std::string("what is ") + argv[i] + "?");
		gst_init(nullptr, nullptr);
		return makeClip(argv[2], options);
	}
	std::fputs("usage: make-pattern frame WxH NUMBER WALLCLOCK_MS [flash]\n"
		   "       make-pattern clip FILE.mkv [KEY=VALUE...]\n",
		   stderr);
	return 2;
}
