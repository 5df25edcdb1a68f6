// SPDX-License-Identifier: MIT
#include "fuzz/room_script.h"

/// The rules of the room under clients that say anything, at any time. fuzz/room_script.h has the language.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	trtc::fuzz::RoomScript().play({ reinterpret_cast<const char *>(data), size });
	return 0;
}
