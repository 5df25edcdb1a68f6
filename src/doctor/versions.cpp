// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "gst/object.h"
#include "net/server_probe.h"

#include <gst/gst.h>

#include <fmt/format.h>

#include <sys/utsname.h>

#include <fstream>
#include <string>
#include <thread>

namespace trtc::doctor {

namespace {

std::string distribution()
{
	static constexpr std::string_view kKey = "PRETTY_NAME=";
	std::ifstream file("/etc/os-release");
	for (std::string line; std::getline(file, line);)
		if (line.starts_with(kKey)) {
			line.erase(0, kKey.size());
			std::erase(line, '"');
			return line;
		}
	return "unknown";
}

} // namespace

std::string versions()
{
	guint major = 0, minor = 0, micro = 0, nano = 0;
	gst_version(&major, &minor, &micro, &nano);
	auto out = fmt::format("gstreamer {}.{}.{}\n", major, minor, micro) + net::libraryVersions();
	utsname system {};
	if (::uname(&system) == 0)
		out += fmt::format("kernel {} {} {}\n", system.sysname, system.release, system.machine);
	out += fmt::format("distribution {}\nprocessors {}\n", distribution(), std::thread::hardware_concurrency());
	if (!gst_is_initialized())
		return out;
	for (const auto &need : pluginNeeds()) {
		auto factory = gst::ObjectPtr<GstElementFactory>::adopt(
			gst_element_factory_find(std::string(need.element).c_str()));
		const auto plugin = gst::ObjectPtr<GstPlugin>::adopt(
			factory ? gst_plugin_feature_get_plugin(GST_PLUGIN_FEATURE(factory.get())) : nullptr);
		out += fmt::format("plugin {} {}\n", need.plugin,
				   plugin ? gst_plugin_get_version(plugin.get()) : "missing");
	}
	return out;
}

} // namespace trtc::doctor
