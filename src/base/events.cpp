// SPDX-License-Identifier: MIT
#include <trtc/events.h>

namespace trtc {

Event::Event(const Event &) = default;
Event::Event(Event &&) noexcept = default;
Event &Event::operator=(const Event &) = default;
Event &Event::operator=(Event &&) noexcept = default;
Event::~Event() = default;

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
