// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"

#include <gio/gio.h>

#include <cstddef>
#include <memory>

namespace trtc::net {

/// How much may come in before something sensible is complete. libsoup 3.2 limits a frame but neither
/// a message of endless fragments nor a flood of pings: both eat this up, a text message refills it.
struct ReadBudget {
	std::size_t left = 0;
};

/// @p stream with its input side counted: reading past the budget fails with G_IO_ERROR_MESSAGE_TOO_LARGE.
/// Keeps @p stream alive. Private to src/net.
glib::ObjectPtr<GIOStream> wrapWithBudget(GIOStream *stream, std::shared_ptr<ReadBudget> budget);

/// The budget of a stream made by wrapWithBudget, found through libsoup's own wrappers; or null.
std::shared_ptr<ReadBudget> findBudget(GIOStream *stream);

/// The socket below all wrappers, borrowed; or null.
GSocket *findSocket(GIOStream *stream);

/// The first object among the wrappers that has this data attached; or null.
gpointer findStreamData(GIOStream *stream, const char *key);

} // namespace trtc::net
