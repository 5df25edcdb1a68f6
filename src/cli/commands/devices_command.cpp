// SPDX-License-Identifier: MIT
#include "cli/commands/devices_command.h"

#include "base/log.h"
#include "cli/commands/commands.h"
#include "cli/text.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace trtc::cli {

namespace {

std::string rateText(const FrameRate &rate) { return fmt::format("{:.4g}", rate.value()); }

std::string ratesText(const CameraSize &size)
{
	if (size.rates.empty())
		return "";
	if (size.rateRange)
		return fmt::format("  {} to {} fps", rateText(size.rates.back()), rateText(size.rates.front()));
	std::string text;
	for (const auto &rate : size.rates)
		text += (text.empty() ? "  " : " ") + rateText(rate);
	return text + " fps";
}

std::string sizeText(const CameraSize &size)
{
	if (!size.range())
		return fmt::format("{}x{}", size.width, size.height);
	return fmt::format("{}x{} to {}x{} in steps of {}x{}", size.minWidth, size.minHeight, size.width, size.height,
			   size.stepWidth, size.stepHeight);
}

std::string spanText(unsigned low, unsigned high, const char *one, const char *many)
{
	return low == high ? fmt::format("{} {}", low, low == 1 ? one : many)
			   : fmt::format("{} to {} {}", low, high, many);
}

void problemLine(std::string &out, const std::string &problem)
{
	if (!problem.empty())
		out += fmt::format("    cannot be used: {}\n", printable(problem));
}

void cameraText(std::string &out, const Camera &camera)
{
	out += fmt::format("  {}{}{}\n", printable(camera.path), camera.name.empty() ? "" : "  ",
			   printable(camera.name));
	problemLine(out, camera.problem);
	// Many formats come in the same sizes: they share the list.
	for (auto format = camera.formats.begin(); format != camera.formats.end();) {
		auto names = printable(format->fourcc) + "  " + printable(format->description);
		const auto &sizes = format->sizes;
		bool several = false;
		for (++format; format != camera.formats.end() && format->sizes == sizes; ++format) {
			names = (several ? names : names.substr(0, names.find(' '))) + ' ' + printable(format->fourcc);
			several = true;
		}
		out += fmt::format("    {}\n", names);
		for (const auto &size : sizes)
			out += fmt::format("      {}{}\n", sizeText(size), ratesText(size));
	}
}

void soundText(std::string &out, const SoundDevice &device)
{
	out += fmt::format("  {}{}{}\n", printable(device.device), device.name.empty() ? "" : "  ",
			   printable(device.name));
	problemLine(out, device.problem);
	if (device.maxRate)
		out += fmt::format("    {}, {}\n", spanText(device.minRate, device.maxRate, "Hz", "Hz"),
				   spanText(device.minChannels, device.maxChannels, "channel", "channels"));
}

template <class T, class F>
void section(std::string &out, const char *title, const char *nothing, const std::vector<T> &items, F line)
{
	out += fmt::format("{}{}\n", out.empty() ? "" : "\n", title);
	if (items.empty())
		out += fmt::format("  {}\n", nothing);
	for (const auto &item : items)
		line(out, item);
}

/// A rate that is no whole number keeps three digits.
void rateJson(json::Writer &writer, const FrameRate &rate) { writer.value(std::round(rate.value() * 1000) / 1000); }

void sizeJson(json::Writer &writer, const CameraSize &size)
{
	writer.beginObject();
	writer.member("width", std::int64_t { size.width });
	writer.member("height", std::int64_t { size.height });
	if (size.range()) {
		writer.member("minWidth", std::int64_t { size.minWidth });
		writer.member("minHeight", std::int64_t { size.minHeight });
		writer.member("stepWidth", std::int64_t { size.stepWidth });
		writer.member("stepHeight", std::int64_t { size.stepHeight });
	}
	if (size.rateRange) {
		writer.key("maxRate");
		rateJson(writer, size.rates.front());
		writer.key("minRate");
		rateJson(writer, size.rates.back());
	} else {
		writer.key("rates").beginArray();
		for (const auto &rate : size.rates)
			rateJson(writer, rate);
		writer.endArray();
	}
	writer.endObject();
}

void cameraJson(json::Writer &writer, const Camera &camera)
{
	writer.beginObject();
	writer.member("source", "v4l2:" + camera.path);
	writer.member("path", camera.path);
	writer.member("name", camera.name);
	writer.member("driver", camera.driver);
	writer.member("bus", camera.bus);
	writer.member("usable", camera.problem.empty());
	if (!camera.problem.empty())
		writer.member("problem", camera.problem);
	writer.key("formats").beginArray();
	for (const auto &format : camera.formats) {
		writer.beginObject();
		writer.member("format", format.fourcc);
		writer.member("description", format.description);
		writer.key("sizes").beginArray();
		for (const auto &size : format.sizes)
			sizeJson(writer, size);
		writer.endArray().endObject();
	}
	writer.endArray().endObject();
}

void soundJson(json::Writer &writer, const SoundDevice &device)
{
	writer.beginObject();
	writer.member("device", device.device);
	writer.member("card", device.card);
	writer.member("name", device.name);
	writer.member("usable", device.problem.empty());
	if (!device.problem.empty())
		writer.member("problem", device.problem);
	if (device.maxRate) {
		writer.member("minRate", std::int64_t { device.minRate });
		writer.member("maxRate", std::int64_t { device.maxRate });
		writer.member("minChannels", std::int64_t { device.minChannels });
		writer.member("maxChannels", std::int64_t { device.maxChannels });
	}
	writer.endObject();
}

void screenJson(json::Writer &writer, const Screen &screen)
{
	writer.beginObject();
	writer.member("source", "screen:" + screen.display);
	writer.member("display", screen.display);
	writer.member("usable", screen.problem.empty());
	if (screen.problem.empty()) {
		writer.member("width", std::int64_t { screen.width });
		writer.member("height", std::int64_t { screen.height });
	} else {
		writer.member("problem", screen.problem);
	}
	writer.endObject();
}

template <class T, class F>
void listJson(json::Writer &writer, const char *name, const std::vector<T> &items, F write)
{
	writer.key(name).beginArray();
	for (const auto &item : items)
		write(writer, item);
	writer.endArray();
}

} // namespace

std::string devicesAsText(const DeviceList &list)
{
	std::string out;
	section(out, "Cameras (--video v4l2:PATH or NAME)", "none: no capture device /dev/video*", list.cameras,
		cameraText);
	section(out, "Microphones (--audio alsa:DEVICE or CARD)", "none: no /dev/snd/pcm*c", list.microphones,
		soundText);
	section(out, "Speakers", "none: no /dev/snd/pcm*p", list.speakers, soundText);
	section(out, "Screens (--video screen:DISPLAY)", "none: no X server on this machine, DISPLAY is not set",
		list.screens, [](std::string &text, const Screen &screen) {
			text += fmt::format("  {}", printable(screen.display));
			text += screen.problem.empty() ? fmt::format("  {}x{}\n", screen.width, screen.height) : "\n";
			problemLine(text, screen.problem);
		});
	return out;
}

std::string devicesAsJson(const DeviceList &list)
{
	json::Writer writer;
	writer.beginObject();
	listJson(writer, "cameras", list.cameras, cameraJson);
	listJson(writer, "microphones", list.microphones, soundJson);
	listJson(writer, "speakers", list.speakers, soundJson);
	listJson(writer, "screens", list.screens, screenJson);
	writer.endObject();
	return writer.take();
}

ExitCode runDevices(const DevicesConfig &config)
{
	base::setUpLog("warn", "");
	const DeviceList list { getCameras(), getMicrophones(), getSpeakers(), getScreens() };
	const auto text = config.json ? devicesAsJson(list) + '\n' : devicesAsText(list);
	if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
		return ExitCode::Ok;
	complain("stdout cannot be written");
	return ExitCode::Output;
}

} // namespace trtc::cli
