// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// SDP as lines (RFC 8866), as far as WebRTC needs it (RFC 8829). Reentrant, no GStreamer. Everything from the
/// network goes through parse() before webrtcbin sees it.
namespace trtc::webrtc::sdp {

inline constexpr std::size_t kMaxMediaLines = 16;	///< the SDK sends 4; a conference of one link never needs more
inline constexpr std::size_t kMaxLinesPerSection = 600; ///< Chromium's video section has some 150
inline constexpr std::size_t kMaxLineBytes = 4096;
inline constexpr std::size_t kMaxFormats =
	128; ///< of one m-line: RFC 3550 has that many payload types; Chromium sends some 40

struct RtpMap {
	int payloadType = 0;
	std::string encodingName; ///< upper case
	int clockRate = 0;
	std::string parameters; ///< after the clock rate, "2" for stereo
	std::string fmtp;	///< value of a=fmtp without the number
};

struct Media {
	std::string kind; ///< "audio", "video", "application"
	int port = 9;	  ///< 0: rejected
	std::string protocol;
	std::vector<std::string> formats;
	std::vector<std::string> lines; ///< the rest of the section, without line ends: "c=…", "a=…"

	/// Value of the first `a=NAME:VALUE`, or "" for a bare `a=NAME`; nullopt without it.
	std::optional<std::string> attribute(std::string_view name) const;
	std::vector<std::string> attributes(std::string_view name) const;
	bool has(std::string_view name) const { return attribute(name).has_value(); }
	void removeAttributes(std::string_view name);
	void addAttribute(std::string text) { lines.push_back("a=" + std::move(text)); }
	/// "sendrecv" when none is written.
	std::string direction() const;
	std::vector<RtpMap> rtpMaps() const;
	/// SSRCs of a=ssrc lines, in order, each once.
	std::vector<std::uint32_t> ssrcs() const;
};

struct Description {
	std::vector<std::string> lines; ///< session part
	std::vector<Media> media;
	std::optional<std::string> attribute(std::string_view name) const;
	std::string str() const; ///< CRLF line ends
};

/// Error (InvalidParameter) names the line and the rule that is broken.
Result<Description> parse(std::string_view text, std::size_t maxMediaLines = kMaxMediaLines);

} // namespace trtc::webrtc::sdp
