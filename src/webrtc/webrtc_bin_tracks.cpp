// SPDX-License-Identifier: MIT
#include "webrtc/webrtc_bin.h"

#include "webrtc/remote_report.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace trtc::webrtc {

void WebrtcBin::onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept
{
	if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
		return;
	auto &hook = *static_cast<Hook *>(data);
	const auto probe = gst_pad_add_probe(
		pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
		[](GstPad *, GstPadProbeInfo *, gpointer) noexcept { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
	hook.loop.post([weak = hook.rtc, held = gst::PadPtr::share(pad), probe] {
		if (auto rtc = weak.lock())
			rtc->padAppeared(held, probe);
	});
}

void WebrtcBin::padAppeared(gst::PadPtr pad, gulong probe)
{
	if (!listener_)
		return;
	if (verified_)
		announce(std::move(pad), probe);
	else
		unverified_.emplace_back(std::move(pad), probe);
}

void WebrtcBin::announce(gst::PadPtr pad, gulong probe)
{
	auto caps = gst::CapsPtr::adopt(gst_pad_get_current_caps(pad.get()));
	if (!caps)
		caps = gst::CapsPtr::adopt(gst_pad_query_caps(pad.get(), nullptr));
	const auto *structure =
		caps && !gst_caps_is_empty(caps.get()) ? gst_caps_get_structure(caps.get(), 0) : nullptr;
	const char *mediaName = structure ? gst_structure_get_string(structure, "media") : nullptr;
	const char *encoding = structure ? gst_structure_get_string(structure, "encoding-name") : nullptr;
	if (!mediaName || !encoding) {
		spdlog::warn("{}: a track without caps is ignored", config_.name);
		return;
	}
	guint ssrc = 0;
	std::size_t mLine = 0;
	GstWebRTCRTPTransceiver *raw = nullptr;
	g_object_get(pad.get(), "transceiver", &raw, nullptr);
	auto transceiver = gst::ObjectPtr<GstWebRTCRTPTransceiver>::adopt(raw);
	if (transceiver) {
		guint index = 0;
		g_object_get(transceiver.get(), "mlineindex", &index, nullptr);
		mLine = index;
	}
	// What was announced, or its payload type, says it better than webrtcbin's guess.
	if (gst_structure_get_uint(structure, "ssrc", &ssrc))
		if (const auto line = admission_->lineOf(ssrc))
			mLine = *line;
	const auto kind = std::string_view(mediaName) == "audio" ? MediaKind::Audio : MediaKind::Video;
	spdlog::debug("{}: track {} on m-line {} ssrc {:#x}", config_.name, encoding, mLine, ssrc);
	auto track = std::make_shared<PadTrack>(pipeline_, std::move(pad), probe, mLine, kind, encoding);
	tracks_.push_back(track);
	listener_->onTrack(track);
}

PeerConnection::ReceiveStats WebrtcBin::receiveStats(std::size_t mLine) const
{
	PeerConnection::ReceiveStats sum;
	for (const auto &track : tracks_) {
		if (track->mLine() != mLine)
			continue;
		sum.expected += track->counter().expected();
		sum.received += track->counter().packets();
	}
	return sum;
}

PeerConnection::Stats WebrtcBin::stats() const
{
	PeerConnection::Stats stats;
	const auto line = [&stats](std::size_t mLine, bool sending, const PacketCounter &counter) {
		auto found = std::find_if(stats.lines.begin(), stats.lines.end(),
					  [mLine](const auto &one) { return one.mLine == mLine; });
		if (found == stats.lines.end())
			found = stats.lines.insert(found, { mLine, sending, 0, 0, 0, 0 });
		const auto expected = counter.expected(), packets = counter.packets();
		found->packets += packets;
		found->bytes += counter.bytes();
		found->frames += counter.frames();
		if (!sending && expected > packets)
			found->lost += expected - packets;
	};
	for (const auto &sender : senders_)
		line(sender->mLine(), true, sender->counter());
	for (const auto &track : tracks_)
		line(track->mLine(), false, track->counter());
	if (verified_ && listener_ && !senders_.empty())
		if (const auto report = remoteReport(rtpbin_.get())) {
			stats.roundTrip = report->roundTrip;
			stats.sendLoss = report->lost;
		}
	if (!stats.roundTrip && roundTrip_)
		stats.roundTrip = roundTrip_->last();
	return stats;
}

} // namespace trtc::webrtc
