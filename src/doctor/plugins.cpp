// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "gst/object.h"

#include <gst/gst.h>

#include <fmt/format.h>

#include <algorithm>

namespace trtc::doctor {

namespace {

constexpr std::string_view kBase = "gstreamer1.0-plugins-base", kGood = "gstreamer1.0-plugins-good",
			   kBad = "gstreamer1.0-plugins-bad", kUgly = "gstreamer1.0-plugins-ugly";

// The packages are Debian's.
constexpr PluginNeed kNeeds[] = {
	{ "coreelements", "queue", "libgstreamer1.0-0", "", "" },
	{ "app", "appsrc", kBase, "", "" },
	{ "rtp", "rtph264pay", kGood, "", "" },
	{ "rtpmanager", "rtpbin", kGood, "", "" },
	{ "srtp", "srtpenc", kBad, "", "" },
	{ "dtls", "dtlsenc", kBad, "", "" },
	{ "webrtc", "webrtcbin", kBad, "", "" },
	{ "videoparsersbad", "h264parse", kBad, "", "" },
	{ "debugutilsbad", "errorignore", kBad, "", "" },
	{ "nice", "nicesrc", "gstreamer1.0-nice", "", "" },
	{ "opus", "opusenc", kBase, "--audio and playing audio", "" },
	{ "x264", "x264enc", kUgly, "--video with --video-codec h264", "openh264" },
	{ "openh264", "openh264enc", kBad, "--video with --video-codec h264", "x264" },
	{ "vpx", "vp8enc", kGood, "--video-codec vp8", "" },
	{ "libav", "avdec_h264", "gstreamer1.0-libav", "decoding H.264", "openh264" },
	{ "videoconvertscale", "videoconvert", kBase, "--video", "" },
	{ "videorate", "videorate", kBase, "--video", "" },
	{ "audioconvert", "audioconvert", kBase, "--audio", "" },
	{ "audioresample", "audioresample", kBase, "--audio", "" },
	{ "opusparse", "opusparse", kBad, "--audio file: with Opus", "" },
	{ "playback", "decodebin", kBase, "--video file: and --audio file:", "" },
	{ "isomp4", "qtdemux", kGood, "file:X.mp4", "" },
	{ "matroska", "matroskademux", kGood, "file:X.mkv and file:X.webm", "" },
	{ "ogg", "oggdemux", kBase, "file:X.ogg", "" },
	{ "video4linux2", "v4l2src", kGood, "--video v4l2", "" },
	{ "jpeg", "jpegdec", kGood, "--video v4l2 with cameras that send MJPEG", "" },
	{ "alsa", "alsasrc", "gstreamer1.0-alsa", "--audio alsa, and playing sound", "" },
	{ "ximagesrc", "ximagesrc", kGood, "--video screen", "" },
	{ "ximagesink", "ximagesink", "gstreamer1.0-x", "--play window on X11", "" },
};

} // namespace

std::span<const PluginNeed> pluginNeeds() noexcept { return kNeeds; }

void lookAtGStreamer(MainLoop &, const Settings &, Facts &facts)
{
	glib::ErrorSlot error;
	if (!gst_init_check(nullptr, nullptr, error.out()))
		facts.gstreamerError = error.message();
	guint major = 0, minor = 0, micro = 0, nano = 0;
	gst_version(&major, &minor, &micro, &nano);
	facts.gstreamerVersion = fmt::format("{}.{}.{}", major, minor, micro);
	facts.gstreamerOld = major < 1 || (major == 1 && minor < 22);
}

void judgeGStreamer(const Settings &, const Facts &facts, Findings &findings)
{
	const auto install = findings.asRoot("apt-get install libgstreamer1.0-0");
	if (!facts.gstreamerError.empty())
		findings.fail("gstreamer", fmt::format("does not start: {}", facts.gstreamerError), install);
	else if (facts.gstreamerOld)
		findings.fail("gstreamer", fmt::format("{} is too old: 1.22 is needed", facts.gstreamerVersion),
			      install);
	else
		findings.ok("gstreamer", facts.gstreamerVersion);
}

void lookAtPlugins(MainLoop &, const Settings &, Facts &facts)
{
	if (!facts.gstreamerError.empty())
		return;
	for (std::size_t i = 0; i < std::size(kNeeds); ++i) {
		PluginFact fact;
		fact.need = i;
		// By the element's name only. A question with a minimum version would be answered with the plug-in's own
		// version in mind, and that of nice is libnice's, 0.1.
		auto factory = gst::ObjectPtr<GstElementFactory>::adopt(
			gst_element_factory_find(std::string(kNeeds[i].element).c_str()));
		if (factory) {
			fact.found = true;
			const auto plugin = gst::ObjectPtr<GstPlugin>::adopt(
				gst_plugin_feature_get_plugin(GST_PLUGIN_FEATURE(factory.get())));
			if (plugin)
				fact.version = gst_plugin_get_version(plugin.get());
		}
		facts.plugins.push_back(std::move(fact));
	}
}

void judgePlugins(const Settings &, const Facts &facts, Findings &findings)
{
	const auto found = [&](std::string_view plugin) {
		return std::any_of(facts.plugins.begin(), facts.plugins.end(), [&](const PluginFact &fact) {
			return fact.found && kNeeds[fact.need].plugin == plugin;
		});
	};
	std::string always, options;
	for (const auto &fact : facts.plugins) {
		const auto &need = kNeeds[fact.need];
		if (!fact.found)
			continue;
		auto &list = need.purpose.empty() ? always : options;
		list += fmt::format("{}{} {}", list.empty() ? "" : ", ", need.plugin, fact.version);
	}
	if (!always.empty())
		findings.ok("plugins for every room", always);
	if (!options.empty())
		findings.ok("plugins for options", options);
	for (const auto &fact : facts.plugins) {
		const auto &need = kNeeds[fact.need];
		if (fact.found)
			continue;
		const auto name = fmt::format("plugin {}", need.plugin);
		const auto install = findings.asRoot(fmt::format("apt-get install {}", need.package));
		if (need.purpose.empty())
			findings.fail(name, fmt::format("{} is missing; every room needs it", need.element), install);
		else if (!need.instead.empty() && found(need.instead))
			findings.ok(name, fmt::format("{} is missing; {} replaces it", need.element, need.instead));
		else
			findings.warn(name,
				      fmt::format("{} is missing; it is needed for {}", need.element, need.purpose),
				      install);
	}
}

} // namespace trtc::doctor
