// SPDX-License-Identifier: MIT
#include "media/devices/v4l2.h"

#include "media/devices/access.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <linux/videodev2.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace trtc::media {

namespace {

/// What a hostile or broken driver may list at most.
constexpr std::uint32_t kMaxEntries = 256;

class Node {
public:
	explicit Node(const std::string &path) : fd_(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {}
	~Node()
	{
		if (fd_ >= 0)
			::close(fd_);
	}
	Node(const Node &) = delete;
	Node &operator=(const Node &) = delete;
	bool open() const noexcept { return fd_ >= 0; }
	template <class T>
	bool ask(unsigned long request, T &argument) const
	{
		int result = 0;
		do
			result = ::ioctl(fd_, request, &argument);
		while (result < 0 && errno == EINTR);
		return result == 0;
	}

private:
	int fd_;
};

template <std::size_t N>
std::string text(const __u8 (&bytes)[N])
{
	std::string result;
	for (const auto byte : bytes) {
		if (byte == 0)
			break;
		result += byte >= 0x20 && byte != 0x7f ? static_cast<char>(byte) : '?';
	}
	return result;
}

std::string fourccText(std::uint32_t code)
{
	std::string result;
	for (int shift = 0; shift < 32; shift += 8) {
		const auto c = static_cast<char>((code >> shift) & 0x7f);
		result += c > 0x20 ? c : ' ';
	}
	result.erase(result.find_last_not_of(' ') + 1);
	return result;
}

/// An interval is the inverse of a rate.
FrameRate rateOf(const v4l2_fract &interval) { return { interval.denominator, std::max(interval.numerator, 1u) }; }

void readRates(const Node &node, std::uint32_t format, int width, int height, CameraSize &size)
{
	for (std::uint32_t i = 0; i < kMaxEntries; ++i) {
		v4l2_frmivalenum entry {};
		entry.index = i;
		entry.pixel_format = format;
		entry.width = static_cast<std::uint32_t>(width);
		entry.height = static_cast<std::uint32_t>(height);
		if (!node.ask(VIDIOC_ENUM_FRAMEINTERVALS, entry))
			break;
		if (entry.type == V4L2_FRMIVAL_TYPE_DISCRETE) {
			size.rates.push_back(rateOf(entry.discrete));
			continue;
		}
		size.rates = { rateOf(entry.stepwise.min), rateOf(entry.stepwise.max) };
		size.rateRange = true;
		break;
	}
	std::sort(size.rates.begin(), size.rates.end(), [](auto a, auto b) { return a.value() > b.value(); });
	size.rates.erase(std::unique(size.rates.begin(), size.rates.end()), size.rates.end());
}

/// A driver that lists no sizes has one: that of its input, as it is set.
void readCurrentSize(const Node &node, std::uint32_t type, std::uint32_t pixelFormat, CameraFormat &format)
{
	v4l2_format current {};
	current.type = type;
	if (!node.ask(VIDIOC_G_FMT, current))
		return;
	const bool planes = type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	if (planes)
		current.fmt.pix_mp.pixelformat = pixelFormat;
	else
		current.fmt.pix.pixelformat = pixelFormat;
	static_cast<void>(node.ask(VIDIOC_TRY_FMT, current));
	CameraSize size;
	size.width = size.minWidth = static_cast<int>(planes ? current.fmt.pix_mp.width : current.fmt.pix.width);
	size.height = size.minHeight = static_cast<int>(planes ? current.fmt.pix_mp.height : current.fmt.pix.height);
	readRates(node, pixelFormat, size.width, size.height, size);
	format.sizes.push_back(std::move(size));
}

void readSizes(const Node &node, std::uint32_t type, std::uint32_t pixelFormat, CameraFormat &format)
{
	for (std::uint32_t i = 0; i < kMaxEntries; ++i) {
		v4l2_frmsizeenum entry {};
		entry.index = i;
		entry.pixel_format = pixelFormat;
		if (!node.ask(VIDIOC_ENUM_FRAMESIZES, entry))
			break;
		CameraSize size;
		if (entry.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
			size.width = size.minWidth = static_cast<int>(entry.discrete.width);
			size.height = size.minHeight = static_cast<int>(entry.discrete.height);
		} else {
			size.width = static_cast<int>(entry.stepwise.max_width);
			size.height = static_cast<int>(entry.stepwise.max_height);
			size.minWidth = static_cast<int>(entry.stepwise.min_width);
			size.minHeight = static_cast<int>(entry.stepwise.min_height);
			size.stepWidth = static_cast<int>(entry.stepwise.step_width);
			size.stepHeight = static_cast<int>(entry.stepwise.step_height);
		}
		readRates(node, pixelFormat, size.width, size.height, size);
		const bool last = size.range();
		format.sizes.push_back(std::move(size));
		if (last)
			break;
	}
	if (format.sizes.empty())
		readCurrentSize(node, type, pixelFormat, format);
	std::stable_sort(format.sizes.begin(), format.sizes.end(),
			 [](const auto &a, const auto &b) { return a.width * a.height > b.width * b.height; });
}

std::uint32_t captureType(std::uint32_t capabilities) noexcept
{
	if (!(capabilities & V4L2_CAP_STREAMING))
		return 0;
	if (capabilities & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return capabilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : 0;
}

std::uint32_t captureType(const Node &node, v4l2_capability &capability)
{
	if (!node.ask(VIDIOC_QUERYCAP, capability))
		return 0;
	return captureType(capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps
									  : capability.capabilities);
}

[[noreturn]] void notFound(std::string message) { throw Exception(ErrorCode::DeviceNotFound, std::move(message)); }

/// /dev/video2 before /dev/video10.
std::vector<std::string> videoNodes()
{
	std::vector<std::pair<int, std::string>> found;
	std::error_code error;
	for (std::filesystem::directory_iterator entry("/dev", error), end; !error && entry != end;
	     entry.increment(error)) {
		const auto name = entry->path().filename().string();
		if (name.size() > 5 && name.starts_with("video") &&
		    std::all_of(name.begin() + 5, name.end(), [](unsigned char c) { return std::isdigit(c); }))
			found.emplace_back(std::atoi(name.c_str() + 5), entry->path().string());
	}
	std::sort(found.begin(), found.end());
	std::vector<std::string> paths;
	for (auto &[number, path] : found)
		paths.push_back(std::move(path));
	return paths;
}

std::string lower(std::string text)
{
	std::transform(text.begin(), text.end(), text.begin(),
		       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
	return text;
}

std::string listed(const std::vector<Camera> &cameras)
{
	if (cameras.empty())
		return "this machine has no camera (no capture device /dev/video*)";
	std::string list = "there is ";
	for (const auto &camera : cameras)
		list += fmt::format("{}{}{}", &camera == &cameras.front() ? "" : ", ", camera.path,
				    camera.name.empty() ? "" : fmt::format(" ({})", camera.name));
	return list;
}

const Camera *match(const std::vector<Camera> &cameras, const std::string &wanted)
{
	const auto name = lower(wanted);
	for (const auto &camera : cameras)
		if (lower(camera.name) == name)
			return &camera;
	const Camera *found = nullptr;
	for (const auto &camera : cameras) {
		if (lower(camera.name).find(name) == std::string::npos)
			continue;
		if (found)
			notFound(fmt::format("more than one camera has the name \"{}\": name its path; {}", wanted,
					     listed(cameras)));
		found = &camera;
	}
	return found;
}

} // namespace

Camera inspectCamera(const std::string &path)
{
	Camera camera;
	camera.path = path;
	const Node node(path);
	if (!node.open()) {
		const int reason = errno;
		if (reason == EACCES || reason == EPERM)
			camera.problem = permissionMessage(path, path);
		else if (reason == EBUSY)
			camera.problem = busyMessage("camera " + path, path, "end it, or name another camera");
		else
			notFound(fmt::format("camera {} cannot be opened: {}", path, std::strerror(reason)));
		return camera;
	}
	v4l2_capability capability {};
	const auto type = captureType(node, capability);
	if (!type)
		notFound(fmt::format("{} is not a camera: it captures no video", path));
	camera.name = text(capability.card);
	camera.driver = text(capability.driver);
	camera.bus = text(capability.bus_info);
	for (std::uint32_t i = 0; i < kMaxEntries; ++i) {
		v4l2_fmtdesc entry {};
		entry.index = i;
		entry.type = type;
		if (!node.ask(VIDIOC_ENUM_FMT, entry))
			break;
		CameraFormat format;
		format.fourcc = fourccText(entry.pixelformat);
		format.description = text(entry.description);
		readSizes(node, type, entry.pixelformat, format);
		camera.formats.push_back(std::move(format));
	}
	if (camera.formats.empty())
		camera.problem = fmt::format("camera {} ({}) names no format", path, camera.name);
	return camera;
}

Camera findCamera(const std::string &wanted)
{
	Camera camera;
	if (wanted.starts_with('/')) {
		try {
			camera = inspectCamera(wanted);
		} catch (const Exception &error) {
			notFound(
				fmt::format("{}; {}; trtc-cli devices lists them", error.what(), listed(getCameras())));
		}
	} else {
		const auto cameras = getCameras();
		if (cameras.empty())
			notFound(wanted.empty() ? "no camera found: " + listed(cameras)
						: fmt::format("no camera \"{}\" found: {}", wanted, listed(cameras)));
		const auto usable =
			std::find_if(cameras.begin(), cameras.end(), [](const Camera &c) { return c.problem.empty(); });
		const auto *found = !wanted.empty()	      ? match(cameras, wanted)
				    : usable != cameras.end() ? &*usable
							      : &cameras.front();
		if (!found)
			notFound(fmt::format("no camera \"{}\" found: {}; trtc-cli devices lists them", wanted,
					     listed(cameras)));
		camera = *found;
	}
	if (!camera.problem.empty())
		throw Exception(ErrorCode::InitializeFailed, camera.problem);
	return camera;
}

Camera findAgain(const Camera &camera)
{
	const auto all = getCameras();
	const auto find = [&](auto fits) {
		return std::find_if(all.begin(), all.end(), [&](const Camera &each) {
			return each.problem.empty() && each.name == camera.name && fits(each);
		});
	};
	auto found = find([&](const Camera &each) { return each.path == camera.path; });
	if (found == all.end())
		found = find([&](const Camera &each) { return each.bus == camera.bus; });
	if (found == all.end())
		found = find([](const Camera &) { return true; });
	if (found != all.end())
		return *found;
	const auto blocked = std::find_if(all.begin(), all.end(), [&](const Camera &each) {
		return !each.problem.empty() && each.path == camera.path;
	});
	if (blocked != all.end())
		throw Exception(ErrorCode::InitializeFailed, blocked->problem);
	notFound(fmt::format("camera {} ({}) is gone: {}", camera.path, camera.name, listed(all)));
}

void checkCameraFree(const Camera &camera)
{
	const Node node(camera.path);
	v4l2_capability capability {};
	const auto type = node.open() ? captureType(node, capability) : 0;
	if (!type)
		notFound(fmt::format("camera {} ({}) is gone", camera.path, camera.name));
	v4l2_requestbuffers request {};
	request.type = type;
	request.memory = V4L2_MEMORY_MMAP;
	request.count = 1;
	const bool taken = node.ask(VIDIOC_REQBUFS, request);
	const int reason = errno;
	if (!taken && reason == EBUSY)
		throw Exception(ErrorCode::InitializeFailed,
				busyMessage(fmt::format("camera {} ({})", camera.path, camera.name), camera.path,
					    "end it, or name another camera"));
	if (!taken && reason == ENODEV)
		notFound(fmt::format("camera {} ({}) is gone", camera.path, camera.name));
	request.count = 0;
	if (taken)
		static_cast<void>(node.ask(VIDIOC_REQBUFS, request));
}

} // namespace trtc::media

namespace trtc {

std::vector<Camera> getCameras()
{
	std::vector<Camera> cameras;
	for (const auto &path : media::videoNodes()) {
		try {
			cameras.push_back(media::inspectCamera(path));
		} catch (const Exception &) {
			// A node for metadata or output, or one that has just gone.
		}
	}
	return cameras;
}

} // namespace trtc
