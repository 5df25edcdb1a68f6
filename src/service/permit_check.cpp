// SPDX-License-Identifier: MIT
#include "service/permit_check.h"

#include "usersig/usersig.h"

#include <utility>

namespace trtc::service {

PermitCheck makePermitCheck(std::string secretKey, std::function<std::int64_t()> unixSeconds)
{
	return [secretKey = std::move(secretKey), unixSeconds = std::move(unixSeconds)](
		       const Identity &who, const RoomId &room, const std::string &privateMapKey,
		       TimePoint now) -> Result<Permit> {
		const auto wall = unixSeconds();
		const auto said = usersig::verifyPrivateMapKey(privateMapKey, who.userId.str(), who.sdkAppId, room,
							       secretKey, wall);
		if (!said)
			return said.error();
		return Permit { said.value().privileges, now + std::chrono::seconds(said.value().expiresAt - wall) };
	};
}

} // namespace trtc::service
