// SPDX-License-Identifier: MIT
#include "service/media_addresses.h"
#include "service/metrics.h"
#include "webrtc/ice.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

using namespace trtc;
using service::MediaAddresses;

TEST_CASE("an address that others know us by")
{
	const std::string sdp =
		"v=0\r\n"
		"a=candidate:1 1 UDP 2015363327 10.0.0.5 40001 typ host\r\n"
		"a=candidate:2 1 UDP 2015363327 fe80::1 40002 typ host\r\n"
		"a=candidate:3 1 UDP 1677722111 203.0.113.7 40003 typ srflx raddr 10.0.0.5 rport 40001\r\n"
		"a=end-of-candidates\r\n";
	CHECK(webrtc::advertise(sdp, "198.51.100.4") ==
	      "v=0\r\n"
	      "a=candidate:1 1 UDP 2015363327 198.51.100.4 40001 typ host\r\n"
	      "a=candidate:3 1 UDP 1677722111 203.0.113.7 40003 typ srflx raddr 10.0.0.5 rport 40001\r\n"
	      "a=end-of-candidates\r\n");
	CHECK(webrtc::advertise("a=candidate:2 1 UDP 1 fe80::1 40002 typ host", "2001:db8::1") ==
	      "a=candidate:2 1 UDP 1 2001:db8::1 40002 typ host");
	CHECK(webrtc::advertise("", "2001:db8::1").empty());
}

TEST_CASE("what gathering lacked")
{
	const std::string host = "a=candidate:1 1 UDP 1 10.0.0.5 40001 typ host\r\n";
	const std::string relay = host + "a=candidate:2 1 UDP 1 10.0.0.6 40001 typ relay raddr 0.0.0.0 rport 0\r\n";
	webrtc::IceConfig config;
	CHECK(webrtc::gatheringFailure(config, host).empty());
	CHECK(webrtc::gatheringFailure(config, "v=0\r\n").find("no address") != std::string::npos);
	config.turn = TurnServer { "ann", "hidden", "relay.example.org", 3478, false };
	CHECK(webrtc::gatheringFailure(config, relay).empty());
	const auto why = webrtc::gatheringFailure(config, host);
	CHECK(why.find("turn:relay.example.org:3478") != std::string::npos);
	CHECK(why.find("hidden") == std::string::npos);
	webrtc::IceConfig ports;
	ports.minPort = 40000;
	ports.maxPort = 40009;
	CHECK(webrtc::gatheringFailure(ports, host).empty());
	CHECK(webrtc::gatheringFailure(ports, "").find("40000 to 40009") != std::string::npos);
}

TEST_CASE("which address a client gets")
{
	CHECK(MediaAddresses().forClient("127.0.0.1").localAddress == "127.0.0.1");
	CHECK(MediaAddresses().forClient("192.0.2.9").localAddress.empty());
	// Nobody has an address for documentation: it is that of a router.
	const MediaAddresses router("203.0.113.7", 40000, 40009);
	CHECK(router.forClient("192.0.2.9").advertisedAddress == "203.0.113.7");
	CHECK(router.forClient("192.0.2.9").localAddress.empty());
	CHECK(router.forClient("192.0.2.9").minPort == 40000);
	CHECK(router.forClient("192.0.2.9").maxPort == 40009);
	CHECK(router.forClient("127.0.0.1").localAddress == "127.0.0.1");
	CHECK(router.forClient("127.0.0.1").advertisedAddress.empty());
	const MediaAddresses ours("127.0.0.2", 0, 0);
	CHECK(ours.forClient("192.0.2.9").localAddress == "127.0.0.2");
	CHECK(ours.forClient("192.0.2.9").advertisedAddress.empty());
	for (const char *text : { "example.org", "0.0.0.0", "::", "224.0.0.1", "1.2.3" })
		CHECK_THROWS_AS(MediaAddresses(text, 0, 0), const Exception &);
}

TEST_CASE("metrics: families, labels, numbers")
{
	service::MetricsText out;
	out.gauge("a_rooms", "Rooms.", 3);
	out.counters("b_total", "By reason.", "reason", { { "x\"y\\z\n", 1 }, { "z", 12345678901 } });
	CHECK(out.text() == "# HELP a_rooms Rooms.\n# TYPE a_rooms gauge\na_rooms 3\n"
			    "# HELP b_total By reason.\n# TYPE b_total counter\n"
			    "b_total{reason=\"x\\\"y\\\\z\\n\"} 1\nb_total{reason=\"z\"} 12345678901\n");
}
