// SPDX-License-Identifier: MIT
#pragma once

namespace trtc::gst {

/// gst_init and a look for every plug-in the library needs. Throws Exception(NotSupported) that names
/// the missing elements and the Debian packages that bring them. Call once, in main.
void initialize();

} // namespace trtc::gst
