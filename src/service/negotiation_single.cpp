// SPDX-License-Identifier: MIT
#include "service/negotiation_single.h"

#include "protocol/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace trtc::service {

namespace {

namespace code = protocol::code;
using webrtc::sdp::RtpMap;

std::vector<RtpMap> mapsOf(const std::vector<protocol::AbilityCodec> &codecs)
{
	std::vector<RtpMap> maps;
	for (const auto &codec : codecs) {
		RtpMap map;
		map.payloadType = codec.payload;
		map.encodingName = codec.codec;
		for (char &c : map.encodingName)
			c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
		map.clockRate = codec.rate;
		map.fmtp = codec.fmtp;
		maps.push_back(std::move(map));
	}
	return maps;
}

SinglePlan refusedPlan(int withCode, std::string message)
{
	SinglePlan plan;
	plan.refusal = Refusal { withCode, std::move(message) };
	return plan;
}

/// The number of what repairs that format; 0: the client asks for nothing again, or gives a number that has another meaning.
int repairOf(const std::vector<protocol::AbilityCodec> &codecs, const RtpMap &map, const std::vector<int> &taken)
{
	const auto codec = std::find_if(codecs.begin(), codecs.end(),
					[&](const auto &one) { return one.payload == map.payloadType; });
	if (codec == codecs.end() || codec->rtx == 0 ||
	    std::find(codec->feedback.begin(), codec->feedback.end(), "nack") == codec->feedback.end() ||
	    std::find(taken.begin(), taken.end(), codec->rtx) != taken.end())
		return 0;
	return codec->rtx;
}

std::string section(const SinglePlan &plan, std::size_t mid, const char *kind, const std::vector<RtpMap> &maps,
		    const std::vector<int> &repairs, const char *direction)
{
	std::string formats, attributes;
	for (std::size_t i = 0; i < repairs.size(); ++i) {
		if (!repairs[i])
			continue;
		attributes += fmt::format("a=rtcp-fb:{1} nack\r\na=rtpmap:{0} rtx/{2}\r\na=fmtp:{0} apt={1}\r\n",
					  repairs[i], maps[i].payloadType, maps[i].clockRate);
	}
	for (const auto &map : maps) {
		formats += fmt::format(" {}", map.payloadType);
		attributes += fmt::format("a=rtpmap:{} {}/{}{}\r\n", map.payloadType, map.encodingName, map.clockRate,
					  map.encodingName == "OPUS" ? "/2" : "");
		if (map.encodingName == "H264")
			attributes += fmt::format("a=fmtp:{} packetization-mode={}\r\n", map.payloadType,
						  h264Format(map.fmtp).value_or(H264Format {}).mode1 ? 1 : 0);
		if (map.encodingName != "OPUS")
			attributes +=
				fmt::format("a=rtcp-fb:{0} nack pli\r\na=rtcp-fb:{0} ccm fir\r\n", map.payloadType);
	}
	for (const auto repair : repairs)
		if (repair)
			formats += fmt::format(" {}", repair);
	return fmt::format("m={} 9 UDP/TLS/RTP/SAVPF{}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n"
			   "a=fingerprint:{} {}\r\na=setup:{}\r\na=mid:{}\r\na=rtcp-mux\r\na={}\r\n{}",
			   kind, formats, plan.client.iceUfrag, plan.client.icePwd, plan.client.fingerprintHash,
			   plan.client.fingerprint, plan.client.setup, mid, direction, attributes);
}

std::string capsOf(const RtpMap &map)
{
	const bool audio = map.encodingName == "OPUS";
	return fmt::format("application/x-rtp,media={},encoding-name={},clock-rate={},payload={}",
			   audio ? "audio" : "video", map.encodingName, map.clockRate, map.payloadType);
}

std::string capsOf(const std::vector<RtpMap> &maps)
{
	std::string caps;
	for (const auto &map : maps)
		caps += (caps.empty() ? "" : ";") + capsOf(map);
	return caps;
}

protocol::AbilityCodec codecOf(const RtpMap &map, int repair)
{
	protocol::AbilityCodec codec;
	codec.codec = map.encodingName == "OPUS" ? "opus" : map.encodingName;
	codec.fmtp = answerFmtp(map);
	codec.payload = map.payloadType;
	codec.rate = map.clockRate;
	if (map.encodingName == "OPUS")
		codec.channels = 2;
	else
		codec.feedback = { "nack pli", "ccm fir" };
	codec.rtx = repair;
	if (repair)
		codec.feedback.push_back("nack");
	return codec;
}

/// "1 1 UDP 2015364095 127.0.0.1 43748 typ host"; empty for what is no candidate over UDP.
std::optional<protocol::AbilityCandidate> candidateOf(const std::string &text)
{
	std::istringstream words(text);
	std::string foundation, component, transport, typ;
	protocol::AbilityCandidate candidate;
	if (!(words >> foundation >> component >> transport >> candidate.priority >> candidate.ip >> candidate.port >>
	      typ >> candidate.type))
		return std::nullopt;
	for (char &c : transport)
		c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
	if (component != "1" || transport != "udp" || typ != "typ" || candidate.port <= 0)
		return std::nullopt;
	return candidate;
}

} // namespace

SinglePlan planSingle(const protocol::Ability &client)
{
	SinglePlan plan;
	plan.client = client;
	if (client.setup == "passive")
		return refusedPlan(code::kBadSdp, "ability.dtls.setup must be actpass or active");
	const auto audio = findCodec(mapsOf(client.audio), "OPUS");
	if (!audio)
		return refusedPlan(code::kNoCommonCodec, "ability.audio.codecs has no opus");
	plan.audio = *audio;
	const auto video = mapsOf(client.video), decoders = mapsOf(client.decoders);
	// H.264 first: every device has it in hardware, and SEI messages travel in it.
	for (const char *name : { "H264", "VP8" })
		if (auto map = findCodec(video, name)) {
			plan.send = *map;
			break;
		}
	if (plan.send.encodingName.empty())
		return refusedPlan(code::kNoCommonCodec, "ability.video.codecs has no H264 and no VP8");
	for (const char *name : { "H264", "VP8" })
		if (auto map = findCodec(decoders.empty() ? video : decoders, name))
			plan.receive.push_back(*map);
	if (plan.receive.empty())
		return refusedPlan(code::kNoCommonCodec, "ability.video.decoders has no H264 and no VP8");
	std::vector<int> numbers { plan.audio.payloadType };
	for (const auto &map : plan.receive)
		numbers.push_back(map.payloadType);
	std::sort(numbers.begin(), numbers.end());
	if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end() ||
	    plan.send.payloadType == plan.audio.payloadType)
		return refusedPlan(code::kBadSdp, "ability gives one payload number to two codecs");
	// Two formats of one number are told apart by nobody: such a one is left out.
	numbers.push_back(plan.send.payloadType);
	plan.sendRepair = repairOf(client.video, plan.send, numbers);
	for (const auto &map : plan.receive) {
		const auto repair = repairOf(decoders.empty() ? client.video : client.decoders, map, numbers);
		const bool same = map.payloadType == plan.send.payloadType;
		// A format has one repair on every line, and no other format has that one.
		const bool clash = same ? repair != plan.sendRepair
					: repair == plan.sendRepair ||
						   std::find(plan.receiveRepairs.begin(), plan.receiveRepairs.end(),
							     repair) != plan.receiveRepairs.end();
		plan.receiveRepairs.push_back(clash ? 0 : repair);
	}
	return plan;
}

std::string singleOffer(const SinglePlan &plan, std::size_t users)
{
	const auto lines = kSingleUplinkLines + users * kSingleLinesPerUser;
	std::string mids, sections;
	for (std::size_t i = 0; i < lines; ++i) {
		mids += fmt::format(" {}", i);
		const bool up = i < kSingleUplinkLines;
		const bool audio = up ? i == 0 : (i - kSingleUplinkLines) % kSingleLinesPerUser == 0;
		sections += audio ? section(plan, i, "audio", { plan.audio }, {}, up ? "sendonly" : "recvonly")
			    : up  ? section(plan, i, "video", { plan.send }, { plan.sendRepair }, "sendonly")
				  : section(plan, i, "video", plan.receive, plan.receiveRepairs, "recvonly");
	}
	return fmt::format("v=0\r\no=- 1 {} IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE{}\r\n{}", users + 1, mids,
			   sections);
}

std::vector<webrtc::AnswerLine> singleLines(const SinglePlan &plan, std::size_t users)
{
	std::vector<webrtc::AnswerLine> lines(kSingleUplinkLines + users * kSingleLinesPerUser);
	for (std::size_t i = 0; i < lines.size(); ++i) {
		auto &line = lines[i];
		if (i < kSingleUplinkLines) {
			const auto &map = i == 0 ? plan.audio : plan.send;
			line.payloadType = map.payloadType;
			line.encodingName = map.encodingName;
			line.fmtp = answerFmtp(map);
			line.repairType = i == 0 ? 0 : plan.sendRepair;
			line.announcedOnly = true;
			continue;
		}
		const bool audio = (i - kSingleUplinkLines) % kSingleLinesPerUser == 0;
		line.openCaps = audio ? capsOf(plan.audio) : capsOf(plan.receive);
		for (std::size_t k = 0; !audio && k < plan.receive.size(); ++k)
			if (plan.receiveRepairs[k])
				line.openRepairs[plan.receive[k].payloadType] = plan.receiveRepairs[k];
	}
	return lines;
}

Negotiated singleUplink(const SinglePlan &plan)
{
	Negotiated uplink;
	uplink.videoCodec = plan.send.encodingName;
	uplink.videoFormat = answerFmtp(plan.send);
	for (std::size_t i = 0; i < kSlots; ++i)
		uplink.mLineOf[i] = i;
	return uplink;
}

Negotiated singleDownlink(const SinglePlan &plan, std::size_t user, const std::array<std::uint32_t, 3> &ssrcs,
			  const std::array<std::uint32_t, 3> &repairs, const std::string &videoCodec)
{
	Negotiated downlink;
	const auto video = videoCodec.empty()
				   ? plan.receive.begin()
				   : std::find_if(plan.receive.begin(), plan.receive.end(),
						  [&](const RtpMap &map) { return map.encodingName == videoCodec; });
	if (video == plan.receive.end()) {
		downlink.refusal = Refusal { code::kNoCommonCodec,
					     fmt::format("that user sends {}, which you cannot decode", videoCodec) };
		return downlink;
	}
	downlink.videoCodec = videoCodec;
	const auto first = kSingleUplinkLines + user * kSingleLinesPerUser;
	downlink.lines.resize(first + kSingleLinesPerUser);
	static constexpr Slot kOrder[] = { Slot::Audio, Slot::BigVideo, Slot::AuxVideo };
	for (std::size_t i = 0; i < kSingleLinesPerUser; ++i) {
		const auto &map = i == 0 ? plan.audio : *video;
		auto &line = downlink.lines[first + i];
		line.ssrc = ssrcs[i];
		if (i > 0 && plan.receiveRepairs[static_cast<std::size_t>(video - plan.receive.begin())])
			line.repairSsrc = repairs[i];
		line.payloadType = map.payloadType;
		line.encodingName = map.encodingName;
		downlink.mLineOf[static_cast<std::size_t>(kOrder[i])] = first + i;
	}
	return downlink;
}

Result<protocol::Ability> singleAbility(const SinglePlan &plan, const std::string &answer)
{
	const auto parsed = webrtc::sdp::parse(answer, kSingleUplinkLines + kMaxSingleUsers * kSingleLinesPerUser);
	if (!parsed)
		return parsed.error();
	const auto &media = parsed.value().media.front();
	const auto get = [&](const char *name) {
		auto value = media.attribute(name);
		return value ? *value : parsed.value().attribute(name).value_or("");
	};
	protocol::Ability ability;
	ability.iceUfrag = get("ice-ufrag");
	ability.icePwd = get("ice-pwd");
	const auto fingerprint = get("fingerprint");
	const auto space = std::min(fingerprint.find(' '), fingerprint.size());
	ability.fingerprintHash = fingerprint.substr(0, space);
	ability.fingerprint = space < fingerprint.size() ? fingerprint.substr(space + 1) : "";
	ability.setup = get("setup");
	ability.audio = { codecOf(plan.audio, 0) };
	ability.video = { codecOf(plan.send, plan.sendRepair) };
	for (std::size_t i = 0; i < plan.receive.size(); ++i)
		ability.decoders.push_back(codecOf(plan.receive[i], plan.receiveRepairs[i]));
	ability.useVp8 = plan.send.encodingName == "VP8";
	for (const auto &text : media.attributes("candidate"))
		if (auto candidate = candidateOf(text))
			ability.candidates.push_back(std::move(*candidate));
	if (ability.candidates.empty() || ability.iceUfrag.empty() || ability.fingerprint.empty())
		return Error { ErrorCode::Internal, "webrtcbin's answer lacks addresses, ICE or DTLS lines" };
	return ability;
}

} // namespace trtc::service
