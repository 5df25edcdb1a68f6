// SPDX-License-Identifier: MIT
#include "webrtc/packet_gates.h"

#include "gst/object.h"

#include <span>
#include <string_view>

namespace trtc::webrtc {

namespace {

using Verdict = Admission::Verdict;
using Look = Verdict (Admission::*)(std::span<const std::uint8_t>);

constexpr auto kPackets = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

struct Gate {
	std::shared_ptr<Admission> admission;
	Look look;
};

bool passes(const Gate &gate, GstBuffer *buffer)
{
	GstMapInfo map;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return false;
	const auto verdict = ((*gate.admission).*gate.look)({ map.data, map.size });
	gst_buffer_unmap(buffer, &map);
	return verdict == Verdict::Pass;
}

/// SRTP contexts of streams that are let in no more. No lock of the decoder is held here.
void release(const Gate &gate, GstPad *pad)
{
	if (gate.look != &Admission::encrypted)
		return;
	const auto gone = gate.admission->takeGone();
	if (gone.empty())
		return;
	auto decoder = gst::ElementPtr::adopt(gst_pad_get_parent_element(pad));
	for (const auto ssrc : gone)
		g_signal_emit_by_name(decoder.get(), "remove-key", ssrc);
}

GstPadProbeReturn looked(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept
{
	const auto &gate = *static_cast<Gate *>(data);
	release(gate, pad);
	if (!(GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST))
		return passes(gate, GST_PAD_PROBE_INFO_BUFFER(info)) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
	auto *list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
	GST_PAD_PROBE_INFO_DATA(info) = list;
	for (guint i = gst_buffer_list_length(list); i-- > 0;)
		if (!passes(gate, gst_buffer_list_get(list, i)))
			gst_buffer_list_remove(list, i, 1);
	return gst_buffer_list_length(list) > 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

void guard(GstElement *decoder, const char *padName, const std::shared_ptr<Admission> &admission, Look look)
{
	const auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(decoder, padName));
	if (pad)
		gst_pad_add_probe(pad.get(), kPackets, looked, new Gate { admission, look },
				  [](gpointer data) noexcept { delete static_cast<Gate *>(data); });
}

using SharedFaults = std::shared_ptr<PacketFaults>;

/// An error returned from here would stop what sends this stream, and on its way every other one. So the encoder is called from the
/// probe, under the pad's own lock as always, and its refusal ends here.
GstPadProbeReturn encrypt(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept
{
	auto *parent = GST_OBJECT_PARENT(pad);
	auto *object = GST_PAD_PROBE_INFO_DATA(info);
	GST_PAD_PROBE_INFO_DATA(info) = nullptr;
	GstFlowReturn flow = GST_FLOW_OK;
	if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST)
		flow = GST_PAD_CHAINLISTFUNC(pad)(pad, parent, GST_BUFFER_LIST(object));
	else
		flow = GST_PAD_CHAINFUNC(pad)(pad, parent, GST_BUFFER(object));
	if (flow == GST_FLOW_ERROR) {
		++(*static_cast<SharedFaults *>(data))->encryptionFailed;
		flow = GST_FLOW_OK;
	}
	GST_PAD_PROBE_INFO_FLOW_RETURN(info) = flow;
	return GST_PAD_PROBE_HANDLED;
}

void encryptSafely(GstElement *, GstPad *pad, gpointer data) noexcept
{
	// RTCP of ours comes in order.
	if (GST_PAD_DIRECTION(pad) == GST_PAD_SINK && std::string_view(GST_PAD_NAME(pad)).starts_with("rtp_sink"))
		gst_pad_add_probe(pad, kPackets, encrypt, new SharedFaults(*static_cast<SharedFaults *>(data)),
				  [](gpointer held) noexcept { delete static_cast<SharedFaults *>(held); });
}

struct Guards {
	std::shared_ptr<Admission> admission;
	SharedFaults faults;
};

void guardElement(GstBin *, GstBin *, GstElement *element, gpointer data) noexcept
{
	const auto &guards = *static_cast<Guards *>(data);
	if (gst::isElement(element, "srtpdec")) {
		guard(element, "rtp_sink", guards.admission, &Admission::encrypted);
		guard(element, "rtcp_sink", guards.admission, &Admission::encrypted);
		guard(element, "rtp_src", guards.admission, &Admission::rtp);
		guard(element, "rtcp_src", guards.admission, &Admission::rtcp);
	} else if (gst::isElement(element, "srtpenc")) {
		// webrtcbin's part for sending has its pads before it is added; others come later.
		gst_element_foreach_sink_pad(
			element,
			[](GstElement *encoder, GstPad *pad, gpointer held) noexcept -> gboolean {
				encryptSafely(encoder, pad, held);
				return TRUE;
			},
			const_cast<SharedFaults *>(&guards.faults));
		g_signal_connect_data(
			element, "pad-added", G_CALLBACK(encryptSafely), new SharedFaults(guards.faults),
			[](gpointer held, GClosure *) noexcept { delete static_cast<SharedFaults *>(held); },
			GConnectFlags {});
	}
}

} // namespace

void guardPackets(GstElement *webrtc, const std::shared_ptr<Admission> &admission, const SharedFaults &faults)
{
	g_signal_connect_data(
		webrtc, "deep-element-added", G_CALLBACK(guardElement), new Guards { admission, faults },
		[](gpointer data, GClosure *) noexcept { delete static_cast<Guards *>(data); }, GConnectFlags {});
}

bool isPacketError(GstMessage *message)
{
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR || !GST_IS_ELEMENT(GST_MESSAGE_SRC(message)) ||
	    !gst::isElement(GST_ELEMENT(GST_MESSAGE_SRC(message)), "srtpenc"))
		return false;
	GError *error = nullptr;
	gst_message_parse_error(message, &error, nullptr);
	const bool one = g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED);
	g_clear_error(&error);
	return one;
}

} // namespace trtc::webrtc
