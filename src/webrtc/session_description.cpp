// SPDX-License-Identifier: MIT
#include "webrtc/session_description.h"

#include "webrtc/repair.h"
#include "webrtc/sdp.h"

#include <fmt/format.h>

#include <algorithm>

namespace trtc::webrtc {

std::string codecCaps(VideoCodec codec)
{
	// Nothing that the payloader decides (profile-level-id, sprop): every field given here must be equal on both sides.
	if (codec == VideoCodec::H264)
		return fmt::format(
			"application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload={},"
			"packetization-mode=(string)1,rtcp-fb-nack-pli=(boolean)true,rtcp-fb-ccm-fir=(boolean)true",
			kH264Pt);
	return fmt::format("application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload={},"
			   "rtcp-fb-nack-pli=(boolean)true,rtcp-fb-ccm-fir=(boolean)true",
			   kVp8Pt);
}

std::string opusCaps()
{
	return fmt::format("application/"
			   "x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload={}",
			   kOpusPt);
}

std::string finishOffer(const std::string &text)
{
	auto parsed = sdp::parse(text);
	if (!parsed)
		return text;
	for (auto &media : parsed.value().media) {
		std::erase_if(media.lines,
			      [](const std::string &line) { return line.find("transport-cc") != std::string::npos; });
		// Constrained baseline, level 3.1 and up by asymmetry: every browser has it.
		for (auto &line : media.lines)
			if (line.starts_with(fmt::format("a=fmtp:{} ", kH264Pt)) &&
			    line.find("profile-level-id") == std::string::npos)
				line += ";profile-level-id=42e01f;level-asymmetry-allowed=1";
	}
	return parsed.value().str();
}

Result<std::string> finishAnswer(const std::string &text, const std::vector<AnswerLine> &lines)
{
	auto parsed = sdp::parse(text, std::max(lines.size(), sdp::kMaxMediaLines));
	if (!parsed)
		return Error { ErrorCode::Internal, "webrtcbin's answer: " + parsed.error().message };
	for (std::size_t i = 0; i < parsed.value().media.size() && i < lines.size(); ++i) {
		auto &media = parsed.value().media[i];
		const auto &line = lines[i];
		// A line that is not what was planned would be silent for ever: directions cannot be turned round later.
		const char *expected = line.sends() ? "sendonly" : "recvonly";
		if (media.direction() != expected)
			return Error { ErrorCode::Internal, fmt::format("webrtcbin answers m-line {} with {}, not {}",
									i, media.direction(), expected) };
		const auto repair = line.ssrc && line.repairType ? repairSsrc(media, line.ssrc) : std::nullopt;
		if (line.ssrc && line.repairType && !repair)
			return Error { ErrorCode::Internal, fmt::format("webrtcbin gives m-line {} no repair", i) };
		// webrtcbin loses what its caps do not know (profile-level-id); what was planned is what is sent.
		for (const char *name : { "ssrc", "ssrc-group", "msid", "fmtp", "rtcp-fb" })
			media.removeAttributes(name);
		if (line.encodingName != "OPUS") {
			media.addAttribute(fmt::format("rtcp-fb:{} nack pli", line.payloadType));
			media.addAttribute(fmt::format("rtcp-fb:{} ccm fir", line.payloadType));
		}
		if (!line.fmtp.empty())
			media.addAttribute(fmt::format("fmtp:{} {}", line.payloadType, line.fmtp));
		if (line.repairType) {
			media.addAttribute(fmt::format("rtcp-fb:{} nack", line.payloadType));
			media.addAttribute(fmt::format("fmtp:{} apt={}", line.repairType, line.payloadType));
		}
		if (!line.ssrc)
			continue;
		media.addAttribute(fmt::format("msid:{} {}", line.msid, line.trackId));
		// The stream itself first: the SDK tells main video from the others by the first SSRC.
		std::vector<std::uint32_t> ssrcs { line.ssrc };
		if (repair) {
			media.addAttribute(fmt::format("ssrc-group:FID {} {}", line.ssrc, *repair));
			ssrcs.push_back(*repair);
		}
		for (const auto ssrc : ssrcs) {
			media.addAttribute(fmt::format("ssrc:{} cname:{}", ssrc, line.msid.substr(0, 16)));
			media.addAttribute(fmt::format("ssrc:{} msid:{} {}", ssrc, line.msid, line.trackId));
		}
	}
	return parsed.value().str();
}

DescriptionPtr makeDescription(GstWebRTCSDPType type, const std::string &text)
{
	GstSDPMessage *message = nullptr;
	gst_sdp_message_new(&message);
	if (gst_sdp_message_parse_buffer(reinterpret_cast<const guint8 *>(text.data()), static_cast<guint>(text.size()),
					 message) != GST_SDP_OK) {
		gst_sdp_message_free(message);
		return nullptr;
	}
	return DescriptionPtr(gst_webrtc_session_description_new(type, message));
}

} // namespace trtc::webrtc
