// SPDX-License-Identifier: MIT
// Offers as the web SDK makes them in Chromium, with what it edits in, and offers of people who mean harm.
#include "service/negotiation.h"

#include "protocol/messages.h"
#include "webrtc/sdp.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

using namespace trtc;
using namespace trtc::service;
namespace code = trtc::protocol::code;
namespace sdp = trtc::webrtc::sdp;

namespace {

const std::string kFingerprint =
	"a=fingerprint:sha-256 2E:82:E4:03:D9:86:7F:96:7C:E4:C8:60:38:F8:65:69:5C:5C:7C:8A:68:86:40:CE:E3:E1:"
	"F3:42:9B:88:50:A5\r\n";

std::string session(const std::string &mids)
{
	return "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + mids +
	       "\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS 5a\r\n";
}

std::string transport(const std::string &mid)
{
	return "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 "
	       "0.0.0.0\r\na=ice-ufrag:4ZcD\r\na=ice-pwd:2/1muCWoOi3uLifh0NuRHlzA\r\n"
	       "a=ice-options:trickle\r\n" +
	       kFingerprint + "a=setup:actpass\r\na=mid:" + mid + "\r\n";
}

std::string audioLine(const std::string &mid, const std::string &direction, const std::string &glued = {})
{
	std::string text =
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n" + transport(mid) +
		"a=extmap:14 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=" +
		direction +
		"\r\na=msid:5a 7b\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
		"a=rtcp-fb:111 rrtr\r\na=fmtp:111 minptime=10;useinbandfec=1" +
		glued +
		"\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
		"a=rtpmap:126 telephone-event/8000\r\n";
	if (direction == "sendonly")
		text += "a=ssrc:1001 cname:c\r\na=ssrc:1001 msid:5a 7b\r\n";
	return text;
}

/// As Chromium 120: VP8, H.264 in its six flavours, AV1, VP9, each with its repair format.
std::string videoLine(const std::string &mid, const std::string &direction, unsigned ssrc,
		      const std::string &glued = {}, const std::string &extra = {}, bool h264 = true)
{
	struct Format {
		int pt;
		const char *name, *fmtp;
	};
	const Format vp8[] = { { 96, "VP8", "" } };
	const Format avc[] = {
		{ 102, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f" },
		{ 104, "H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f" },
		{ 106, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" },
		{ 108, "H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f" },
		{ 127, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f" },
		{ 112, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f" }
	};
	const Format rest[] = { { 45, "AV1", "level-idx=5;profile=0;tier=0" },
				{ 98, "VP9", "profile-id=0" },
				{ 100, "VP9", "profile-id=2" } };
	std::string head = "m=video 9 UDP/TLS/RTP/SAVPF", maps;
	int rtx = 20;
	const auto add = [&](const Format &format) {
		const int repair = rtx++;
		head += fmt::format(" {} {}", format.pt, repair);
		maps += fmt::format(
			"a=rtpmap:{0} {1}/90000\r\na=rtcp-fb:{0} goog-remb\r\na=rtcp-fb:{0} transport-cc\r\n"
			"a=rtcp-fb:{0} ccm fir\r\na=rtcp-fb:{0} nack\r\na=rtcp-fb:{0} nack pli\r\na=rtcp-fb:{0} "
			"rrtr\r\n",
			format.pt, format.name);
		if (*format.fmtp)
			maps += fmt::format("a=fmtp:{} {}{}\r\n", format.pt, format.fmtp, glued);
		maps += fmt::format("a=rtpmap:{0} rtx/90000\r\na=fmtp:{0} apt={1}{2}\r\n", repair, format.pt, glued);
	};
	for (const auto &format : vp8)
		add(format);
	if (h264)
		for (const auto &format : avc)
			add(format);
	for (const auto &format : rest)
		add(format);
	head += " 114 115 116";
	maps += "a=rtpmap:114 red/90000\r\na=rtpmap:115 rtx/90000\r\na=fmtp:115 apt=114\r\na=rtpmap:116 "
		"ulpfec/90000\r\n";
	auto text = head + "\r\n" + transport(mid) +
		    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n" + extra +
		    "a=" + direction + "\r\na=msid:5a v" + mid + "\r\na=rtcp-mux\r\na=rtcp-rsize\r\n" + maps;
	if (direction == "sendonly")
		text += fmt::format("a=ssrc-group:FID {0} {1}\r\na=ssrc:{0} cname:c\r\na=ssrc:{0} msid:5a "
				    "v\r\na=ssrc:{1} cname:c\r\n",
				    ssrc, ssrc + 1);
	return text;
}

const std::string kOrientation = "a=extmap:13 urn:3gpp:video-orientation\r\n";

std::string uplink()
{
	// The SDK cuts the first video-orientation URI out and leaves the rest of its line.
	return session("0 1 2 3") + audioLine("0", "sendonly") +
	       videoLine("1", "sendonly", 2001, "", "a=extmap:13 \r\n") +
	       videoLine("2", "sendonly", 3001, "", kOrientation) + videoLine("3", "sendonly", 7001, "", kOrientation);
}

std::string downlink(bool h264 = true)
{
	const std::string keyframe = ";sps-pps-idr-in-keyframe=1";
	return session("0 1 2") + audioLine("0", "recvonly", ";sprop-stereo=1;stereo=1") +
	       videoLine("1", "recvonly", 0, keyframe, "", h264) + videoLine("2", "recvonly", 0, keyframe, "", h264);
}

std::string replaced(std::string text, const std::string &from, const std::string &to, bool all = true)
{
	REQUIRE(text.find(from) != std::string::npos);
	for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
		text.replace(at, from.size(), to);
		if (!all)
			break;
	}
	return text;
}

sdp::Description read(const Negotiated &negotiated)
{
	REQUIRE_MESSAGE(!negotiated.refusal, negotiated.refusal->message);
	auto parsed = sdp::parse(negotiated.offer);
	REQUIRE_MESSAGE(parsed, parsed.error().message);
	CHECK(parsed.value().media.size() == negotiated.lines.size());
	return parsed.value();
}

/// What webrtcbin gets must be harmless whatever came in.
void checkClean(const Negotiated &negotiated)
{
	for (const auto &media : read(negotiated).media) {
		// A codec, and what repairs it.
		CHECK(media.formats.size() == media.rtpMaps().size());
		CHECK(media.formats.size() <= 2);
		if (media.formats.size() == 2) {
			CHECK(media.rtpMaps()[1].encodingName == "RTX");
			CHECK(media.rtpMaps()[1].fmtp == "apt=" + media.formats[0]);
		}
		CHECK(media.port == 9);
		CHECK(media.ssrcs().size() <= media.formats.size());
		for (const char *name : { "extmap", "msid", "extmap-allow-mixed", "rtcp-rsize", "rid", "simulcast" })
			CHECK(!media.has(name));
	}
	for (const char *word : { "orientation", "transport-cc", "goog-remb", "rrtr", "red", "sps-pps" })
		CHECK(negotiated.offer.find(word) == std::string::npos);
}

Refusal refused(const Negotiated &negotiated)
{
	REQUIRE(negotiated.refusal);
	CHECK(negotiated.offer.empty());
	CHECK(negotiated.refusal->message != "");
	return *negotiated.refusal;
}

std::size_t at(const Negotiated &negotiated, Slot slot)
{
	REQUIRE(negotiated.mLineOf[static_cast<std::size_t>(slot)]);
	return *negotiated.mLineOf[static_cast<std::size_t>(slot)];
}

} // namespace

TEST_CASE("negotiation: the uplink offer of the SDK in Chromium")
{
	for (const char *preferred : { "H264", "VP8" }) {
		CAPTURE(preferred);
		const auto result = negotiateUplink(uplink(), preferred);
		checkClean(result);
		CHECK(result.videoCodec == preferred);
		REQUIRE(result.lines.size() == 4);
		CHECK(at(result, Slot::Audio) == 0);
		CHECK(at(result, Slot::BigVideo) == 1);
		CHECK(at(result, Slot::SmallVideo) == 2);
		CHECK(at(result, Slot::AuxVideo) == 3);
		CHECK(result.lines[0].encodingName == "OPUS");
		CHECK(result.lines[0].payloadType == 111);
		for (std::size_t i = 1; i < 4; ++i) {
			CHECK(result.lines[i].encodingName == preferred);
			CHECK(result.lines[i].ssrc == 0);
		}
		const auto offer = read(result);
		CHECK(offer.attribute("group").value_or("") == "BUNDLE 0 1 2 3");
		CHECK(offer.media[1].ssrcs() == std::vector<std::uint32_t> { 2001, 2002 });
		CHECK(offer.media[1].attribute("ssrc-group").value_or("") == "FID 2001 2002");
		CHECK(result.lines[0].repairType == 0); // no browser repairs sound
		CHECK(result.lines[1].repairType == std::stoi(offer.media[1].formats.at(1)));
		CHECK(offer.media[1].attribute("fingerprint"));
		CHECK(offer.media[1].attribute("ice-pwd").value_or("") == "2/1muCWoOi3uLifh0NuRHlzA");
		CHECK(offer.media[1].direction() == "sendonly");
	}
}

TEST_CASE("negotiation: of six H.264 formats constrained baseline in mode 1 is taken")
{
	const auto result = negotiateUplink(uplink(), "H264");
	CHECK(result.lines[1].payloadType == 106);
	CHECK(result.lines[1].fmtp == "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
	// Without it, baseline; without that, anything in mode 1.
	auto offer = replaced(uplink(), "profile-level-id=42e01f", "profile-level-id=640c1f");
	CHECK(negotiateUplink(offer, "H264").lines[1].payloadType == 102);
	offer = replaced(offer, "profile-level-id=42001f", "profile-level-id=640c1f");
	CHECK(negotiateUplink(offer, "H264").lines[1].payloadType == 102);
	CHECK(negotiateUplink(offer, "H264").lines[1].fmtp.find("profile-level-id=640c1f") != std::string::npos);
	// Upper case is the same profile.
	CHECK(negotiateUplink(replaced(uplink(), "42e01f", "42E01F"), "H264").lines[1].payloadType == 106);
	// Single NAL units everybody can take; without a mode it is them, too.
	offer = replaced(uplink(), "packetization-mode=1", "packetization-mode=0");
	CHECK(negotiateUplink(offer, "H264").videoCodec == "H264");
	CHECK(negotiateUplink(offer, "H264").lines[1].fmtp.find("packetization-mode=0") != std::string::npos);
	offer = replaced(replaced(uplink(), ";packetization-mode=1", ""), ";packetization-mode=0", "");
	CHECK(negotiateUplink(offer, "H264").lines[1].payloadType == 106);
	CHECK(negotiateUplink(offer, "H264").lines[1].fmtp.find("packetization-mode=0") != std::string::npos);
	// Interleaved packets and profiles beyond 4:2:0 are not forwarded.
	offer = replaced(replaced(uplink(), "packetization-mode=1", "packetization-mode=2"), "packetization-mode=0",
			 "packetization-mode=2");
	CHECK(negotiateUplink(offer, "H264").videoCodec == "VP8");
	offer = uplink();
	for (const char *id : { "42001f", "42e01f", "4d001f", "64001f" })
		offer = replaced(offer, id, "7a001f");
	CHECK(negotiateUplink(offer, "H264").videoCodec == "VP8");
}

TEST_CASE("negotiation: the codec is the wished one, else the first that fits")
{
	CHECK(negotiateUplink(uplink(), "").videoCodec == "VP8");
	CHECK(negotiateUplink(uplink(), "AV2").videoCodec == "VP8");
	const auto only = session("0 1") + audioLine("0", "sendonly") + videoLine("1", "sendonly", 1, "", "", false);
	const auto result = negotiateUplink(only, "H264");
	checkClean(result);
	CHECK(result.videoCodec == "VP8");
	CHECK(result.lines[1].fmtp == "");
	const auto none = replaced(only, " VP8/", " VP7/");
	CHECK(refused(negotiateUplink(none, "H264")).code == code::kNoH264Encode);
	CHECK(refused(negotiateUplink(none, "VP8")).code == code::kNoH264Encode);
}

TEST_CASE("negotiation: one codec for all video lines, or none")
{
	const auto mixed = session("0 1 2") + audioLine("0", "sendonly") + videoLine("1", "sendonly", 2001) +
			   videoLine("2", "sendonly", 3001, "", "", false);
	CHECK(negotiateUplink(mixed, "H264").videoCodec == "VP8");
	CHECK(negotiateUplink(mixed, "VP8").videoCodec == "VP8");
	const auto apart = replaced(mixed, " VP8/", " VP7/", false);
	CHECK(refused(negotiateUplink(apart, "H264")).code == code::kNoH264Encode);
}

TEST_CASE("negotiation: sound alone, a picture alone")
{
	const auto sound = negotiateUplink(session("0") + audioLine("0", "sendonly"), "H264");
	checkClean(sound);
	CHECK(sound.videoCodec == "");
	CHECK(at(sound, Slot::Audio) == 0);
	CHECK(!sound.mLineOf[static_cast<std::size_t>(Slot::BigVideo)]);
	const auto picture = negotiateUplink(session("a") + videoLine("a", "sendonly", 1), "H264");
	checkClean(picture);
	CHECK(at(picture, Slot::BigVideo) == 0);
	CHECK(!picture.mLineOf[static_cast<std::size_t>(Slot::Audio)]);
}

TEST_CASE("negotiation: the downlink offer of the SDK, and its rules for SSRCs and stream ids")
{
	std::set<std::uint32_t> seen;
	for (int round = 0; round < 50; ++round) {
		const auto result = negotiateDownlink(downlink(), "H264");
		checkClean(result);
		REQUIRE(result.lines.size() == 3);
		CHECK(at(result, Slot::Audio) == 0);
		CHECK(at(result, Slot::BigVideo) == 1);
		CHECK(at(result, Slot::AuxVideo) == 2);
		const unsigned bytes[] = { 1, 2, 7 };
		for (std::size_t i = 0; i < 3; ++i) {
			CHECK((result.lines[i].ssrc >> 16 & 0xff) == bytes[i]);
			CHECK(result.lines[i].ssrc > 0xffffff);
			seen.insert(result.lines[i].ssrc);
		}
		CHECK(result.lines[0].msid == "5Y2wZK8nANNAoVw6dSAHVjNxrD1ObBM2kBPV");
		CHECK(result.lines[1].msid == result.lines[0].msid);
		CHECK(result.lines[2].msid == "224d130c-7b5c-415b-aaa2-79c2eb5a6df2");
		CHECK(result.lines[0].trackId != result.lines[1].trackId);
		CHECK(result.lines[1].payloadType == 106);
		CHECK(result.lines[1].fmtp == "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
	}
	CHECK(seen.size() > 140); // random, not counted
}

TEST_CASE("negotiation: a downlink sends what the publisher sends, or nothing")
{
	CHECK(negotiateDownlink(downlink(), "VP8").lines[1].payloadType == 96);
	CHECK(refused(negotiateDownlink(downlink(false), "H264")).code == code::kNoH264Decode);
	CHECK(negotiateDownlink(downlink(false), "VP8").videoCodec == "VP8");
	CHECK(refused(negotiateDownlink(replaced(downlink(), " VP8/", " VP7/"), "VP8")).code == code::kNoCommonCodec);
	// The publisher has no picture yet: any codec will do.
	checkClean(negotiateDownlink(downlink(), ""));
}

TEST_CASE("negotiation: of several H.264 formats a downlink takes the one that decodes what is published")
{
	// The payload type that is answered; 0: 77393.
	const auto row = [](const std::string &offer, const std::string &mode, const std::string &profile) {
		const auto result =
			negotiateDownlink(offer, "H264", "packetization-mode=" + mode + ";profile-level-id=" + profile);
		if (result.refusal) {
			CHECK(result.refusal->code == code::kNoH264Decode);
			return 0;
		}
		return result.lines[1].payloadType;
	};
	const auto all = downlink();
	CHECK(row(all, "1", "42e01f") == 102); // 102 and 106 are the same to a decoder
	CHECK(row(all, "1", "42e034") == 102); // levels are asymmetric
	CHECK(row(all, "1", "4d001f") == 127);
	CHECK(row(all, "1", "64001f") == 112);
	CHECK(row(all, "1", "640c1f") == 112); // constrained high: high decodes it
	CHECK(row(all, "0", "42e01f") == 104); // single NAL units: mode 0
	// Without a format of the same profile, a larger one.
	const auto high = replaced(replaced(replaced(all, "42001f", "64001f"), "42e01f", "64001f"), "4d001f", "64001f");
	CHECK(row(high, "1", "42e01f") != 0);
	CHECK(row(high, "1", "4d001f") != 0);
	// What is published in a larger profile than this end decodes.
	const auto base = replaced(replaced(all, "4d001f", "42e01f"), "64001f", "42e01f");
	CHECK(row(base, "1", "42001f") != 0);
	CHECK(row(base, "1", "4d001f") == 0);
	CHECK(row(base, "1", "64001f") == 0);
	const auto main = replaced(base, "42e01f", "4d001f");
	CHECK(row(main, "1", "640c1f") == 0);
	// Single NAL units only: fragments are nothing for it, single units are.
	const auto single = replaced(all, "packetization-mode=1", "packetization-mode=0");
	CHECK(row(single, "1", "42e01f") == 0);
	CHECK(row(single, "0", "42e01f") != 0);
	// Mode 1 takes single units, too.
	CHECK(row(replaced(all, "packetization-mode=0", "packetization-mode=1"), "0", "42e01f") != 0);
}

TEST_CASE("negotiation: refusals")
{
	const auto offer = uplink();
	const auto bad = [](const std::string &text) {
		CHECK(refused(negotiateUplink(text, "H264")).code == code::kBadSdp);
		return negotiateUplink(text, "H264").refusal->message;
	};
	SUBCASE("garbage")
	{
		for (const char *text : { "", "v=0", "v=0\r\n", "hello", "{}", "v=0\r\nm=\r\n", "\xff\xfe" })
			bad(text);
		CHECK(refused(negotiateDownlink("garbage", "H264")).code == code::kBadSdp);
	}
	SUBCASE("an m-line of another kind")
	{
		bad(offer + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + transport("4") +
		    "a=sctp-port:5000\r\n");
		bad(replaced(offer, "m=audio", "m=text"));
	}
	SUBCASE("a rejected m-line, but not a bundled one")
	{
		bad(replaced(offer, "m=video 9", "m=video 0", false));
		auto bundled = replaced(offer, "m=video 9", "m=video 0", false);
		bundled = replaced(bundled, "a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
		checkClean(negotiateUplink(bundled, "H264"));
	}
	SUBCASE("too many m-lines")
	{
		auto many = session("0");
		for (int i = 0; i < 200; ++i)
			many += videoLine(std::to_string(i), "sendonly", 1);
		bad(many);
		bad(uplink() + videoLine("4", "sendonly", 5));
		bad(uplink() + audioLine("4", "sendonly"));
		CHECK(refused(negotiateDownlink(downlink() + videoLine("3", "recvonly", 5), "H264")).code ==
		      code::kBadSdp);
	}
	SUBCASE("mids")
	{
		bad(replaced(offer, "a=mid:1\r\n", ""));
		bad(replaced(offer, "a=mid:1\r\n", "a=mid:\r\n"));
		bad(replaced(offer, "a=mid:2\r\n", "a=mid:1\r\n"));
	}
	SUBCASE("no fingerprint, no ICE")
	{
		CHECK(bad(replaced(offer, kFingerprint, "")).find("fingerprint") != std::string::npos);
		bad(replaced(offer, "a=ice-ufrag:4ZcD\r\n", ""));
		// On the session's level they count for all.
		auto up = replaced(offer, kFingerprint, "");
		up = replaced(up, "a=extmap-allow-mixed\r\n", "a=extmap-allow-mixed\r\n" + kFingerprint);
		CHECK(read(negotiateUplink(up, "H264")).attribute("fingerprint"));
	}
	SUBCASE("direction")
	{
		for (const char *direction : { "a=recvonly\r\n", "a=inactive\r\n", "a=sendrecv\r\n", "" })
			bad(replaced(offer, "a=sendonly\r\n", direction, false));
		CHECK(refused(negotiateDownlink(offer, "H264")).code == code::kBadSdp);
		CHECK(refused(negotiateUplink(downlink(), "H264")).code == code::kBadSdp);
	}
	SUBCASE("no opus")
	{
		CHECK(refused(negotiateUplink(replaced(offer, "opus/48000", "speex/48000"), "H264")).code ==
		      code::kNoCommonCodec);
		CHECK(refused(negotiateUplink(replaced(offer, "opus/48000", "opus/44100"), "H264")).code ==
		      code::kNoCommonCodec);
	}
	SUBCASE("another profile of RTP") { bad(replaced(offer, "UDP/TLS/RTP/SAVPF", "RTP/AVP", false)); }
}

TEST_CASE("negotiation: candidates are taken, names on the network are not looked up, and not hundreds")
{
	std::string candidates = "a=candidate:0 1 UDP 1 secret-name.local 9 typ host\r\n";
	for (int i = 1; i <= 100; ++i)
		candidates += fmt::format("a=candidate:{} 1 UDP 1 192.0.2.{} 9 typ host\r\n", i, i);
	const auto result = negotiateUplink(session("0") + audioLine("0", "sendonly") + candidates, "");
	const auto found = read(result).media[0].attributes("candidate");
	CHECK(found.size() == 32);
	CHECK(result.offer.find(".local") == std::string::npos);
}

TEST_CASE("negotiation: what the other side wrote does not come through as lines of ours")
{
	// A value can hold no line end, so it can bring no line; a parameter is copied only where it is understood.
	const auto result = negotiateUplink(
		replaced(uplink(), "profile-level-id=42e01f", "profile-level-id=42e01f;x=\"a=candidate\""), "H264");
	checkClean(result);
	CHECK(result.lines[1].fmtp.find("candidate") == std::string::npos);
}
