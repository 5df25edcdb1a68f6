// SPDX-License-Identifier: MIT
#include "media/h264_headers.h"

#include <array>
#include <cstddef>

namespace trtc::media::h264 {

namespace {

/// Bits of a NAL unit, without the emulation prevention bytes. Behind the end there are zeros, and ok() is false.
class Bits {
public:
	explicit Bits(std::span<const std::uint8_t> data) : data_(data) {}

	unsigned bit()
	{
		if (at_ / 8 >= data_.size()) {
			ok_ = false;
			return 0;
		}
		if (at_ % 8 == 0) {
			if (zeros_ >= 2 && data_[at_ / 8] == 3) {
				at_ += 8;
				zeros_ = 0;
				return bit();
			}
			zeros_ = data_[at_ / 8] == 0 ? zeros_ + 1 : 0;
		}
		const unsigned value = data_[at_ / 8] >> (7 - at_ % 8) & 1u;
		++at_;
		return value;
	}
	bool flag() { return bit() != 0; }
	unsigned fixed(unsigned count)
	{
		unsigned value = 0;
		while (count--)
			value = value << 1 | bit();
		return value;
	}
	/// ue(v)
	unsigned golomb()
	{
		unsigned zeros = 0;
		while (ok_ && bit() == 0)
			if (++zeros > 31)
				ok_ = false;
		return ok_ ? (1u << zeros) - 1 + fixed(zeros) : 0;
	}
	/// se(v)
	int signedGolomb()
	{
		const unsigned code = golomb();
		const int half = static_cast<int>(code / 2);
		return code % 2 ? half + 1 : -half;
	}
	bool ok() const noexcept { return ok_; }

private:
	std::span<const std::uint8_t> data_;
	std::size_t at_ = 0;
	unsigned zeros_ = 0;
	bool ok_ = true;
};

bool hasChroma(unsigned profile)
{
	for (const unsigned each : { 100u, 110u, 122u, 244u, 44u, 83u, 86u, 118u, 128u, 138u, 139u, 134u, 135u })
		if (profile == each)
			return true;
	return false;
}

void skipScalingList(Bits &bits, unsigned size)
{
	int last = 8, next = 8;
	for (unsigned i = 0; i < size && bits.ok(); ++i) {
		if (next != 0)
			next = static_cast<int>((std::int64_t { last } + bits.signedGolomb() + 256) % 256);
		last = next == 0 ? last : next;
	}
}

void skipHrd(Bits &bits)
{
	const unsigned count = bits.golomb() + 1;
	bits.fixed(8);
	for (unsigned i = 0; i < count && bits.ok(); ++i) {
		bits.golomb();
		bits.golomb();
		bits.bit();
	}
	bits.fixed(20);
}

/// Annex E.1.1.
void parseUsability(Bits &bits, Sequence &sequence)
{
	static constexpr std::array<std::pair<int, int>, 17> kShapes { { { 1, 1 },
									 { 1, 1 },
									 { 12, 11 },
									 { 10, 11 },
									 { 16, 11 },
									 { 40, 33 },
									 { 24, 11 },
									 { 20, 11 },
									 { 32, 11 },
									 { 80, 33 },
									 { 18, 11 },
									 { 15, 11 },
									 { 64, 33 },
									 { 160, 99 },
									 { 4, 3 },
									 { 3, 2 },
									 { 2, 1 } } };
	if (bits.flag()) {
		const unsigned index = bits.fixed(8);
		if (index == 255) {
			const int width = static_cast<int>(bits.fixed(16)), height = static_cast<int>(bits.fixed(16));
			if (width > 0 && height > 0) {
				sequence.sarWidth = width;
				sequence.sarHeight = height;
			}
		} else if (index < kShapes.size()) {
			sequence.sarWidth = kShapes[index].first;
			sequence.sarHeight = kShapes[index].second;
		}
	}
	if (bits.flag()) // overscan
		bits.bit();
	if (bits.flag()) { // video signal
		bits.fixed(4);
		if (bits.flag())
			bits.fixed(24);
	}
	if (bits.flag()) { // chroma location
		bits.golomb();
		bits.golomb();
	}
	if (bits.flag()) { // timing
		bits.fixed(32);
		bits.fixed(32);
		bits.bit();
	}
	const bool nal = bits.flag();
	if (nal)
		skipHrd(bits);
	const bool vcl = bits.flag();
	if (vcl)
		skipHrd(bits);
	if (nal || vcl)
		bits.bit();
	bits.bit(); // pic_struct_present_flag
	if (!bits.flag())
		return;
	bits.bit();
	for (int i = 0; i < 4; ++i)
		bits.golomb();
	const unsigned reorder = bits.golomb();
	if (bits.ok())
		sequence.reorderFrames = reorder;
}

} // namespace

std::optional<Sequence> parseSequence(std::span<const std::uint8_t> unit)
{
	if (unit.size() < 5 || (unit[0] & 0x1fu) != 7)
		return {};
	Sequence sequence;
	sequence.profile = unit[1];
	sequence.constrained = (unit[2] & 0x40u) != 0;
	Bits bits(unit.subspan(4));
	bits.golomb(); // id
	if (hasChroma(sequence.profile)) {
		sequence.chroma = bits.golomb();
		if (sequence.chroma == 3)
			bits.bit();
		const unsigned luma = 8 + bits.golomb();
		const unsigned colour = 8 + bits.golomb();
		sequence.bitDepth = luma > colour ? luma : colour;
		bits.bit();
		if (bits.flag())
			for (unsigned i = 0; i < (sequence.chroma == 3 ? 12u : 8u); ++i)
				if (bits.flag())
					skipScalingList(bits, i < 6 ? 16 : 64);
	}
	bits.golomb(); // log2_max_frame_num
	sequence.pictureOrder = bits.golomb();
	if (sequence.pictureOrder == 0) {
		bits.golomb();
	} else if (sequence.pictureOrder == 1) {
		bits.bit();
		bits.signedGolomb();
		bits.signedGolomb();
		for (unsigned left = bits.golomb(); left > 0 && bits.ok(); --left)
			bits.signedGolomb();
	}
	bits.golomb(); // reference frames
	bits.bit();
	const unsigned columns = bits.golomb() + 1, rows = bits.golomb() + 1;
	sequence.interlaced = !bits.flag();
	if (sequence.interlaced)
		bits.bit();
	bits.bit();
	unsigned left = 0, right = 0, top = 0, bottom = 0;
	if (bits.flag()) {
		left = bits.golomb();
		right = bits.golomb();
		top = bits.golomb();
		bottom = bits.golomb();
	}
	if (!bits.ok() || columns > 1024 || rows > 1024 || left > 8192 || right > 8192 || top > 8192 || bottom > 8192 ||
	    sequence.chroma > 3 || sequence.pictureOrder > 2)
		return {};
	const unsigned unitX = sequence.chroma == 1 || sequence.chroma == 2 ? 2 : 1;
	const unsigned unitY = (sequence.chroma == 1 ? 2u : 1u) * (sequence.interlaced ? 2u : 1u);
	sequence.width = static_cast<int>(columns * 16) - static_cast<int>(unitX * (left + right));
	sequence.height =
		static_cast<int>(rows * 16 * (sequence.interlaced ? 2 : 1)) - static_cast<int>(unitY * (top + bottom));
	if (sequence.width <= 0 || sequence.height <= 0)
		return {};
	if (bits.flag())
		parseUsability(bits, sequence);
	return sequence;
}

bool isBidirectional(std::span<const std::uint8_t> unit)
{
	if (unit.size() < 2)
		return false;
	Bits bits(unit.subspan(1));
	bits.golomb(); // first macroblock
	return bits.golomb() % 5 == 1 && bits.ok();
}

} // namespace trtc::media::h264
