// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace trtc::terminal {

/// What the status line says. What is not known is empty and takes no place.
struct StatusFigures {
	std::string state; ///< "connected", "reconnecting" …; coloured by tone
	enum class Tone { Good, Busy, Bad } tone = Tone::Busy;
	std::string progress; ///< what takes long just now: "connecting to 127.0.0.1:8687, 2 s"
	std::string room, role, userId;
	std::optional<std::size_t> users;			///< others that are known
	std::optional<double> upKbps, downKbps;			///< kbit/s of media, averaged by whoever measures
	std::optional<double> lossPercent;			///< 0..100, the worse of both ways
	std::optional<double> rttMs;				///< round trip
	std::optional<std::chrono::milliseconds> recordingTime; ///< of the longest running file
	std::uint64_t recordingBytes = 0;			///< of all running files
	std::size_t recordings = 0;				///< running files
};

/// At most @p columns display columns wide, without a line feed. When it is too long, parts go in the order of what
/// is missed least: words first become shorter, then round trip, size, loss, users, role, bitrate go; state and progress stay
/// longest. @p colours: with SGR sequences, which take no column. Reentrant.
std::string statusLine(const StatusFigures &figures, int columns, bool colours);

} // namespace trtc::terminal
