// SPDX-License-Identifier: MIT
#include "service/refusals.h"

namespace trtc::service {

namespace {

/// Null for what is no refusal.
const char *refusalReason(const protocol::ServerMessage &message)
{
	using protocol::Event;
	namespace code = protocol::code;
	if (message.event != Event::JoinResult && message.event != Event::PublishResult &&
	    message.event != Event::SubscribeResult && message.event != Event::ChangeRoleResult &&
	    message.event != Event::SinglePublishResult && message.event != Event::SingleSubscribeResult &&
	    message.event != Event::RebuildResult)
		return nullptr;
	switch (message.code) {
	case code::kOk:
		return nullptr;
	case code::kLimit:
		return "limit";
	case code::kNotPermitted:
	case code::kBadPrivateMapKey:
		return "permission";
	case code::kBadSdp:
	case code::kNoCommonCodec:
	case code::kNoH264Encode:
	case code::kNoH264Decode:
		return "codec";
	case code::kMediaFailed:
		return "media";
	default:
		return "request";
	}
}

} // namespace

void Refusals::take(const protocol::ServerMessage &answer)
{
	if (const auto *reason = refusalReason(answer))
		count(reason);
}

} // namespace trtc::service
