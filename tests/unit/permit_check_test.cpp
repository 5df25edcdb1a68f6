// SPDX-License-Identifier: MIT
#include "service/permit_check.h"
#include "usersig/usersig.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace trtc;
using namespace trtc::service;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kNow = 1700000000;
constexpr std::uint32_t kApp = 1400000001;
const std::string kKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const TimePoint kPoint { 1h };

/// V3 and V4 of the format's test vectors: made by another program.
const std::string kNumberKey = "eJw1jcsKglAURf-ljCM1hfKCg2MvjEowKWxmeq2DWTevr4z*PVBbs73WYH-A3x7GFc*"
			       "BwWSswqjbFPNHQQl1OrxTxIcg4zQUgmJgmqH2aH0pKOPAtOlg1d7yRl"
			       "DOgel-UUqeX8oEGCDiKjg1Ipgc-Sg1bESkcn30Z1Qj4kLBDsv6P9MVGCh2m7hn3ZYul7tV7ZtZ3b7XjreRVO-"
			       "Lp-maP5eVd3uI1LHg*wO93UJW";
const std::string kStringKey = "eJw1zskOgjAUBdB-eWuDTBFo4qLqRiQgKhDZUVtIgygy1hj-3chwV**"
			       "du7kfuDhnqWMVIFAlGRbDzyl7NDzlA5MnmbimeVKWnAJSdHmMMjYNLxggxZhUHpWJklcM"
			       "kDZDW7OKtCkgwD7eXQuLB5rtYR9jjDf3YLmv-9chw0O2qihpETS3wupIaGrzCp79V*"
			       "lh9l51tDfcyMmpeoxyN7HN0I0TXaTxye88pxXsRZR*Dd8fKipFCg__";

struct Checked {
	std::int64_t wall = kNow;
	PermitCheck check = makePermitCheck(kKey, [this] { return wall; });
	Result<Permit> operator()(const std::string &key, const std::string &user = "alice",
				  const RoomId &room = RoomId::number(8888), std::uint32_t app = kApp)
	{
		return check({ UserId(user), app, "", "" }, room, key, kPoint);
	}
	std::string why(const std::string &key, const std::string &user = "alice",
			const RoomId &room = RoomId::number(8888), std::uint32_t app = kApp)
	{
		const auto result = (*this)(key, user, room, app);
		return result ? "" : result.error().message;
	}
};

bool says(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("PrivateMapKeys of another maker: number room and string room")
{
	Checked checked;
	const auto number = checked(kNumberKey);
	REQUIRE(number);
	CHECK(number.value().privileges == 255);
	CHECK((number.value().expiresAt == kPoint + 300s));
	const auto string = checked(kStringKey, "bob", RoomId::string("live-room_7"));
	REQUIRE(string);
	CHECK(string.value().privileges == 42);
}

TEST_CASE("the wall clock counts when the PrivateMapKey is shown, not later")
{
	Checked checked;
	checked.wall = kNow + 299;
	const auto last = checked(kNumberKey);
	REQUIRE(last);
	CHECK((last.value().expiresAt == kPoint + 1s));
	checked.wall = kNow + 300;
	CHECK(says(checked.why(kNumberKey), "expired"));
}

TEST_CASE("the earlier end of signature and permit counts")
{
	Checked checked;
	usersig::RoomPermit permit { "alice", kApp, RoomId::number(8888), kNow + 1000, 255 };
	const auto buffer = usersig::makeUserBuf(permit);
	const auto shortSig = usersig::sign("alice", kApp, kKey, 100, kNow, buffer);
	CHECK((checked(shortSig).value().expiresAt == kPoint + 100s));
	const auto longSig = usersig::sign("alice", kApp, kKey, 5000, kNow, buffer);
	CHECK((checked(longSig).value().expiresAt == kPoint + 1000s));
}

TEST_CASE("another user, application, room, kind of room, key")
{
	Checked checked;
	CHECK(says(checked.why(kNumberKey, "bob"), "alice"));
	CHECK(says(checked.why(kNumberKey, "alice", RoomId::number(8889)), "8889"));
	CHECK(says(checked.why(kNumberKey, "alice", RoomId::string("8888")), "string room"));
	CHECK(says(checked.why(kNumberKey, "alice", RoomId::number(8888), kApp + 1), "sdkAppId"));
	CHECK(says(checked.why(usersig::sign("alice", kApp, kKey, 300, kNow)), "UserSig"));
	usersig::RoomPermit permit { "alice", kApp, RoomId::number(8888), 0, 255 };
	CHECK(says(checked.why(usersig::signPrivateMapKey(permit, "another key", 300, kNow)), "signature is wrong"));
	// Outside and inside say different things, both signed.
	permit.userId = "bob";
	permit.expiresAt = kNow + 300;
	CHECK(says(checked.why(usersig::sign("alice", kApp, kKey, 300, kNow, usersig::makeUserBuf(permit))),
		   "another user"));
	permit = { "alice", kApp + 1, RoomId::number(8888), kNow + 300, 255 };
	CHECK(says(checked.why(usersig::sign("alice", kApp, kKey, 300, kNow, usersig::makeUserBuf(permit))),
		   "sdkAppId"));
}

TEST_CASE("user buffers that were signed but are none")
{
	Checked checked;
	const auto with = [&](const std::string &buffer) {
		return checked.why(usersig::sign("alice", kApp, kKey, 300, kNow, buffer));
	};
	const auto good = usersig::makeUserBuf({ "alice", kApp, RoomId::number(8888), kNow + 300, 255 });
	CHECK(with(good).empty());
	for (std::size_t length = 0; length < good.size(); ++length)
		CHECK_FALSE(with(good.substr(0, length)).empty());
	CHECK(says(with(good + "x"), "after its end"));
	CHECK(says(with("\x02" + good.substr(1)), "version"));
	CHECK_FALSE(with("\x01" + good.substr(1)).empty());
	CHECK_FALSE(with(good.substr(0, 1) + "\xff\xff" + good.substr(3)).empty());
	CHECK_FALSE(with(std::string(20'000, 'x')).empty());
}

TEST_CASE("nothing that is thrown at it passes, or harms")
{
	Checked checked;
	for (const std::string &bad :
	     { std::string(), std::string("x"), std::string(100'000, 'e'), std::string("\0\0\0", 3),
	       std::string("eJw="), std::string("\xff\xfe"), std::string("*-_"), std::string(16'384, '_') })
		CHECK_FALSE(checked(bad));
	for (std::size_t length = 0; length < kNumberKey.size(); ++length)
		CHECK_FALSE(checked(kNumberKey.substr(0, length)));
	std::mt19937 random(1);
	for (int i = 0; i < 3000; ++i) {
		auto bent = kNumberKey;
		bent[random() % bent.size()] = static_cast<char>(random() % 256);
		if (bent == kNumberKey)
			continue;
		const auto result = checked(bent);
		// A zlib stream has bits that mean nothing; what comes out must be the signed text all the same.
		if (result)
			CHECK(result.value().privileges == 255);
	}
}
