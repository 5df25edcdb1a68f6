// SPDX-License-Identifier: MIT
#pragma once

#include "media/h264_headers.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace trtc::media {

/// An H.264 track, picture by picture, in the order in which the file has them.
struct H264Facts {
	bool whole = false; ///< it was read to its end
	std::size_t pictures = 0;
	std::size_t outOfOrder = 0;		///< pictures shown before one that is decoded earlier, or with B slices
	std::size_t untimed = 0;		///< pictures the container gives no time
	std::size_t cutOff = 0;			///< pictures that an edit list hides
	std::size_t edits = 0;			///< stretches of the time line; more than one: the film is cut together
	std::size_t sequences = 0;		///< different parameter sets, by size and format
	std::optional<h264::Sequence> sequence; ///< the first one
	bool startsWithKeyframe = false;
	/// Between two keyframes, and between the last one and the end of the pictures.
	std::chrono::nanoseconds longestGroup { 0 };
	std::chrono::nanoseconds duration { 0 };
	std::uint64_t bytes = 0;
};

struct FilmVideo {
	std::string codec; ///< "H.264", or GStreamer's words
	bool isH264 = false;
	int width = 0, height = 0;		  ///< pixels as they are stored
	int sarWidth = 1, sarHeight = 1;	  ///< shape of a pixel
	int fpsNumerator = 0, fpsDenominator = 1; ///< 0/1: not known, or it varies
	bool interlaced = false;
	/// As GStreamer's tag "image-orientation" has it: "rotate-0", "rotate-90", "flip-rotate-0" …
	std::string orientation = "rotate-0";
	std::optional<H264Facts> h264; ///< when it was looked through
};

struct FilmAudio {
	std::string codec;
	bool isOpus = false;
	int channels = 0;
};

/// A media file, as far as it matters for sending it.
struct FilmFacts {
	std::string name; ///< of the file, without its folder
	std::optional<FilmVideo> video;
	std::optional<FilmAudio> audio;
};

/// Opens the file; blocks up to 5 s. Throws Exception: DeviceNotFound (not there, not readable), InitializeFailed (empty,
/// nothing to demux, no decoder for a kind that is wanted: it names the package).
FilmFacts findFilmFacts(const std::string &path, bool wantAudio, bool wantVideo);

/// Reads the whole H.264 track, without decoding it; blocks up to @p limit.
H264Facts scanH264(const std::string &path, std::chrono::milliseconds limit);

} // namespace trtc::media
