// SPDX-License-Identifier: MIT
#include "webrtc/peer_connection.h"

#include "gst/pipeline.h"
#include "webrtc/fingerprint.h"
#include "webrtc/promise.h"
#include "webrtc/remote_report.h"
#include "webrtc/sdp.h"
#include "webrtc/sender.h"
#include "webrtc/session_description.h"
#include "webrtc/track.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

namespace trtc::webrtc {

namespace {

/// An answer waits no longer for its addresses. Those of this machine take 0.2 s.
constexpr std::chrono::seconds kGatherLimit { 3 };

class Core;

/// User data of every webrtcbin callback: those run on webrtcbin's own threads, copy and post.
struct Hook {
	MainLoop &loop;
	std::weak_ptr<Core> core;
};

class Core : public std::enable_shared_from_this<Core> {
public:
	Core(MainLoop &loop, PeerConnection::Config config, PeerConnection::Listener &listener)
		: loop_(loop), config_(std::move(config)), listener_(&listener), pipeline_(config_.name)
	{
	}
	~Core() { close(); }

	void build();
	void offer(const std::vector<OfferLine> &lines);
	void setAnswer(const std::string &text);
	void answer(const std::string &text, const std::vector<AnswerLine> &lines);
	void close();

	std::shared_ptr<Sender> sender(std::size_t mLine) const
	{
		for (const auto &sender : senders_)
			if (sender->mLine() == mLine)
				return sender;
		return nullptr;
	}
	PeerConnection::ReceiveStats receiveStats(std::size_t mLine) const;
	PeerConnection::Stats stats() const;
	bool connected() const noexcept { return verified_; }

private:
	static void onStateNotify(GObject *, GParamSpec *, gpointer data) noexcept;
	static void onGatheringNotify(GObject *, GParamSpec *, gpointer data) noexcept;
	static void onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept;
	static void onCandidate(GstElement *, guint mLine, const char *text, gpointer data) noexcept;

	template <class Callback>
	void connectHook(const char *signal, Callback callback);
	ActionDone guarded(const char *action, std::function<void(Core &, const std::string &)> then);
	bool setRemote(GstWebRTCSDPType type, const std::string &text, std::function<void(Core &)> then);
	gst::PadPtr requestSink(const std::string &caps);
	void setLocal(GstWebRTCSDPType type, const std::string &text);
	void gathered();
	bool checkCandidates(const std::string &text);
	void tellLocal(const std::string &text);
	void connectionState(GstWebRTCPeerConnectionState state);
	void verify();
	void padAppeared(gst::PadPtr pad, gulong probe);
	void announce(gst::PadPtr pad, gulong probe);
	void fail(ErrorCode code, std::string message);
	void message(GstMessage *message);
	std::optional<std::string> remoteCertificate();

	MainLoop &loop_;
	PeerConnection::Config config_;
	PeerConnection::Listener *listener_; // null once closed or failed
	gst::Pipeline pipeline_;
	GstElement *webrtc_ = nullptr; // the pipeline owns it
	gst::ElementPtr rtpbin_;
	std::vector<gulong> handlers_;
	std::vector<std::shared_ptr<AppSender>> senders_;
	std::vector<std::shared_ptr<PadTrack>> tracks_;
	std::vector<std::pair<gst::PadPtr, gulong>> unverified_; // pads that came before the certificate was checked
	std::vector<AnswerLine> answerLines_;
	std::optional<sdp::Description> remote_;
	std::map<std::uint32_t, std::size_t> mLineOfSsrc_;
	bool offerer_ = false, localSet_ = false, told_ = false, checked_ = false, gatherTimerOver_ = false,
	     verified_ = false;
	SourceHandle connectTimer_, gatherTimer_;
};

template <class Callback>
void Core::connectHook(const char *signal, Callback callback)
{
	handlers_.push_back(g_signal_connect_data(
		webrtc_, signal, reinterpret_cast<GCallback>(callback), new Hook { loop_, weak_from_this() },
		[](gpointer data, GClosure *) noexcept { delete static_cast<Hook *>(data); }, GConnectFlags {}));
}

void Core::build()
{
	webrtc_ = pipeline_.add("webrtcbin", "rtc");
	g_object_set(webrtc_, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency",
		     static_cast<guint>(config_.latency.count()), nullptr);
	// By default a sender report pairs the RTP time with the time of sending, and a block of sound is sent 20 ms after
	// its first sample; with the time of capture (the buffers' PTS) lip-sync is exact, also through a forwarder.
	rtpbin_ = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(webrtc_), "rtpbin"));
	g_object_set(rtpbin_.get(), "rtcp-sync-send-time", FALSE, nullptr);
	// The jitter buffer holds the very first packet for its whole latency, and that stays so (faststart-min-packets):
	// a new connection's first packets come late and in a burst, and the sender reports that put the timeline right
	// arrive meanwhile. Without the wait recordings began with a step of some 60 ms.
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

/// @p then, unless the action failed or we are closed.
ActionDone Core::guarded(const char *action, std::function<void(Core &, const std::string &)> then)
{
	return [weak = weak_from_this(), action, then = std::move(then)](const std::string &error,
									 const std::string &sdp) {
		const auto core = weak.lock();
		if (!core || !core->listener_)
			return;
		if (error.empty())
			then(*core, sdp);
		else
			core->fail(ErrorCode::MediaFailed, fmt::format("webrtcbin {}: {}", action, error));
	};
}

/// A sink pad whose transceiver only sends, with fixed codec and SSRC: m-lines come in the order of these calls.
gst::PadPtr Core::requestSink(const std::string &caps)
{
	auto pad = gst::PadPtr::adopt(gst_element_request_pad_simple(webrtc_, "sink_%u"));
	if (!pad)
		throw Exception(ErrorCode::Internal, "webrtcbin gives no sink pad");
	GstWebRTCRTPTransceiver *raw = nullptr;
	g_object_get(pad.get(), "transceiver", &raw, nullptr);
	auto transceiver = gst::ObjectPtr<GstWebRTCRTPTransceiver>::adopt(raw);
	auto parsed = gst::CapsPtr::adopt(gst_caps_from_string(caps.c_str()));
	g_object_set(transceiver.get(), "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "codec-preferences",
		     parsed.get(), nullptr);
	return pad;
}

void Core::offer(const std::vector<OfferLine> &lines)
{
	offerer_ = true;
	for (std::size_t i = 0; i < lines.size(); ++i) {
		const auto &line = lines[i];
		if (!line.send) {
			std::string caps;
			if (line.kind == MediaKind::Audio)
				caps = opusCaps();
			for (const auto codec :
			     line.kind == MediaKind::Video ? line.codecs : std::vector<VideoCodec> {})
				caps += (caps.empty() ? "" : ";") + codecCaps(codec);
			auto parsed = gst::CapsPtr::adopt(gst_caps_from_string(caps.c_str()));
			GstWebRTCRTPTransceiver *raw = nullptr;
			g_signal_emit_by_name(webrtc_, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY,
					      parsed.get(), &raw);
			gst::ObjectPtr<GstWebRTCRTPTransceiver>::adopt(raw);
			continue;
		}
		const bool audio = line.kind == MediaKind::Audio;
		const auto codec = line.codecs.empty() ? VideoCodec::H264 : line.codecs.front();
		const auto ssrc = g_random_int();
		auto pad = requestSink(fmt::format("{},ssrc=(uint){}", audio ? opusCaps() : codecCaps(codec), ssrc));
		if (audio)
			senders_.push_back(AppSender::create(
				loop_, pipeline_, i, "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0",
				fmt::format("rtpopuspay pt={} ssrc={}", kOpusPt, ssrc), pad.get()));
		else if (codec == VideoCodec::H264)
			senders_.push_back(AppSender::create(
				loop_, pipeline_, i, "video/x-h264,stream-format=byte-stream,alignment=au",
				fmt::format("rtph264pay config-interval=-1 aggregate-mode=zero-latency pt={} ssrc={}",
					    kH264Pt, ssrc),
				pad.get()));
		else
			senders_.push_back(AppSender::create(
				loop_, pipeline_, i, "video/x-vp8",
				fmt::format("rtpvp8pay picture-id-mode=15-bit pt={} ssrc={}", kVp8Pt, ssrc),
				pad.get()));
	}
	createDescription(loop_, webrtc_, "create-offer", "offer",
			  guarded("create-offer", [](Core &core, const std::string &sdp) {
				  core.setLocal(GST_WEBRTC_SDP_TYPE_OFFER, sdp);
			  }));
}

void Core::setLocal(GstWebRTCSDPType type, const std::string &text)
{
	setDescription(loop_, webrtc_, "set-local-description", makeDescription(type, text),
		       guarded("set-local-description", [](Core &core, const std::string &) {
			       core.localSet_ = true;
			       if (!core.offerer_)
				       core.gatherTimer_ = core.loop_.after(kGatherLimit, [&core] {
					       core.gatherTimerOver_ = true;
					       core.gathered();
				       });
			       core.gathered();
		       }));
}

/// An answer must hold every candidate, so it waits until gathering is complete (libnice takes 200 ms for it). An offer
/// goes out at once, as the web SDK's does: the peer learns our address from our checks.
void Core::gathered()
{
	if (!listener_ || !localSet_)
		return;
	GstWebRTCICEGatheringState state = GST_WEBRTC_ICE_GATHERING_STATE_NEW;
	GstWebRTCSessionDescription *local = nullptr;
	g_object_get(webrtc_, "ice-gathering-state", &state, nullptr);
	// Without a single address gathering never ends: then the timer has come.
	const bool complete = state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE ||
			      (!offerer_ && std::exchange(gatherTimerOver_, false));
	if (complete)
		gatherTimer_.reset();
	if (told_ ? checked_ || !complete : !offerer_ && !complete)
		return;
	g_object_get(webrtc_, "local-description", &local, nullptr);
	if (!local)
		return;
	const glib::CharPtr owned(gst_sdp_message_as_text(local->sdp));
	gst_webrtc_session_description_free(local);
	const std::string text = owned.get();
	if (complete && !checkCandidates(text))
		return;
	if (!std::exchange(told_, true))
		tellLocal(text);
}

/// False: without what is missing nothing can come of it, and the listener knows.
bool Core::checkCandidates(const std::string &text)
{
	checked_ = true;
	const auto failure = gatheringFailure(config_.ice, text);
	if (failure.empty())
		return true;
	if (!config_.ice.relayOnly && text.find("a=candidate:") != std::string::npos) {
		spdlog::warn("{}: {}", config_.name, failure);
		return true;
	}
	fail(ErrorCode::MediaFailed, failure);
	return false;
}

void Core::tellLocal(const std::string &text)
{
	spdlog::trace("{}: local description\n{}", config_.name, text);
	auto finished = offerer_ ? Result<std::string>(finishOffer(text))
				 : finishAnswer(config_.ice.advertisedAddress.empty()
							? text
							: advertise(text, config_.ice.advertisedAddress),
						answerLines_);
	if (!finished)
		return fail(finished.error().code, finished.error().message);
	if (config_.trace)
		config_.trace->sdp(config_.name, Trace::Direction::Out, offerer_ ? "offer" : "answer",
				   finished.value());
	listener_->onLocalDescription(finished.value());
}

/// Parses, remembers which m-line an SSRC belongs to, starts the connect timer. False: it cannot be parsed, and onFailed
/// comes later, not from inside the caller's own call.
bool Core::setRemote(GstWebRTCSDPType type, const std::string &text, std::function<void(Core &)> then)
{
	if (config_.trace)
		config_.trace->sdp(config_.name, Trace::Direction::In,
				   type == GST_WEBRTC_SDP_TYPE_OFFER ? "offer" : "answer", text);
	auto parsed = sdp::parse(text);
	const auto description = parsed ? makeDescription(type, text) : nullptr;
	if (!description) {
		loop_.post(
			[weak = weak_from_this(), why = parsed ? std::string("not an SDP") : parsed.error().message] {
				if (auto core = weak.lock())
					core->fail(ErrorCode::MediaFailed, "the peer's description: " + why);
			});
		return false;
	}
	remote_ = std::move(parsed.value());
	for (std::size_t i = 0; i < remote_->media.size(); ++i)
		for (const auto ssrc : remote_->media[i].ssrcs())
			mLineOfSsrc_[ssrc] = i;
	connectTimer_ = loop_.after(config_.connectTimeout, [this] {
		fail(ErrorCode::MediaFailed,
		     config_.ice.relayOnly && config_.ice.turn
			     ? fmt::format(
				       "no media connection within {} ms through the TURN server {}: may it relay to "
				       "the other end?",
				       config_.connectTimeout.count(), config_.ice.turn->place())
			     : fmt::format(
				       "no media connection within {} ms (ICE or DTLS): is UDP between the two ends "
				       "open?",
				       config_.connectTimeout.count()));
	});
	setDescription(loop_, webrtc_, "set-remote-description", description,
		       guarded("set-remote-description",
			       [then = std::move(then)](Core &core, const std::string &) { then(core); }));
	return true;
}

void Core::setAnswer(const std::string &text)
{
	setRemote(GST_WEBRTC_SDP_TYPE_ANSWER, text, [](Core &) {});
}

void Core::answer(const std::string &text, const std::vector<AnswerLine> &lines)
{
	answerLines_ = lines;
	for (std::size_t i = 0; i < lines.size(); ++i) {
		const auto &line = lines[i];
		if (!line.ssrc)
			continue;
		const bool audio = line.encodingName == "OPUS";
		const auto caps = fmt::format(
			"application/x-rtp,media={},encoding-name={},clock-rate={},payload={},ssrc=(uint){}",
			audio ? "audio" : "video", line.encodingName, audio ? 48000 : 90000, line.payloadType,
			line.ssrc);
		auto pad = requestSink(caps);
		senders_.push_back(AppSender::create(loop_, pipeline_, i, caps, "", pad.get()));
	}
	setRemote(GST_WEBRTC_SDP_TYPE_OFFER, text, [](Core &core) {
		createDescription(core.loop_, core.webrtc_, "create-answer", "answer",
				  core.guarded("create-answer", [](Core &self, const std::string &sdp) {
					  self.setLocal(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
				  }));
	});
}

void Core::onStateNotify(GObject *object, GParamSpec *, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	GstWebRTCPeerConnectionState state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
	g_object_get(object, "connection-state", &state, nullptr);
	hook.loop.post([weak = hook.core, state] {
		if (auto core = weak.lock())
			core->connectionState(state);
	});
}

void Core::onGatheringNotify(GObject *, GParamSpec *, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	hook.loop.post([weak = hook.core] {
		if (auto core = weak.lock())
			core->gathered();
	});
}

void Core::onCandidate(GstElement *, guint mLine, const char *text, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	hook.loop.post([weak = hook.core, line = fmt::format("m-line {}: {}", mLine, text ? text : "")] {
		if (auto core = weak.lock(); core && core->listener_)
			core->config_.trace->candidate(core->config_.name, Trace::Direction::Out, line);
	});
}

void Core::onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept
{
	if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
		return;
	auto &hook = *static_cast<Hook *>(data);
	const auto probe = gst_pad_add_probe(
		pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
		[](GstPad *, GstPadProbeInfo *, gpointer) noexcept { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
	hook.loop.post([weak = hook.core, held = gst::PadPtr::share(pad), probe] {
		if (auto core = weak.lock())
			core->padAppeared(held, probe);
	});
}

void Core::connectionState(GstWebRTCPeerConnectionState state)
{
	if (!listener_)
		return;
	spdlog::debug("{}: connection state {}", config_.name, static_cast<int>(state));
	if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED && !verified_)
		verify();
	else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
		fail(ErrorCode::MediaFailed, verified_ ? "the media connection broke (ICE failed)"
						       : "no media connection: ICE found no way, or DTLS failed");
}

std::optional<std::string> Core::remoteCertificate()
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

void Core::verify()
{
	const auto pem = remoteCertificate();
	const auto mismatch =
		pem && remote_ ? certificateMismatch(*remote_, *pem) : "the peer showed no DTLS certificate";
	if (mismatch) {
		fail(ErrorCode::MediaFailed,
		     fmt::format("connection dropped, somebody may sit in between: {}", *mismatch));
		return;
	}
	verified_ = true;
	connectTimer_.reset();
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

void Core::padAppeared(gst::PadPtr pad, gulong probe)
{
	if (!listener_)
		return;
	if (verified_)
		announce(std::move(pad), probe);
	else
		unverified_.emplace_back(std::move(pad), probe);
}

void Core::announce(gst::PadPtr pad, gulong probe)
{
	auto caps = gst::CapsPtr::adopt(gst_pad_get_current_caps(pad.get()));
	if (!caps)
		caps = gst::CapsPtr::adopt(gst_pad_query_caps(pad.get(), nullptr));
	const auto *structure =
		caps && !gst_caps_is_empty(caps.get()) ? gst_caps_get_structure(caps.get(), 0) : nullptr;
	const char *mediaName = structure ? gst_structure_get_string(structure, "media") : nullptr;
	const char *encoding = structure ? gst_structure_get_string(structure, "encoding-name") : nullptr;
	if (!mediaName || !encoding) {
		spdlog::warn("{}: a track without caps is left alone", config_.name);
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
	// What the SDP says of an SSRC is certain; the transceiver is a guess when the SDP says nothing.
	if (gst_structure_get_uint(structure, "ssrc", &ssrc))
		if (const auto found = mLineOfSsrc_.find(ssrc); found != mLineOfSsrc_.end())
			mLine = found->second;
	const auto kind = std::string_view(mediaName) == "audio" ? MediaKind::Audio : MediaKind::Video;
	spdlog::debug("{}: track {} on m-line {} ssrc {:#x}", config_.name, encoding, mLine, ssrc);
	auto track = std::make_shared<PadTrack>(pipeline_, std::move(pad), probe, mLine, kind, encoding);
	tracks_.push_back(track);
	listener_->onTrack(track);
}

PeerConnection::ReceiveStats Core::receiveStats(std::size_t mLine) const
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

PeerConnection::Stats Core::stats() const
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
	return stats;
}

void Core::message(GstMessage *message)
{
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
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
		fail(ErrorCode::MediaFailed, "the media connection broke: " + text);
	else
		spdlog::warn("{}: a track fell silent: {}", config_.name, text);
}

void Core::fail(ErrorCode code, std::string message)
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

void Core::close()
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
	for (auto &track : tracks_)
		track->detach();
	tracks_.clear();
	unverified_.clear();
}

class WebrtcBinConnection final : public PeerConnection {
public:
	explicit WebrtcBinConnection(std::shared_ptr<Core> core) : core_(std::move(core)) {}
	~WebrtcBinConnection() override { core_->close(); }
	void offer(const std::vector<OfferLine> &lines) override { core_->offer(lines); }
	void setAnswer(const std::string &sdp) override { core_->setAnswer(sdp); }
	void answer(const std::string &sdp, const std::vector<AnswerLine> &lines) override
	{
		core_->answer(sdp, lines);
	}
	std::shared_ptr<Sender> sender(std::size_t mLine) const override { return core_->sender(mLine); }
	bool connected() const noexcept override { return core_->connected(); }
	void close() override { core_->close(); }
	ReceiveStats receiveStats(std::size_t mLine) const override { return core_->receiveStats(mLine); }
	Stats stats() const override { return core_->stats(); }

private:
	std::shared_ptr<Core> core_;
};

} // namespace

std::unique_ptr<PeerConnection> PeerConnection::create(MainLoop &loop, Config config, Listener &listener)
{
	auto core = std::make_shared<Core>(loop, std::move(config), listener);
	core->build();
	return std::make_unique<WebrtcBinConnection>(std::move(core));
}

std::string localAddressFor(const std::string &host)
{
	const bool loopback = host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]" ||
			      host.starts_with("::ffff:127.");
	return loopback ? "127.0.0.1" : "";
}

} // namespace trtc::webrtc
