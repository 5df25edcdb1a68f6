// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/admission.h"
#include "webrtc/arrivals.h"
#include "webrtc/clock_rates.h"
#include "webrtc/peer_connection.h"
#include "webrtc/promise.h"
#include "webrtc/repair_streams.h"
#include "webrtc/round_trip.h"
#include "webrtc/sdp.h"
#include "webrtc/sender.h"
#include "webrtc/session_description.h"
#include "webrtc/track.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trtc::webrtc {

/// What a PeerConnection is made of: one webrtcbin, what it says and what it is told (webrtc_bin_negotiation.cpp), its pads
/// (webrtc_bin_tracks.cpp) and its life (webrtc_bin.cpp). Thread-bound; shared, because webrtcbin's threads post to it.
class WebrtcBin : public std::enable_shared_from_this<WebrtcBin> {
public:
	WebrtcBin(MainLoop &loop, PeerConnection::Config config, PeerConnection::Listener &listener)
		: loop_(loop), config_(std::move(config)), listener_(&listener), pipeline_(config_.name),
		  admission_(std::make_shared<Admission>(config_.faults))
	{
	}
	~WebrtcBin() { close(); }

	void build();
	void offer(const std::vector<OfferLine> &lines);
	void setAnswer(const std::string &text);
	/// Also an offer that has grown.
	void answer(const std::string &text, const std::vector<AnswerLine> &lines);
	void retune(std::size_t mLine, const AnswerLine &line);
	void expectSsrc(std::uint32_t ssrc, std::size_t mLine, std::uint32_t repair);
	void forgetSsrc(std::uint32_t ssrc);
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
	std::uint64_t arrivals() const { return arrivals_->count(); }
	bool connected() const noexcept { return verified_; }

private:
	/// User data of every webrtcbin callback: those run on webrtcbin's own threads, copy and post.
	struct Hook {
		MainLoop &loop;
		std::weak_ptr<WebrtcBin> rtc;
	};

	static void onStateNotify(GObject *, GParamSpec *, gpointer data) noexcept;
	static void onGatheringNotify(GObject *, GParamSpec *, gpointer data) noexcept;
	static void onPadAdded(GstElement *, GstPad *pad, gpointer data) noexcept;
	static void onCandidate(GstElement *, guint mLine, const char *text, gpointer data) noexcept;

	template <class Callback>
	void connectHook(const char *signal, Callback callback);
	ActionDone guarded(const char *action, std::function<void(WebrtcBin &, const std::string &)> then);
	bool setRemote(GstWebRTCSDPType type, const std::string &text, std::function<void(WebrtcBin &)> then);
	gst::PadPtr requestSink(const std::string &caps, bool repair);
	void setLocal(GstWebRTCSDPType type, const std::string &text);
	std::string localDescription() const;
	void gathered();
	bool checkCandidates(const std::string &text);
	void tellLocal(const std::string &text);
	void admit();
	void startConnectTimer();
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
	std::shared_ptr<Admission> admission_;
	std::shared_ptr<Arrivals> arrivals_;
	std::shared_ptr<RepairStreams> repairs_;
	std::shared_ptr<RoundTrip> roundTrip_;	 // from the moment the connection is up
	std::shared_ptr<ClockRates> clockRates_; // likewise
	std::vector<gulong> handlers_;
	std::vector<std::shared_ptr<AppSender>> senders_;
	std::vector<std::shared_ptr<PadTrack>> tracks_;
	std::vector<std::pair<gst::PadPtr, gulong>> unverified_; // pads that came before the certificate was checked
	std::vector<AnswerLine> answerLines_;
	std::vector<gst::ObjectPtr<GstWebRTCRTPTransceiver>> offered_; // in m-line order
	std::optional<sdp::Description> remote_;
	bool offerer_ = false, grown_ = false, localSet_ = false, told_ = false, checked_ = false,
	     gatherTimerOver_ = false, verified_ = false;
	SourceHandle connectTimer_, gatherTimer_;
};

template <class Callback>
void WebrtcBin::connectHook(const char *signal, Callback callback)
{
	handlers_.push_back(g_signal_connect_data(
		webrtc_, signal, reinterpret_cast<GCallback>(callback), new Hook { loop_, weak_from_this() },
		[](gpointer data, GClosure *) noexcept { delete static_cast<Hook *>(data); }, GConnectFlags {}));
}

} // namespace trtc::webrtc
