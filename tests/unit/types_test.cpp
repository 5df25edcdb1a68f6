// SPDX-License-Identifier: MIT
#include <trtc/error.h>
#include <trtc/types.h>

#include <doctest/doctest.h>

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
