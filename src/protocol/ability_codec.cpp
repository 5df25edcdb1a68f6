// SPDX-License-Identifier: MIT
#include "protocol/ability_codec.h"

#include <algorithm>
#include <string_view>

namespace trtc::protocol {

namespace {

using json::Value;
using json::Writer;

constexpr std::size_t kMaxCodecs = 64, kMaxCandidates = 64, kMaxFmtpBytes = 512;

std::string checkedText(const Value &value, std::size_t min, std::size_t max, std::string_view more, const char *rule)
{
	auto text = value.string(max);
	const auto good = [&](char c) {
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		       more.find(c) != std::string_view::npos;
	};
	if (text.size() < min || !std::all_of(text.begin(), text.end(), good))
		value.fail(rule);
	return text;
}

int payloadOf(const Value &value) { return static_cast<int>(value.integer(0, 127)); }

AbilityCodec toCodec(const Value &value)
{
	AbilityCodec codec;
	codec.codec = checkedText(value.get("codec"), 1, kMaxWordBytes, "-", "is no codec's name");
	codec.fmtp = value.stringOr("fmtp", "", kMaxFmtpBytes);
	if (std::any_of(codec.fmtp.begin(), codec.fmtp.end(), [](char c) { return c < ' ' || c > '~'; }))
		value.get("fmtp").fail("holds a control character");
	codec.payload = payloadOf(value.get("payload"));
	codec.rate = static_cast<int>(value.integerOr("rate", 0, 0, 1'000'000));
	codec.channels = static_cast<int>(value.integerOr("channels", 0, 0, 64));
	codec.rtx = static_cast<int>(value.integerOr("rtx", 0, 0, 127));
	if (const auto list = value.find("rtcpfb"))
		for (const auto &item : list->items(kMaxCodecs)) {
			auto text = checkedText(item.get("id"), 1, kMaxWordBytes, "-", "is no feedback's name");
			if (const auto params = item.find("params"))
				for (const auto &param : params->items(8))
					text += " " +
						checkedText(param, 1, kMaxWordBytes, "-", "is no feedback's parameter");
			codec.feedback.push_back(std::move(text));
		}
	return codec;
}

std::vector<AbilityCodec> toCodecs(const std::optional<Value> &list)
{
	std::vector<AbilityCodec> codecs;
	if (list)
		for (const auto &item : list->items(kMaxCodecs))
			codecs.push_back(toCodec(item));
	return codecs;
}

void writeCodecs(Writer &out, const char *name, const std::vector<AbilityCodec> &codecs)
{
	out.key(name).beginArray();
	for (const auto &codec : codecs) {
		out.beginObject().member("payload", codec.payload).member("codec", codec.codec);
		out.member("fmtp", codec.fmtp).member("rate", codec.rate).member("rtx", codec.rtx);
		if (codec.channels != 0)
			out.member("channels", codec.channels);
		out.key("rtcpfb").beginArray();
		for (const auto &feedback : codec.feedback) {
			const auto space = feedback.find(' ');
			out.beginObject().member("id", feedback.substr(0, space)).key("params").beginArray();
			if (space != std::string::npos)
				out.value(feedback.substr(space + 1));
			out.endArray().endObject();
		}
		out.endArray().endObject();
	}
	out.endArray();
}

} // namespace

Ability readAbility(const Value &value)
{
	Ability ability;
	const auto ice = value.get("ice"), dtls = value.get("dtls"), audio = value.get("audio"),
		   video = value.get("video");
	// RFC 8839 5.4: 4 to 256 and 22 to 256 characters of these.
	ability.iceUfrag = checkedText(ice.get("ufrag"), 4, 256, "+/", "is no ICE user fragment");
	ability.icePwd = checkedText(ice.get("password"), 22, 256, "+/", "is no ICE password");
	ability.fingerprintHash = checkedText(dtls.get("hash"), 1, 16, "-", "is no hash function's name");
	ability.fingerprint = checkedText(dtls.get("fingerprint"), 1, 256, ":", "is no fingerprint");
	ability.setup = dtls.stringOr("setup", "actpass", kMaxWordBytes);
	if (ability.setup != "actpass" && ability.setup != "active" && ability.setup != "passive")
		dtls.get("setup").fail("must be actpass, active or passive");
	ability.audio = toCodecs(audio.find("codecs"));
	ability.video = toCodecs(video.find("codecs"));
	ability.decoders = toCodecs(video.find("decoders"));
	if (const auto list = value.find("candidates"))
		for (const auto &item : list->items(kMaxCandidates))
			ability.candidates.push_back(
				{ checkedText(item.get("ip"), 2, kMaxWordBytes, ".:", "is no address"),
				  checkedText(item.get("type"), 1, kMaxWordBytes, "", "is no candidate's type"),
				  static_cast<int>(item.get("port").integer(1, 65535)),
				  item.integerOr("priority", 0, 0, 0xffffffff) });
	ability.useVp8 = value.booleanOr("useVp8", false);
	return ability;
}

void writeAbility(Writer &out, const Ability &ability)
{
	out.beginObject();
	out.key("ice").beginObject().member("ufrag", ability.iceUfrag).member("password", ability.icePwd).endObject();
	out.key("dtls").beginObject().member("hash", ability.fingerprintHash);
	out.member("fingerprint", ability.fingerprint).member("setup", ability.setup).endObject();
	out.key("candidates").beginArray();
	for (const auto &candidate : ability.candidates)
		// The SDK takes the transport from `foundation`.
		out.beginObject()
			.member("foundation", "udp")
			.member("ip", candidate.ip)
			.member("port", candidate.port)
			.member("priority", candidate.priority)
			.member("type", candidate.type)
			.endObject();
	out.endArray();
	out.key("audio").beginObject();
	writeCodecs(out, "codecs", ability.audio);
	out.key("extensions").beginArray().endArray().endObject();
	out.key("video").beginObject();
	writeCodecs(out, "codecs", ability.video);
	writeCodecs(out, "decoders", ability.decoders);
	out.key("extensions").beginArray().endArray().endObject();
	out.member("useVp8", ability.useVp8).member("useH265", false);
	out.endObject();
}

} // namespace trtc::protocol
