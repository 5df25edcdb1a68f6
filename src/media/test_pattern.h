// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

/// The test source's picture and sound, made to be measured on the far side of a codec.
///
/// The picture is a grid of 20 columns and 15 rows of blocks. Rows 1…7 of columns 1…18 are the code: one row of marks,
/// then 6 rows of 16 bits between a white mark (column 1) and a black one (column 18): frame number (32 bit),
/// wall clock (48 bit), CRC-16 (16 bit), most significant bit first, white = 1. Rows 9…14 hold a moving
/// background, white in a flash. Nothing depends on pixels, so a scaled picture reads as well.
///
/// All functions are reentrant: no state, no allocation that outlives the call.
namespace trtc::media {

/// A writable 8 bit 4:2:0 picture, borrowed. Chroma planes are (width + 1) / 2 by (height + 1) / 2.
struct I420View {
	std::uint8_t *y = nullptr, *u = nullptr, *v = nullptr;
	int yStride = 0, uStride = 0, vStride = 0; ///< bytes, at least the plane's width
	int width = 0, height = 0;		   ///< pixels; 160x120 to 1920x1080 is what is tested
};

/// The luma plane of any planar YUV picture, borrowed: all that reading needs.
struct LumaView {
	const std::uint8_t *y = nullptr;
	int stride = 0, width = 0, height = 0;

	LumaView() = default;
	LumaView(const std::uint8_t *data, int stride_, int width_, int height_)
		: y(data), stride(stride_), width(width_), height(height_)
	{
	}
	LumaView(const I420View &view) : y(view.y), stride(view.yStride), width(view.width), height(view.height) {}
};

struct FrameCode {
	std::uint32_t frameNumber = 0;
	std::uint64_t wallClockMs = 0; ///< since 1970-01-01 UTC; the low 48 bits travel (until the year 10889)

	bool operator==(const FrameCode &) const = default;
};

/// Draws every pixel of @p view (video range, black 16, white 235). Pictures under 40x30 stay black.
void drawFrame(const I420View &view, const FrameCode &code, bool flash);

/// The code of a picture that drawFrame() made and codecs, scalers or noise went over. Empty when there is none or it
/// is damaged: marks and CRC must fit.
std::optional<FrameCode> readFrame(const LumaView &view);

/// True if the background of a picture with our marks is white. False for pictures without the marks.
bool isFlash(const LumaView &view);

/// True for the frame whose time, frameNumber * fpsDen / fpsNum seconds, is the first at or after a whole second.
/// Frame 0 is one. Both rates must be positive.
bool isFlashFrame(std::uint64_t frameNumber, std::uint32_t fpsNum, std::uint32_t fpsDen);

inline constexpr double kToneHz = 220;	   ///< always there, so that level is never zero
inline constexpr double kToneLevel = 0.01; ///< peak, -40 dBFS
inline constexpr double kBeepHz = 1000;	   ///< from every whole second on
inline constexpr double kBeepLevel = 0.5;  ///< peak, -6 dBFS
inline constexpr unsigned kBeepMs = 100;   ///< with the fade
inline constexpr unsigned kBeepFadeMs = 2; ///< at the end only: the onset is to be sharp

/// Fills @p frames interleaved frames of @p channels (1 and up) equal samples. @p startSample is the index of the first
/// one on the sample clock; a beep starts at every index that is a multiple of @p sampleRate (8000 Hz and up).
void fillAudio(std::int16_t *samples, std::size_t frames, unsigned channels, unsigned sampleRate,
	       std::uint64_t startSample);

} // namespace trtc::media
