// SPDX-License-Identifier: MIT
#include "gst/init.h"

#include "glib/pointer.h"

#include <trtc/error.h>

#include <gst/gst.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>
#include <string>

namespace trtc::gst {

namespace {

struct Need {
	const char *element, *package;
};

// What every room needs; encoders and demuxers are looked for by the source that wants them.
constexpr Need kNeeds[] = {
	{ "appsrc", "gstreamer1.0-plugins-base" },     { "appsink", "gstreamer1.0-plugins-base" },
	{ "rtpbin", "gstreamer1.0-plugins-good" },     { "rtph264pay", "gstreamer1.0-plugins-good" },
	{ "rtpvp8pay", "gstreamer1.0-plugins-good" },  { "rtpopuspay", "gstreamer1.0-plugins-good" },
	{ "srtpenc", "gstreamer1.0-plugins-bad" },     { "dtlsenc", "gstreamer1.0-plugins-bad" },
	{ "webrtcbin", "gstreamer1.0-plugins-bad" },   { "h264parse", "gstreamer1.0-plugins-bad" },
	{ "errorignore", "gstreamer1.0-plugins-bad" }, { "nicesrc", "gstreamer1.0-nice" },
};

/// libnice speaks to stderr; what it has to say is for our log.
void toLog(const gchar *, GLogLevelFlags, const gchar *message, gpointer) noexcept
{
	spdlog::debug("libnice: {}", message);
}

} // namespace

void initialize()
{
	g_log_set_handler("libnice", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE), toLog,
			  nullptr);
	glib::ErrorSlot error;
	if (!gst_init_check(nullptr, nullptr, error.out()))
		throw Exception(ErrorCode::NotSupported, fmt::format("GStreamer does not start: {}", error.message()));
	std::string elements;
	std::set<std::string> packages;
	for (const auto &need : kNeeds) {
		// By name only: asking the registry for a minimum version says no for the nice plug-in.
		auto factory = glib::ObjectPtr<GstElementFactory>::adopt(gst_element_factory_find(need.element));
		if (factory)
			continue;
		elements += elements.empty() ? need.element : fmt::format(", {}", need.element);
		packages.insert(need.package);
	}
	if (packages.empty())
		return;
	std::string list;
	for (const auto &package : packages)
		list += " " + package;
	throw Exception(ErrorCode::NotSupported,
			fmt::format("GStreamer lacks {}: run apt-get install{}", elements, list));
}

} // namespace trtc::gst
