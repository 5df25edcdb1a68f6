// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Servers for media and signalling. All parse() functions throw Exception(InvalidParameter) with the problem and the allowed
/// form. Their messages never contain a password.
namespace trtc {

/// `stun:HOST[:PORT]` (RFC 7064).
struct StunServer {
	std::string host; ///< IPv6 without brackets
	std::uint16_t port = 3478;
	static StunServer parse(std::string_view text);
	std::string place() const; ///< "stun:host:3478", for messages
	bool operator==(const StunServer &) const = default;
};

/// `turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]`: RFC 7065 with credentials before the host. The last colon before the
/// `@` separates user and password. Percent escapes are decoded.
struct TurnServer {
	std::string user, password, host; ///< not escaped
	std::uint16_t port = 3478;
	bool tcp = false;
	static TurnServer parse(std::string_view text);
	std::string place() const; ///< "turn:host:3478?transport=udp", for messages
	bool operator==(const TurnServer &) const = default;
};

/// `http://[USER:PASSWORD@]HOST:PORT` or `socks5://…`.
struct ProxyServer {
	enum class Kind { Http, Socks5 };
	Kind kind = Kind::Http;
	std::string user, password, host; ///< not escaped
	std::uint16_t port = 0;
	static ProxyServer parse(std::string_view text);
	std::string place() const; ///< "http://host:3128", for messages
	std::string url() const;   ///< with escaped credentials; not for messages
	bool operator==(const ProxyServer &) const = default;
};

struct NetworkConfig {
	std::optional<StunServer> stun;
	std::optional<TurnServer> turn;
	bool relayOnly = false;		  ///< media uses only the TURN server; requires `turn`
	std::optional<ProxyServer> proxy; ///< for signalling; an http proxy also for media to a TURN server over TCP
	bool operator==(const NetworkConfig &) const = default;
};

/// Replaces all but the unreserved characters (RFC 3986 2.3) with %XX. Reentrant.
std::string percentEncode(std::string_view text);

} // namespace trtc
