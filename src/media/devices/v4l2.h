// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/devices.h>

#include <string>

/// V4L2 capture devices through the kernel's ioctls. Reentrant.
namespace trtc::media {

/// Opens the node, reads what it is and what it gives. Its `problem` says why it cannot be used.
/// Throws Exception(DeviceNotFound): no such node, or nothing that captures video.
Camera inspectCamera(const std::string &path);

/// The camera that @p wanted means: a node (begins with '/'), a name or a part of one, in any case; "": the first one.
/// Throws Exception: DeviceNotFound (with a list of what is there), InitializeFailed (no permission, broken).
Camera findCamera(const std::string &wanted);

/// That camera again, under whatever node it has by now: its node, else one on the same bus, else one of the same name.
/// Throws as findCamera().
Camera findAgain(const Camera &camera);

/// Asks for a buffer and gives it back: the driver refuses while somebody else captures.
/// Throws Exception: InitializeFailed (in use, and by whom), DeviceNotFound (just unplugged).
void checkCameraFree(const Camera &camera);

} // namespace trtc::media
