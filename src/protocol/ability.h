// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What SDK v5 says in place of an SDP when all of a client's media shares one peer connection: each end names what an offer
/// or an answer would hold, and writes the descriptions for itself (docs/protocol.md, "One connection for everything").
namespace trtc::protocol {

/// One codec. `rtx` is 0 without a repair format.
struct AbilityCodec {
	std::string codec, fmtp; ///< "opus", "H264", "VP8"; the value of a=fmtp
	int payload = 0, rate = 0, channels = 0, rtx = 0;
	/// "nack", "nack pli", "ccm fir": a=rtcp-fb without the number
	std::vector<std::string> feedback;
	bool operator==(const AbilityCodec &) const = default;
};

/// A host candidate, over UDP.
struct AbilityCandidate {
	std::string ip, type = "host";
	int port = 0;
	std::int64_t priority = 0;
	bool operator==(const AbilityCandidate &) const = default;
};

struct Ability {
	std::string iceUfrag, icePwd;
	std::string fingerprintHash, fingerprint, setup; ///< "sha-256", "AB:CD:…", "actpass" or "active"
	std::vector<AbilityCodec> audio;
	std::vector<AbilityCodec> video;    ///< what the client can send
	std::vector<AbilityCodec> decoders; ///< what the client can receive
	// the service's only
	std::vector<AbilityCandidate> candidates;
	bool useVp8 = false; ///< the client is to send VP8, not H264
	bool operator==(const Ability &) const = default;
};

} // namespace trtc::protocol
