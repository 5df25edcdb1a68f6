// SPDX-License-Identifier: MIT
#include "usersig/usersig.h"

#include "json/reader.h"

#include <doctest/doctest.h>

#include <string>

using namespace trtc;
using namespace trtc::usersig;

namespace {

constexpr std::uint32_t kApp = 1400000001;
constexpr std::int64_t kTime = 1700000000;
const std::string kKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Made with tls-sig-api-v2 1.0.2 and a fixed clock.
struct Vector {
	const char *userId;
	std::int64_t expire;
	const char *userBufHex;
	const char *json;
	const char *packed;
};

const Vector kVectors[] = {
	{ "alice", 86400, nullptr,
	  R"({"TLS.ver":"2.0","TLS.identifier":"alice","TLS.sdkappid":1400000001,"TLS.time":1700000000,"TLS.expire":86400,"TLS.sig":"cForwd2VAJbcbM+2JaMHyjclosQn9CPpTcoXl3NLqOU="})",
	  "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwok5mcmpUInilOzEgoLMFCUrQxMDCDCEyJRk5qYqWRmaQ0UNIKKpFQWZRalKVhZmJjCh"
	  "4sx0JSulZLf8ovIUozBHr6TkJF9tI69EX4-KrOSc-OLAPEvngIKQ5PyIHGM-n0L-UFulWgCUUDEZ" },
	{ "user_02-B", 604800, nullptr,
	  R"({"TLS.ver":"2.0","TLS.identifier":"user_02-B","TLS.sdkappid":1400000001,"TLS.time":1700000000,"TLS.expire":604800,"TLS.sig":"3UBdto3tXZCGf3DTGAVWQZ/ncKIS7WMUbJz1HHWdmes="})",
	  "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwqXFqUXxBka6TlDJ4pTsxIKCzBQlK0MTAwgwhMiUZOamKlkZmkNFDSCiqRUFmUWpSlZm"
	  "BiYWMLHizHQlKyXjUKeUknzjkogoZ-c0Y5cQd8ew8MAo-bxkb89g83Df0CSvKkMPj-CU3NRiW6VaAE1FMVk_" },
	{ "alice", 300, "000005616c69636553724e01000022b86553f22c000000ff00000000",
	  R"({"TLS.ver":"2.0","TLS.identifier":"alice","TLS.sdkappid":1400000001,"TLS.time":1700000000,"TLS.expire":300,"TLS.userbuf":"AAAFYWxpY2VTck4BAAAiuGVT8iwAAAD/AAAAAA==","TLS.sig":"/BzfOZ3BsOesMFwT9mwzyGIRJsiwNuo9qCoEvRhnpkI="})",
	  "eJw1jcsKglAURf-ljCM1hfKCg2MvjEowKWxmeq2DWTevr4z*PVBbs73WYH-A3x7GFc*"
	  "BwWSswqjbFPNHQQl1OrxTxIcg4zQUgmJgmqH2aH0pKOPAtOlg1d7yRlDOgel-UUqeX8oEGCDiKjg1Ipgc-"
	  "Sg1bESkcn30Z1Qj4kLBDsv6P9MVGCh2m7hn3ZYul7tV7ZtZ3b7XjreRVO-Lp-maP5eVd3uI1LHg*wO93UJW" },
	{ "bob", 300, "010003626f6253724e01000000006553f22c0000002a00000000000b6c6976652d726f6f6d5f37",
	  R"({"TLS.ver":"2.0","TLS.identifier":"bob","TLS.sdkappid":1400000001,"TLS.time":1700000000,"TLS.expire":300,"TLS.userbuf":"AQADYm9iU3JOAQAAAABlU/IsAAAAKgAAAAAAC2xpdmUtcm9vbV83","TLS.sig":"b4Vgy6vdw7NWLkd2PWkNaJ8VNZa4xfZRQvOLuxeqb1w="})",
	  "eJw1zskOgjAUBdB-eWuDTBFo4qLqRiQgKhDZUVtIgygy1hj-3chwV**"
	  "du7kfuDhnqWMVIFAlGRbDzyl7NDzlA5MnmbimeVKWnAJSdHmMMjYNLxggxZhUHpWJklcMkDZDW7OKtCkgwD7eXQuLB5rtYR9jjDf3YLmv-"
	  "9chw0O2qihpETS3wupIaGrzCp79V*lh9l51tDfcyMmpeoxyN7HN0I0TXaTxye88pxXsRZR*Dd8fKipFCg__" },
};

std::string hexOf(const std::string &bytes)
{
	static constexpr char kDigits[] = "0123456789abcdef";
	std::string out;
	for (const char c : bytes) {
		out += kDigits[static_cast<unsigned char>(c) >> 4];
		out += kDigits[static_cast<unsigned char>(c) & 15];
	}
	return out;
}

std::string fromHex(const std::string &hex)
{
	std::string out;
	for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
		out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
	return out;
}

std::optional<std::string> userBufOf(const Vector &vector)
{
	return vector.userBufHex ? std::optional(fromHex(vector.userBufHex)) : std::nullopt;
}

Fault faultOf(std::string_view packed, const char *user, std::uint32_t app, const std::string &key, std::int64_t now)
{
	Fault fault = Fault::Malformed;
	const auto result = verify(packed, user, app, key, now, &fault);
	CHECK(result.has_value() == (fault == Fault::None));
	if (!result)
		CHECK(result.error().code == ErrorCode::SignalChannelSetupFailed);
	return fault;
}

} // namespace

TEST_CASE("the published vectors verify and show")
{
	for (const auto &vector : kVectors) {
		CAPTURE(vector.packed);
		const auto claims = show(vector.packed);
		REQUIRE(claims.has_value());
		CHECK(toJson(claims.value()) == vector.json);
		CHECK(claims.value().userBuf == userBufOf(vector));
		CHECK(faultOf(vector.packed, vector.userId, kApp, kKey, kTime) == Fault::None);
		CHECK(faultOf(vector.packed, vector.userId, kApp, kKey, kTime + vector.expire - 1) == Fault::None);
	}
}

TEST_CASE("what we sign says the same, HMAC included")
{
	for (const auto &vector : kVectors) {
		const auto packed = sign(vector.userId, kApp, kKey, vector.expire, kTime, userBufOf(vector));
		for (const char c : packed)
			CHECK((std::isalnum(static_cast<unsigned char>(c)) || c == '*' || c == '-' || c == '_'));
		const auto claims = show(packed);
		REQUIRE(claims.has_value());
		CHECK(toJson(claims.value()) == vector.json);
	}
}

TEST_CASE("user buffers match byte for byte")
{
	RoomPermit alice { "alice", kApp, RoomId::number(8888), kTime + 300, 255 };
	CHECK(hexOf(makeUserBuf(alice)) == kVectors[2].userBufHex);
	RoomPermit bob { "bob", kApp, RoomId::string("live-room_7"), kTime + 300, 42 };
	CHECK(hexOf(makeUserBuf(bob)) == kVectors[3].userBufHex);
	alice.room = RoomId::number(4294967294);
	CHECK(hexOf(makeUserBuf(alice)).substr(24, 8) == "fffffffe");

	const auto read = parseUserBuf(fromHex(kVectors[3].userBufHex));
	REQUIRE(read.has_value());
	CHECK(read.value().userId == "bob");
	CHECK(read.value().sdkAppId == kApp);
	CHECK(read.value().room == RoomId::string("live-room_7"));
	CHECK(read.value().expiresAt == kTime + 300);
	CHECK(read.value().allows(privilege::kEnterRoom));
	CHECK(!read.value().allows(privilege::kSendAudio));
}

TEST_CASE("a damaged user buffer is refused")
{
	for (const auto &vector : { kVectors[2], kVectors[3] }) {
		const auto whole = fromHex(vector.userBufHex);
		for (std::size_t size = 0; size < whole.size(); ++size)
			CHECK(!parseUserBuf(whole.substr(0, size)).has_value());
		CHECK(!parseUserBuf(whole + "x").has_value());
		CHECK(!parseUserBuf('\x02' + whole.substr(1)).has_value());
	}
	CHECK(!parseUserBuf(fromHex("000005616c69636553724e01000000006553f22c000000ff00000000")).has_value()); // room 0
	CHECK(!parseUserBuf(fromHex("00000053724e01000022b86553f22c000000ff00000000")).has_value()); // nobody's
	const auto named = [](std::size_t length) {
		const std::string head { '\0', static_cast<char>(length >> 8), static_cast<char>(length) };
		return head + std::string(length, 'a') + fromHex("53724e01000022b86553f22c000000ff00000000");
	};
	CHECK(parseUserBuf(named(255)).has_value());
	CHECK(!parseUserBuf(named(256)).has_value());
	auto zero = named(3);
	zero[3] = '\0';
	CHECK(!parseUserBuf(zero).has_value());
}

TEST_CASE("each fault has its own name, and the signature comes first")
{
	const auto &v1 = kVectors[0];
	CHECK(faultOf(v1.packed, "alice", kApp, "another key", kTime) == Fault::WrongSignature);
	CHECK(faultOf(v1.packed, "alice", kApp, "", kTime) == Fault::WrongSignature);
	CHECK(faultOf(v1.packed, "bob", kApp, kKey, kTime) == Fault::OtherUser);
	CHECK(faultOf(v1.packed, "alice", kApp + 1, kKey, kTime) == Fault::OtherApp);
	CHECK(faultOf(v1.packed, "alice", kApp, kKey, kTime + 86400) == Fault::Expired);
	// The clock of the signer may be a minute ahead.
	CHECK(faultOf(v1.packed, "alice", kApp, kKey, kTime - kClockSkew) == Fault::None);
	CHECK(faultOf(v1.packed, "alice", kApp, kKey, kTime - kClockSkew - 1) == Fault::Future);
	CHECK(verify(v1.packed, "alice", kApp, kKey, kTime - 3 * 3600).error().message ==
	      "signature was made at 2023-11-14T22:13:20Z, 3 hours after the time of this machine "
	      "(2023-11-14T19:13:20Z): the clock here or at the signer is wrong; set it, then sign again");
	// Nothing is said about user or expiry to somebody who has no valid signature.
	CHECK(faultOf(v1.packed, "bob", kApp + 1, "another key", kTime + 999999) == Fault::WrongSignature);
	const auto expired = verify(v1.packed, "alice", kApp, kKey, kTime + 86410);
	CHECK(expired.error().message == "signature expired at 2023-11-15T22:13:20Z, 10 s ago");
	CHECK(verify(v1.packed, "bob", kApp, kKey, kTime).error().message ==
	      "signature is for user \"alice\", not for \"bob\"");
}

TEST_CASE("a changed character never verifies")
{
	const std::string packed = kVectors[0].packed;
	for (std::size_t i = 0; i < packed.size(); ++i) {
		auto changed = packed;
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		CAPTURE(i);
		CHECK(faultOf(changed, "alice", kApp, kKey, kTime) != Fault::None);
	}
}

TEST_CASE("what is no signature is malformed, whatever it is")
{
	for (const auto &text :
	     { std::string(), std::string("x"), std::string("hello, world"), std::string("AAAA"), std::string(4, '_'),
	       std::string(20000, 'A'), std::string("eJyr+A=="), std::string("\0\0\0\0", 4),
	       std::string(kVectors[0].packed).substr(0, 100), std::string(kVectors[0].packed) + "A" }) {
		CAPTURE(text);
		CHECK(faultOf(text, "alice", kApp, kKey, kTime) == Fault::Malformed);
		CHECK(!show(text).has_value());
	}
}

TEST_CASE("bytes behind the end of a signature are part of none")
{
	// What the vector inflates from, and 48 bytes more. The padding goes, so that the bytes follow each other.
	std::string packed = kVectors[0].packed;
	const auto padding = packed.find('_');
	const auto glued = packed.substr(0, (padding == std::string::npos ? packed.size() : padding) / 4 * 4) +
			   std::string(64, 'A');
	CHECK(faultOf(glued, "alice", kApp, kKey, kTime) == Fault::Malformed);
}

TEST_CASE("a small signature does not inflate without a limit")
{
	// 80 kB of base64 inside the JSON, a fraction of it once deflated.
	auto bomb = sign("alice", kApp, kKey, 1000, kTime, std::string(60 * 1024, '\0'));
	CHECK(bomb.size() < 2000);
	const auto result = show(bomb);
	REQUIRE(!result.has_value());
	CHECK(result.error().message.find("inflate") != std::string::npos);
}

TEST_CASE("signing refuses what nobody could use")
{
	CHECK_THROWS_AS(sign("", kApp, kKey, 1, kTime), Exception);
	CHECK_THROWS_AS(sign("a\nTLS.sdkappid:1", kApp, kKey, 1, kTime), Exception);
	CHECK_THROWS_AS(sign("\xff", kApp, kKey, 1, kTime), Exception);
	CHECK_THROWS_AS(sign("alice", 0, kKey, 1, kTime), Exception);
	CHECK_THROWS_AS(sign("alice", kApp, "", 1, kTime), Exception);
	CHECK_THROWS_AS(sign("alice", kApp, kKey, 0, kTime), Exception);
	CHECK_THROWS_AS(sign("alice", kApp, kKey, -5, kTime), Exception);
	const auto umlaut = sign("\xc3\xa4lice", kApp, kKey, 100, kTime);
	CHECK(faultOf(umlaut, "\xc3\xa4lice", kApp, kKey, kTime) == Fault::None);
}

TEST_CASE("privileges have names")
{
	CHECK(parsePrivileges("255") == 255);
	CHECK(parsePrivileges("1") == 1);
	CHECK(parsePrivileges("all") == 255);
	CHECK(parsePrivileges("enter,receive-audio,receive-video") == privilege::kAudience);
	CHECK(parsePrivileges("enter,receive") == 2 + 8 + 32 + 128);
	CHECK(parsePrivileges("send") == 4 + 16 + 64);
	CHECK(privilegeNames(42) == "enter,receive-audio,receive-video");
	CHECK(privilegeNames(0).empty());
	CHECK(privilegeNames(256 + 1) == "create,256");
	for (std::uint32_t bits = 1; bits <= 255; ++bits)
		CHECK(parsePrivileges(privilegeNames(bits)) == bits);
	for (const auto *wrong : { "", "0", "256", "-1", "enter,", ",", "enter receive", "Enter", "kick", "1,2" }) {
		CAPTURE(wrong);
		CHECK_THROWS_AS(parsePrivileges(wrong), Exception);
	}
}

TEST_CASE("a PrivateMapKey opens its own room for its own user")
{
	const auto number = RoomId::number(8888);
	const auto packed = signPrivateMapKey({ "alice", kApp, number, 0, 42 }, kKey, 300, kTime);
	const auto permit = verifyPrivateMapKey(packed, "alice", kApp, number, kKey, kTime);
	REQUIRE(permit.has_value());
	CHECK(permit.value().privileges == 42);
	CHECK(permit.value().expiresAt == kTime + 300);
	CHECK(verifyPrivateMapKey(kVectors[2].packed, "alice", kApp, number, kKey, kTime).has_value());
	CHECK(verifyPrivateMapKey(kVectors[3].packed, "bob", kApp, RoomId::string("live-room_7"), kKey, kTime)
		      .has_value());

	CHECK(!verifyPrivateMapKey(packed, "alice", kApp, RoomId::string("8888"), kKey, kTime).has_value());
	CHECK(!verifyPrivateMapKey(packed, "alice", kApp, RoomId::number(8889), kKey, kTime).has_value());
	CHECK(!verifyPrivateMapKey(packed, "bob", kApp, number, kKey, kTime).has_value());
	CHECK(!verifyPrivateMapKey(packed, "alice", kApp, number, kKey, kTime + 300).has_value());
	CHECK(!verifyPrivateMapKey(kVectors[0].packed, "alice", kApp, number, kKey, kTime).has_value());
	// A ticket for somebody else's account inside a valid signature.
	const auto foreign =
		sign("alice", kApp, kKey, 300, kTime, makeUserBuf({ "bob", kApp, number, kTime + 300, 255 }));
	CHECK(!verifyPrivateMapKey(foreign, "alice", kApp, number, kKey, kTime).has_value());
}

TEST_CASE("a PrivateMapKey is no UserSig")
{
	const auto ticket = signPrivateMapKey({ "alice", kApp, RoomId::number(8888), 0, 255 }, kKey, 300, kTime);
	auto fault = Fault::None;
	CHECK(!verifyUserSig(ticket, "alice", kApp, kKey, kTime, &fault).has_value());
	CHECK((fault == Fault::Malformed));
	CHECK(verifyUserSig(sign("alice", kApp, kKey, 300, kTime), "alice", kApp, kKey, kTime).has_value());
}
