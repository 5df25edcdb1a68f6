// SPDX-License-Identifier: MIT
#include "webrtc/arrivals.h"

#include <string_view>

namespace trtc::webrtc {

namespace {

using SharedArrivals = std::shared_ptr<Arrivals>;

} // namespace

std::shared_ptr<Arrivals> Arrivals::watch(GstElement *rtpbin)
{
	auto arrivals = std::make_shared<Arrivals>();
	g_signal_connect_data(
		rtpbin, "pad-added", reinterpret_cast<GCallback>(&Arrivals::onPadAdded), new SharedArrivals(arrivals),
		[](gpointer data, GClosure *) noexcept { delete static_cast<SharedArrivals *>(data); },
		GConnectFlags {});
	return arrivals;
}

void Arrivals::onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept
{
	// Those of the bundle: recv_rtp_sink_0 and recv_rtcp_sink_0.
	if (GST_PAD_DIRECTION(pad) != GST_PAD_SINK || !std::string_view(GST_PAD_NAME(pad)).starts_with("recv_"))
		return;
	gst_pad_add_probe(
		pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
		[](GstPad *, GstPadProbeInfo *, gpointer counter) noexcept {
			++(*static_cast<SharedArrivals *>(counter))->count_;
			return GST_PAD_PROBE_OK;
		},
		new SharedArrivals(*static_cast<SharedArrivals *>(data)),
		[](gpointer counter) noexcept { delete static_cast<SharedArrivals *>(counter); });
}

} // namespace trtc::webrtc
