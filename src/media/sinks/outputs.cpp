// SPDX-License-Identifier: MIT
#include "media/sinks/outputs.h"

#include "gst/object.h"
#include "media/decode.h"

#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

namespace trtc::media {

namespace {

struct WindowSink {
	const char *element, *variable, *package;
};

// The second of a screen is better, but not every server has what it needs. The first is opened first and kept:
// an X server without another client would start anew when the last connection is closed.
constexpr WindowSink kWayland[] = { { "waylandsink", "WAYLAND_DISPLAY", "gstreamer1.0-plugins-bad" } };
constexpr WindowSink kX11[] = { { "ximagesink", "DISPLAY", "gstreamer1.0-x" },
				{ "xvimagesink", "DISPLAY", "gstreamer1.0-x" } };

/// Keeps an element that is connected.
class ConnectedSink final : public WindowSystem {
public:
	~ConnectedSink() override
	{
		for (const auto &element : elements_)
			gst_element_set_state(element.get(), GST_STATE_NULL);
	}
	const std::string &element() const noexcept override { return name_; }
	void add(const char *name, gst::ElementPtr element)
	{
		name_ = name;
		elements_.push_back(std::move(element));
	}

private:
	std::string name_;
	std::vector<gst::ElementPtr> elements_;
};

bool isSet(const char *variable)
{
	const char *value = std::getenv(variable);
	return value && *value;
}

/// Opens the device of a sink. "": it works; else what GStreamer says.
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
	if (!works)
		gst_element_set_state(element, GST_STATE_NULL);
	gst_element_set_bus(element, nullptr);
	return reason;
}

Result<std::shared_ptr<WindowSystem>> openFirst(std::span<const WindowSink> sinks)
{
	Error error;
	auto system = std::make_shared<ConnectedSink>();
	for (const auto &sink : sinks) {
		auto element = gst::ElementPtr::sink(gst_element_factory_make(sink.element, nullptr));
		const auto reason = element ? tryToOpen(element.get()) : "";
		if (element && reason.empty())
			system->add(sink.element, std::move(element));
		else if (error.message.empty())
			error = element ? Error { ErrorCode::DeviceNotFound,
						  fmt::format("no screen for a window at {}={}: {}", sink.variable,
							      std::getenv(sink.variable), reason) }
					: Error { ErrorCode::NotSupported,
						  fmt::format("GStreamer has no {} to open windows with: apt-get "
							      "install {}",
							      sink.element, sink.package) };
	}
	if (system->element().empty())
		return error;
	return std::shared_ptr<WindowSystem>(std::move(system));
}

std::string launchQuoted(const std::string &text)
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

Result<std::shared_ptr<WindowSystem>> openWindowSystem()
{
	const bool wayland = isSet("WAYLAND_DISPLAY"), x11 = isSet("DISPLAY");
	if (!wayland && !x11)
		return Error { ErrorCode::DeviceNotFound,
			       "no screen for a window: neither DISPLAY nor WAYLAND_DISPLAY is set" };
	if (wayland) {
		auto system = openFirst(kWayland);
		if (system || !x11)
			return system;
	}
	return openFirst(kX11);
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
	gst_element_set_state(element.get(), GST_STATE_NULL);
	if (reason.empty())
		return Unit {};
	return Error { ErrorCode::DeviceNotFound, fmt::format("no sound card at ALSA device \"{}\": {}",
							      device.empty() ? "default" : device, reason) };
}

std::string soundSink(const std::string &device)
{
	// The pipeline has the system's clock; the card follows it. A tone that was asked for late is not worth a jump.
	return fmt::format("alsasink name=sink {} provide-clock=false buffer-time={} latency-time=10000",
			   device.empty() ? "" : "device=" + launchQuoted(device), kSoundBufferMs * 1000);
}

} // namespace trtc::media
