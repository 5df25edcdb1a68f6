// SPDX-License-Identifier: MIT
#include <trtc/error.h>
#include <trtc/types.h>

#include "base/quote.h"
#include "base/refuse.h"
#include "base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace trtc {

void refuse(std::string message) { throw Exception(ErrorCode::InvalidParameter, std::move(message)); }

const char *errorName(ErrorCode code) noexcept
{
	switch (code) {
	case ErrorCode::InvalidParameter:
		return "INVALID_PARAMETER";
	case ErrorCode::InvalidOperation:
		return "INVALID_OPERATION";
	case ErrorCode::NotSupported:
		return "NOT_SUPPORTED";
	case ErrorCode::DeviceNotFound:
		return "DEVICE_NOT_FOUND";
	case ErrorCode::InitializeFailed:
		return "INITIALIZE_FAILED";
	case ErrorCode::SignalChannelSetupFailed:
		return "SIGNAL_CHANNEL_SETUP_FAILED";
	case ErrorCode::JoinRoomFailed:
		return "JOIN_ROOM_FAILED";
	case ErrorCode::RemoteStreamNotExist:
		return "REMOTE_STREAM_NOT_EXIST";
	case ErrorCode::UplinkReconnectionFailed:
		return "UPLINK_RECONNECTION_FAILED";
	case ErrorCode::DownlinkReconnectionFailed:
		return "DOWNLINK_RECONNECTION_FAILED";
	case ErrorCode::ClientBanned:
		return "CLIENT_BANNED";
	case ErrorCode::NotSupportedH264:
		return "NOT_SUPPORTED_H264";
	case ErrorCode::SwitchRoleFailed:
		return "SWITCH_ROLE_FAILED";
	case ErrorCode::ApiCallTimeout:
		return "API_CALL_TIMEOUT";
	case ErrorCode::Unknown:
		return "UNKNOWN";
	case ErrorCode::ConnectFailed:
		return "CONNECT_FAILED";
	case ErrorCode::ConnectionLost:
		return "CONNECTION_LOST";
	case ErrorCode::MediaFailed:
		return "MEDIA_FAILED";
	case ErrorCode::OutputFailed:
		return "OUTPUT_FAILED";
	case ErrorCode::Internal:
		return "INTERNAL";
	case ErrorCode::Refused:
		return "REFUSED";
	case ErrorCode::ExpectationFailed:
		return "EXPECTATION_FAILED";
	}
	return "UNKNOWN";
}

const char *toString(Role role) noexcept { return role == Role::Anchor ? "anchor" : "audience"; }
const char *toString(Mode mode) noexcept { return mode == Mode::Rtc ? "rtc" : "live"; }
const char *toString(MediaKind kind) noexcept { return kind == MediaKind::Audio ? "audio" : "video"; }
const char *toString(StreamType type) noexcept { return type == StreamType::Main ? "main" : "auxiliary"; }
const char *toString(VideoCodec codec) noexcept { return codec == VideoCodec::H264 ? "h264" : "vp8"; }

namespace {

constexpr std::size_t kMaxUserId = 32, kMaxRoom = 64;

/// Counts characters, so that a short text that is not ASCII is told as that.
void refuseTooLong(std::string_view what, std::string_view text, std::size_t limit)
{
	std::size_t characters = 0;
	for (auto rest = text; !rest.empty(); rest.remove_prefix(utf8::first(rest).bytes))
		++characters;
	if (characters > limit)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("{} {} is too long: it has {} characters, the limit is {}", what,
					    inQuotes(text, 40), characters, limit));
}

bool isAlnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

} // namespace

bool UserId::valid(std::string_view text) noexcept
{
	return !text.empty() && text.size() <= kMaxUserId &&
	       std::all_of(text.begin(), text.end(), [](char c) { return isAlnum(c) || c == '_' || c == '-'; });
}

UserId::UserId(std::string text) : text_(std::move(text))
{
	refuseTooLong("user id", text_, kMaxUserId);
	if (!valid(text_))
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("user id {} is not allowed: use 1 to 32 bytes of A-Z a-z 0-9 _ -",
					    inQuotes(text_, 40)));
}

RoomId RoomId::number(std::uint64_t value)
{
	if (value < 1 || value > 4294967294)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("room {} is out of range: a numeric room is 1 to 4294967294", value));
	RoomId id;
	id.text_ = std::to_string(value);
	return id;
}

RoomId RoomId::parseNumber(std::string_view text)
{
	const bool digits =
		!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
	if (!digits && text.size() > 1 && text[0] == '-' &&
	    std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; }))
		throw Exception(
			ErrorCode::InvalidParameter,
			fmt::format("room {} is out of range: a numeric room is 1 to 4294967294", inQuotes(text, 40)));
	if (!digits)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("room {} is not a number: give 1 to 4294967294, or add --string-room",
					    inQuotes(text, 40)));
	std::uint64_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	if (error != std::errc() || end != text.data() + text.size())
		throw Exception(
			ErrorCode::InvalidParameter,
			fmt::format("room {} is out of range: a numeric room is 1 to 4294967294", inQuotes(text, 40)));
	return number(value);
}

RoomId RoomId::string(std::string text)
{
	static constexpr std::string_view kMarks = "!#$%&()+-:;<=.>?@[]^_{}|~, \t\n\v\f\r";
	const bool allowed = std::all_of(text.begin(), text.end(),
					 [](char c) { return isAlnum(c) || kMarks.find(c) != std::string_view::npos; });
	refuseTooLong("string room", text, kMaxRoom);
	if (text.empty() || text.size() > kMaxRoom || !allowed)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("string room {} is not allowed: use 1 to 64 letters, digits, spaces or "
					    "!#$%&()+-:;<=.>?@[]^_{{}}|~,",
					    inQuotes(text, 40)));
	RoomId id;
	id.isString_ = true;
	id.text_ = std::move(text);
	return id;
}

} // namespace trtc
