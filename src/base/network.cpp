// SPDX-License-Identifier: MIT
#include <trtc/error.h>
#include <trtc/network.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace trtc {

namespace {

constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/// @p usage: what is allowed. The text itself may hold a password and is not repeated.
[[noreturn]] void refuse(std::string_view what, std::string_view why, std::string_view usage)
{
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("this {} is not allowed: {}; use {}", what, why, usage));
}

struct Form {
	std::string_view what, usage;
};

struct Endpoint {
	std::string host;
	std::optional<std::uint16_t> port;
};

Endpoint parseEndpoint(std::string_view text, const Form &form)
{
	Endpoint endpoint;
	auto end = text.find(':');
	if (text.starts_with('[')) {
		const auto close = text.find(']');
		if (close == std::string_view::npos)
			refuse(form.what, "an IPv6 address ends with ]", form.usage);
		endpoint.host = text.substr(1, close - 1);
		end = close + 1;
		static constexpr std::string_view kAddress = "0123456789abcdefABCDEF:.";
		if (endpoint.host.find_first_not_of(kAddress) != std::string::npos ||
		    (end < text.size() && text[end] != ':'))
			refuse(form.what, "it is not an IPv6 address", form.usage);
		end = end < text.size() ? end : std::string_view::npos;
	} else {
		endpoint.host = text.substr(0, end);
		if (endpoint.host.find_first_not_of(kUnreserved) != std::string::npos)
			refuse(form.what, "the host is neither a name nor an address", form.usage);
	}
	if (endpoint.host.empty())
		refuse(form.what, "the host is missing", form.usage);
	if (end == std::string_view::npos)
		return endpoint;
	const auto digits = text.substr(end + 1);
	unsigned port = 0;
	const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
	if (error != std::errc() || rest != digits.data() + digits.size() || port < 1 || port > 65535)
		refuse(form.what, "the port is a number from 1 to 65535", form.usage);
	endpoint.port = static_cast<std::uint16_t>(port);
	return endpoint;
}

std::string percentDecode(std::string_view text, const Form &form)
{
	std::string out;
	for (std::size_t i = 0; i < text.size(); ++i) {
		if (text[i] != '%') {
			out += text[i];
			continue;
		}
		unsigned value = 0;
		const auto digits = text.substr(i + 1, 2);
		const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
		if (digits.size() != 2 || error != std::errc() || rest != digits.data() + 2 || value == 0)
			refuse(form.what, "% is followed by two hexadecimal digits", form.usage);
		out += static_cast<char>(value);
		i += 2;
	}
	return out;
}

struct Credentials {
	std::string user, password;
};

/// Takes `USER:PASSWORD@` off the front; nothing when there is no @.
std::optional<Credentials> takeCredentials(std::string_view &text, const Form &form)
{
	const auto at = text.rfind('@');
	if (at == std::string_view::npos)
		return {};
	const auto both = text.substr(0, at);
	text.remove_prefix(at + 1);
	const auto colon = both.rfind(':');
	if (colon == std::string_view::npos || colon == 0 || colon + 1 == both.size())
		refuse(form.what, "write user and password as USER:PASSWORD before the @", form.usage);
	return Credentials { percentDecode(both.substr(0, colon), form), percentDecode(both.substr(colon + 1), form) };
}

/// Takes `scheme:` or `scheme://` off the front.
bool takeScheme(std::string_view &text, std::string_view scheme)
{
	if (!text.starts_with(scheme) || text.size() <= scheme.size() || text[scheme.size()] != ':')
		return false;
	text.remove_prefix(scheme.size() + 1);
	if (text.starts_with("//"))
		text.remove_prefix(2);
	return true;
}

std::string hostAndPort(const std::string &host, std::uint16_t port)
{
	return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
						   : fmt::format("[{}]:{}", host, port);
}

} // namespace

std::string percentEncode(std::string_view text)
{
	std::string out;
	for (const char c : text)
		out += kUnreserved.find(c) != std::string_view::npos
			       ? std::string(1, c)
			       : fmt::format("%{:02X}", static_cast<unsigned char>(c));
	return out;
}

StunServer StunServer::parse(std::string_view text)
{
	static constexpr Form kForm { "STUN server", "stun:HOST:PORT, for example stun:stun.example.org:3478" };
	if (!takeScheme(text, "stun"))
		refuse(kForm.what, "it does not begin with stun:", kForm.usage);
	auto endpoint = parseEndpoint(text, kForm);
	return { std::move(endpoint.host), endpoint.port.value_or(3478) };
}

std::string StunServer::place() const { return "stun:" + hostAndPort(host, port); }

TurnServer TurnServer::parse(std::string_view text)
{
	static constexpr Form kForm { "TURN server", "turn:USER:PASSWORD@HOST:PORT?transport=udp (or tcp)" };
	if (text.starts_with("turns:"))
		refuse(kForm.what, "TURN over TLS is not supported (by libnice); media is encrypted in any case",
		       kForm.usage);
	if (!takeScheme(text, "turn"))
		refuse(kForm.what, "it does not begin with turn:", kForm.usage);
	TurnServer server;
	// Behind the last @, so that a password may hold a question mark.
	const auto mark = text.find('?', std::min(text.rfind('@'), text.size()));
	if (mark != std::string_view::npos) {
		const auto query = text.substr(mark + 1);
		text = text.substr(0, mark);
		if (query != "transport=udp" && query != "transport=tcp")
			refuse(kForm.what, "the text after the question mark must be transport=udp or transport=tcp",
			       kForm.usage);
		server.tcp = query == "transport=tcp";
	}
	auto credentials = takeCredentials(text, kForm);
	if (!credentials)
		refuse(kForm.what, "user and password are missing", kForm.usage);
	server.user = std::move(credentials->user);
	server.password = std::move(credentials->password);
	auto endpoint = parseEndpoint(text, kForm);
	server.host = std::move(endpoint.host);
	server.port = endpoint.port.value_or(3478);
	return server;
}

std::string TurnServer::place() const
{
	return fmt::format("turn:{}?transport={}", hostAndPort(host, port), tcp ? "tcp" : "udp");
}

ProxyServer ProxyServer::parse(std::string_view text)
{
	static constexpr Form kForm { "proxy",
				      "http://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ in front of the "
				      "host if needed" };
	ProxyServer server;
	if (text.starts_with("http://"))
		server.kind = Kind::Http;
	else if (text.starts_with("socks5://"))
		server.kind = Kind::Socks5;
	else
		refuse(kForm.what, "it does not begin with http:// or socks5://", kForm.usage);
	text.remove_prefix(text.find("://") + 3);
	if (text.ends_with('/'))
		text.remove_suffix(1);
	if (auto credentials = takeCredentials(text, kForm)) {
		server.user = std::move(credentials->user);
		server.password = std::move(credentials->password);
	}
	auto endpoint = parseEndpoint(text, kForm);
	if (!endpoint.port)
		refuse(kForm.what, "the port is missing", kForm.usage);
	server.host = std::move(endpoint.host);
	server.port = *endpoint.port;
	return server;
}

std::string ProxyServer::place() const
{
	return fmt::format("{}://{}", kind == Kind::Http ? "http" : "socks5", hostAndPort(host, port));
}

std::string ProxyServer::url() const
{
	return fmt::format("{}://{}{}", kind == Kind::Http ? "http" : "socks5",
			   user.empty() ? "" : percentEncode(user) + ":" + percentEncode(password) + "@",
			   hostAndPort(host, port));
}

} // namespace trtc
