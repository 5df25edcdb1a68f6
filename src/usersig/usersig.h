// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>
#include <trtc/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// UserSig and PrivateMapKey, byte-compatible with TLSSigAPIv2. All of it reentrant; no clock inside.
namespace trtc::usersig {

/// Longest packed signature looked at, bytes.
inline constexpr std::size_t kMaxPackedBytes = 16 * 1024;
/// Largest inflated JSON, bytes.
inline constexpr std::size_t kMaxJsonBytes = 64 * 1024;

/// What a signature says. Nothing of it is proven before verify().
struct Claims {
	std::string version; ///< "2.0"
	std::string userId;  ///< UTF-8
	std::uint32_t sdkAppId = 0;
	std::int64_t time = 0;		    ///< signed at, Unix seconds
	std::int64_t expire = 0;	    ///< valid this long, seconds
	std::optional<std::string> userBuf; ///< raw bytes; only in a PrivateMapKey
	std::string signature;		    ///< base64 as received
	std::int64_t expiresAt() const noexcept { return time + expire; }
};

/// Packs a signature. @p key is used as text bytes. @p userBuf: raw bytes of a PrivateMapKey.
/// Throws Exception(InvalidParameter): empty key, empty user id or not UTF-8, sdkAppId 0, expire outside 1 s to 50 years.
std::string sign(const std::string &userId, std::uint32_t sdkAppId, std::string_view key, std::int64_t expireSeconds,
		 std::int64_t nowSeconds, const std::optional<std::string> &userBuf = {});

/// Unpacks without any check of the signature. Error InvalidParameter: which step failed.
Result<Claims> show(std::string_view packed);
/// The claims as one JSON object under the wire's names (`TLS.ver` and so on), for printing.
std::string toJson(const Claims &claims);

/// How far the clock of the signer may be ahead of ours, seconds.
inline constexpr std::int64_t kClockSkew = 60;

/// Why a signature is refused.
enum class Fault { None, Malformed, WrongSignature, OtherUser, OtherApp, Expired, Future };

/// The order matters: nothing about user, app or times is said before the signature is right.
/// @p fault, if not null, gets the reason as a value. Error code SignalChannelSetupFailed.
Result<Claims> verify(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId, std::string_view key,
		      std::int64_t nowSeconds, Fault *fault = nullptr);

/// verify() for who enters: a PrivateMapKey proves the same things, but it is made to be handed out for one room, so it
/// is refused here (Fault::Malformed).
Result<Claims> verifyUserSig(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId,
			     std::string_view key, std::int64_t nowSeconds, Fault *fault = nullptr);

namespace privilege {
inline constexpr std::uint32_t kCreateRoom = 1, kEnterRoom = 2, kSendAudio = 4, kReceiveAudio = 8, kSendVideo = 16,
			       kReceiveVideo = 32, kSendAux = 64, kReceiveAux = 128;
inline constexpr std::uint32_t kAll = 255, kAudience = kEnterRoom | kReceiveAudio | kReceiveVideo; ///< 42
} // namespace privilege

/// "enter,receive-audio": the names of the bits, lowest first; a bit without a name as its number.
std::string privilegeNames(std::uint32_t privileges);
/// Names with commas between, also `send`, `receive` and `all` for several bits; or the sum as a number, 1 to 255.
/// Throws Exception(InvalidParameter) naming what is allowed.
std::uint32_t parsePrivileges(std::string_view text);

/// The user buffer of a PrivateMapKey.
struct RoomPermit {
	std::string userId;
	std::uint32_t sdkAppId = 0;
	RoomId room;
	std::int64_t expiresAt = 0;   ///< Unix seconds
	std::uint32_t privileges = 0; ///< bits of `privilege`
	bool allows(std::uint32_t bits) const noexcept { return (privileges & bits) == bits; }
};

/// Throws Exception(InvalidParameter): user id over 255 characters, expiresAt outside 32 bits.
std::string makeUserBuf(const RoomPermit &permit);
/// Error InvalidParameter: too short, unknown version, impossible room.
Result<RoomPermit> parseUserBuf(std::string_view bytes);

/// sign() with a permit; @p permit.expiresAt becomes now + expire.
std::string signPrivateMapKey(RoomPermit permit, std::string_view key, std::int64_t expireSeconds,
			      std::int64_t nowSeconds);
/// verify(), then the permit: same user and app, this room, not expired. Error code JoinRoomFailed. The permit's expiresAt is
/// the earlier end of the two.
Result<RoomPermit> verifyPrivateMapKey(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId,
				       const RoomId &room, std::string_view key, std::int64_t nowSeconds);

} // namespace trtc::usersig
