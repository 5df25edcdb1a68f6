// SPDX-License-Identifier: MIT
#include "media/devices/camera_mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace trtc::media {

namespace {

struct KnownFormat {
	std::string_view fourcc, caps;
};
// V4L2's names (videodev2.h) and GStreamer's, those both v4l2src and videoconvert of 1.22 know.
constexpr KnownFormat kFormats[] = {
	{ "YUYV", "video/x-raw,format=YUY2" },
	{ "UYVY", "video/x-raw,format=UYVY" },
	{ "YVYU", "video/x-raw,format=YVYU" },
	{ "YU12", "video/x-raw,format=I420" },
	{ "YM12", "video/x-raw,format=I420" },
	{ "YV12", "video/x-raw,format=YV12" },
	{ "NV12", "video/x-raw,format=NV12" },
	{ "NM12", "video/x-raw,format=NV12" },
	{ "NV21", "video/x-raw,format=NV21" },
	{ "NV16", "video/x-raw,format=NV16" },
	{ "NV61", "video/x-raw,format=NV61" },
	{ "NV24", "video/x-raw,format=NV24" },
	{ "422P", "video/x-raw,format=Y42B" },
	{ "411P", "video/x-raw,format=Y41B" },
	{ "RGB3", "video/x-raw,format=RGB" },
	{ "BGR3", "video/x-raw,format=BGR" },
	{ "XR24", "video/x-raw,format=BGRx" },
	{ "BX24", "video/x-raw,format=xRGB" },
	{ "GREY", "video/x-raw,format=GRAY8" },
	{ "MJPG", "image/jpeg" },
	{ "JPEG", "image/jpeg" },
};

bool compressed(std::string_view fourcc) noexcept { return capsOfFourcc(fourcc) == "image/jpeg"; }

/// A rate that is nominally the same: 29.97 serves for 30.
bool suffices(double rate, double wanted) noexcept { return rate >= wanted * 0.99; }

int nearestStep(int wanted, int low, int high, int step) noexcept
{
	if (wanted <= low || low == high)
		return low;
	if (wanted >= high)
		return high;
	step = std::max(step, 1);
	// Up, so that the size is reached.
	const int steps = (wanted - low + step - 1) / step;
	return std::min(low + steps * step, low + (high - low) / step * step);
}

/// The slowest that suffices, else the fastest.
FrameRate pickRate(const CameraSize &size, int fps) noexcept
{
	if (size.rates.empty())
		return {};
	const auto fastest = *std::max_element(size.rates.begin(), size.rates.end(),
					       [](auto a, auto b) { return a.value() < b.value(); });
	const auto slowest = *std::min_element(size.rates.begin(), size.rates.end(),
					       [](auto a, auto b) { return a.value() < b.value(); });
	if (size.rateRange)
		return fastest.value() < fps   ? fastest
		       : slowest.value() > fps ? slowest
					       : FrameRate { static_cast<std::uint32_t>(fps), 1 };
	auto best = fastest;
	for (const auto &rate : size.rates)
		if (suffices(rate.value(), fps) && rate.value() < best.value())
			best = rate;
	return best;
}

struct Candidate {
	CameraMode mode;
	bool jpeg = false, reaches = false, exact = false, sameShape = false;
	double nearness = 0; ///< 0..1
	long area = 0;

	/// Smaller is better.
	auto rank() const noexcept
	{
		return std::tuple(!reaches, reaches ? 0.0 : -nearness, jpeg, !exact, !sameShape, area,
				  mode.rate.value());
	}
};

Candidate judge(CameraMode mode, const VideoProfile &profile)
{
	Candidate result;
	result.jpeg = compressed(mode.fourcc);
	// A driver that names no rate gives what it gives; take it at its word.
	const double rate = mode.rate.num == 0 ? profile.fps : mode.rate.value();
	const double part = std::min({ 1.0, static_cast<double>(mode.width) / profile.width,
				       static_cast<double>(mode.height) / profile.height });
	const bool fast = suffices(rate, profile.fps);
	result.reaches = part >= 1 && fast;
	result.nearness = part * (fast ? 1 : rate / profile.fps);
	result.exact = mode.width == profile.width && mode.height == profile.height;
	result.sameShape = long { mode.width } * profile.height == long { mode.height } * profile.width;
	result.area = long { mode.width } * mode.height;
	result.mode = std::move(mode);
	return result;
}

} // namespace

std::string_view capsOfFourcc(std::string_view fourcc) noexcept
{
	const auto *found = std::find_if(std::begin(kFormats), std::end(kFormats),
					 [&](const KnownFormat &format) { return format.fourcc == fourcc; });
	return found == std::end(kFormats) ? std::string_view() : found->caps;
}

std::optional<CameraMode> chooseMode(std::span<const CameraFormat> formats, const VideoProfile &profile)
{
	std::vector<Candidate> candidates;
	for (const auto &format : formats) {
		if (capsOfFourcc(format.fourcc).empty())
			continue;
		for (const auto &size : format.sizes) {
			CameraMode mode;
			mode.fourcc = format.fourcc;
			mode.width = nearestStep(profile.width, size.minWidth, size.width, size.stepWidth);
			mode.height = nearestStep(profile.height, size.minHeight, size.height, size.stepHeight);
			if (mode.width <= 0 || mode.height <= 0)
				continue;
			mode.rate = pickRate(size, profile.fps);
			candidates.push_back(judge(std::move(mode), profile));
		}
	}
	if (candidates.empty())
		return {};
	auto best = *std::min_element(candidates.begin(), candidates.end(),
				      [](const auto &a, const auto &b) { return a.rank() < b.rank(); });
	if (!best.reaches)
		best.mode.warning =
			fmt::format("the camera does not support {}x{} at {} frames a second; the nearest mode is {}",
				    profile.width, profile.height, profile.fps, describe(best.mode));
	return best.mode;
}

std::string capsOf(const CameraMode &mode)
{
	auto caps = fmt::format("{},width={},height={}", capsOfFourcc(mode.fourcc), mode.width, mode.height);
	if (mode.rate.num)
		caps += fmt::format(",framerate={}/{}", mode.rate.num, mode.rate.den);
	return caps;
}

std::string describe(const CameraMode &mode)
{
	const auto rate = mode.rate.num ? fmt::format(" at {:.4g} fps", mode.rate.value()) : std::string();
	return fmt::format("{}x{}{}, {}", mode.width, mode.height, rate, mode.fourcc);
}

} // namespace trtc::media
