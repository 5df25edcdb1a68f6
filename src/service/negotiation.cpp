// SPDX-License-Identifier: MIT
#include "service/negotiation.h"

#include "protocol/messages.h"
#include "webrtc/repair.h"
#include "webrtc/sdp.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

namespace trtc::service {

namespace {

namespace code = protocol::code;
using webrtc::sdp::Description;
using webrtc::sdp::Media;
using webrtc::sdp::RtpMap;

/// Stream ids the SDK looks for on a downlink; a track with another id is ignored by it.
constexpr const char *kMainStreamId = "5Y2wZK8nANNAoVw6dSAHVjNxrD1ObBM2kBPV";
constexpr const char *kAuxStreamId = "224d130c-7b5c-415b-aaa2-79c2eb5a6df2";

Negotiated refuse(int withCode, std::string message)
{
	Negotiated result;
	result.refusal = Refusal { withCode, std::move(message) };
	return result;
}

/// The section with one codec and the lines we understand.
Media rewritten(const Media &media, const RtpMap &map, std::optional<int> repair)
{
	Media out;
	out.kind = media.kind;
	out.port = 9; // "0 … bundle-only" of a max-bundle offer is alive too
	out.protocol = media.protocol;
	out.formats = { std::to_string(map.payloadType) };
	out.lines.push_back("c=IN IP4 0.0.0.0");
	for (const char *name : { "ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "mid" })
		// The first of each counts; a peer may repeat them hundreds of times.
		if (const auto value = media.attribute(name))
			out.addAttribute(fmt::format("{}:{}", name, *value));
	out.addAttribute("rtcp-mux");
	out.addAttribute(media.direction());
	out.addAttribute(fmt::format("rtpmap:{} {}/{}{}", map.payloadType, map.encodingName, map.clockRate,
				     map.encodingName == "OPUS" ? "/2" : ""));
	if (map.encodingName == "H264")
		out.addAttribute(fmt::format("fmtp:{} packetization-mode={}", map.payloadType,
					     h264Format(map.fmtp).value_or(H264Format {}).mode1 ? 1 : 0));
	if (map.encodingName != "OPUS") {
		out.addAttribute(fmt::format("rtcp-fb:{} nack pli", map.payloadType));
		out.addAttribute(fmt::format("rtcp-fb:{} ccm fir", map.payloadType));
	}
	if (repair) {
		out.formats.push_back(std::to_string(*repair));
		out.addAttribute(fmt::format("rtcp-fb:{} nack", map.payloadType));
		out.addAttribute(fmt::format("rtpmap:{} rtx/{}", *repair, map.clockRate));
		out.addAttribute(fmt::format("fmtp:{} apt={}", *repair, map.payloadType));
	}
	// The first SSRC is the stream and may have one that repairs it; any others belong to formats that are not answered.
	if (const auto ssrcs = media.ssrcs(); !ssrcs.empty()) {
		const auto ssrc = ssrcs.front();
		const auto repairing = repair ? webrtc::repairSsrc(media, ssrc) : std::nullopt;
		if (repairing)
			out.addAttribute(fmt::format("ssrc-group:FID {} {}", ssrc, *repairing));
		out.addAttribute(fmt::format("ssrc:{} cname:{}", ssrc, ssrc));
		if (repairing)
			out.addAttribute(fmt::format("ssrc:{} cname:{}", *repairing, ssrc));
	}
	std::size_t candidates = 0;
	for (const auto &value : media.attributes("candidate"))
		// A .local name would be asked of the system's resolver; the peer's checks tell its address anyway.
		if (value.find(".local") == std::string::npos && ++candidates <= 32)
			out.addAttribute("candidate:" + value);
	return out;
}

/// What both directions ask of an offer as a whole.
std::optional<Refusal> checkOffer(const Description &offer, const char *direction, std::size_t maxVideo)
{
	std::set<std::string> mids;
	std::size_t audio = 0, video = 0;
	const bool sessionFingerprint = offer.attribute("fingerprint").has_value();
	for (std::size_t i = 0; i < offer.media.size(); ++i) {
		const auto &media = offer.media[i];
		const auto bad = [&](std::string_view why) {
			return Refusal { code::kBadSdp, fmt::format("m-line {} ({}) {}", i, media.kind, why) };
		};
		if (media.kind != "audio" && media.kind != "video")
			return bad("cannot be accepted: a room carries audio and video only");
		if (media.port == 0 && !media.has("bundle-only"))
			return bad("is rejected in the offer itself (port 0)");
		if (media.protocol != "UDP/TLS/RTP/SAVPF")
			return bad("is not UDP/TLS/RTP/SAVPF");
		if ((media.kind == "audio" ? ++audio > 1 : ++video > maxVideo))
			return bad("exceeds the limit");
		if (media.direction() != direction)
			return bad(fmt::format("must be {}", direction));
		const auto mid = media.attribute("mid");
		if (!mid || mid->empty() || !mids.insert(*mid).second)
			return bad("has no mid of its own");
		if (!media.has("ice-ufrag") && !offer.attribute("ice-ufrag"))
			return bad("has no ICE user fragment");
		if (!media.has("fingerprint") && !sessionFingerprint)
			return bad("has no DTLS fingerprint");
	}
	return std::nullopt;
}

std::string bundleLine(const Description &offer)
{
	std::string line = "a=group:BUNDLE";
	for (const auto &media : offer.media)
		line += " " + media.attribute("mid").value_or("");
	return line;
}

Description skeleton(const Description &offer)
{
	Description out;
	out.lines = { "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", bundleLine(offer) };
	for (const char *name : { "fingerprint", "setup", "ice-ufrag", "ice-pwd", "ice-options" })
		if (const auto value = offer.attribute(name))
			out.lines.push_back(fmt::format("a={}:{}", name, *value));
	return out;
}

/// The stream type stands in bits 16 to 23: the SDK tells main video by a 2 there (the service: 1 audio, 7 aux).
std::uint32_t makeSsrc(std::uint32_t type)
{
	thread_local std::mt19937 random { std::random_device {}() };
	const auto bits = random();
	return (bits & 0xff00ffffu) | type << 16 | 0x01000000u;
}

/// The formats of each m-line of video, in order.
using VideoMaps = std::vector<std::vector<RtpMap>>;

/// The first of @p wanted, or of what the first video line offers, that every video line has; "" without.
std::string commonCodec(const VideoMaps &video, const std::string &wanted, bool strict,
			const std::optional<H264Format> &published)
{
	std::vector<std::string> candidates;
	if (wanted == "H264" || wanted == "VP8")
		candidates.push_back(wanted);
	if (!strict || wanted.empty())
		for (const auto &map : video.front())
			if ((map.encodingName == "H264" || map.encodingName == "VP8") &&
			    std::find(candidates.begin(), candidates.end(), map.encodingName) == candidates.end())
				candidates.push_back(map.encodingName);
	for (const auto &codec : candidates)
		if (std::all_of(video.begin(), video.end(),
				[&](const auto &maps) { return findCodec(maps, codec, published).has_value(); }))
			return codec;
	return {};
}

/// @p strict, @p published: downlinks, which get what the publisher sends or nothing.
Negotiated negotiate(const std::string &text, const char *direction, std::size_t maxVideo,
		     const std::string &wantedCodec, bool strict, const std::optional<H264Format> &published)
{
	auto parsed = webrtc::sdp::parse(text);
	if (!parsed)
		return refuse(code::kBadSdp, parsed.error().message);
	const auto &offer = parsed.value();
	if (auto refusal = checkOffer(offer, direction, maxVideo))
		return refuse(refusal->code, refusal->message);
	Negotiated result;
	// One codec for every video line, so that big and small are exchangeable and SEI stays where it belongs.
	VideoMaps video;
	for (const auto &media : offer.media)
		if (media.kind == "video")
			video.push_back(media.rtpMaps());
	if (!video.empty()) {
		result.videoCodec = commonCodec(video, wantedCodec, strict, published);
		// 1028 and 77393 are the SDK's words for "no H.264 here": it publishes, or subscribes, no more after them.
		if (result.videoCodec.empty() && !strict)
			return refuse(code::kNoH264Encode, "the offer has neither H264 nor VP8 on every m-line of "
							   "video: no user in the room could decode it");
		if (result.videoCodec.empty() && wantedCodec == "H264")
			return refuse(code::kNoH264Decode,
				      "the publisher sends H264, and the offer has none that decodes it "
				      "(profile-level-id, packetization-mode)");
		if (result.videoCodec.empty())
			return refuse(code::kNoCommonCodec,
				      fmt::format("the offer has no {}: nothing that both sides can use",
						  wantedCodec.empty() ? "H264 or VP8" : wantedCodec));
	}
	auto clean = skeleton(offer);
	std::size_t videoLines = 0;
	for (std::size_t i = 0; i < offer.media.size(); ++i) {
		const auto &media = offer.media[i];
		const bool audio = media.kind == "audio";
		const auto map = audio ? findCodec(media.rtpMaps(), "OPUS")
				       : findCodec(video[videoLines], result.videoCodec, published);
		if (!map)
			return refuse(code::kNoCommonCodec, fmt::format("m-line {} ({}) has no {}", i, media.kind,
									audio ? "opus" : result.videoCodec));
		const auto repair = webrtc::repairFormat(media, map->payloadType);
		clean.media.push_back(rewritten(media, *map, repair));
		webrtc::AnswerLine line;
		if (!audio && result.videoFormat.empty())
			result.videoFormat = answerFmtp(*map);
		line.payloadType = map->payloadType;
		line.repairType = repair.value_or(0);
		line.encodingName = map->encodingName;
		line.fmtp = answerFmtp(*map);
		result.lines.push_back(std::move(line));
		static constexpr Slot kUplinkSlots[] = { Slot::BigVideo, Slot::SmallVideo, Slot::AuxVideo };
		static constexpr Slot kDownlinkSlots[] = { Slot::BigVideo, Slot::AuxVideo };
		const auto slot = audio		  ? Slot::Audio
				  : maxVideo == 3 ? kUplinkSlots[videoLines]
						  : kDownlinkSlots[videoLines];
		videoLines += audio ? 0 : 1;
		result.mLineOf[static_cast<std::size_t>(slot)] = i;
	}
	result.offer = clean.str();
	return result;
}

} // namespace

Negotiated negotiateUplink(const std::string &offer, const std::string &preferredCodec)
{
	return negotiate(offer, "sendonly", 3, preferredCodec, false, std::nullopt);
}

Negotiated negotiateDownlink(const std::string &offer, const std::string &videoCodec, const std::string &videoFormat)
{
	const auto published = videoCodec == "H264" && !videoFormat.empty() ? h264Format(videoFormat) : std::nullopt;
	auto result = negotiate(offer, "recvonly", 2, videoCodec, true, published);
	if (result.refusal)
		return result;
	const auto send = [&](Slot slot, std::uint32_t type, const char *streamId, const char *trackId) {
		const auto mLine = result.mLineOf[static_cast<std::size_t>(slot)];
		if (!mLine)
			return;
		auto &line = result.lines[*mLine];
		line.ssrc = makeSsrc(type);
		line.msid = streamId;
		line.trackId = trackId;
	};
	send(Slot::Audio, 1, kMainStreamId, "main-audio");
	send(Slot::BigVideo, 2, kMainStreamId, "main-video");
	send(Slot::AuxVideo, 7, kAuxStreamId, "aux-video");
	return result;
}

} // namespace trtc::service
