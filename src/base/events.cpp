// SPDX-License-Identifier: MIT
#include <trtc/events.h>

namespace trtc {

const char *toString(ConnectionState state) noexcept
{
	switch (state) {
	case ConnectionState::Disconnected:
		return "DISCONNECTED";
	case ConnectionState::Connecting:
		return "CONNECTING";
	case ConnectionState::Connected:
		return "CONNECTED";
	case ConnectionState::Reconnecting:
		return "RECONNECTING";
	}
	return "DISCONNECTED";
}

} // namespace trtc
