// SPDX-License-Identifier: MIT
#include "cli/exit_code.h"

namespace trtc::cli {

namespace {

constexpr ExitCodeText kTable[] = {
	{ ExitCode::Ok, "success: left as requested (also on SIGINT, SIGTERM, leave); all expectations met" },
	{ ExitCode::Internal, "internal error" },
	{ ExitCode::Usage, "usage or configuration error" },
	{ ExitCode::Refused, "refused: bad or expired UserSig, no permission for the room or the role" },
	{ ExitCode::NoConnection, "no connection, or join timed out" },
	{ ExitCode::Source, "a device or media source failed" },
	{ ExitCode::Media, "media did not flow: ICE, DTLS, codec, nothing decodable" },
	{ ExitCode::ConnectionLost, "connection lost and not recovered" },
	{ ExitCode::Expectation, "an expectation was not met" },
	{ ExitCode::Output, "output failed: recording, disk, or events that cannot be written" },
	{ ExitCode::Removed, "removed from the room: kicked, banned, room disbanded" },
	{ ExitCode::Interrupted, "a second SIGINT" },
};

} // namespace

// No default branch: a new error code has to say how the program ends.
ExitCode exitCodeFor(ErrorCode code) noexcept
{
	switch (code) {
	case ErrorCode::InvalidParameter:
	case ErrorCode::InvalidOperation:
	case ErrorCode::NotSupported:
		return ExitCode::Usage;
	case ErrorCode::SignalChannelSetupFailed:
	case ErrorCode::JoinRoomFailed:
	case ErrorCode::SwitchRoleFailed:
	case ErrorCode::Refused:
		return ExitCode::Refused;
	case ErrorCode::ApiCallTimeout:
	case ErrorCode::ConnectFailed:
		return ExitCode::NoConnection;
	case ErrorCode::DeviceNotFound:
	case ErrorCode::InitializeFailed:
		return ExitCode::Source;
	case ErrorCode::RemoteStreamNotExist:
	case ErrorCode::NotSupportedH264:
	case ErrorCode::MediaFailed:
	case ErrorCode::UplinkReconnectionFailed:
	case ErrorCode::DownlinkReconnectionFailed:
		return ExitCode::Media;
	case ErrorCode::ConnectionLost:
		return ExitCode::ConnectionLost;
	case ErrorCode::ExpectationFailed:
		return ExitCode::Expectation;
	case ErrorCode::OutputFailed:
		return ExitCode::Output;
	case ErrorCode::ClientBanned:
		return ExitCode::Removed;
	case ErrorCode::Unknown:
	case ErrorCode::Internal:
		return ExitCode::Internal;
	}
	return ExitCode::Internal;
}

std::span<const ExitCodeText> exitCodeTable() noexcept { return kTable; }

} // namespace trtc::cli
