// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::media {

/// Writes a Matroska file (RFC 9559) that is playable at any moment: every frame goes to the file at once, the
/// length in the header follows, and a track may join after the header is written, in space kept free for it. That
/// last point is why it is ours: no packaged muxer can do it, and GstCollectPads also stops the whole file
/// while one track is silent. Thread-bound.
class MatroskaWriter {
public:
	/// Makes the file; it must not exist. Throws Exception(OutputFailed).
	explicit MatroskaWriter(std::string path);
	/// finish(), errors ignored.
	~MatroskaWriter();
	MatroskaWriter(const MatroskaWriter &) = delete;
	MatroskaWriter &operator=(const MatroskaWriter &) = delete;

	/// Appends one frame; its kind's track is added when it is the first. @p time: since the start of the file; below
	/// zero is written as zero. Video before the first keyframe is refused (false). Throws Exception(OutputFailed),
	/// also when the file has been removed (looked at with every cluster). Throws Exception(MediaFailed) when the parameter
	/// sets of a new video track do not fit into the header; nothing has been written then.
	bool write(const EncodedFrame &frame, std::chrono::nanoseconds time);
	/// Index, final sizes, close. Idempotent. Throws Exception(OutputFailed).
	void finish();

	const std::string &path() const noexcept { return path_; }
	std::uint64_t bytes() const noexcept { return size_; }
	std::uint64_t videoFrames() const noexcept { return videoFrames_; }
	std::uint64_t audioPackets() const noexcept { return audioPackets_; }
	/// End of the latest frame.
	std::chrono::milliseconds duration() const noexcept;

private:
	struct Track {
		unsigned number;
		MediaKind kind;
		std::string entry; // the TrackEntry element
	};
	struct Cue {
		std::uint64_t timeMs;
		unsigned track;
		std::uint64_t clusterOffset; // from the start of the segment's data
	};

	void append(std::string_view bytes);
	void patch(std::uint64_t at, std::string_view bytes);
	void writeHeader();
	void writeTracks();
	void writeSeekHead();
	void patchDuration();
	const Track *track(const EncodedFrame &frame);
	std::string configurationOf(const EncodedFrame &frame) const;
	void openCluster(std::uint64_t timeMs);
	void closeCluster();
	[[noreturn]] void fail(const char *what);

	std::string path_;
	int descriptor_ = -1;
	std::uint64_t size_ = 0;
	std::uint64_t segmentSizeAt_ = 0, segmentStart_ = 0, seekHeadAt_ = 0, infoAt_ = 0, durationAt_ = 0,
		      tracksAt_ = 0, cuesAt_ = 0;
	std::vector<Track> tracks_;
	std::vector<Cue> cues_;
	std::optional<std::uint64_t> clusterSizeAt_;
	std::uint64_t clusterMs_ = 0, clusterOffset_ = 0, endMs_ = 0;
	std::uint64_t videoFrames_ = 0, audioPackets_ = 0;
};

} // namespace trtc::media
