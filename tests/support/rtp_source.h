// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <gst/gst.h>

#include <cstdint>

namespace trtc::test {

/// RTP for one element, with caps that say neither SSRC nor clock rate, as they come out of webrtcbin's funnel.
class RtpSource {
public:
	/// A pad for pushing. link() it.
	RtpSource() : pad_(gst::PadPtr::sink(gst_pad_new("in", GST_PAD_SRC))) { gst_pad_set_active(pad_.get(), TRUE); }

	/// False: they do not fit.
	bool link(GstPad *sink) const { return gst_pad_link(pad_.get(), sink) == GST_PAD_LINK_OK; }

	/// Once, when the other end runs.
	void start() const
	{
		gst_pad_push_event(pad_.get(), gst_event_new_stream_start("test"));
		auto caps = gst::CapsPtr::adopt(gst_caps_new_empty_simple("application/x-rtp"));
		gst_pad_push_event(pad_.get(), gst_event_new_caps(caps.get()));
		GstSegment segment;
		gst_segment_init(&segment, GST_FORMAT_TIME);
		gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
	}

	/// A packet of payload type 96.
	GstFlowReturn push(std::uint32_t ssrc, std::uint16_t number = 0) const
	{
		std::uint8_t bytes[20] { 0x80, 96 };
		GST_WRITE_UINT16_BE(bytes + 2, number);
		GST_WRITE_UINT32_BE(bytes + 8, ssrc);
		auto *buffer = gst_buffer_new_memdup(bytes, sizeof(bytes));
		GST_BUFFER_PTS(buffer) = 0;
		return gst_pad_push(pad_.get(), buffer);
	}

private:
	gst::PadPtr pad_;
};

} // namespace trtc::test
