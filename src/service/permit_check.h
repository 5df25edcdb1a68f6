// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"

#include <cstdint>
#include <functional>
#include <string>

namespace trtc::service {

/// PermitCheck that verifies PrivateMapKeys (usersig): signature, user, application, room, expiry.
/// @p secretKey: text bytes of the TLSSigAPIv2 key. @p unixSeconds: the wall clock; it is read once for each
/// PrivateMapKey, so that a clock that is set later neither shortens nor lengthens a permit.
PermitCheck makePermitCheck(std::string secretKey, std::function<std::int64_t()> unixSeconds);

} // namespace trtc::service
