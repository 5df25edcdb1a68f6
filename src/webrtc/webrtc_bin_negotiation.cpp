// SPDX-License-Identifier: MIT
#include "webrtc/webrtc_bin.h"

#include "webrtc/repair.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

namespace trtc::webrtc {

namespace {

/// An answer waits no longer for its addresses. Those of this machine take 0.2 s.
constexpr std::chrono::seconds kGatherLimit { 3 };

int clockRateOf(const AnswerLine &line) { return line.encodingName == "OPUS" ? 48000 : 90000; }

std::string rtpCaps(const AnswerLine &line)
{
	return fmt::format("application/x-rtp,media={},encoding-name={},clock-rate={},payload={},ssrc=(uint){}",
			   line.encodingName == "OPUS" ? "audio" : "video", line.encodingName, clockRateOf(line),
			   line.payloadType, line.ssrc);
}

} // namespace

/// @p then, unless the action failed or we are closed.
ActionDone WebrtcBin::guarded(const char *action, std::function<void(WebrtcBin &, const std::string &)> then)
{
	return [weak = weak_from_this(), action, then = std::move(then)](const std::string &error,
									 const std::string &sdp) {
		const auto rtc = weak.lock();
		if (!rtc || !rtc->listener_)
			return;
		if (error.empty())
			then(*rtc, sdp);
		else
			rtc->fail(ErrorCode::MediaFailed, fmt::format("webrtcbin {}: {}", action, error));
	};
}

/// A sink pad whose transceiver only sends, with fixed codec and SSRC: m-lines come in the order of these calls.
gst::PadPtr WebrtcBin::requestSink(const std::string &caps, bool repair)
{
	auto pad = gst::PadPtr::adopt(gst_element_request_pad_simple(webrtc_, "sink_%u"));
	if (!pad)
		throw Exception(ErrorCode::Internal, "webrtcbin gives no sink pad");
	GstWebRTCRTPTransceiver *raw = nullptr;
	g_object_get(pad.get(), "transceiver", &raw, nullptr);
	auto transceiver = gst::ObjectPtr<GstWebRTCRTPTransceiver>::adopt(raw);
	auto parsed = gst::CapsPtr::adopt(gst_caps_from_string(caps.c_str()));
	g_object_set(transceiver.get(), "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "codec-preferences",
		     parsed.get(), "do-nack", gboolean { repair }, nullptr);
	if (offerer_)
		offered_.push_back(std::move(transceiver));
	return pad;
}

void WebrtcBin::offer(const std::vector<OfferLine> &lines)
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
			offered_.push_back(gst::ObjectPtr<GstWebRTCRTPTransceiver>::adopt(raw));
			g_object_set(raw, "do-nack", TRUE, nullptr);
			continue;
		}
		const bool audio = line.kind == MediaKind::Audio;
		const auto codec = line.codecs.empty() ? VideoCodec::H264 : line.codecs.front();
		const auto ssrc = g_random_int();
		auto pad =
			requestSink(fmt::format("{},ssrc=(uint){}", audio ? opusCaps() : codecCaps(codec), ssrc), true);
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
			  guarded("create-offer", [](WebrtcBin &rtc, const std::string &sdp) {
				  rtc.setLocal(GST_WEBRTC_SDP_TYPE_OFFER, offerRepair(sdp));
			  }));
}

void WebrtcBin::setLocal(GstWebRTCSDPType type, const std::string &text)
{
	setDescription(loop_, webrtc_, "set-local-description", makeDescription(type, text),
		       guarded("set-local-description", [](WebrtcBin &rtc, const std::string &) {
			       rtc.localSet_ = true;
			       if (!rtc.offerer_)
				       rtc.gatherTimer_ = rtc.loop_.after(kGatherLimit, [&rtc] {
					       rtc.gatherTimerOver_ = true;
					       rtc.gathered();
				       });
			       rtc.gathered();
		       }));
}

/// Empty: none is set yet.
std::string WebrtcBin::localDescription() const
{
	GstWebRTCSessionDescription *local = nullptr;
	g_object_get(webrtc_, "local-description", &local, nullptr);
	if (!local)
		return {};
	const glib::CharPtr text(gst_sdp_message_as_text(local->sdp));
	gst_webrtc_session_description_free(local);
	return text.get();
}

/// An answer must hold every candidate, so it waits until gathering is complete (libnice takes 200 ms for it). An offer
/// goes out at once, as the web SDK's does: the peer learns our address from our checks.
void WebrtcBin::gathered()
{
	if (!listener_ || !localSet_)
		return;
	GstWebRTCICEGatheringState state = GST_WEBRTC_ICE_GATHERING_STATE_NEW;
	g_object_get(webrtc_, "ice-gathering-state", &state, nullptr);
	// Without a single address gathering never ends: then the timer has come.
	const bool complete = state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE ||
			      (!offerer_ && std::exchange(gatherTimerOver_, false));
	if (complete)
		gatherTimer_.reset();
	if (told_ ? checked_ || !complete : !offerer_ && !complete)
		return;
	const auto text = localDescription();
	if (text.empty())
		return;
	// A later answer does not repeat them.
	if (complete && !grown_ && !checkCandidates(text))
		return;
	if (!std::exchange(told_, true))
		tellLocal(text);
}

/// False: without what is missing nothing can come of it, and the listener knows.
bool WebrtcBin::checkCandidates(const std::string &text)
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

void WebrtcBin::tellLocal(const std::string &text)
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
bool WebrtcBin::setRemote(GstWebRTCSDPType type, const std::string &text, std::function<void(WebrtcBin &)> then)
{
	if (config_.trace)
		config_.trace->sdp(config_.name, Trace::Direction::In,
				   type == GST_WEBRTC_SDP_TYPE_OFFER ? "offer" : "answer", text);
	auto parsed = sdp::parse(text, std::max(answerLines_.size(), sdp::kMaxMediaLines));
	const auto description = parsed ? makeDescription(type, text) : nullptr;
	if (!description) {
		loop_.post(
			[weak = weak_from_this(), why = parsed ? std::string("not an SDP") : parsed.error().message] {
				if (auto rtc = weak.lock())
					rtc->fail(ErrorCode::MediaFailed, "the peer's description: " + why);
			});
		return false;
	}
	remote_ = std::move(parsed.value());
	admit();
	if (!grown_)
		startConnectTimer();
	setDescription(loop_, webrtc_, "set-remote-description", description,
		       guarded("set-remote-description",
			       [then = std::move(then)](WebrtcBin &rtc, const std::string &) { then(rtc); }));
	return true;
}

/// What the remote description says of the streams that will come.
void WebrtcBin::admit()
{
	for (std::size_t i = 0; i < remote_->media.size(); ++i) {
		const auto &media = remote_->media[i];
		if (media.direction() == "recvonly" || media.direction() == "inactive")
			continue;
		std::vector<int> formats, repairs;
		for (const auto &map : media.rtpMaps())
			(map.encodingName == "RTX" ? repairs : formats).push_back(map.payloadType);
		admission_->line(i, formats, repairs, i < answerLines_.size() && answerLines_[i].announcedOnly);
		std::set<std::uint32_t> repairing;
		for (const auto ssrc : media.ssrcs())
			if (const auto repair = repairSsrc(media, ssrc)) {
				repairs_->received(ssrc, *repair);
				repairing.insert(*repair);
			}
		for (const auto ssrc : media.ssrcs())
			admission_->announce(ssrc, i, repairing.contains(ssrc));
	}
}

void WebrtcBin::startConnectTimer()
{
	connectTimer_ = loop_.after(config_.connectTimeout, [this] {
		fail(ErrorCode::MediaFailed,
		     config_.ice.relayOnly && config_.ice.turn
			     ? fmt::format("no media connection within {} ms through the TURN server {}: check that it "
					   "may relay to the other end",
					   config_.connectTimeout.count(), config_.ice.turn->place())
			     : fmt::format(
				       "no media connection within {} ms (ICE or DTLS): check that UDP is not blocked",
				       config_.connectTimeout.count()));
	});
}

void WebrtcBin::setAnswer(const std::string &text)
{
	if (const auto parsed = sdp::parse(text))
		for (std::size_t i = 0; i < parsed.value().media.size() && i < offered_.size(); ++i) {
			const auto &media = parsed.value().media[i];
			const auto maps = media.rtpMaps();
			// A peer that repairs nothing is not asked in vain.
			if (maps.empty() || !repairFormat(media, maps.front().payloadType))
				g_object_set(offered_[i].get(), "do-nack", FALSE, nullptr);
		}
	setRemote(GST_WEBRTC_SDP_TYPE_ANSWER, text, [](WebrtcBin &) {});
}

void WebrtcBin::answer(const std::string &text, const std::vector<AnswerLine> &lines)
{
	// The lines of the offer before have their senders.
	const auto before = std::exchange(answerLines_, lines).size();
	grown_ = before != 0;
	localSet_ = told_ = false;
	std::vector<bool> repair;
	for (const auto &line : lines)
		repair.push_back(line.repairType != 0);
	repairReceived(webrtc_, std::move(repair));
	for (std::size_t i = before; i < lines.size(); ++i) {
		const auto &line = lines[i];
		if (!line.sends())
			continue;
		const bool open = !line.openCaps.empty();
		const auto caps = open ? line.openCaps : rtpCaps(line);
		auto pad = requestSink(caps, line.repairType != 0 || !line.openRepairs.empty());
		senders_.push_back(AppSender::create(loop_, pipeline_, i, open ? "" : caps, "", pad.get()));
		if (verified_)
			senders_.back()->open();
	}
	setRemote(GST_WEBRTC_SDP_TYPE_OFFER, text, [](WebrtcBin &rtc) {
		createDescription(rtc.loop_, rtc.webrtc_, "create-answer", "answer",
				  rtc.guarded("create-answer", [](WebrtcBin &self, const std::string &sdp) {
					  self.setLocal(GST_WEBRTC_SDP_TYPE_ANSWER,
							answerRepair(sdp, self.answerLines_));
				  }));
	});
}

void WebrtcBin::expectSsrc(std::uint32_t ssrc, std::size_t mLine, std::uint32_t repair)
{
	admission_->announce(ssrc, mLine, false);
	if (!repair)
		return;
	admission_->announce(repair, mLine, true);
	repairs_->received(ssrc, repair);
	repairs_->ask(ssrc);
}

void WebrtcBin::forgetSsrc(std::uint32_t ssrc)
{
	admission_->forget(ssrc);
	if (const auto repair = repairs_->forget(ssrc))
		admission_->forget(*repair);
}

void WebrtcBin::retune(std::size_t mLine, const AnswerLine &line)
{
	// One of a shared connection: its SSRCs are not in the description.
	if (clockRates_) {
		clockRates_->add(line.ssrc, clockRateOf(line));
		if (line.repairSsrc)
			clockRates_->add(line.repairSsrc, clockRateOf(line));
	}
	repairs_->sent(mLine, line.ssrc, line.repairSsrc);
	for (const auto &sender : senders_)
		if (sender->mLine() == mLine)
			sender->setCaps(rtpCaps(line));
}

void WebrtcBin::onGatheringNotify(GObject *, GParamSpec *, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	hook.loop.post([weak = hook.rtc] {
		if (auto rtc = weak.lock())
			rtc->gathered();
	});
}

void WebrtcBin::onCandidate(GstElement *, guint mLine, const char *text, gpointer data) noexcept
{
	auto &hook = *static_cast<Hook *>(data);
	hook.loop.post([weak = hook.rtc, line = fmt::format("m-line {}: {}", mLine, text ? text : "")] {
		if (auto rtc = weak.lock(); rtc && rtc->listener_)
			rtc->config_.trace->candidate(rtc->config_.name, Trace::Direction::Out, line);
	});
}

} // namespace trtc::webrtc
