// SPDX-License-Identifier: MIT
#include "webrtc/clock_rates.h"

#include "gst/object.h"
#include "webrtc/remote_report.h"

namespace trtc::webrtc {

namespace {

struct RateHook {
	std::shared_ptr<ClockRates> rates;
	gst::PadPtr pad; ///< where the session takes what is sent
};

} // namespace

void ClockRates::add(const sdp::Description &local)
{
	for (const auto &media : local.media) {
		const auto maps = media.rtpMaps();
		// Audio has one rate, and so has video.
		for (const auto ssrc : media.ssrcs())
			if (!maps.empty())
				add(ssrc, maps.front().clockRate);
	}
}

void ClockRates::add(std::uint32_t ssrc, int clockRate)
{
	const std::lock_guard lock(mutex_);
	rates_[ssrc] = clockRate;
}

int ClockRates::of(std::uint32_t ssrc)
{
	const std::lock_guard lock(mutex_);
	const auto found = rates_.find(ssrc);
	return found == rates_.end() ? 0 : found->second;
}

std::shared_ptr<ClockRates> ClockRates::attach(GstElement *rtpbin)
{
	GstElement *raw = nullptr;
	g_signal_emit_by_name(rtpbin, "get-session", 0U, &raw);
	const auto element = gst::ElementPtr::adopt(raw);
	const auto session = rtpSession(rtpbin);
	auto pad = gst::PadPtr::adopt(element ? gst_element_get_static_pad(element.get(), "send_rtp_sink") : nullptr);
	if (!session || !pad)
		return nullptr;
	auto rates = std::make_shared<ClockRates>();
	// Streaming thread, with the first packet of a stream. The session takes rates from caps only.
	const auto added = +[](GObject *, GObject *source, gpointer data) noexcept {
		auto &hook = *static_cast<RateHook *>(data);
		guint ssrc = 0;
		g_object_get(source, "ssrc", &ssrc, nullptr);
		const int rate = hook.rates->of(ssrc);
		if (rate == 0)
			return;
		auto *caps = gst_caps_new_simple("application/x-rtp", "ssrc", G_TYPE_UINT, ssrc, "clock-rate",
						 G_TYPE_INT, rate, nullptr);
		gst_pad_send_event(hook.pad.get(), gst_event_new_caps(caps));
		gst_caps_unref(caps);
	};
	g_signal_connect_data(
		session.get(), "on-new-sender-ssrc", reinterpret_cast<GCallback>(added),
		new RateHook { rates, std::move(pad) },
		[](gpointer data, GClosure *) noexcept { delete static_cast<RateHook *>(data); }, GConnectFlags {});
	return rates;
}

} // namespace trtc::webrtc
