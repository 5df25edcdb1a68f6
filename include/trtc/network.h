// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How media and signalling find their way. All parse() functions throw Exception(InvalidParameter) naming what is wrong and what
/// is allowed; none quotes a password.
namespace trtc {

/// `stun:HOST[:PORT]` (RFC 7064).
struct StunServer {
	std::string host; ///< IPv6 without brackets
	std::uint16_t port = 3478;
	static StunServer parse(std::string_view text);
	std::string place() const; ///< "stun:host:3478", for messages
	bool operator==(const StunServer &) const = default;
};

/// `turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]`: RFC 7065 with the credentials in front. The last colon before the `@`
/// parts user and password; percent escapes are decoded.
struct TurnServer {
	std::string user, password, host; ///< as they are, not escaped
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
	std::string user, password, host; ///< as they are, not escaped
	std::uint16_t port = 0;
	static ProxyServer parse(std::string_view text);
	std::string place() const; ///< "http://host:3128", for messages
	std::string url() const;   ///< with the credentials, escaped; not for messages
	bool operator==(const ProxyServer &) const = default;
};

struct NetworkConfig {
	std::optional<StunServer> stun;
	std::optional<TurnServer> turn;
	bool relayOnly = false;		  ///< media goes through the TURN server or not at all; needs one
	std::optional<ProxyServer> proxy; ///< signalling; http also media that goes to a TURN server over TCP
	bool operator==(const NetworkConfig &) const = default;
};

/// What an URL allows outside of its user and password (RFC 3986 2.3), everything else as %XX. Reentrant.
std::string percentEncode(std::string_view text);

} // namespace trtc
