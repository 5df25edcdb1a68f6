// SPDX-License-Identifier: MIT
#include "cli/serve/room_event_record.h"

#include <trtc/events.h>

#include <glib.h>

#include <algorithm>
#include <utility>

namespace trtc::cli {

namespace {

/// Room and user first, the address last, as in every event of this kind.
EventRecord record(const char *name, const service::AboutRoom &about, Fields fields)
{
	fields.insert(fields.begin(), { { "roomId", roomValue(about.room) }, { "userId", about.userId.str() } });
	fields.push_back({ "address", about.address });
	return { name, std::move(fields) };
}

/// As the agent's events have it: "h264".
std::string lower(std::string text)
{
	std::transform(text.begin(), text.end(), text.begin(), g_ascii_tolower);
	return text;
}

} // namespace

EventRecord toRecord(const service::RoomEvent &event)
{
	return std::visit(
		overloaded {
			[](const service::RoomCreated &e) { return record("room-created", e, {}); },
			[](const service::RoomEmpty &e) {
				return record("room-empty", e, { { "reason", e.reason } });
			},
			[](const service::UserJoined &e) {
				return record("user-joined", e,
					      { { "role", toString(e.role) }, { "mode", toString(e.mode) } });
			},
			[](const service::UserLeft &e) {
				return record("user-left", e, { { "reason", e.reason } });
			},
			[](const service::RoleChanged &e) {
				return record("role-changed", e,
					      { { "role", toString(e.role) }, { "prevRole", toString(e.prevRole) } });
			},
			[](const service::StreamPublished &e) {
				return record("stream-published", e,
					      { { "streamType", toString(e.streamType) },
						{ "audio", e.audio },
						{ "video", e.video },
						{ "codec", lower(e.codec) } });
			},
			[](const service::StreamUnpublished &e) {
				return record("stream-unpublished", e,
					      { { "streamType", toString(e.streamType) },
						{ "audio", e.audio },
						{ "video", e.video },
						{ "reason", e.reason } });
			},
		},
		event);
}

} // namespace trtc::cli
