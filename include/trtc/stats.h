// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/types.h>

#include <cstdint>
#include <optional>
#include <vector>

/// Figures of a Client. Names and meaning follow the SDK's getTransportStats(), getLocalAudioStats() and their like: bytes are
/// RTP payload without headers, everything counts from the publish or subscribe on. What is not known is left out, never
/// guessed: a field is empty, a track has no entry.
namespace trtc {

struct LocalAudioStats {
	std::uint64_t bytesSent = 0, packetsSent = 0;
};
struct LocalVideoStats {
	StreamType streamType = StreamType::Main;
	std::uint64_t bytesSent = 0, packetsSent = 0;
	std::optional<std::uint64_t> framesEncoded; ///< empty for a file whose frames pass as they are
	std::uint64_t framesSent = 0;
	int frameWidth = 0, frameHeight = 0; ///< pixels; 0 until the first frame
	bool small = false;		     ///< the small video of the main stream
};
struct RemoteAudioStats {
	UserId userId;
	std::uint64_t bytesReceived = 0, packetsReceived = 0;
	std::uint64_t packetsLost = 0;		       ///< never came, or too late for the receive buffer
	std::optional<std::int64_t> end2EndDelay = {}; ///< milliseconds from capture to play, if the service tells it
};
/// Instead of the SDK's framesDecoded: frames that came whole. Nothing is decoded here unless it is shown.
struct RemoteVideoStats {
	UserId userId;
	StreamType streamType = StreamType::Main;
	std::uint64_t bytesReceived = 0, packetsReceived = 0, packetsLost = 0;
	std::uint64_t framesReceived = 0;
	int frameWidth = 0, frameHeight = 0;	       ///< pixels; 0 until the first frame
	std::optional<std::int64_t> end2EndDelay = {}; ///< as of the audio
};

struct DownlinkRtt {
	UserId userId;
	double rtt; ///< milliseconds
};

struct Stats {
	/// Round trip of the uplink, milliseconds, from the service's RTCP reports: some seconds after the publish.
	std::optional<double> rtt;
	/// The same of each user's downlink, from RTCP extended reports (RFC 3611): a service that does not answer them leaves it
	/// unknown, and the user without an entry.
	std::vector<DownlinkRtt> downlinksRTT;
	std::optional<LocalAudioStats> localAudio;
	std::vector<LocalVideoStats> localVideo; ///< main, its small video, auxiliary
	std::vector<RemoteAudioStats> remoteAudio;
	std::vector<RemoteVideoStats> remoteVideo;
};

/// What goes over the wire at the moment, for a status line.
struct Traffic {
	double upKbps = 0, downKbps = 0; ///< payload, over the last full second
	/// 0..100, the worse of two: what we lost in the last second, and what the service's last report says of ours.
	/// Empty while nothing flows.
	std::optional<double> lossPercent;
	std::optional<double> rttMs;			///< as Stats::rtt
	std::uint64_t bytesSent = 0, bytesReceived = 0; ///< payload, since the client was made
};

} // namespace trtc
