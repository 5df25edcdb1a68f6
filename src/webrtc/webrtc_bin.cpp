// SPDX-License-Identifier: MIT
#include "webrtc/webrtc_bin.h"

#include "webrtc/fingerprint.h"
#include "webrtc/packet_gates.h"
#include "webrtc/remote_report.h"
#include "webrtc/repair.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace trtc::webrtc {

void WebrtcBin::build()
{
	webrtc_ = pipeline_.add("webrtcbin", "rtc");
	g_object_set(webrtc_, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency",
		     static_cast<guint>(config_.latency.count()), nullptr);
	// By default a sender report pairs the RTP time with the time of sending, and a block of sound is sent 20 ms after
	// its first sample; with the time of capture (the buffers' PTS) lip-sync is exact, also through a forwarder.
	rtpbin_ = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(webrtc_), "rtpbin"));
	// Each stream has threads of its own, and the peer makes streams as it likes: three or four with their repairs, and some
	// for sources that have changed.
	constexpr guint kMostStreams = 32;
	// The first reports come within milliseconds, when the picture's first packets were late by as much as an encoder takes to
	// start: the sound would be held back by that, and step forward again a second later. So it goes in small steps.
	constexpr guint64 kMostStep = 40 * GST_MSECOND;
	g_object_set(rtpbin_.get(), "rtcp-sync-send-time", FALSE, "max-streams", kMostStreams,
		     "max-ts-offset-adjustment", kMostStep, nullptr);
	arrivals_ = Arrivals::watch(rtpbin_.get());
	// The jitter buffer holds the very first packet for its whole latency, and that stays so (faststart-min-packets):
	// a new connection's first packets come late and in a burst, and the sender reports that put the timeline right
	// arrive meanwhile. Without the wait recordings began with a step of some 60 ms.
	hastenFeedback(webrtc_);
	guardPackets(webrtc_, admission_, config_.faults);
	repairs_ = RepairStreams::attach(webrtc_, rtpbin_.get());
	configureIce(webrtc_, config_.ice);
	connectHook("notify::connection-state", onStateNotify);
	connectHook("notify::ice-gathering-state", onGatheringNotify);
	connectHook("pad-added", onPadAdded);
	pipeline_.observe(config_.trace);
	// Our offers go out before a candidate is known, so the description alone would not tell.
	if (config_.trace)
		connectHook("on-ice-candidate", onCandidate);
	pipeline_.onMessage([this](GstMessage *m) { message(m); });
	pipeline_.play();
}

void WebrtcBin::onStateNotify(GObject *object, GParamSpec *, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	GstWebRTCPeerConnectionState state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
	g_object_get(object, "connection-state", &state, nullptr);
	hook.loop.post([weak = hook.rtc, state] {
		if (auto rtc = weak.lock())
			rtc->connectionState(state);
	});
}

void WebrtcBin::connectionState(GstWebRTCPeerConnectionState state)
{
	if (!listener_)
		return;
	spdlog::debug("{}: connection state {}", config_.name, static_cast<int>(state));
	if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED && !verified_)
		verify();
	else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
		fail(ErrorCode::MediaFailed, verified_ ? "the media connection failed (ICE)"
						       : "no media connection: ICE found no route, or DTLS failed");
}

std::optional<std::string> WebrtcBin::remoteCertificate()
{
	GArray *raw = nullptr;
	g_signal_emit_by_name(webrtc_, "get-transceivers", &raw);
	std::optional<std::string> pem;
	for (guint i = 0; raw && i < raw->len; ++i) {
		auto *transceiver = g_array_index(raw, GstWebRTCRTPTransceiver *, i);
		for (const char *side : { "receiver", "sender" }) {
			GObject *end = nullptr;
			g_object_get(transceiver, side, &end, nullptr);
			auto held = glib::ObjectPtr<GObject>::adopt(end);
			if (!held || pem)
				continue;
			GObject *transport = nullptr;
			g_object_get(held.get(), "transport", &transport, nullptr);
			auto heldTransport = glib::ObjectPtr<GObject>::adopt(transport);
			if (!heldTransport)
				continue;
			gchar *certificate = nullptr;
			g_object_get(heldTransport.get(), "remote-certificate", &certificate, nullptr);
			glib::CharPtr text(certificate);
			if (text && *text)
				pem = text.get();
		}
	}
	if (raw)
		g_array_unref(raw);
	return pem;
}

void WebrtcBin::verify()
{
	const auto pem = remoteCertificate();
	const auto mismatch =
		pem && remote_ ? certificateMismatch(*remote_, *pem) : "the peer sent no DTLS certificate";
	if (mismatch) {
		fail(ErrorCode::MediaFailed,
		     fmt::format("connection closed, possible man in the middle: {}", *mismatch));
		return;
	}
	verified_ = true;
	connectTimer_.reset();
	if (const auto session = rtpSession(rtpbin_.get())) {
		roundTrip_ = RoundTrip::attach(session.get());
		clockRates_ = ClockRates::attach(rtpbin_.get());
		if (const auto local = sdp::parse(localDescription()); clockRates_ && local)
			clockRates_->add(local.value());
	}
	pipeline_.snapshot("connected");
	for (auto &sender : senders_)
		sender->open();
	auto *listener = listener_;
	auto self = shared_from_this();
	listener->onConnected();
	auto waiting = std::exchange(unverified_, {});
	for (auto &[pad, probe] : waiting)
		if (listener_)
			announce(std::move(pad), probe);
}

void WebrtcBin::message(GstMessage *message)
{
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
		return;
	if (isPacketError(message))
		return;
	GError *raw = nullptr;
	gchar *debug = nullptr;
	gst_message_parse_error(message, &raw, &debug);
	const std::string text =
		fmt::format("{}: {}", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)), raw ? raw->message : "error");
	spdlog::debug("{}: {} ({})", config_.name, text, debug ? debug : "");
	g_clear_error(&raw);
	g_free(debug);
	// Behind errorignore a broken stream silences its own track only; inside webrtcbin it is the connection.
	if (gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(webrtc_)))
		fail(ErrorCode::MediaFailed, "the media connection failed: " + text);
	else
		spdlog::warn("{}: a track stopped: {}", config_.name, text);
}

void WebrtcBin::fail(ErrorCode code, std::string message)
{
	if (auto *listener = std::exchange(listener_, nullptr)) {
		auto self = shared_from_this();
		connectTimer_.reset();
		pipeline_.snapshot("failure");
		for (auto &sender : senders_)
			sender->shut();
		listener->onFailed({ code, std::move(message) });
	}
}

void WebrtcBin::close()
{
	listener_ = nullptr;
	connectTimer_.reset();
	gatherTimer_.reset();
	for (auto &sender : senders_)
		sender->shut();
	for (const auto handler : std::exchange(handlers_, {}))
		g_signal_handler_disconnect(webrtc_, handler);
	pipeline_.stop();
	rtpbin_.reset();
	offered_.clear();
	for (auto &track : tracks_)
		track->detach();
	tracks_.clear();
	unverified_.clear();
}

} // namespace trtc::webrtc
