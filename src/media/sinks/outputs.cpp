// SPDX-License-Identifier: MIT
#include "media/sinks/outputs.h"

#include "gst/object.h"
#include "media/decode.h"

#include <fmt/format.h>

#include <cstdlib>

namespace trtc::media {

namespace {

struct WindowSink {
	const char *element, *variable, *package;
};

constexpr WindowSink kWindowSinks[] = {
	{ "waylandsink", "WAYLAND_DISPLAY", "gstreamer1.0-plugins-bad" },
	{ "xvimagesink", "DISPLAY", "gstreamer1.0-x" },
	{ "ximagesink", "DISPLAY", "gstreamer1.0-x" },
};

bool isSet(const char *variable)
{
	const char *value = std::getenv(variable);
	return value && *value;
}

/// Opens the device of a sink and closes it. "": it works; else what GStreamer says.
std::string tryToOpen(GstElement *element)
{
	auto bus = gst::ObjectPtr<GstBus>::adopt(gst_bus_new());
	gst_element_set_bus(element, bus.get());
	const bool works = gst_element_set_state(element, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
	std::string reason = works ? "" : "it does not open";
	if (auto *message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR)) {
		if (!works)
			reason = errorText(message);
		gst_message_unref(message);
	}
	gst_element_set_state(element, GST_STATE_NULL);
	gst_element_set_bus(element, nullptr);
	return reason;
}

std::string quoted(const std::string &text)
{
	std::string out = "\"";
	for (const char c : text) {
		if (c == '"' || c == '\\')
			out += '\\';
		out += c;
	}
	return out + '"';
}

} // namespace

Result<std::string> findWindowSink()
{
	if (!isSet("DISPLAY") && !isSet("WAYLAND_DISPLAY"))
		return Error { ErrorCode::DeviceNotFound,
			       "there is no screen for a window: neither DISPLAY nor WAYLAND_DISPLAY is set" };
	Error error;
	for (const auto &sink : kWindowSinks) {
		if (!isSet(sink.variable))
			continue;
		auto element = gst::ElementPtr::sink(gst_element_factory_make(sink.element, nullptr));
		if (!element) {
			if (error.message.empty())
				error = { ErrorCode::NotSupported,
					  fmt::format("GStreamer has no {} to open windows with: apt-get install {}",
						      sink.element, sink.package) };
			continue;
		}
		const auto reason = tryToOpen(element.get());
		if (reason.empty())
			return std::string(sink.element);
		error = { ErrorCode::DeviceNotFound,
			  fmt::format("there is no screen for a window at {}={}: {}", sink.variable,
				      std::getenv(sink.variable), reason) };
	}
	return error;
}

Status checkSoundSink(const std::string &device)
{
	auto element = gst::ElementPtr::sink(gst_element_factory_make("alsasink", nullptr));
	if (!element)
		return Error { ErrorCode::NotSupported,
			       "GStreamer has no alsasink to play sound with: apt-get install gstreamer1.0-alsa" };
	if (!device.empty())
		g_object_set(element.get(), "device", device.c_str(), nullptr);
	const auto reason = tryToOpen(element.get());
	if (reason.empty())
		return Unit {};
	return Error { ErrorCode::DeviceNotFound, fmt::format("there is no sound card at ALSA device \"{}\": {}",
							      device.empty() ? "default" : device, reason) };
}

std::string soundSink(const std::string &device)
{
	// The pipeline has the system's clock; the card follows it. A tone that was asked for late is not worth a jump.
	return fmt::format("alsasink name=sink {} provide-clock=false buffer-time={} latency-time=10000",
			   device.empty() ? "" : "device=" + quoted(device), kSoundBufferMs * 1000);
}

} // namespace trtc::media
