// SPDX-License-Identifier: MIT
#pragma once

#include "media/sources/film_facts.h"

#include <trtc/config.h>

#include <chrono>
#include <optional>
#include <string>

/// How a film goes out. Pure.
namespace trtc::media {

/// A viewer who comes late waits for the next keyframe of a film that is passed through: a second, and NTSC's second of
/// 1001 ms with rounded times.
inline constexpr std::chrono::milliseconds kLongestGroup { 1010 };

struct PassRequest {
	FilmEncoding encode = FilmEncoding::Auto;
	VideoCodec codec = VideoCodec::H264;
	std::optional<VideoProfile> profile; ///< when one was asked for: the film has to keep within it
};

/// Why the picture has to be encoded, as a clause about the file; "" when it may go out as it is.
std::string pictureReason(const FilmFacts &facts, const PassRequest &request);
/// The same of the sound.
std::string soundReason(const FilmFacts &facts, FilmEncoding encode);

/// What the picture is encoded to.
struct FilmShape {
	VideoProfile profile;			  ///< size, rate and fps (rounded up) for the encoder
	int fpsNumerator = 0, fpsDenominator = 1; ///< 0/1: the pictures keep their own times
	/// Of more than this many pictures a second some are dropped; 0: none. With 0/1 above only.
	int maxFps = 0;
	std::string turn; ///< videoflip's video-direction; "": upright already
	bool deinterlace = false;
};

/// The film is fitted into the profile that was asked for, else into 1920x1080; it keeps its shape and is never enlarged.
/// For an upright film the limits are turned.
FilmShape filmShape(const FilmVideo &video, const std::optional<VideoProfile> &asked);

} // namespace trtc::media
