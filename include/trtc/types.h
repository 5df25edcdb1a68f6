// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace trtc {

/// `anchor` may publish, `audience` may not. The numbers are those of the protocol (`trtcRole`).
enum class Role : int { Anchor = 20, Audience = 21 };
/// `rtc`: every user is an anchor; `live`: users have roles. The numbers are those of the protocol (`trtcScene`).
enum class Mode : int { Rtc = 1, Live = 2 };
enum class MediaKind { Audio, Video };
/// `main`: camera and microphone; `auxiliary`: the screen.
enum class StreamType { Main, Auxiliary };
enum class VideoCodec { H264, Vp8 };
/// Size of a main video. Both sizes show the same pictures.
enum class VideoStreamType { Big, Small };

const char *toString(Role role) noexcept;
const char *toString(Mode mode) noexcept;
const char *toString(MediaKind kind) noexcept;
const char *toString(StreamType type) noexcept;
const char *toString(VideoCodec codec) noexcept; ///< "h264", "vp8"

/// A user's public name: 1..32 bytes of `A-Z a-z 0-9 _ -` (TRTC's rule). Reentrant.
class UserId {
public:
	UserId() = default;
	/// Throws Exception(InvalidParameter) if @p text breaks the rule.
	explicit UserId(std::string text);
	/// True if @p text follows the rule.
	static bool valid(std::string_view text) noexcept;
	const std::string &str() const noexcept { return text_; }
	auto operator<=>(const UserId &) const = default;

private:
	std::string text_;
};

/// A room's name. Number room 123 and string room "123" are different rooms.
class RoomId {
public:
	RoomId() = default;
	/// 1..4294967294 (SDK's rule). Throws Exception(InvalidParameter) outside.
	static RoomId number(std::uint64_t value);
	/// Decimal digits only, same range. Throws Exception(InvalidParameter).
	static RoomId parseNumber(std::string_view text);
	/// 1..64 characters of the SDK's set. Throws Exception(InvalidParameter).
	static RoomId string(std::string text);
	bool isString() const noexcept { return isString_; }
	const std::string &str() const noexcept { return text_; }
	auto operator<=>(const RoomId &) const = default;

private:
	bool isString_ = false;
	std::string text_;
};

} // namespace trtc

template <>
struct std::hash<trtc::UserId> {
	std::size_t operator()(const trtc::UserId &id) const noexcept { return std::hash<std::string> {}(id.str()); }
};
