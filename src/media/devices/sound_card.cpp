// SPDX-License-Identifier: MIT
#include "media/devices/sound_card.h"

#include "media/devices/access.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <alsa/asoundlib.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <tuple>

namespace trtc::media {

namespace {

/// One /dev/snd/pcmC0D0c.
struct Port {
	int card = 0, device = 0;
	std::string node, id, cardName, name;
};

/// libasound would write to stderr.
void onAlsaMessage(const char *, int, const char *function, int, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	std::vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	spdlog::debug("alsa: {}: {}", function ? function : "", text);
}

std::string firstLine(const std::string &path)
{
	std::string line;
	std::ifstream file(path);
	std::getline(file, line);
	return line;
}

/// "name: USB Audio" in a file of /proc/asound.
std::string procValue(const std::string &path, std::string_view key)
{
	std::ifstream file(path);
	for (std::string line; std::getline(file, line);)
		if (line.starts_with(key) && line.size() > key.size() + 2)
			return line.substr(key.size() + 2);
	return {};
}

/// " 0 [Loopback       ]: Loopback - Loopback": what stands behind the dash.
std::string cardName(int card)
{
	std::ifstream file("/proc/asound/cards");
	for (std::string line; std::getline(file, line);) {
		int number = -1;
		if (std::sscanf(line.c_str(), " %d [", &number) != 1 || number != card)
			continue;
		const auto dash = line.find(" - ", line.find("]:"));
		return dash == std::string::npos ? "" : line.substr(dash + 3);
	}
	return {};
}

std::vector<Port> ports(bool capture)
{
	std::vector<Port> found;
	std::error_code error;
	for (std::filesystem::directory_iterator entry("/dev/snd", error), end; !error && entry != end;
	     entry.increment(error)) {
		Port port;
		char direction = 0;
		if (std::sscanf(entry->path().filename().c_str(), "pcmC%dD%d%c", &port.card, &port.device,
				&direction) != 3 ||
		    direction != (capture ? 'c' : 'p'))
			continue;
		port.node = entry->path().string();
		port.id = firstLine(fmt::format("/proc/asound/card{}/id", port.card));
		if (port.id.empty())
			port.id = std::to_string(port.card);
		port.cardName = cardName(port.card);
		port.name = procValue(
			fmt::format("/proc/asound/card{}/pcm{}{}/info", port.card, port.device, direction), "name");
		found.push_back(std::move(port));
	}
	std::sort(found.begin(), found.end(),
		  [](const auto &a, const auto &b) { return std::tie(a.card, a.device) < std::tie(b.card, b.device); });
	return found;
}

std::string deviceName(const Port &port) { return fmt::format("hw:CARD={},DEV={}", port.id, port.device); }

struct PcmClose {
	void operator()(snd_pcm_t *pcm) const noexcept { snd_pcm_close(pcm); }
};
using PcmPtr = std::unique_ptr<snd_pcm_t, PcmClose>;

/// Null and a negative errno in @p error.
PcmPtr openPcm(const std::string &name, bool capture, int &error)
{
	static_cast<void>(snd_lib_error_set_handler(onAlsaMessage));
	// A card that came after the configuration was read would stay unknown.
	snd_config_update_free_global();
	snd_pcm_t *pcm = nullptr;
	error = snd_pcm_open(&pcm, name.c_str(), capture ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK,
			     SND_PCM_NONBLOCK);
	return PcmPtr(error < 0 ? nullptr : pcm);
}

SoundDevice inspect(const Port &port, bool capture)
{
	SoundDevice device;
	device.device = deviceName(port);
	device.card = port.id;
	device.name = port.cardName;
	if (!port.name.empty() && port.name != port.cardName)
		device.name += (device.name.empty() ? "" : ", ") + port.name;
	if (::access(port.node.c_str(), R_OK | W_OK) != 0 && (errno == EACCES || errno == EPERM)) {
		device.problem = permissionMessage(port.node, port.node);
		return device;
	}
	int error = 0;
	const auto pcm = openPcm(fmt::format("hw:{},{}", port.card, port.device), capture, error);
	if (!pcm) {
		device.problem =
			error == -EBUSY
				? busyMessage(port.node, port.node,
					      capture ? fmt::format("use alsa:{} in both programs to share it", port.id)
						      : "end it, or name another device")
				: fmt::format("{} cannot be opened: {}", port.node, snd_strerror(error));
		return device;
	}
	snd_pcm_hw_params_t *params = nullptr;
	snd_pcm_hw_params_alloca(&params);
	if (snd_pcm_hw_params_any(pcm.get(), params) >= 0) {
		int direction = 0;
		static_cast<void>(snd_pcm_hw_params_get_rate_min(params, &device.minRate, &direction));
		static_cast<void>(snd_pcm_hw_params_get_rate_max(params, &device.maxRate, &direction));
		static_cast<void>(snd_pcm_hw_params_get_channels_min(params, &device.minChannels));
		static_cast<void>(snd_pcm_hw_params_get_channels_max(params, &device.maxChannels));
	}
	return device;
}

std::vector<SoundDevice> devices(bool capture)
{
	std::vector<SoundDevice> list;
	for (const auto &port : ports(capture))
		list.push_back(inspect(port, capture));
	return list;
}

std::string listed(const std::vector<Port> &all)
{
	if (all.empty())
		return "this machine has no capture sound card (no /dev/snd/pcm*c)";
	std::string list = "there is ";
	for (const auto &port : all)
		list += fmt::format("{}{}{}", &port == &all.front() ? "" : ", ", deviceName(port),
				    port.cardName.empty() ? "" : fmt::format(" ({})", port.cardName));
	return list;
}

/// The node behind "hw:1,0", "plughw:Loopback,1" or "dsnoop:CARD=Loopback,DEV=1"; null if it is something else.
const Port *portOf(const std::vector<Port> &all, const std::string &pcm)
{
	auto rest = pcm.substr(pcm.find(':') + 1);
	for (const char *key : { "CARD=", "DEV=" })
		if (const auto at = rest.find(key); at != std::string::npos)
			rest.erase(at, std::char_traits<char>::length(key));
	const auto comma = rest.find(',');
	const auto card = rest.substr(0, comma);
	const int device = comma == std::string::npos ? 0 : std::atoi(rest.c_str() + comma + 1);
	const auto found = std::find_if(all.begin(), all.end(), [&](const Port &port) {
		return (port.id == card || std::to_string(port.card) == card) && port.device == device;
	});
	return pcm.find(':') == std::string::npos || found == all.end() ? nullptr : &*found;
}

[[noreturn]] void refuse(const std::string &wanted, const Microphone &microphone, int error)
{
	const auto what = fmt::format("microphone \"{}\"", wanted.empty() ? "default" : wanted);
	const auto all = ports(true);
	if (error == -EBUSY)
		throw Exception(ErrorCode::InitializeFailed,
				busyMessage(what, microphone.node,
					    "end it, or let both share the card with alsa:CARD or a dsnoop device"));
	if (error == -EACCES || error == -EPERM)
		throw Exception(ErrorCode::InitializeFailed,
				permissionMessage(what, microphone.node.empty() ? "/dev/snd" : microphone.node));
	// libasound says "no such file" of a card whose nodes may not be opened, too.
	for (const auto &port : all)
		if (::access(port.node.c_str(), R_OK | W_OK) != 0 && errno == EACCES)
			throw Exception(ErrorCode::InitializeFailed, permissionMessage(what, port.node));
	throw Exception(ErrorCode::DeviceNotFound,
			fmt::format("{} cannot be opened: {}; {}; trtc-cli devices lists them", what,
				    snd_strerror(error), listed(all)));
}

} // namespace

Microphone findMicrophone(const std::string &wanted)
{
	Microphone microphone;
	const auto all = ports(true);
	const auto port = std::find_if(all.begin(), all.end(), [&](const Port &each) {
		return !wanted.empty() && (each.id == wanted || each.cardName == wanted);
	});
	int error = 0;
	if (port == all.end()) {
		microphone.pcm = wanted.empty() ? "default" : wanted;
		if (const auto *named = portOf(all, microphone.pcm))
			microphone.node = named->node;
		if (!openPcm(microphone.pcm, true, error))
			refuse(wanted, microphone, error);
		return microphone;
	}
	microphone.card = true;
	microphone.node = port->node;
	// Two agents share a card through dsnoop; a card it cannot do is taken alone.
	microphone.pcm = fmt::format("plug:'dsnoop:CARD={},DEV={}'", port->id, port->device);
	if (openPcm(microphone.pcm, true, error))
		return microphone;
	if (error != -EBUSY) {
		microphone.pcm = fmt::format("plughw:CARD={},DEV={}", port->id, port->device);
		if (openPcm(microphone.pcm, true, error))
			return microphone;
	}
	refuse(wanted, microphone, error);
}

} // namespace trtc::media

namespace trtc {

std::vector<SoundDevice> getMicrophones() { return media::devices(true); }

std::vector<SoundDevice> getSpeakers() { return media::devices(false); }

} // namespace trtc
