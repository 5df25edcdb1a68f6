// SPDX-License-Identifier: MIT
#pragma once

#include "service/link_watch.h"
#include "service/links.h"
#include "service/negotiation_single.h"
#include "service/room_service.h"

#include <trtc/main_loop.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trtc::service {

/// The one connection of a client that has one for everything. Thread-bound.
class SingleLink final : public webrtc::PeerConnection::Listener {
public:
	/// Called on the loop, not inside a call of the link, except where it says so.
	struct Outcome {
		std::function<void(const protocol::Ability &)> answered;
		/// Before or after answered; nothing follows.
		std::function<void(const Error &)> failed;
	};
	/// Code 0, or why not.
	using Done = std::function<void(int code, const std::string &message)>;

	/// Throws Exception.
	SingleLink(MainLoop &loop, std::string name, webrtc::IceConfig ice, SinglePlan plan, Outcome outcome,
		   Trace *trace, std::shared_ptr<webrtc::PacketFaults> faults);
	~SingleLink();
	/// Given back when the connection is up or gone.
	void holdUntilConnected(HalfOpen::Place place) { place_ = std::move(place); }

	/// The client's tracks, for everybody's downlinks. There from the start, whether the client publishes or not.
	const std::shared_ptr<Uplink> &uplink() const noexcept { return uplink_; }
	/// With which SSRCs audio, big, small and auxiliary video come, and with which what is sent again of them. 0: not at all.
	void publish(const std::array<std::uint32_t, kSlots> &ssrcs, const std::array<std::uint32_t, kSlots> &repairs);
	/// @p done may come inside the call. Takes the place of an older subscription to the same user, whose @p done is forgotten.
	void subscribe(SessionId publisher, std::weak_ptr<Uplink> source, const protocol::SubscribeWishes &wishes,
		       const std::array<std::uint32_t, 3> &ssrcs, const std::array<std::uint32_t, 3> &repairs,
		       Done done);
	void wish(SessionId publisher, const protocol::SubscribeWishes &wishes);
	/// What the tracks of that publisher are has changed.
	void sourceChanged(SessionId publisher);
	/// No-op without that subscription.
	void unsubscribe(SessionId publisher);
	std::size_t subscriptions() const noexcept { return subscriptions_.size(); }
	webrtc::PeerConnection::Stats stats() const { return connection_->stats(); }

	void onLocalDescription(const std::string &sdp) override;
	void onConnected() override;
	void onFailed(const Error &error) override { outcome_.failed(error); }
	void onTrack(const std::shared_ptr<webrtc::Track> &track) override;

private:
	struct Subscription {
		std::weak_ptr<Uplink> source;
		protocol::SubscribeWishes wishes;
		std::array<std::uint32_t, 3> ssrcs {}, repairs {};
		Done done;
		std::size_t place = 0;
		std::unique_ptr<Downlink> downlink; ///< null until its lines are there
	};
	void serve();
	void start(Subscription &subscription, std::size_t place);

	MainLoop &loop_;
	SinglePlan plan_;
	Outcome outcome_;
	std::shared_ptr<webrtc::PacketFaults> faults_;
	std::unique_ptr<webrtc::PeerConnection> connection_;
	std::shared_ptr<Uplink> uplink_;
	std::array<std::uint32_t, kSlots> published_ {}; // as publish() said last
	std::map<SessionId, Subscription> subscriptions_;
	std::vector<std::size_t> free_;	     ///< places whose lines are there and idle
	std::size_t places_ = 0, asked_ = 0; ///< places with lines; those of the offer that webrtcbin has
	bool answered_ = false, connected_ = false;
	std::optional<LinkWatch> watch_; // once connected
	HalfOpen::Place place_;
};

} // namespace trtc::service
