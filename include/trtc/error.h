// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace trtc {

/// Kind of a failure; scripts can compare its name. The numbers are the SDK's
/// (`RtcError.getCode()`) where it has one; numbers from 0x9001 are specific to this library.
enum class ErrorCode : int {
	InvalidParameter = 0x1000,	     ///< an argument is malformed or out of range
	InvalidOperation = 0x1001,	     ///< the argument is valid, but the current state does not allow the call
	NotSupported = 0x1002,		     ///< not available in this build or on this machine
	DeviceNotFound = 0x1003,	     ///< no such device or media file
	InitializeFailed = 0x1004,	     ///< the source exists but delivers no usable media
	SignalChannelSetupFailed = 0x4001,   ///< UserSig refused
	JoinRoomFailed = 0x4004,	     ///< the service refused the join
	UplinkReconnectionFailed = 0x4007,   ///< reconnecting the uplink failed
	DownlinkReconnectionFailed = 0x4008, ///< reconnecting a downlink failed
	RemoteStreamNotExist = 0x4010,	     ///< the user publishes nothing
	ClientBanned = 0x4040,		     ///< kicked, banned, room disbanded
	NotSupportedH264 = 0x4049,	     ///< the other side cannot decode H.264
	SwitchRoleFailed = 0x404a,	     ///< the service kept the old role
	ApiCallTimeout = 0x404b,	     ///< no answer within the protocol's timeout
	Unknown = 0xffff,		     ///< no specific code is known
	ConnectFailed = 0x9001,		     ///< no answer, or the server is not a room service
	ConnectionLost = 0x9002,	     ///< the connection to the room was lost
	MediaFailed = 0x9003,		     ///< ICE, DTLS or codec: no media flows
	OutputFailed = 0x9004,		     ///< a file cannot be written
	Internal = 0x9005,		     ///< a bug in this program
	Refused = 0x9006,		     ///< permission denied: role, room
	ExpectationFailed = 0x9007,	     ///< an `--expect` was not met
};

/// The code's name, e.g. "INVALID_PARAMETER". Reentrant, never fails.
const char *errorName(ErrorCode code) noexcept;

/// One failure: the code and a message that says what failed, why, and how to fix it.
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

/// Replaces `void` in Result.
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
