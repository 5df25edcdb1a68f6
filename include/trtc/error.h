// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace trtc {

/// What went wrong, as a name a script can compare. The numbers are the SDK's
/// (`RtcError.getCode()`) where it has one; those from 0x9001 on are ours.
enum class ErrorCode : int {
	InvalidParameter = 0x1000,	     ///< an argument is malformed or out of range
	InvalidOperation = 0x1001,	     ///< right argument, wrong state
	NotSupported = 0x1002,		     ///< this build or this machine lacks it
	DeviceNotFound = 0x1003,	     ///< no such device or media file
	InitializeFailed = 0x1004,	     ///< the source is there but gives nothing usable
	SignalChannelSetupFailed = 0x4001,   ///< UserSig refused
	JoinRoomFailed = 0x4004,	     ///< refused by the room
	UplinkReconnectionFailed = 0x4007,   ///< what we send did not get through again
	DownlinkReconnectionFailed = 0x4008, ///< what somebody sends did not come again
	RemoteStreamNotExist = 0x4010,	     ///< the user publishes nothing
	ClientBanned = 0x4040,		     ///< kicked, banned, room disbanded
	NotSupportedH264 = 0x4049,	     ///< the other side cannot decode H.264
	SwitchRoleFailed = 0x404a,	     ///< the service kept the old role
	ApiCallTimeout = 0x404b,	     ///< no answer in the protocol's time
	Unknown = 0xffff,		     ///< nothing better is known
	ConnectFailed = 0x9001,		     ///< nothing answers, or it is no room service
	ConnectionLost = 0x9002,	     ///< the room was there and went away
	MediaFailed = 0x9003,		     ///< ICE, DTLS or codec: no media flows
	OutputFailed = 0x9004,		     ///< a file cannot be written
	Internal = 0x9005,		     ///< a defect of this program
	Refused = 0x9006,		     ///< a right is missing: role, room
	ExpectationFailed = 0x9007,	     ///< an `--expect` was not met
};

/// The code's name, e.g. "INVALID_PARAMETER". Reentrant, never fails.
const char *errorName(ErrorCode code) noexcept;

/// One failure: the code and a sentence that names the thing, the reason, the way out.
struct Error {
	ErrorCode code = ErrorCode::Unknown;
	std::string message;
};

/// Thrown by synchronous calls; carries an Error.
class Exception : public std::exception {
public:
	Exception(ErrorCode code, std::string message) : error_ { code, std::move(message) } {}
	explicit Exception(Error error) : error_(std::move(error)) {}
	const Error &error() const noexcept { return error_; }
	const char *what() const noexcept override { return error_.message.c_str(); }

private:
	Error error_;
};

/// Stands in for `void` in Result.
struct Unit {};

/// A value or an Error; member names as in std::expected.
template <class T>
class Result {
public:
	Result(T value) : data_(std::move(value)) {}
	Result(Error error) : data_(std::move(error)) {}
	bool has_value() const noexcept { return data_.index() == 0; }
	explicit operator bool() const noexcept { return has_value(); }
	const T &value() const { return std::get<0>(data_); }
	T &value() { return std::get<0>(data_); }
	const Error &error() const { return std::get<1>(data_); }

private:
	std::variant<T, Error> data_;
};

using Status = Result<Unit>;

} // namespace trtc
