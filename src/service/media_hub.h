// SPDX-License-Identifier: MIT
#pragma once

#include "service/half_open.h"
#include "service/media_addresses.h"
#include "service/minute_log.h"
#include "service/room_service.h"
#include "webrtc/packet_faults.h"
#include "webrtc/peer_connection.h"

#include <trtc/main_loop.h>
#include <trtc/trace.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace trtc::service {

class Uplink;
class Downlink;
class SingleLink;

/// The service's peer connections: one a publication, one a subscription, and what flows between them. Carries out the media
/// effects of RoomService and reports their outcome. Thread-bound.
class MediaHub {
public:
	/// Whose connection it is: the address decides which of ours is offered; a user may have some half-open connections only.
	struct Client {
		std::string address, user;
	};
	/// All of these come later, never inside a call of ours.
	struct Outcome {
		std::function<void(SessionId, std::int64_t seq, protocol::Event replyEvent, int code,
				   const std::string &)>
			uplinkAnswered;
		std::function<void(SessionId, std::int64_t seq, SessionId publisher, int code, const std::string &)>
			downlinkAnswered;
		std::function<void(SessionId)> uplinkFailed;
		std::function<void(SessionId, SessionId publisher)> downlinkFailed;
		std::function<void(SessionId, std::int64_t seq, int code, const std::string &message,
				   const protocol::Ability &)>
			singleAnswered;
		std::function<void(SessionId)> singleFailed;
	};
	/// @p trace: borrowed, may be null.
	MediaHub(MainLoop &loop, MediaAddresses addresses, Outcome outcome, Trace *trace = nullptr);
	~MediaHub();

	void start(const StartUplink &effect, const Client &client);
	void start(const StartDownlink &effect, const Client &client);
	void change(const ChangeDownlink &effect);
	void flow(const UplinkFlow &effect);
	void stop(const StopUplink &effect);
	void stop(const StopDownlink &effect);
	void start(const StartSingle &effect, const Client &client);
	void start(const StartSingleUplink &effect);
	void start(const StartSingleDownlink &effect);
	void stop(const StopSingle &effect);
	/// Of the video that this session publishes: "H264", "VP8", or "" without an uplink.
	std::string videoCodec(SessionId session) const;
	/// Packets since the last call, for event 22; both zero without an uplink.
	protocol::UplinkStats takeStats(SessionId session);
	/// Over all connections there have been.
	struct Sums {
		std::uint64_t bytesReceived = 0, packetsReceived = 0, packetsLost = 0; ///< payload
		std::uint64_t bytesForwarded = 0, packetsForwarded = 0;
	};
	Sums sums() const;
	const webrtc::PacketFaults &faults() const noexcept { return *faults_; }
	std::size_t uplinks() const noexcept { return uplinks_.size(); }
	std::size_t downlinks() const noexcept;

private:
	using DownlinkKey = std::pair<SessionId, SessionId>; // subscriber, publisher
	/// Connections in which a user sends, and that are not up yet: that takes some round trips, so two at a time are enough.
	static constexpr std::size_t kHalfOpenUplinks = 2;
	static std::string halfOpenText(std::size_t most, const char *what);
	static void add(Sums &sums, const webrtc::PeerConnection::Stats &stats);
	void dropUplink(SessionId session);
	void tellFaults();
	void dropDownlink(const DownlinkKey &key);
	/// Why no more connection can be made; nothing: one can.
	std::optional<std::string> full() const;
	void failed(const StartUplink &effect, int code, const std::string &message);
	void failed(const StartDownlink &effect, int code, const std::string &message);
	void answer(const StartSingle &effect, int code, const std::string &message, const protocol::Ability &ability);
	void answer(const StartSingleDownlink &effect, int code, const std::string &message);
	SingleLink *single(SessionId session) const;

	MainLoop &loop_;
	MediaAddresses addresses_;
	Outcome outcome_;
	Trace *trace_;
	std::map<SessionId, std::shared_ptr<Uplink>> uplinks_;
	std::map<DownlinkKey, std::shared_ptr<Downlink>> downlinks_;
	std::map<SessionId, std::shared_ptr<SingleLink>> singles_; ///< their uplinks are in uplinks_, too, while on air
	Sums ended_;						   // of connections that are gone
	HalfOpen halfOpenUp_, halfOpenDown_;
	MinuteLog limitLog_;
	std::shared_ptr<webrtc::PacketFaults> faults_ = std::make_shared<webrtc::PacketFaults>();
	SourceHandle faultTimer_;
	std::uint64_t faultsTold_ = 0;
	std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace trtc::service
