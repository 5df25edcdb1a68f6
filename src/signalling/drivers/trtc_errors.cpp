// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc_errors.h"

#include <fmt/format.h>

#include <string>

namespace trtc::signalling {

namespace {

ErrorCode toErrorCode(int code, ErrorCode other) noexcept
{
	switch (code) {
	case protocol::code::kNoH264Encode:
	case protocol::code::kNoH264Decode:
		return ErrorCode::NotSupportedH264;
	case protocol::code::kNotPermitted:
	case protocol::code::kBadPrivateMapKey:
		return ErrorCode::Refused;
	case protocol::code::kNoSuchUser:
		return ErrorCode::RemoteStreamNotExist;
	case protocol::code::kBadSdp:
	case protocol::code::kNoCommonCodec:
	case protocol::code::kMediaFailed:
		return ErrorCode::MediaFailed;
	case protocol::code::kNotSupported:
		return ErrorCode::NotSupported;
	default:
		return other;
	}
}

} // namespace

std::string printable(const std::string &text)
{
	std::string out;
	for (const char c : text.substr(0, 200))
		out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
	return out.empty() ? "no reason given" : out;
}

Error refused(const char *verb, const protocol::ServerMessage &reply, ErrorCode other)
{
	return { toErrorCode(reply.code, other), fmt::format("the room service refused to {}: {} (code {})", verb,
							     printable(reply.message), reply.code) };
}

Error unanswered(const char *verb)
{
	return { ErrorCode::ApiCallTimeout, fmt::format("the room service did not answer in time to {}", verb) };
}

} // namespace trtc::signalling
