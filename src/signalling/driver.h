// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>
#include <trtc/main_loop.h>
#include <trtc/stats.h>
#include <trtc/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// One room protocol behind one interface. A driver knows the wire format, its timers and its
/// tries; it knows no media beyond SDP text. Thread-bound.
namespace trtc::signalling {

/// One peer connection, named by the driver. TRTC: "up" and "down:USER".
using LinkId = std::string;

/// Which m-line of a link carries what.
struct TrackMap {
	std::size_t mLine;
	UserId userId; ///< whose; our own on an uplink
	StreamType streamType;
	MediaKind kind;
	bool small = false; ///< the small video of the uplink
};

// ---- driver to client ---------------------------------------------------------------------
/// Reconnecting: the channel is lost, the driver brings it back, and what is asked for meanwhile waits. Connected after it:
/// we never left the room; links, publications and subscriptions are what they were.
struct StateChanged {
	ConnectionState state;
};
struct JoinDone {
	Status status;
};
/// The client shall make an offer with these m-lines, in this order, and send(Offer). direction: Send or Receive.
struct NeedOffer {
	LinkId link;
	bool send;
	std::vector<TrackMap> tracks;
};
/// The service's description for a link: an answer to our offer.
struct RemoteAnswer {
	LinkId link;
	std::string sdp;
};
/// The link is over on the service's side, or refused.
struct LinkFailed {
	LinkId link;
	Error error;
};
struct LinkClosed {
	LinkId link;
};
struct PeerJoined {
	UserId userId;
	Role role;
};
struct PeerLeft {
	UserId userId;
	std::string reason;
};
/// The complete state of one remote user's publication. Neither audio nor video anywhere: gone.
struct RemotePublication {
	UserId userId;
	bool audio = false, video = false, smallVideo = false, auxVideo = false;
	bool audioMuted = false, videoMuted = false;
};
/// What the service has counted of our uplink since the report before, in packets; and the round trip as it knows it.
struct UplinkReport {
	std::int64_t expected = 0, received = 0;
	std::optional<std::chrono::milliseconds> roundTrip;
	/// From capture to play, of those the service knows.
	struct Delay {
		UserId userId;
		std::chrono::milliseconds audio, video;
	};
	std::vector<Delay> delays = {};
};
struct RoleDone {
	Status status;
};
struct UnpublishDone {
	Status status;
};
struct SubscribeChangeDone {
	UserId userId;
	Status status;
};
struct UnsubscribeDone {
	UserId userId;
	Status status;
};
struct Banned {
	std::string reason;
};
/// The room is gone for good, and what the driver could do by itself was in vain; no event follows but what stop() needs.
struct Lost {
	Error error;
	bool final = false; ///< the service has closed cleanly, or will not have us: to come back is not wanted
	int tries = 0;	    ///< made to come back, of ClientConfig::reconnectTries
};

using Event = std::variant<StateChanged, JoinDone, NeedOffer, RemoteAnswer, LinkFailed, LinkClosed, PeerJoined,
			   PeerLeft, RemotePublication, UplinkReport, RoleDone, UnpublishDone, SubscribeChangeDone,
			   UnsubscribeDone, Banned, Lost>;

// ---- client to driver ---------------------------------------------------------------------
/// What is published, for protocols that tell it apart from the SDP.
struct PublishInfo {
	bool audio = false, video = false, auxiliary = false;
	VideoCodec codec = VideoCodec::H264;
	VideoProfile videoProfile, auxiliaryProfile;
	AudioProfile audioProfile;
};
struct StartPublish {
	PublishInfo info;
}; ///< NeedOffer for the uplink follows
struct Offer {
	LinkId link;
	std::string sdp;
};
/// The link's peer connection is up.
struct LinkConnected {
	LinkId link;
};
struct StopPublish {};
struct Mute {
	bool audio, video;
};
struct StartSubscribe {
	UserId userId;
	SubscribeOptions options;
}; ///< NeedOffer for the downlink follows
struct ChangeSubscribe {
	UserId userId;
	SubscribeOptions options;
};
struct StopSubscribe {
	UserId userId;
};
struct SwitchRole {
	Role role;
	std::string privateMapKey; ///< "": that of before
};
using Command = std::variant<StartPublish, Offer, LinkConnected, StopPublish, Mute, StartSubscribe, ChangeSubscribe,
			     StopSubscribe, SwitchRole>;

class Driver {
public:
	struct Listener {
		/// May call send() and stop() of the driver; destroying it from inside is done by post().
		virtual void onSignalling(const Event &event) = 0;
		/// The figures of this moment, for protocols that report them to the service.
		virtual Stats figures() { return {}; }

	protected:
		~Listener() = default;
	};
	virtual ~Driver() = default;
	virtual void start(const ClientConfig &config, const JoinOptions &options) = 0;
	virtual void send(const Command &command) = 0;
	/// Says goodbye and closes; idempotent; no event after it returns. @p done runs once when the
	/// goodbye is written or given up (1 s).
	virtual void stop(std::function<void()> done) = 0;
};

/// Picks the driver by the URL's scheme; throws Exception(InvalidParameter) listing the schemes known.
std::unique_ptr<Driver> makeDriver(MainLoop &loop, const std::string &serverUrl, Driver::Listener &listener);
/// The check alone, for configuration time.
bool knownScheme(const std::string &serverUrl) noexcept;

} // namespace trtc::signalling
