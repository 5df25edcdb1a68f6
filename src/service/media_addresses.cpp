// SPDX-License-Identifier: MIT
#include "service/media_addresses.h"

#include "glib/pointer.h"
#include "webrtc/peer_connection.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <gio/gio.h>

namespace trtc::service {

namespace {

/// A socket can be bound to our own addresses only.
bool isOurs(GInetAddress *address)
{
	const auto socket = glib::ObjectPtr<GSocket>::adopt(g_socket_new(
		g_inet_address_get_family(address), G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, nullptr));
	const auto place = glib::ObjectPtr<GSocketAddress>::adopt(g_inet_socket_address_new(address, 0));
	return socket && g_socket_bind(socket.get(), place.get(), FALSE, nullptr);
}

} // namespace

MediaAddresses::MediaAddresses(const std::string &address, std::uint16_t minPort, std::uint16_t maxPort)
	: address_(address), minPort_(minPort), maxPort_(maxPort)
{
	if (address_.empty())
		return;
	const auto parsed = glib::ObjectPtr<GInetAddress>::adopt(g_inet_address_new_from_string(address_.c_str()));
	if (!parsed || g_inet_address_get_is_any(parsed.get()) || g_inet_address_get_is_multicast(parsed.get()))
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("media address \"{}\" is not reachable by clients: name one IP address, "
					    "for example 192.0.2.10",
					    address_));
	local_ = isOurs(parsed.get());
}

webrtc::IceConfig MediaAddresses::forClient(const std::string &clientAddress) const
{
	webrtc::IceConfig ice;
	ice.minPort = minPort_;
	ice.maxPort = maxPort_;
	ice.localAddress = webrtc::localAddressFor(clientAddress);
	if (!ice.localAddress.empty() || address_.empty())
		return ice;
	(local_ ? ice.localAddress : ice.advertisedAddress) = address_;
	return ice;
}

} // namespace trtc::service
