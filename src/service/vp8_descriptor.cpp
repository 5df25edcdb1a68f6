// SPDX-License-Identifier: MIT
#include "service/vp8_descriptor.h"

namespace trtc::service {

Vp8Descriptor Vp8Descriptor::parse(const std::uint8_t *p, std::size_t size) noexcept
{
	constexpr unsigned kExtended = 0x80, kStart = 0x10, kPartition = 0x07;
	constexpr unsigned kHasPictureId = 0x80, kHasTl0 = 0x40, kHasTidOrKey = 0x30, kLong = 0x80;
	Vp8Descriptor out;
	if (size < 1)
		return {};
	out.startsFrame = (p[0] & kStart) && !(p[0] & kPartition);
	std::size_t at = 1;
	if (p[0] & kExtended) {
		if (size < 2)
			return {};
		const unsigned flags = p[1];
		at = 2;
		if (flags & kHasPictureId) {
			if (size <= at)
				return {};
			out.pictureIdAt = at;
			out.longPictureId = (p[at] & kLong) != 0;
			if (out.longPictureId && size <= at + 1)
				return {};
			out.pictureId =
				out.longPictureId ? static_cast<std::uint16_t>((p[at] & 0x7f) << 8 | p[at + 1]) : p[at];
			at += out.longPictureId ? 2 : 1;
		}
		if (flags & kHasTl0) {
			if (size <= at)
				return {};
			out.tl0PicIdxAt = at;
			out.tl0PicIdx = p[at++];
		}
		at += flags & kHasTidOrKey ? 1 : 0;
	}
	if (size < at)
		return {};
	out.size = at;
	return out;
}

} // namespace trtc::service
