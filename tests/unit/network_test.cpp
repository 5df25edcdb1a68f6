// SPDX-License-Identifier: MIT
#include <trtc/error.h>
#include <trtc/network.h>

#include <doctest/doctest.h>

#include <string>

using namespace trtc;

namespace {

template <class T>
std::string refusal(const char *text)
{
	try {
		T::parse(text);
	} catch (const Exception &error) {
		CHECK((error.error().code == ErrorCode::InvalidParameter));
		return error.what();
	}
	return "taken";
}

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("STUN servers")
{
	CHECK(StunServer::parse("stun:stun.example.org") == StunServer { "stun.example.org", 3478 });
	CHECK(StunServer::parse("stun://192.0.2.1:19302") == StunServer { "192.0.2.1", 19302 });
	CHECK(StunServer::parse("stun:[2001:db8::1]:5") == StunServer { "2001:db8::1", 5 });
	CHECK(StunServer::parse("stun:[2001:db8::1]").place() == "stun:[2001:db8::1]:3478");
	for (const char *text :
	     { "", "stun", "stun:", "stun::5", "stun:a b", "stun:[::1", "stun:[x]:5", "stun:[::1]x",
	       "stun:h:", "stun:h:0", "stun:h:65536", "stun:h:5x", "stun:h:-5", "stun:u@h", "turn:h" })
		CHECK_MESSAGE(refusal<StunServer>(text) != "taken", text);
}

TEST_CASE("TURN servers: credentials as they are, transport, and no password in a refusal")
{
	CHECK(TurnServer::parse("turn:ann:secret@turn.example.org") ==
	      TurnServer { "ann", "secret", "turn.example.org", 3478, false });
	CHECK(TurnServer::parse("turn://ann:secret@[::1]:99?transport=tcp") ==
	      TurnServer { "ann", "secret", "::1", 99, true });
	CHECK(TurnServer::parse("turn:ann:secret@h?transport=udp").place() == "turn:h:3478?transport=udp");
	// Time-limited users hold a colon, passwords anything.
	CHECK(TurnServer::parse("turn:1700000000:ann:a+b/c=@h") ==
	      TurnServer { "1700000000:ann", "a+b/c=", "h", 3478, false });
	CHECK(TurnServer::parse("turn:ann:p%40s%3As%2f@h") == TurnServer { "ann", "p@s:s/", "h", 3478, false });
	CHECK(TurnServer::parse("turn:ann:p@s?s@h?transport=tcp") == TurnServer { "ann", "p@s?s", "h", 3478, true });
	for (const char *text :
	     { "", "turn:", "turn:h", "turn:hidden@h", "turn::hidden@h", "turn:u:@h", "turn:u:hidden@",
	       "turn:u:hidden@h:x", "turn:u:hidden@h?transport=tls", "turn:u:hidden@h?", "turn:u:hidden%4@h",
	       "turn:u:hidden%zz@h", "turn:u:hidden%00@h", "stun:u:hidden@h", "turns:u:hidden@h" }) {
		const auto why = refusal<TurnServer>(text);
		CHECK_MESSAGE(why != "taken", text);
		CHECK_MESSAGE(!has(why, "hidden"), why);
	}
	CHECK(has(refusal<TurnServer>("turns:u:p@h"), "TLS"));
}

TEST_CASE("proxies")
{
	CHECK(ProxyServer::parse("http://proxy:3128/") ==
	      ProxyServer { ProxyServer::Kind::Http, "", "", "proxy", 3128 });
	const auto proxy = ProxyServer::parse("socks5://ann:p%40ss@[::1]:1080");
	CHECK(proxy == ProxyServer { ProxyServer::Kind::Socks5, "ann", "p@ss", "::1", 1080 });
	CHECK(proxy.place() == "socks5://[::1]:1080");
	CHECK(proxy.url() == "socks5://ann:p%40ss@[::1]:1080");
	CHECK(ProxyServer::parse(proxy.url()) == proxy);
	for (const char *text : { "", "proxy:3128", "http://proxy", "https://proxy:1", "http://:3128",
				  "http://u@proxy:1", "http://proxy:1/path", "socks4://proxy:1" })
		CHECK_MESSAGE(refusal<ProxyServer>(text) != "taken", text);
}

TEST_CASE("what an URL must escape")
{
	CHECK(percentEncode("aZ09-._~") == "aZ09-._~");
	CHECK(percentEncode("a:b@c/d%\xff") == "a%3Ab%40c%2Fd%25%FF");
}
