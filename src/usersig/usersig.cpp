// SPDX-License-Identifier: MIT
#include "usersig/usersig.h"

#include "glib/pointer.h"
#include "json/reader.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <gio/gio.h>

#include <algorithm>
#include <array>
#include <limits>

namespace trtc::usersig {

namespace {

constexpr std::int64_t kMaxExpire = std::int64_t { 50 } * 366 * 86400;
constexpr std::int64_t kMaxTime = std::int64_t { 1 } << 40;

[[noreturn]] void invalid(const std::string &message) { throw Exception(ErrorCode::InvalidParameter, message); }

bool hasControl(std::string_view text) noexcept
{
	return std::any_of(text.begin(), text.end(),
			   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string toBase64(std::string_view bytes)
{
	const glib::CharPtr text(g_base64_encode(reinterpret_cast<const guchar *>(bytes.data()), bytes.size()));
	return text.get();
}

/// Strict, unlike g_base64_decode: full quartets of the alphabet, padding at the end only.
std::optional<std::string> fromBase64(const std::string &text)
{
	const auto body = std::min(text.find_last_not_of('=') + 1, text.size());
	const bool clean = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(body),
				       [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '/'; });
	if (text.size() % 4 != 0 || text.size() - body > 2 || !clean)
		return std::nullopt;
	gsize length = 0;
	const glib::CharPtr bytes(reinterpret_cast<char *>(g_base64_decode(text.c_str(), &length)));
	return std::string(bytes.get(), length);
}

/// TLSSigAPIv2's alphabet: `-` stands for `/` (not for `+` as in RFC 4648), padding is kept as `_`.
void swapAlphabet(std::string &text, std::string_view from, std::string_view to)
{
	for (char &c : text)
		if (const auto at = from.find(c); at != std::string_view::npos)
			c = to[at];
}
constexpr std::string_view kPlain = "+/=", kSafe = "*-_";

/// Runs a whole input through a zlib stage; nothing when it is damaged, goes on behind its end, or gives more than @p maxBytes.
std::optional<std::string> convert(GConverter *converter, std::string_view input, std::size_t maxBytes)
{
	std::string output;
	std::array<char, 4096> block;
	for (;;) {
		gsize read = 0, written = 0;
		glib::ErrorSlot error;
		const auto result =
			g_converter_convert(converter, input.data(), input.size(), block.data(), block.size(),
					    G_CONVERTER_INPUT_AT_END, &read, &written, error.out());
		if (result == G_CONVERTER_ERROR)
			return std::nullopt;
		input.remove_prefix(read);
		output.append(block.data(), written);
		if (output.size() > maxBytes)
			return std::nullopt;
		if (result == G_CONVERTER_FINISHED)
			return input.empty() ? std::optional(output) : std::nullopt;
	}
}

std::string deflate(std::string_view text)
{
	const auto converter =
		glib::ObjectPtr<GZlibCompressor>::adopt(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, -1));
	return convert(G_CONVERTER(converter.get()), text, std::numeric_limits<std::size_t>::max()).value_or("");
}

std::optional<std::string> inflate(std::string_view bytes)
{
	const auto converter =
		glib::ObjectPtr<GZlibDecompressor>::adopt(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
	return convert(G_CONVERTER(converter.get()), bytes, kMaxJsonBytes);
}

std::string textToSign(const Claims &claims)
{
	auto text = fmt::format("TLS.identifier:{}\nTLS.sdkappid:{}\nTLS.time:{}\nTLS.expire:{}\n", claims.userId,
				claims.sdkAppId, claims.time, claims.expire);
	if (claims.userBuf)
		text += fmt::format("TLS.userbuf:{}\n", toBase64(*claims.userBuf));
	return text;
}

std::string hmac(const Claims &claims, std::string_view key)
{
	const auto text = textToSign(claims);
	std::array<guint8, 32> digest {};
	gsize length = digest.size();
	auto *mac = g_hmac_new(G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(key.data()), key.size());
	g_hmac_update(mac, reinterpret_cast<const guchar *>(text.data()), static_cast<gssize>(text.size()));
	g_hmac_get_digest(mac, digest.data(), &length);
	g_hmac_unref(mac);
	return { reinterpret_cast<const char *>(digest.data()), length };
}

/// Takes the same time wherever the first difference is.
bool sameBytes(std::string_view a, std::string_view b) noexcept
{
	if (a.size() != b.size())
		return false;
	volatile unsigned char difference = 0;
	for (std::size_t i = 0; i < a.size(); ++i)
		difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
	return difference == 0;
}

Claims readClaims(const json::Value &root)
{
	Claims claims;
	claims.version = root.get("TLS.ver").string(16);
	if (claims.version != "2.0")
		root.get("TLS.ver").fail("must be \"2.0\"");
	claims.userId = root.get("TLS.identifier").string(1024);
	// A line break would let one signature stand for two texts.
	if (claims.userId.empty() || hasControl(claims.userId))
		root.get("TLS.identifier").fail("is no user id");
	claims.sdkAppId = static_cast<std::uint32_t>(root.get("TLS.sdkappid").integer(1, 0xffffffff));
	claims.time = root.get("TLS.time").integer(0, kMaxTime);
	claims.expire = root.get("TLS.expire").integer(0, kMaxTime);
	claims.signature = root.get("TLS.sig").string(256);
	if (const auto userBuf = root.find("TLS.userbuf")) {
		const auto text = userBuf->string(kMaxPackedBytes);
		claims.userBuf = fromBase64(text);
		// The text is signed as it stands: only the one spelling that we can rebuild counts.
		if (!claims.userBuf || toBase64(*claims.userBuf) != text)
			userBuf->fail("is not base64");
	}
	return claims;
}

std::string claimsJson(const Claims &claims)
{
	json::Writer out;
	out.beginObject().member("TLS.ver", claims.version).member("TLS.identifier", claims.userId);
	out.member("TLS.sdkappid", claims.sdkAppId).member("TLS.time", claims.time).member("TLS.expire", claims.expire);
	if (claims.userBuf)
		out.member("TLS.userbuf", toBase64(*claims.userBuf));
	return out.member("TLS.sig", claims.signature).endObject().take();
}

/// "90 s", "25 minutes", "3 hours", "10 days".
std::string inWords(std::int64_t seconds)
{
	constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
	if (seconds < 2 * kMinute)
		return fmt::format("{} s", seconds);
	if (seconds < 2 * kHour)
		return fmt::format("{} minutes", seconds / kMinute);
	if (seconds < 2 * kDay)
		return fmt::format("{} hours", seconds / kHour);
	return fmt::format("{} days", seconds / kDay);
}

std::string utcTime(std::int64_t seconds)
{
	auto *time = g_date_time_new_from_unix_utc(seconds);
	if (!time)
		return std::to_string(seconds);
	const glib::CharPtr text(g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ"));
	g_date_time_unref(time);
	return text.get();
}

Error malformed(const std::string &why) { return { ErrorCode::InvalidParameter, "signature is malformed: " + why }; }

} // namespace

std::string sign(const std::string &userId, std::uint32_t sdkAppId, std::string_view key, std::int64_t expireSeconds,
		 std::int64_t nowSeconds, const std::optional<std::string> &userBuf)
{
	if (userId.empty() || hasControl(userId) || !g_utf8_validate_len(userId.data(), userId.size(), nullptr))
		invalid("user id is empty, not UTF-8 or holds control characters: nothing was signed");
	if (sdkAppId == 0)
		invalid("sdkAppId 0 is not allowed: use 1 to 4294967295");
	if (key.empty())
		invalid("the secret key is empty");
	if (expireSeconds < 1 || expireSeconds > kMaxExpire)
		invalid(fmt::format("expiry of {} s is out of range: use 1 s to 50 years", expireSeconds));
	if (nowSeconds < 0 || nowSeconds > kMaxTime)
		invalid(fmt::format("time {} is out of range", nowSeconds));
	Claims claims { "2.0", userId, sdkAppId, nowSeconds, expireSeconds, userBuf, "" };
	claims.signature = toBase64(hmac(claims, key));
	auto packed = toBase64(deflate(claimsJson(claims)));
	swapAlphabet(packed, kPlain, kSafe);
	return packed;
}

std::string toJson(const Claims &claims) { return claimsJson(claims); }

Result<Claims> show(std::string_view packed)
{
	if (packed.empty())
		return malformed("it is empty");
	if (packed.size() > kMaxPackedBytes)
		return malformed(fmt::format("{} bytes, at most {} are allowed", packed.size(), kMaxPackedBytes));
	std::string base64(packed);
	if (base64.find_first_of(kPlain) != std::string::npos)
		return malformed("it has characters outside A-Z a-z 0-9 * - _");
	swapAlphabet(base64, kSafe, kPlain);
	const auto bytes = fromBase64(base64);
	if (!bytes)
		return malformed(
			"it is not base64 with the alphabet A-Z a-z 0-9 * - _ (truncated, or an extra character)");
	const auto text = inflate(*bytes);
	if (!text)
		return malformed(fmt::format("it does not inflate to at most {} bytes", kMaxJsonBytes));
	const auto root = json::parse(*text, { kMaxJsonBytes, 8 });
	if (!root)
		return malformed(root.error().message);
	try {
		return readClaims(root.value());
	} catch (const Exception &error) {
		return malformed(error.error().message);
	}
}

Result<Claims> verify(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId, std::string_view key,
		      std::int64_t nowSeconds, Fault *fault)
{
	const auto refuse = [&](Fault what, std::string message) {
		if (fault)
			*fault = what;
		return Error { ErrorCode::SignalChannelSetupFailed, std::move(message) };
	};
	if (fault)
		*fault = Fault::None;
	auto claims = show(packed);
	if (!claims)
		return refuse(Fault::Malformed, claims.error().message);
	const auto &said = claims.value();
	if (key.empty() || !sameBytes(toBase64(hmac(said, key)), said.signature))
		return refuse(Fault::WrongSignature,
			      "signature is wrong: it was made with another secret key, or it was changed");
	if (said.userId != userId)
		return refuse(Fault::OtherUser, fmt::format("signature is for user \"{}\", not for \"{}\"", said.userId,
							    userId.substr(0, 64)));
	if (said.sdkAppId != sdkAppId)
		return refuse(Fault::OtherApp,
			      fmt::format("signature is for sdkAppId {}, not for {}", said.sdkAppId, sdkAppId));
	if (nowSeconds >= said.expiresAt())
		return refuse(Fault::Expired, fmt::format("signature expired at {}, {} s ago",
							  utcTime(said.expiresAt()), nowSeconds - said.expiresAt()));
	if (said.time > nowSeconds + kClockSkew)
		return refuse(Fault::Future,
			      fmt::format("signature was made at {}, {} after the time of this machine ({}): the clock "
					  "here or at the signer is wrong; set it, then sign again",
					  utcTime(said.time), inWords(said.time - nowSeconds), utcTime(nowSeconds)));
	return claims;
}

// ---- PrivateMapKey -----------------------------------------------------------------------

namespace {

/// The format's own idea of text: the low byte of each UTF-16 unit.
std::string lowBytes(const std::string &text)
{
	glong units = 0;
	auto *utf16 = g_utf8_to_utf16(text.data(), static_cast<glong>(text.size()), nullptr, &units, nullptr);
	if (!utf16)
		invalid("text of a PrivateMapKey is not UTF-8");
	std::string bytes;
	for (glong i = 0; i < units; ++i)
		bytes += static_cast<char>(utf16[i] & 0xff);
	g_free(utf16);
	return bytes;
}

void put(std::string &bytes, std::uint32_t value, int width)
{
	for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
		bytes += static_cast<char>((value >> shift) & 0xff);
}

/// Big-endian fields from the front; throws at the end.
class FieldReader {
public:
	explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}
	std::string_view take(std::size_t count)
	{
		if (bytes_.size() < count)
			invalid("user buffer is truncated");
		const auto field = bytes_.substr(0, count);
		bytes_.remove_prefix(count);
		return field;
	}
	std::uint32_t number(std::size_t width)
	{
		std::uint32_t value = 0;
		for (char c : take(width))
			value = value << 8 | static_cast<unsigned char>(c);
		return value;
	}
	bool atEnd() const noexcept { return bytes_.empty(); }

private:
	std::string_view bytes_;
};

std::string fromLatin1(std::string_view bytes)
{
	std::string text;
	for (char c : bytes) {
		const auto byte = static_cast<unsigned char>(c);
		if (byte < 0x80) {
			text += c;
		} else {
			text += static_cast<char>(0xc0 | (byte >> 6));
			text += static_cast<char>(0x80 | (byte & 0x3f));
		}
	}
	return text;
}

} // namespace

Result<Claims> verifyUserSig(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId,
			     std::string_view key, std::int64_t nowSeconds, Fault *fault)
{
	auto claims = verify(packed, userId, sdkAppId, key, nowSeconds, fault);
	if (!claims || !claims.value().userBuf)
		return claims;
	if (fault)
		*fault = Fault::Malformed;
	return Error { ErrorCode::SignalChannelSetupFailed,
		       "this is a PrivateMapKey, not a UserSig: make a UserSig without --private-map-key" };
}

std::string makeUserBuf(const RoomPermit &permit)
{
	const auto account = lowBytes(permit.userId);
	const auto room = permit.room.isString() ? lowBytes(permit.room.str()) : std::string();
	if (account.empty() || account.size() > 255)
		invalid("user id of a PrivateMapKey must have 1 to 255 characters");
	if (permit.room.str().empty())
		invalid("a PrivateMapKey needs a room");
	if (permit.expiresAt < 0 || permit.expiresAt > 0xffffffff)
		invalid("a PrivateMapKey cannot expire after the year 2106: give a shorter expiry");
	std::string bytes;
	put(bytes, permit.room.isString() ? 1 : 0, 1);
	put(bytes, static_cast<std::uint32_t>(account.size()), 2);
	bytes += account;
	put(bytes, permit.sdkAppId, 4);
	put(bytes, permit.room.isString() ? 0 : static_cast<std::uint32_t>(std::stoul(permit.room.str())), 4);
	put(bytes, static_cast<std::uint32_t>(permit.expiresAt), 4);
	put(bytes, permit.privileges, 4);
	put(bytes, 0, 4);
	if (permit.room.isString()) {
		put(bytes, static_cast<std::uint32_t>(room.size()), 2);
		bytes += room;
	}
	return bytes;
}

Result<RoomPermit> parseUserBuf(std::string_view bytes)
{
	try {
		FieldReader reader(bytes);
		RoomPermit permit;
		const auto version = reader.number(1);
		if (version > 1)
			invalid(fmt::format("user buffer has unknown version {}: 0 and 1 are supported", version));
		const auto account = reader.take(reader.number(2));
		if (account.empty() || account.size() > 255)
			invalid(fmt::format("user buffer has a user id of {} bytes: 1 to 255 are allowed",
					    account.size()));
		if (account.find('\0') != std::string_view::npos)
			invalid("user buffer has a user id with a zero byte");
		permit.userId = fromLatin1(account);
		permit.sdkAppId = reader.number(4);
		const auto authId = reader.number(4);
		permit.expiresAt = reader.number(4);
		permit.privileges = reader.number(4);
		reader.number(4);
		permit.room = version == 0 ? RoomId::number(authId)
					   : RoomId::string(std::string(reader.take(reader.number(2))));
		if (!reader.atEnd())
			invalid("user buffer has bytes after its end");
		return permit;
	} catch (const Exception &error) {
		return error.error();
	}
}

std::string signPrivateMapKey(RoomPermit permit, std::string_view key, std::int64_t expireSeconds,
			      std::int64_t nowSeconds)
{
	permit.expiresAt = nowSeconds + expireSeconds;
	return sign(permit.userId, permit.sdkAppId, key, expireSeconds, nowSeconds, makeUserBuf(permit));
}

Result<RoomPermit> verifyPrivateMapKey(std::string_view packed, std::string_view userId, std::uint32_t sdkAppId,
				       const RoomId &room, std::string_view key, std::int64_t nowSeconds)
{
	const auto refuse = [](const std::string &why) {
		return Error { ErrorCode::JoinRoomFailed, "PrivateMapKey: " + why };
	};
	const auto claims = verify(packed, userId, sdkAppId, key, nowSeconds);
	if (!claims)
		return refuse(claims.error().message);
	if (!claims.value().userBuf)
		return refuse("this is a UserSig, not a PrivateMapKey: it names no room");
	auto permit = parseUserBuf(*claims.value().userBuf);
	if (!permit)
		return refuse(permit.error().message);
	const auto &said = permit.value();
	try {
		if (lowBytes(said.userId) != lowBytes(std::string(userId)))
			return refuse("it is for another user");
	} catch (const Exception &error) {
		return refuse(error.error().message);
	}
	if (said.sdkAppId != sdkAppId)
		return refuse(fmt::format("it is for sdkAppId {}, not for {}", said.sdkAppId, sdkAppId));
	if (said.room != room)
		return refuse(fmt::format("it is for {} room \"{}\", not for {} room \"{}\"",
					  said.room.isString() ? "string" : "number", said.room.str(),
					  room.isString() ? "string" : "number", room.str()));
	if (nowSeconds >= said.expiresAt)
		return refuse(fmt::format("it expired at {}", utcTime(said.expiresAt)));
	// Both end it.
	permit.value().expiresAt = std::min(said.expiresAt, claims.value().expiresAt());
	return permit;
}

} // namespace trtc::usersig
