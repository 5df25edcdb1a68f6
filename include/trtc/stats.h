// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/types.h>

#include <cstdint>
#include <optional>
#include <vector>

/// Statistics of a Client. Names and meaning follow the SDK's getTransportStats(), getLocalAudioStats() and similar. Byte
/// counts are RTP payload without headers. Counting starts at the publish or subscribe. An unknown value is an empty field
/// or a missing entry, never a guess.
namespace trtc {

struct LocalAudioStats {
	std::uint64_t bytesSent = 0, packetsSent = 0;
};
struct LocalVideoStats {
	StreamType streamType = StreamType::Main;
	std::uint64_t bytesSent = 0, packetsSent = 0;
	std::optional<std::uint64_t> framesEncoded; ///< empty for a file that is sent without re-encoding
	std::uint64_t framesSent = 0;
	int frameWidth = 0, frameHeight = 0; ///< pixels; 0 until the first frame
	bool small = false;		     ///< the small video of the main stream
};
struct RemoteAudioStats {
	UserId userId;
	std::uint64_t bytesReceived = 0, packetsReceived = 0;
	std::uint64_t packetsLost = 0;		       ///< lost, or too late for the receive buffer
	std::optional<std::int64_t> end2EndDelay = {}; ///< milliseconds from capture to play, if the service reports it
};
/// framesReceived counts complete frames. It replaces the SDK's framesDecoded, because only played streams are decoded.
struct RemoteVideoStats {
	UserId userId;
	StreamType streamType = StreamType::Main;
	std::uint64_t bytesReceived = 0, packetsReceived = 0, packetsLost = 0;
	std::uint64_t framesReceived = 0;
	int frameWidth = 0, frameHeight = 0;	       ///< pixels; 0 until the first frame
	std::optional<std::int64_t> end2EndDelay = {}; ///< as for audio
};

struct DownlinkRtt {
	UserId userId;
	double rtt; ///< milliseconds
};

struct Stats {
	/// Round-trip time of the uplink in milliseconds, from the service's RTCP reports; available some seconds after the publish.
	std::optional<double> rtt;
	/// Round-trip time of each user's downlink, from RTCP extended reports (RFC 3611). A user has no entry if the service
	/// does not answer these reports.
	std::vector<DownlinkRtt> downlinksRTT;
	std::optional<LocalAudioStats> localAudio;
	std::vector<LocalVideoStats> localVideo; ///< main, its small video, auxiliary
	std::vector<RemoteAudioStats> remoteAudio;
	std::vector<RemoteVideoStats> remoteVideo;
};

/// Current bitrates and loss, for a status line.
struct Traffic {
	double upKbps = 0, downKbps = 0; ///< payload, over the last full second
	/// 0..100: the larger of the local loss in the last second and the loss in the service's last report. Empty while no
	/// media flows.
	std::optional<double> lossPercent;
	std::optional<double> rttMs;			///< as Stats::rtt
	std::uint64_t bytesSent = 0, bytesReceived = 0; ///< payload, since the client was created
};

} // namespace trtc
