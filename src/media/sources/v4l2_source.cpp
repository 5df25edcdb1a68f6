// SPDX-License-Identifier: MIT
#include "media/sources/v4l2_source.h"

#include "media/devices/camera_mode.h"
#include "media/devices/v4l2.h"
#include "media/devices/watch.h"
#include "media/live_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace trtc::media {

namespace {

class CameraDevice final : public LiveDevice {
public:
	CameraDevice(std::string wanted, const VideoProfile &profile) : wanted_(std::move(wanted)), profile_(profile) {}

	std::string open() override
	{
		// "The first camera" is that one for good, under whatever number it comes back.
		const auto camera = findCamera(wanted_.empty() ? camera_.name : wanted_);
		const auto mode = chooseMode(camera.formats, profile_);
		camera_ = camera;
		if (!mode)
			throw Exception(ErrorCode::InitializeFailed,
					fmt::format("{} gives no format that can be decoded: trtc-cli devices lists "
						    "what it gives",
						    name()));
		checkCameraFree(camera);
		if (!mode->warning.empty() && !std::exchange(warned, true))
			spdlog::warn("{}: {}; the picture is fitted in", name(), mode->warning);
		spdlog::info("{}: {}", name(), describe(*mode));
		auto chain = fmt::format("v4l2src device={} ! {}", camera.path, capsOf(*mode));
		if (capsOfFourcc(mode->fourcc) == "image/jpeg")
			chain += " ! jpegdec";
		// Does nothing to a picture that is whole. One field of two: the rate stays.
		return chain + " ! deinterlace fields=top";
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
};

} // namespace

SourcePlan prepareV4l2(const SourceRequest &request)
{
	return prepareLive(request, std::make_shared<CameraDevice>(request.spec.argument, request.config.videoProfile));
}

} // namespace trtc::media
