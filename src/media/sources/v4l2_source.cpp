// SPDX-License-Identifier: MIT
#include "media/sources/v4l2_source.h"

#include "media/devices/access.h"
#include "media/devices/camera_mode.h"
#include "media/devices/v4l2.h"
#include "media/devices/watch.h"
#include "media/live_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <utility>

namespace trtc::media {

namespace {

class CameraDevice final : public LiveDevice {
public:
	CameraDevice(std::string wanted, const VideoProfile &profile) : wanted_(std::move(wanted)), profile_(profile) {}

	std::string open() override
	{
		// It is that one for good, under whatever number it comes back: as long as somebody has the old node
		// open, the kernel gives a new one.
		const auto camera = camera_.path.empty() ? findCamera(wanted_) : findAgain(camera_);
		const auto mode = chooseMode(camera.formats, profile_);
		camera_ = camera;
		if (!mode)
			throw Exception(
				ErrorCode::InitializeFailed,
				fmt::format("{} has no format that can be decoded: trtc-cli devices lists its formats",
					    name()));
		checkCameraFree(camera);
		struct stat status {};
		device_ = ::stat(camera.path.c_str(), &status) == 0 ? status.st_rdev : 0;
		if (!mode->warning.empty() && !std::exchange(warned, true))
			spdlog::warn("{}: {}; the picture is fitted in", name(), mode->warning);
		spdlog::info("{}: {}", name(), describe(*mode));
		auto chain = fmt::format("v4l2src device={} ! {}", camera.path, capsOf(*mode));
		if (capsOfFourcc(mode->fourcc) == "image/jpeg")
			chain += " ! jpegdec";
		// Does nothing to a picture that is whole. One field of two: the rate stays.
		return chain + " ! deinterlace fields=top";
	}

	void released() noexcept override
	{
		// v4l2src of GStreamer 1.22 never frees its buffer pool, which has a descriptor of its own: the camera
		// would be in use for good, and have another number when it is plugged in again.
		if (device_)
			letGoOf(std::exchange(device_, 0));
	}

	std::string name() const override
	{
		return camera_.path.empty() ? fmt::format("camera {}", wanted_.empty() ? "(the first)" : wanted_)
					    : fmt::format("camera {} ({})", camera_.path, camera_.name);
	}

	SourceHandle watch(MainLoop &loop, std::function<void()> changed) override
	{
		return watchFolders(loop, { "/dev" }, std::move(changed));
	}

private:
	std::string wanted_;
	VideoProfile profile_;
	Camera camera_;
	dev_t device_ = 0; // number of the node that was opened
};

} // namespace

SourcePlan prepareV4l2(const SourceRequest &request)
{
	return prepareLive(request, std::make_shared<CameraDevice>(request.spec.argument, request.config.videoProfile));
}

SourceText describeV4l2(const SourceRequest &request)
{
	return describeLive(request, request.spec.argument.empty()
					     ? std::string("v4l2src")
					     : fmt::format("v4l2src device=\"{}\"", request.spec.argument));
}

} // namespace trtc::media
