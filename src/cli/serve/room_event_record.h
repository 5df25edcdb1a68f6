// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"
#include "service/room_event.h"

namespace trtc::cli {

/// What happens in a room of `serve`, as an event. Reentrant.
EventRecord toRecord(const service::RoomEvent &event);

} // namespace trtc::cli
