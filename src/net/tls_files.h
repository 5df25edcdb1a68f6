// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"
#include "net/http_server.h"

#include <gio/gio.h>

namespace trtc::net {

/// Reads certificate and key and tries them in a handshake with ourselves, so that a key of another certificate shows now and not
/// with the first client. Blocks for some milliseconds. A certificate out of its time is warned about in the log.
/// Throws Exception(InvalidParameter) naming the file, the reason and the way out.
glib::ObjectPtr<GTlsCertificate> loadCertificate(const TlsFiles &files);

} // namespace trtc::net
