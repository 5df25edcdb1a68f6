// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/sdp.h"

#include <optional>
#include <string>

namespace trtc::webrtc {

/// Compares the certificate of a DTLS peer with the description it sent. webrtcbin of GStreamer 1.22 does not:
/// whoever can reach the port could take the place of the peer. Reentrant.
/// @p pem: one certificate. Returns nullopt when it matches, else a sentence that says what differs.
std::optional<std::string> certificateMismatch(const sdp::Description &remote, const std::string &pem);

/// Upper-case hex pairs with colons, as in `a=fingerprint`. @p hash: "sha-256", "sha-384", "sha-512"; else nullopt.
std::optional<std::string> fingerprintOf(const std::string &pem, const std::string &hash);

} // namespace trtc::webrtc
