// SPDX-License-Identifier: MIT
#include "webrtc/ice.h"

#include "glib/pointer.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>

#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

namespace trtc::webrtc {

namespace {

std::string bracketed(const std::string &host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

} // namespace

void configureIce(GstElement *webrtc, const IceConfig &config)
{
	GObject *agentRaw = nullptr;
	g_object_get(webrtc, "ice-agent", &agentRaw, nullptr);
	auto agent = glib::ObjectPtr<GObject>::adopt(agentRaw);
	g_object_set(agent.get(), "ice-tcp", FALSE, nullptr);
	if (config.minPort)
		g_object_set(agent.get(), "min-rtp-port", guint { config.minPort }, "max-rtp-port",
			     guint { config.maxPort }, nullptr);
	// libnice asks the network for a UPnP router and keeps gathering for 200 ms while it waits.
	GObject *niceRaw = nullptr;
	g_object_get(agent.get(), "agent", &niceRaw, nullptr);
	if (auto nice = glib::ObjectPtr<GObject>::adopt(niceRaw);
	    nice && g_object_class_find_property(G_OBJECT_GET_CLASS(nice.get()), "upnp"))
		g_object_set(nice.get(), "upnp", FALSE, nullptr);
	if (!config.localAddress.empty()) {
		gboolean added = FALSE;
		g_signal_emit_by_name(agent.get(), "add-local-ip-address", config.localAddress.c_str(), &added);
		if (!added)
			throw Exception(ErrorCode::MediaFailed,
					fmt::format("{} is not an address for ICE", config.localAddress));
	}
	if (config.stun)
		g_object_set(webrtc, "stun-server",
			     fmt::format("stun://{}:{}", bracketed(config.stun->host), config.stun->port).c_str(),
			     nullptr);
	if (config.turn)
		g_object_set(webrtc, "turn-server",
			     fmt::format("turn://{}:{}@{}:{}?transport={}", percentEncode(config.turn->user),
					 percentEncode(config.turn->password), bracketed(config.turn->host),
					 config.turn->port, config.turn->tcp ? "tcp" : "udp")
				     .c_str(),
			     nullptr);
	if (config.relayOnly)
		g_object_set(webrtc, "ice-transport-policy", GST_WEBRTC_ICE_TRANSPORT_POLICY_RELAY, nullptr);
	if (config.turn && config.turn->tcp && config.proxy && config.proxy->kind == ProxyServer::Kind::Http)
		g_object_set(webrtc, "http-proxy", config.proxy->url().c_str(), nullptr);
}

std::string advertise(const std::string &sdp, const std::string &address)
{
	std::string out;
	for (std::size_t at = 0; at < sdp.size();) {
		const auto end = std::min(sdp.find('\n', at), sdp.size() - 1) + 1;
		auto line = sdp.substr(at, end - at);
		at = end;
		if (!line.starts_with("a=candidate:") || line.find(" typ host") == std::string::npos) {
			out += line;
			continue;
		}
		// foundation component transport priority address port (RFC 8839 5.1)
		std::size_t begin = 0;
		for (int field = 0; field < 4; ++field)
			begin = line.find(' ', begin) + 1;
		const auto length = line.find(' ', begin) - begin;
		const bool v6 = line.substr(begin, length).find(':') != std::string::npos;
		if (v6 == (address.find(':') != std::string::npos))
			out += line.replace(begin, length, address);
	}
	return out;
}

std::string gatheringFailure(const IceConfig &config, const std::string &sdp)
{
	const bool none = sdp.find("a=candidate:") == std::string::npos;
	if (none && !config.turn && !config.minPort)
		return "this machine has no address for media: check that a network interface is up";
	if (none && config.minPort)
		return fmt::format("no UDP port from {} to {} is free for media: use a larger --media-ports range",
				   config.minPort, config.maxPort);
	if (config.turn && sdp.find(" typ relay") == std::string::npos)
		return fmt::format("the TURN server {} gave no relay address: check that it is reachable, and check "
				   "user name and password",
				   config.turn->place());
	return {};
}

} // namespace trtc::webrtc
