// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"

#include <gio/gio.h>

#include <memory>
#include <string>

namespace trtc::net {

struct UriUnref {
	void operator()(GUri *uri) const noexcept { g_uri_unref(uri); }
};
using UriPtr = std::unique_ptr<GUri, UriUnref>;

/// True for localhost and loopback addresses, without a name lookup.
inline bool isLoopback(const std::string &host)
{
	if (host == "localhost" || g_str_has_suffix(host.c_str(), ".localhost"))
		return true;
	const auto address = glib::ObjectPtr<GInetAddress>::adopt(g_inet_address_new_from_string(host.c_str()));
	return address && g_inet_address_get_is_loopback(address.get());
}

} // namespace trtc::net
