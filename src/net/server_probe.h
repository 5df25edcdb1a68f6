// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trtc::net {

/// One certificate as the server showed it.
struct CertificateInfo {
	std::string subject, issuer;
	std::int64_t notBefore = 0, notAfter = 0; ///< Unix seconds, 0: not told
	std::vector<std::string> names;		  ///< DNS names and addresses it is for
};

/// What is found on the way to a server, step by step, as far as it went.
struct ServerProbe {
	enum class Step { Url, Proxy, Resolve, Connect, Tls, Http, Done };
	Step reached = Step::Url; ///< the step that failed, or Done
	std::string error;	  ///< why, "" when Done
	std::string host;
	std::uint16_t port = 0;
	bool tls = false;
	std::string proxy; ///< "" when it is reached directly
	std::vector<std::string> addresses;
	std::chrono::milliseconds connectTime { 0 };

	struct TlsFaults {
		bool unknownAuthority = false, otherName = false, notYetValid = false, expired = false, revoked = false,
		     weak = false, other = false;
		bool any() const noexcept
		{
			return unknownAuthority || otherName || notYetValid || expired || revoked || weak || other;
		}
	};
	TlsFaults tlsFaults;
	std::string tlsProtocol; ///< "TLS 1.3"
	std::vector<CertificateInfo> chain;

	int httpStatus = 0;		  ///< of GET /healthz
	std::string healthz;		  ///< its body, at most 100 bytes
	std::optional<std::int64_t> date; ///< its Date header, Unix seconds
	std::int64_t dateSeen = 0;	  ///< our clock when it came, Unix seconds
};

/// Walks to the server of a ws:// or wss:// URL: name, TCP, TLS, `GET /healthz`. A wrong certificate is noted and the walk
/// goes on, for nothing secret is sent. @p caFile: PEM, or "" for the system's authorities. @p limit: for all of it.
/// Blocks that long at most; never throws. Reentrant.
ServerProbe probeServer(const std::string &url, const std::string &caFile, std::chrono::milliseconds limit);

/// "glib 2.74.6" and "libsoup 3.2.2", one a line, as they are at run time.
std::string libraryVersions();

} // namespace trtc::net
