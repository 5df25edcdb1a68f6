// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <grp.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace trtc::doctor {

namespace {

std::string groupOf(const std::string &path)
{
	struct stat info {};
	if (::stat(path.c_str(), &info) != 0)
		return {};
	const auto *entry = ::getgrgid(info.st_gid);
	return entry ? entry->gr_name : std::to_string(info.st_gid);
}

std::vector<std::string> paths(const char *folder, std::string_view prefix, std::string_view suffix = {})
{
	std::vector<std::string> found;
	std::error_code error;
	for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
		const auto name = entry.path().filename().string();
		if (name.starts_with(prefix) && name.ends_with(suffix))
			found.push_back(entry.path().string());
	}
	std::sort(found.begin(), found.end());
	return found;
}

/// Opening it is the test: the mode bits know nothing of lists, capabilities and containers.
int open(const std::string &path) { return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC); }

DeviceFact camera(const std::string &path, bool &captures)
{
	DeviceFact fact { DeviceFact::Kind::Camera, path, {}, groupOf(path), 0 };
	const int fd = open(path);
	captures = true;
	if (fd < 0) {
		fact.error = errno;
		return fact;
	}
	v4l2_capability capability {};
	if (::ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0) {
		fact.name = reinterpret_cast<const char *>(capability.card);
		const auto can = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) ? capability.device_caps
										  : capability.capabilities;
		// A camera has a second node for its metadata.
		captures = can & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE);
	}
	::close(fd);
	return fact;
}

std::string cardName(const std::string &path)
{
	std::ifstream file("/proc/asound/card" + path.substr(path.find_last_not_of("0123456789") + 1) + "/id");
	std::string name;
	std::getline(file, name);
	return name;
}

std::string describe(const DeviceFact &fact)
{
	return fact.name.empty() ? fact.path : fmt::format("{} ({})", fact.path, fact.name);
}

void judgeKind(const Facts &facts, DeviceFact::Kind kind, const char *name, const char *none, Findings &findings)
{
	std::string usable;
	bool any = false;
	for (const auto &fact : facts.devices) {
		if (fact.kind != kind)
			continue;
		any = true;
		if (fact.error == 0)
			usable += (usable.empty() ? "" : ", ") + describe(fact);
		else if (fact.error == EACCES || fact.error == EPERM)
			findings.warn(
				fmt::format("{} {}", name, fact.path),
				fmt::format(
					"user {} has no permission: add the user to the group {}, then log in again",
					facts.user, fact.group),
				findings.asRoot(fmt::format("usermod -aG {} {}", fact.group, facts.user)));
		else if (fact.error == EBUSY)
			findings.warn(fmt::format("{} {}", name, fact.path),
				      "in use by another program; this command shows which one",
				      findings.asRoot(fmt::format("fuser -v {}", fact.path)));
		else
			findings.warn(
				fmt::format("{} {}", name, fact.path),
				fmt::format("cannot be opened: {}; check the kernel log", std::strerror(fact.error)),
				findings.asRoot("dmesg | tail"));
	}
	if (!usable.empty())
		findings.ok(name, usable);
	else if (!any)
		findings.ok(name, none);
}

} // namespace

void lookAtDevices(MainLoop &, const Settings &settings, Facts &facts)
{
	for (const auto &path : paths("/dev", "video")) {
		bool captures = false;
		auto fact = camera(path, captures);
		if (captures)
			facts.devices.push_back(std::move(fact));
	}
	// The control node: it can be opened while a stream is in use, and has the same owner and group as the others.
	for (const auto &path : paths("/dev/snd", "controlC")) {
		DeviceFact fact { DeviceFact::Kind::Sound, path, cardName(path), groupOf(path), 0 };
		const int fd = open(path);
		if (fd < 0)
			fact.error = errno;
		else
			::close(fd);
		facts.devices.push_back(std::move(fact));
	}
	for (const char *name : { "WAYLAND_DISPLAY", "DISPLAY" })
		if (const char *value = settings.variable ? settings.variable(name) : nullptr; value && *value)
			facts.display = fmt::format("{}={}", name, value);
}

void judgeDevices(const Settings &, const Facts &facts, Findings &findings)
{
	judgeKind(facts, DeviceFact::Kind::Camera, "camera", "none on this machine; --video test and file: need none",
		  findings);
	judgeKind(facts, DeviceFact::Kind::Sound, "sound card",
		  "none on this machine; --audio test and file: need none", findings);
	findings.ok("display",
		    facts.display.empty() ? "none; only --play window and --video screen need one" : facts.display);
}

} // namespace trtc::doctor
