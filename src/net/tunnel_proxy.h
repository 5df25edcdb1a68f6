// SPDX-License-Identifier: MIT
#pragma once

namespace trtc::net {

/// Scheme of a proxy URI that means: an HTTP proxy, through which everything goes with CONNECT. With plain "http" libsoup hands the
/// requests of unencrypted URLs to the proxy to carry out, and proxies drop the upgrade to a WebSocket there.
inline constexpr const char *kTunnelScheme = "trtc-connect";

/// Tells GIO of the scheme. Idempotent; every thread.
void registerTunnelProxy();

} // namespace trtc::net
