// SPDX-License-Identifier: MIT
#pragma once

#include "service/fanout.h"
#include "service/half_open.h"
#include "service/keyframe_asker.h"
#include "service/link_watch.h"
#include "service/negotiation.h"
#include "service/room_service.h"
#include "webrtc/packet_faults.h"
#include "webrtc/peer_connection.h"

#include <trtc/main_loop.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace trtc::service {

/// Packets in order pass at once; behind a gap this is the time the missing one has to be sent again, several times where many
/// are lost.
constexpr std::chrono::milliseconds kUplinkLatency { 200 };

/// How one connection of the service comes out. Every one is called on the loop, not inside a call of the link.
struct LinkOutcome {
	std::function<void(const std::string &sdp)> answered;
	/// Before or after answered; nothing follows.
	std::function<void(const Error &)> failed;
};

/// One publisher's connection: its tracks go into fan-outs. Thread-bound.
class Uplink final : public webrtc::PeerConnection::Listener {
public:
	/// Throws Exception.
	Uplink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan, LinkOutcome outcome,
	       Trace *trace, std::shared_ptr<webrtc::PacketFaults> faults);
	/// On a connection that belongs to somebody else, who passes its tracks to onTrack(). @p plan: m-lines and codec.
	Uplink(MainLoop &loop, webrtc::PeerConnection &shared, Negotiated plan);
	~Uplink();
	/// Given back when the connection is up or gone.
	void holdUntilConnected(HalfOpen::Place place) { place_ = std::move(place); }
	const std::string &videoCodec() const noexcept { return plan_.videoCodec; }
	const std::string &videoFormat() const noexcept { return plan_.videoFormat; }
	Fanout &fanout(Slot slot) { return *fanouts_[static_cast<std::size_t>(slot)]; }
	/// See KeyframeAsker.
	void requestKeyframe(Slot slot);
	void flow(const UplinkFlow &flow);
	/// True while that track is published and not muted.
	bool carries(Slot slot) const noexcept { return on_[static_cast<std::size_t>(slot)]; }
	protocol::UplinkStats takeStats();
	/// Of its own connection.
	webrtc::PeerConnection::Stats stats() const
	{
		return connection_ ? connection_->stats() : webrtc::PeerConnection::Stats {};
	}

	void onLocalDescription(const std::string &sdp) override { outcome_.answered(sdp); }
	void onConnected() override;
	void onFailed(const Error &error) override { outcome_.failed(error); }
	void onTrack(const std::shared_ptr<webrtc::Track> &track) override;

private:
	void makeFanouts();
	MainLoop &loop_;
	Negotiated plan_;
	LinkOutcome outcome_;
	std::array<std::shared_ptr<Fanout>, kSlots> fanouts_;
	std::array<std::unique_ptr<KeyframeAsker>, kSlots> keyframes_; // once the track is there
	std::array<bool, kSlots> on_ {};
	protocol::UplinkStats told_;
	std::unique_ptr<webrtc::PeerConnection> connection_; // null on somebody else's
	webrtc::PeerConnection *media_ = nullptr;
	std::optional<LinkWatch> watch_; // once connected
	HalfOpen::Place place_;
};

/// One subscriber's connection to one publisher. Thread-bound.
class Downlink final : public webrtc::PeerConnection::Listener {
public:
	/// Throws Exception.
	Downlink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan, std::weak_ptr<Uplink> source,
		 protocol::SubscribeWishes wishes, LinkOutcome outcome, Trace *trace,
		 std::shared_ptr<webrtc::PacketFaults> faults);
	/// On a connection that belongs to somebody else and is up. @p plan: m-lines, and what each sends.
	Downlink(MainLoop &loop, webrtc::PeerConnection &shared, Negotiated plan, std::weak_ptr<Uplink> source,
		 protocol::SubscribeWishes wishes, std::shared_ptr<webrtc::PacketFaults> faults);
	~Downlink();
	/// Given back when the connection is up or gone.
	void holdUntilConnected(HalfOpen::Place place) { place_ = std::move(place); }
	void wish(const protocol::SubscribeWishes &wishes);
	/// What the publisher's tracks are has changed.
	void sourceChanged();
	/// Of its own connection.
	webrtc::PeerConnection::Stats stats() const
	{
		return connection_ ? connection_->stats() : webrtc::PeerConnection::Stats {};
	}

	void onLocalDescription(const std::string &sdp) override { outcome_.answered(sdp); }
	void onConnected() override;
	void onFailed(const Error &error) override { outcome_.failed(error); }
	void onTrack(const std::shared_ptr<webrtc::Track> &) override {}

private:
	void hearKeyframeRequests();
	void route();
	void chooseVideo(const Uplink &uplink);
	RtpRewriter *lineOf(Slot slot, Uplink &uplink);

	MainLoop &loop_;
	Negotiated plan_;
	std::weak_ptr<Uplink> source_;
	std::array<std::shared_ptr<RtpRewriter>, kSlots> lines_; // by the slot the m-line is named after
	/// Which of the two the main video's m-line is fed from. Shared with the handler of keyframe requests.
	std::shared_ptr<Slot> video_ = std::make_shared<Slot>(Slot::BigVideo);
	protocol::SubscribeWishes wishes_;
	LinkOutcome outcome_;
	std::shared_ptr<webrtc::PacketFaults> faults_;
	bool connected_ = false;
	std::unique_ptr<webrtc::PeerConnection> connection_; // null on somebody else's
	webrtc::PeerConnection *media_ = nullptr;
	std::optional<LinkWatch> watch_; // once connected
	HalfOpen::Place place_;
};

} // namespace trtc::service
