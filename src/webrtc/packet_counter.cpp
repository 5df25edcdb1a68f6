// SPDX-License-Identifier: MIT
#include "webrtc/packet_counter.h"

#include <cstddef>

namespace trtc::webrtc {

namespace {

/// Fixed header, 15 contributing sources, header of the extension (RFC 3550 5.1, 5.3.1).
constexpr gsize kMaxHeader = 12 + 15 * 4 + 4;

/// Bytes behind the header and in front of the padding.
gsize payloadSize(GstBuffer *buffer, const guint8 *header, gsize have)
{
	const auto size = gst_buffer_get_size(buffer);
	gsize start = 12 + 4 * static_cast<gsize>(header[0] & 0x0f);
	if ((header[0] & 0x10) && start + 4 <= have)
		start += 4 + 4 * static_cast<gsize>(header[start + 2] << 8 | header[start + 3]);
	guint8 padding = 0;
	if (header[0] & 0x20)
		gst_buffer_extract(buffer, size - 1, &padding, 1);
	return start + padding < size ? size - start - padding : 0;
}

} // namespace

void PacketCounter::count(GstBuffer *buffer)
{
	guint8 header[kMaxHeader];
	const auto have = gst_buffer_extract(buffer, 0, header, sizeof header);
	if (have < 12)
		return;
	const auto sequence = static_cast<std::uint16_t>(header[2] << 8 | header[3]);
	if (!first_) {
		first_ = sequence;
		last_ = sequence;
	}
	const auto step = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(last_));
	if (step > 0)
		last_ += static_cast<std::uint32_t>(step);
	bytes_ += payloadSize(buffer, header, have);
	frames_ += header[1] >> 7;
	++packets_;
	expected_ = last_ - *first_ + 1;
}

std::shared_ptr<PacketCounter> PacketCounter::attach(GstPad *pad)
{
	auto counter = std::make_shared<PacketCounter>();
	gst_pad_add_probe(
		pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
		[](GstPad *, GstPadProbeInfo *info, gpointer data) noexcept {
			auto &self = **static_cast<std::shared_ptr<PacketCounter> *>(data);
			if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
				auto *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
				for (guint i = 0; i < gst_buffer_list_length(list); ++i)
					self.count(gst_buffer_list_get(list, i));
			} else {
				self.count(GST_PAD_PROBE_INFO_BUFFER(info));
			}
			return GST_PAD_PROBE_OK;
		},
		new std::shared_ptr<PacketCounter>(counter),
		[](gpointer data) noexcept { delete static_cast<std::shared_ptr<PacketCounter> *>(data); });
	return counter;
}

} // namespace trtc::webrtc
