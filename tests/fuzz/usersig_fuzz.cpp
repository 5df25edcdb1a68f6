// SPDX-License-Identifier: MIT
#include "usersig/usersig.h"

#include <glib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace trtc;

constexpr std::uint32_t kApp = 1400000001;
constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::string_view kKey = "a key";

void hold(bool good)
{
	if (!good)
		std::abort();
}

/// As a UserSig is packed: zlib (one stored block, RFC 1950, 1951), base64 with three letters exchanged.
std::string packed(std::string_view text)
{
	text = text.substr(0, 0xffff);
	std::string bytes { 0x78, 0x01, 0x01 };
	const auto length = static_cast<unsigned>(text.size());
	for (const unsigned value : { length & 0xff, length >> 8, ~length & 0xff, ~length >> 8 & 0xff })
		bytes += static_cast<char>(value);
	bytes += text;
	std::uint32_t a = 1, b = 0;
	for (const char c : text) {
		a = (a + static_cast<unsigned char>(c)) % 65521;
		b = (b + a) % 65521;
	}
	for (const std::uint32_t value : { b >> 8, b & 0xff, a >> 8, a & 0xff })
		bytes += static_cast<char>(value);
	gchar *raw = g_base64_encode(reinterpret_cast<const guchar *>(bytes.data()), bytes.size());
	std::string encoded(raw);
	g_free(raw);
	for (char &c : encoded)
		c = c == '+' ? '*' : c == '/' ? '-' : c == '=' ? '_' : c;
	return encoded;
}

void look(std::string_view signature)
{
	const auto claims = usersig::show(signature);
	if (claims)
		hold(!usersig::toJson(claims.value()).empty());
	else
		hold(!claims.error().message.empty());
	for (const std::int64_t now : { std::int64_t { 0 }, kNow, std::int64_t { 1 } << 62 }) {
		auto fault = usersig::Fault::None;
		const auto verified = usersig::verifyUserSig(signature, "ann", kApp, kKey, now, &fault);
		// Nothing that was made up has the right signature.
		hold(!verified && fault != usersig::Fault::None && !verified.error().message.empty());
		hold(!usersig::verifyPrivateMapKey(signature, "ann", kApp, RoomId::number(8888), kKey, now));
	}
}

} // namespace

/// UserSigs as they come, the JSON in one, and the ticket for a room (PrivateMapKey) in one that is signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const std::string_view text(reinterpret_cast<const char *>(data), size);
	look(text);
	look(packed(text));
	if (const auto permit = usersig::parseUserBuf(text)) {
		const auto bytes = usersig::makeUserBuf(permit.value());
		const auto again = usersig::parseUserBuf(bytes);
		hold(again && usersig::makeUserBuf(again.value()) == bytes &&
		     again.value().room == permit.value().room);
	}
	if (size > 1024)
		return 0;
	const auto ticket = usersig::sign("ann", kApp, kKey, 100, kNow, std::string(text));
	const auto verified = usersig::verify(ticket, "ann", kApp, kKey, kNow);
	hold(verified && verified.value().userBuf == std::string(text));
	const auto permit = usersig::verifyPrivateMapKey(ticket, "ann", kApp, RoomId::number(8888), kKey, kNow);
	hold(!permit || (permit.value().userId == "ann" && permit.value().room == RoomId::number(8888)));
	return 0;
}
