// SPDX-License-Identifier: MIT
#include "media/sources/film_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace trtc::media {

namespace {

/// Without a profile: the size of the largest picture, and the rate above which pictures are dropped.
constexpr int kLongSide = 1920, kShortSide = 1080, kMaxFps = 40;

std::string profileName(unsigned profile)
{
	switch (profile) {
	case 88:
		return "Extended";
	case 110:
		return "High 10";
	case 122:
		return "High 4:2:2";
	case 244:
		return "High 4:4:4";
	case 44:
		return "CAVLC 4:4:4";
	default:
		return fmt::format("number {}", profile);
	}
}

const char *chromaName(unsigned chroma)
{
	constexpr const char *kNames[] = { "4:0:0", "4:2:0", "4:2:2", "4:4:4" };
	return kNames[std::min(chroma, 3u)];
}

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

bool fitsInto(int width, int height, int boxWidth, int boxHeight)
{
	return std::max(width, height) <= std::max(boxWidth, boxHeight) &&
	       std::min(width, height) <= std::min(boxWidth, boxHeight);
}

/// Of the stream itself: what a receiver could not decode.
std::string formatReason(const h264::Sequence &sequence)
{
	if (sequence.bitDepth != 8)
		return fmt::format("has {} bits a sample", sequence.bitDepth);
	if (sequence.chroma != 1)
		return fmt::format("has {} colours", chromaName(sequence.chroma));
	if (const auto profile = sequence.profile; profile != 66 && profile != 77 && profile != 100)
		return fmt::format("has the H.264 profile {}", profileName(profile));
	if (sequence.interlaced)
		return "is interlaced";
	return {};
}

/// Of the times of its pictures.
std::string orderReason(const H264Facts &facts)
{
	if (facts.outOfOrder > 0)
		return fmt::format("has B-frames ({} of {} pictures are out of order)", facts.outOfOrder,
				   facts.pictures);
	// Receivers would hold every picture back for others that never come.
	if (facts.sequence && facts.sequence->reorderFrames.value_or(0) > 0)
		return fmt::format("announces B-frames (max_num_reorder_frames is {})", *facts.sequence->reorderFrames);
	if (!facts.whole)
		return "takes too long to look through";
	if (facts.pictures == 0)
		return "has no picture that can be read";
	if (facts.untimed > 0)
		return fmt::format("has pictures without a time ({} of {})", facts.untimed, facts.pictures);
	if (facts.cutOff > 0 || facts.edits > 1)
		return fmt::format("is cut by its edit list ({} of {} pictures are hidden)", facts.cutOff,
				   facts.pictures);
	if (!facts.startsWithKeyframe)
		return "does not begin with a keyframe";
	if (facts.longestGroup > kLongestGroup)
		return fmt::format("has keyframes up to {:.1f} s apart, and a viewer may wait for one",
				   seconds(facts.longestGroup));
	return {};
}

std::string profileReason(const FilmVideo &video, const H264Facts &facts, const VideoProfile &profile)
{
	if (!fitsInto(video.width, video.height, profile.width, profile.height))
		return fmt::format("has {}x{} pixels, and the video profile {}x{}", video.width, video.height,
				   profile.width, profile.height);
	const double length = seconds(facts.duration);
	if (length <= 0)
		return {};
	// One picture of tolerance: a rate is counted between the first and the last one.
	const double fps = static_cast<double>(facts.pictures) / length;
	if (static_cast<double>(facts.pictures) > profile.fps * length + 1)
		return fmt::format("has {:.4g} pictures a second, and the video profile {}", fps, profile.fps);
	const double kbps = static_cast<double>(facts.bytes) * 8 / 1000 / length;
	if (kbps > profile.kbps)
		return fmt::format("has {:.0f} kbit/s, and the video profile {}", kbps, profile.kbps);
	return {};
}

bool isTurned(const FilmVideo &video)
{
	return video.orientation.ends_with("rotate-90") || video.orientation.ends_with("rotate-270");
}

/// The names of GStreamer's tag are not those of videoflip.
std::string turnFor(const std::string &orientation)
{
	static constexpr std::pair<const char *, const char *> kTurns[] = {
		{ "rotate-90", "90r" },		{ "rotate-180", "180" },       { "rotate-270", "90l" },
		{ "flip-rotate-0", "horiz" },	{ "flip-rotate-90", "ul-lr" }, { "flip-rotate-180", "vert" },
		{ "flip-rotate-270", "ur-ll" },
	};
	for (const auto &[tag, direction] : kTurns)
		if (orientation == tag)
			return direction;
	return {};
}

int even(double value) { return std::max(16, static_cast<int>(std::lround(value / 2)) * 2); }

/// By the SDK's table of profiles the rate grows with the pixels a second to the power of 3/4: 640x480@15 has 500 kbit/s.
int rateFor(int width, int height, double fps)
{
	const double ratio = width * static_cast<double>(height) * fps / (640.0 * 480 * 15);
	return std::clamp(static_cast<int>(500 * std::pow(ratio, 0.75)), 100, 8000);
}

} // namespace

std::string pictureReason(const FilmFacts &facts, const PassRequest &request)
{
	const auto &video = *facts.video;
	const auto said = [&](const std::string &clause) {
		return clause.empty() ? clause : fmt::format("{} {}", facts.name, clause);
	};
	if (request.encode == FilmEncoding::Always)
		return "--encode always";
	if (!video.isH264 || request.codec != VideoCodec::H264)
		return said(fmt::format("holds {}, and {} is sent", video.codec,
					request.codec == VideoCodec::H264 ? "H.264" : "VP8"));
	if (!turnFor(video.orientation).empty())
		return said(fmt::format("has to be turned (its orientation is {})", video.orientation));
	if (!video.h264)
		return said("was not looked through");
	const auto &stream = *video.h264;
	if (const auto &sequence = stream.sequence) {
		if (auto reason = formatReason(*sequence); !reason.empty())
			return said(reason);
		if (sequence->sarWidth != sequence->sarHeight)
			return said(fmt::format("has pixels that are not square ({}:{})", sequence->sarWidth,
						sequence->sarHeight));
	}
	if (video.sarWidth != video.sarHeight)
		return said(fmt::format("has pixels that are not square ({}:{})", video.sarWidth, video.sarHeight));
	if (stream.sequences > 1)
		return said("changes its format on the way");
	if (auto reason = orderReason(stream); !reason.empty())
		return said(reason);
	if (request.profile)
		return said(profileReason(video, stream, *request.profile));
	return {};
}

std::string soundReason(const FilmFacts &facts, FilmEncoding encode)
{
	const auto &audio = *facts.audio;
	if (encode == FilmEncoding::Always)
		return "--encode always";
	if (!audio.isOpus)
		return fmt::format("{} holds {}, and Opus is sent", facts.name, audio.codec);
	if (audio.channels > 2)
		return fmt::format("{} has {} channels", facts.name, audio.channels);
	return {};
}

FilmShape filmShape(const FilmVideo &video, const std::optional<VideoProfile> &asked)
{
	FilmShape shape;
	shape.turn = turnFor(video.orientation);
	shape.deinterlace = video.interlaced;

	// As it is seen: square pixels, upright.
	double width = std::max(video.width, 1), height = std::max(video.height, 1);
	if (video.sarWidth > video.sarHeight)
		width *= static_cast<double>(video.sarWidth) / video.sarHeight;
	else
		height *= static_cast<double>(video.sarHeight) / video.sarWidth;
	if (isTurned(video))
		std::swap(width, height);
	double boxWidth = asked ? asked->width : kLongSide, boxHeight = asked ? asked->height : kShortSide;
	if ((width < height) != (boxWidth < boxHeight) && width != height)
		std::swap(boxWidth, boxHeight);
	const double scale = std::min({ 1.0, boxWidth / width, boxHeight / height });
	// Rounding must not lead out of the limits.
	shape.profile.width = std::min(even(width * scale), static_cast<int>(boxWidth) & ~1);
	shape.profile.height = std::min(even(height * scale), static_cast<int>(boxHeight) & ~1);

	const int limit = asked ? asked->fps : kMaxFps;
	const bool known = video.fpsNumerator > 0 && video.fpsDenominator > 0;
	const double fps = known ? static_cast<double>(video.fpsNumerator) / video.fpsDenominator : limit;
	double sent = std::min<double>(fps, limit);
	if (!known) {
		shape.maxFps = limit;
		sent = std::min(limit, 30);
	} else if (fps > limit && asked) {
		shape.fpsNumerator = limit;
	} else if (fps > limit) {
		// Every second or third one, so that motion stays even.
		const int part = static_cast<int>(std::ceil(fps / limit));
		const int divisor = std::gcd(video.fpsNumerator, video.fpsDenominator * part);
		shape.fpsNumerator = video.fpsNumerator / divisor;
		shape.fpsDenominator = video.fpsDenominator * part / divisor;
		sent = fps / part;
	}
	shape.profile.fps = std::clamp(static_cast<int>(std::ceil(sent)), 1, 60);
	shape.profile.kbps = asked ? asked->kbps : rateFor(shape.profile.width, shape.profile.height, sent);
	return shape;
}

} // namespace trtc::media
