// SPDX-License-Identifier: MIT
#pragma once

#include "media/test_pattern.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What `measure` finds out about decoded pictures and sound. Times are milliseconds on the file's time line.
namespace trtc::measure {

/// Each picture is kept as its code and compared with the one half a second before. Thread-bound.
class VideoFigures {
public:
	void add(const media::LumaView &picture, double timeMs);

	struct Frame {
		double timeMs;
		bool flash;
		std::optional<media::FrameCode> code;
		double luma; ///< mean of the picture, 0…255
	};
	const std::vector<Frame> &frames() const noexcept { return frames_; }
	/// In the order they came, without repetition of the same one.
	const std::vector<std::pair<int, int>> &sizes() const noexcept { return sizes_; }
	/// Beginning of each flash.
	std::vector<double> flashes() const;
	/// Mean absolute luma difference (0…255) of pictures half a second apart, over the whole track.
	double meanDifference() const noexcept
	{
		return compared_ == 0 ? 0 : differences_ / static_cast<double>(compared_);
	}
	/// Share (0…1) of such pairs that differ.
	double movingShare() const noexcept
	{
		return compared_ == 0 ? 0 : static_cast<double>(moving_) / static_cast<double>(compared_);
	}
	/// From the first to the last frame of each row of dark ones (black is 16).
	std::vector<std::pair<double, double>> darkSpans() const;
	/// Most pairs differ.
	bool moves() const noexcept { return movingShare() > 0.5; }

private:
	static constexpr int kThumbColumns = 80, kThumbRows = 60;
	struct Thumb {
		double timeMs;
		std::array<std::uint8_t, std::size_t { kThumbColumns } * kThumbRows> luma;
	};
	static Thumb thumb(const media::LumaView &picture, double timeMs);
	void compare(const Thumb &now);

	std::vector<Frame> frames_;
	std::vector<std::pair<int, int>> sizes_;
	std::vector<Thumb> recent_; // of the last half second, and one older
	double differences_ = 0;
	std::size_t compared_ = 0, moving_ = 0;
};

/// Sound is kept as peak and energy of each millisecond. Thread-bound.
class AudioFigures {
public:
	/// @p toneHz: what toneShare() looks for; 0: nothing.
	explicit AudioFigures(double toneHz = 0) : toneHz_(toneHz) {}
	/// @p samples: interleaved, @p frames of them. @p timeMs negative: follows the one before.
	void add(const std::int16_t *samples, std::size_t frames, unsigned channels, unsigned rate, double timeMs);

	unsigned rate() const noexcept { return rate_; }
	unsigned channels() const noexcept { return channels_; }
	double firstMs() const noexcept { return firstMs_; }
	double endMs() const noexcept { return endMs_; }
	double seconds() const noexcept { return seconds_; }
	double maxGapMs() const noexcept { return maxGapMs_; }
	/// Seconds in windows of 100 ms whose RMS is over -50 dBFS.
	double nonSilentSeconds() const;
	/// Where the level jumps after 200 ms of much less.
	std::vector<double> beeps() const;
	/// 0…1 of full scale.
	double peak() const;
	double toneHz() const noexcept { return toneHz_; }
	/// Share (0…1) of the power that lies within some 10 Hz of the tone, in those windows of 100 ms that are not silent.
	double toneShare() const noexcept { return power_ > 0 ? tonePower_ / power_ : 0; }

private:
	void addToTone(double sample);

	struct Piece {
		double timeMs;
		float peak, power; // 0…1 of full scale, mean square
	};
	std::vector<Piece> pieces_;
	unsigned rate_ = 0, channels_ = 0;
	double firstMs_ = -1, endMs_ = 0, seconds_ = 0, maxGapMs_ = 0;
	double toneHz_, tonePower_ = 0, power_ = 0; // mean squares, added up over windows
	struct {
		std::size_t samples = 0;
		double before = 0, beforeThat = 0, power = 0;
	} window_;
};

struct Pair {
	double flashMs, offsetMs; // positive: the beep is late
};
/// Each flash with the nearest beep within 450 ms of it.
std::vector<Pair> pairUp(const std::vector<double> &flashes, const std::vector<double> &beeps);

/// Empty input: 0.
double median(std::vector<double> values);

/// A track of the file; one of the two figures is set.
struct ReportTrack {
	std::string kind, codec;
	const VideoFigures *video;
	const AudioFigures *audio;
};
/// One JSON object. "video" and "audio" are the figures of the first track of the kind, or null.
/// @p expectFps 0: not asked for.
std::string report(const std::string &path, const std::vector<ReportTrack> &tracks, double expectFps, bool pretty);

} // namespace trtc::measure
