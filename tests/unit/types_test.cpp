// SPDX-License-Identifier: MIT
#include "base/quote.h"
#include "base/utf8.h"

#include <trtc/error.h>
#include <trtc/types.h>

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

using namespace trtc;

TEST_CASE("user ids follow TRTC's rule")
{
	for (const auto *good : { "a", "Ann_02-B", "0", "12345678901234567890123456789012" })
		CHECK_MESSAGE(UserId::valid(good), std::string(good));
	for (const auto *bad :
	     { "", "123456789012345678901234567890123", "ann smith", "ann.", "\xc3\xa4nn", "a/b", "a\n" })
		CHECK_MESSAGE(!UserId::valid(bad), std::string(bad));
	CHECK(!UserId::valid(std::string_view("a\0b", 3)));
	CHECK_THROWS_AS(UserId("no way"), Exception);
	CHECK(UserId("ann").str() == "ann");
}

TEST_CASE("numeric rooms are 1 to 4294967294")
{
	CHECK(RoomId::parseNumber("1").str() == "1");
	CHECK(RoomId::parseNumber("4294967294").str() == "4294967294");
	CHECK(RoomId::parseNumber("007").str() == "7");
	for (const auto *bad :
	     { "", "0", "-1", "4294967295", "99999999999999999999999", "1x", " 1", "1.0", "0x10", "+1" })
		CHECK_THROWS_AS(RoomId::parseNumber(bad), Exception);
	CHECK_THROWS_AS(RoomId::number(0), Exception);
}

TEST_CASE("a message about a room says what to do")
{
	std::string message;
	try {
		RoomId::parseNumber("live-room");
	} catch (const Exception &error) {
		message = error.what();
		CHECK(error.error().code == ErrorCode::InvalidParameter);
	}
	CHECK(message.find("--string-room") != std::string::npos);
}

TEST_CASE("string rooms")
{
	CHECK(RoomId::string("live-room_7").isString());
	CHECK(RoomId::string(std::string(64, 'x')).str().size() == 64);
	CHECK_THROWS_AS(RoomId::string(""), Exception);
	CHECK_THROWS_AS(RoomId::string(std::string(65, 'x')), Exception);
	CHECK_THROWS_AS(RoomId::string("a/b"), Exception);
	CHECK_THROWS_AS(RoomId::string("r\xc3\xb6"), Exception);
}

TEST_CASE("number room 123 and string room 123 are two rooms")
{
	CHECK(RoomId::number(123) != RoomId::string("123"));
	CHECK(RoomId::number(123) == RoomId::parseNumber("123"));
}

TEST_CASE("every error code has a name of its own")
{
	const ErrorCode codes[] = {
		ErrorCode::InvalidParameter, ErrorCode::InvalidOperation,     ErrorCode::NotSupported,
		ErrorCode::DeviceNotFound,   ErrorCode::InitializeFailed,     ErrorCode::SignalChannelSetupFailed,
		ErrorCode::JoinRoomFailed,   ErrorCode::RemoteStreamNotExist, ErrorCode::ClientBanned,
		ErrorCode::NotSupportedH264, ErrorCode::SwitchRoleFailed,     ErrorCode::ApiCallTimeout,
		ErrorCode::Unknown,	     ErrorCode::ConnectFailed,	      ErrorCode::ConnectionLost,
		ErrorCode::MediaFailed,	     ErrorCode::OutputFailed,	      ErrorCode::Internal,
		ErrorCode::Refused,	     ErrorCode::ExpectationFailed,
	};
	std::set<std::string> names;
	for (const auto code : codes)
		names.insert(errorName(code));
	CHECK(names.size() == std::size(codes));
}

TEST_CASE("texts that are too long are told as that, with both numbers")
{
	const auto why = [](auto make) {
		try {
			make();
		} catch (const Exception &error) {
			return error.error().message;
		}
		return std::string("accepted");
	};
	CHECK(why([] { UserId(std::string(33, 'a')); }).find("is too long: it has 33 characters, the limit is 32") !=
	      std::string::npos);
	CHECK(why([] { UserId(std::string(32, 'a')); }) == "accepted");
	CHECK(why([] {
		      RoomId::string(std::string(65, 'x'));
	      }).find("is too long: it has 65 characters, the limit is 64") != std::string::npos);
	CHECK(why([] { RoomId::string(std::string(64, 'x')); }) == "accepted");
	// Short, but not ASCII: more bytes than the limit, and yet not too long.
	std::string umlauts;
	for (int i = 0; i < 20; ++i)
		umlauts += "ä";
	CHECK(why([&] { UserId { umlauts }; }) ==
	      "user id \"" + umlauts + "\" is not allowed: use 1 to 32 bytes of A-Z a-z 0-9 _ -");
}

TEST_CASE("a text in a message: UTF-8 as it is, nothing that a terminal obeys")
{
	CHECK(inQuotes("änn 你好 🎥") == "\"änn 你好 🎥\"");
	CHECK(inQuotes("a\x1b[2Jb\tc\x7f") == "\"a?[2Jb?c?\"");
	CHECK(inQuotes("C1 \xc2\x9b"
		       "31m") == "\"C1 ?31m\"");
	CHECK(inQuotes("\u202egpj.exe\u2066x\u2028y") == "\"?gpj.exe?x?y\"");
	CHECK(inQuotes("\xff\xc3(\xe2\x82") == "\"?"
					       "?(??\"");
	// over-long, surrogate, beyond Unicode
	CHECK(inQuotes("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80") == "\"?? ??? ????\"");
	// a cut takes whole characters
	CHECK(inQuotes("aää", 2) == "\"a...\"");
	CHECK(inQuotes("aää", 3) == "\"aä...\"");
	CHECK(inQuotes("aää", 5) == "\"aää\"");
	CHECK(utf8::ascii("ä你x\xff") == "??x?");
}

TEST_CASE("which locales show UTF-8")
{
	const auto shows = [](std::map<std::string, std::string> variables) {
		return utf8::localeShowsUtf8([&](const char *name) -> const char * {
			const auto found = variables.find(name);
			return found == variables.end() ? nullptr : found->second.c_str();
		});
	};
	CHECK(shows({}));
	CHECK(shows({ { "LANG", "de_DE.UTF-8" } }));
	CHECK(shows({ { "LC_ALL", "" }, { "LC_CTYPE", "C.utf8" }, { "LANG", "C" } }));
	CHECK_FALSE(shows({ { "LANG", "de_DE.ISO-8859-1" } }));
	CHECK_FALSE(shows({ { "LC_ALL", "C" }, { "LANG", "de_DE.UTF-8" } }));
	CHECK_FALSE(shows({ { "LC_CTYPE", "POSIX" }, { "LANG", "de_DE.UTF-8" } }));
}
