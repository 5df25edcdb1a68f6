// SPDX-License-Identifier: MIT
// Abilities as SDK v5 sends them in Chromium, and those of people who mean harm.
#include "service/negotiation_single.h"

#include "protocol/messages.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>

using namespace trtc;
using namespace trtc::service;
namespace code = trtc::protocol::code;
namespace sdp = trtc::webrtc::sdp;

namespace {

protocol::AbilityCodec h264(int payload, int mode, const std::string &profile)
{
	return { "H264",
		 fmt::format("level-asymmetry-allowed=1;packetization-mode={};profile-level-id={}", mode, profile),
		 payload,
		 90000,
		 0,
		 payload + 1,
		 { "goog-remb", "ccm fir", "nack", "nack pli" } };
}

protocol::Ability chromium()
{
	protocol::Ability ability;
	ability.iceUfrag = "EKrJ";
	ability.icePwd = "Uw14K3xnQ0TPM/lBC+Qofhnk";
	ability.fingerprintHash = "sha-256";
	ability.fingerprint = "A9:0D:5C:8C:AB:D3:9D:EA:E1:A6:49:C4:D7:D0:A8:24:A3:03:4C:FE:92:9C:22:EB:84:A9:EA:14:32:"
			      "CD:39:9D";
	ability.setup = "actpass";
	ability.audio = { { "opus", "minptime=10;useinbandfec=1", 111, 48000, 2, 0, { "transport-cc" } } };
	ability.video = { { "VP8", "", 96, 90000, 0, 97, { "nack", "nack pli" } },
			  h264(102, 1, "42001f"),
			  h264(104, 0, "42001f"),
			  h264(108, 1, "42e01f"),
			  h264(114, 0, "42e01f") };
	ability.decoders = ability.video;
	ability.decoders.push_back(h264(41, 1, "f4001f"));
	return ability;
}

protocol::Ability without(protocol::Ability ability, const std::string &codec)
{
	for (auto *list : { &ability.audio, &ability.video, &ability.decoders })
		std::erase_if(*list, [&](const auto &one) { return one.codec == codec; });
	return ability;
}

} // namespace

TEST_CASE("one connection: H264 of the baseline is chosen for sending, H264 and VP8 may be received")
{
	const auto plan = planSingle(chromium());
	REQUIRE(!plan.refusal);
	CHECK(plan.audio.payloadType == 111);
	CHECK(plan.send.payloadType == 108);
	REQUIRE(plan.receive.size() == 2);
	CHECK(plan.receive[0].payloadType == 108);
	CHECK(plan.receive[1].payloadType == 96);

	const auto vp8 = planSingle(without(chromium(), "H264"));
	REQUIRE(!vp8.refusal);
	CHECK(vp8.send.encodingName == "VP8");
	CHECK(vp8.receive.size() == 1);
}

TEST_CASE("one connection: the offer for webrtcbin has four lines, and three more for every user")
{
	const auto plan = planSingle(chromium());
	for (const std::size_t users : { 0U, 1U, 50U }) {
		const auto parsed = sdp::parse(singleOffer(plan, users), 4 + 3 * kMaxSingleUsers);
		REQUIRE(parsed);
		const auto &media = parsed.value().media;
		REQUIRE(media.size() == 4 + 3 * users);
		CHECK(singleLines(plan, users).size() == media.size());
		std::set<std::string> mids;
		for (std::size_t i = 0; i < media.size(); ++i) {
			CHECK(media[i].direction() == (i < 4 ? "sendonly" : "recvonly"));
			CHECK(media[i].kind == ((i < 4 ? i == 0 : (i - 4) % 3 == 0) ? "audio" : "video"));
			CHECK(media[i].attribute("ice-ufrag") == "EKrJ");
			CHECK(media[i].attribute("setup") == "actpass");
			CHECK(singleLines(plan, users)[i].sends() == (i >= 4));
			mids.insert(*media[i].attribute("mid"));
		}
		CHECK(mids.size() == media.size());
	}
	// What was offered once must be offered again in the same words.
	const auto one = singleOffer(plan, 1), two = singleOffer(plan, 2);
	const auto body = [](const std::string &text) { return text.substr(text.find("m=audio")); };
	CHECK(body(two).starts_with(body(one)));
}

TEST_CASE("one connection: a subscription's lines carry the client's SSRCs and the publisher's codec")
{
	const auto plan = planSingle(chromium());
	const auto h264Down = singleDownlink(plan, 0, { 11, 12, 17 }, { 0, 13, 18 }, "H264");
	REQUIRE(!h264Down.refusal);
	CHECK(h264Down.mLineOf[0] == 4);
	CHECK(h264Down.mLineOf[1] == 5);
	CHECK(!h264Down.mLineOf[2]); // big and small share a line
	CHECK(h264Down.mLineOf[3] == 6);
	CHECK(h264Down.lines[4].ssrc == 11);
	CHECK(h264Down.lines[4].payloadType == 111);
	CHECK(h264Down.lines[5].ssrc == 12);
	CHECK(h264Down.lines[5].payloadType == 108);
	CHECK(h264Down.lines[6].ssrc == 17);
	const auto vp8Down = singleDownlink(plan, 3, { 11, 12, 17 }, { 0, 13, 18 }, "VP8");
	CHECK(vp8Down.mLineOf[1] == 14);
	CHECK(vp8Down.lines[14].payloadType == 96);

	const auto onlyVp8 = planSingle(without(chromium(), "H264"));
	const auto refused = singleDownlink(onlyVp8, 0, { 11, 12, 17 }, { 0, 13, 18 }, "H264");
	REQUIRE(refused.refusal);
	CHECK(refused.refusal->code == code::kNoCommonCodec);
	CHECK(refused.refusal->message.find("H264") != std::string::npos);
}

TEST_CASE("one connection: our abilities come from webrtcbin's answer")
{
	const auto plan = planSingle(chromium());
	const std::string answer =
		"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
		"a=ice-ufrag:Pctk\r\na=ice-pwd:xZ6Z9JO2KikaLuoohiOBHH\r\na=setup:active\r\n"
		"a=fingerprint:sha-256 7F:A3:D4\r\na=candidate:1 1 UDP 2015364095 127.0.0.1 57884 typ host\r\n"
		"a=candidate:2 1 TCP 1015021823 127.0.0.1 9 typ host tcptype active\r\n"
		"a=candidate:1 2 UDP 2015364094 127.0.0.1 57885 typ host\r\na=candidate:nonsense\r\n";
	const auto ability = singleAbility(plan, answer);
	REQUIRE(ability);
	CHECK(ability.value().iceUfrag == "Pctk");
	CHECK(ability.value().icePwd == "xZ6Z9JO2KikaLuoohiOBHH");
	CHECK(ability.value().fingerprintHash == "sha-256");
	CHECK(ability.value().fingerprint == "7F:A3:D4");
	CHECK(ability.value().setup == "active");
	REQUIRE(ability.value().candidates.size() == 1);
	CHECK(ability.value().candidates[0] == protocol::AbilityCandidate { "127.0.0.1", "host", 57884, 2015364095 });
	REQUIRE(ability.value().video.size() == 1);
	CHECK(ability.value().video[0].payload == 108);
	CHECK(ability.value().video[0].fmtp ==
	      "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
	CHECK(ability.value().decoders.size() == 2);
	CHECK(!ability.value().useVp8);
	CHECK(singleAbility(planSingle(without(chromium(), "H264")), answer).value().useVp8);
	CHECK(!singleAbility(plan, answer.substr(0, answer.find("a=candidate")))); // no address
	CHECK(!singleAbility(plan, "nonsense"));
}

TEST_CASE("one connection: pictures are repaired, by the client's numbers")
{
	const auto plan = planSingle(chromium());
	CHECK(plan.sendRepair == plan.send.payloadType + 1);
	REQUIRE(plan.receive.size() == 2);
	const auto offer = sdp::parse(singleOffer(plan, 1));
	REQUIRE(offer);
	for (std::size_t i = 0; i < offer.value().media.size(); ++i) {
		const auto &media = offer.value().media[i];
		std::map<std::string, int> repairs;
		for (const auto &map : media.rtpMaps())
			if (map.encodingName == "RTX")
				repairs[map.fmtp] = map.payloadType;
		CHECK(media.formats.size() == (media.kind == "audio" ? 1U : i < kSingleUplinkLines ? 2U : 4U));
		if (media.kind == "audio")
			CHECK(repairs.empty());
		else
			CHECK(repairs["apt=108"] == 109);
		if (media.kind == "video" && i > kSingleUplinkLines)
			CHECK(repairs["apt=96"] == 97);
	}
	const auto lines = singleLines(plan, 1);
	CHECK(lines[0].repairType == 0);
	CHECK(lines[1].repairType == 109);
	CHECK(lines[4].openRepairs.empty());
	CHECK((lines[5].openRepairs == std::map<int, int> { { 108, 109 }, { 96, 97 } }));
	const auto down = singleDownlink(plan, 0, { 11, 12, 17 }, { 0, 13, 18 }, "VP8");
	CHECK(down.lines[4].repairSsrc == 0);
	CHECK(down.lines[5].repairSsrc == 13);
	CHECK(down.lines[6].repairSsrc == 18);
}

TEST_CASE("one connection: nothing is repaired by a number that means something else, or without NACK")
{
	const auto changed = [](const std::function<void(protocol::AbilityCodec &)> &change) {
		auto ability = chromium();
		for (auto *list : { &ability.video, &ability.decoders })
			for (auto &codec : *list)
				change(codec);
		return planSingle(ability);
	};
	const auto none = [](const SinglePlan &plan) {
		CHECK(!plan.refusal);
		CHECK(plan.sendRepair == 0);
		CHECK(plan.receiveRepairs[0] == 0);
		CHECK(singleDownlink(plan, 0, { 11, 12, 17 }, { 0, 13, 18 }, "H264").lines[5].repairSsrc == 0);
		CHECK(singleOffer(plan, 1).find("apt=108") == std::string::npos);
	};
	none(changed([](auto &codec) { codec.rtx = 0; }));
	none(changed([](auto &codec) { std::erase(codec.feedback, "nack"); }));
	none(changed([](auto &codec) { codec.rtx = 111; })); // Opus
	none(changed([](auto &codec) { codec.rtx = 96; }));  // VP8
	const auto shared = changed([](auto &codec) { codec.rtx = 60; });
	CHECK(shared.receiveRepairs == std::vector<int> { 60, 0 }); // one number for both: it is the first one's
	CHECK(shared.sendRepair == 60);
}

TEST_CASE("one connection: abilities that fit nothing are refused by name")
{
	const auto refusal = [](const protocol::Ability &ability) {
		const auto plan = planSingle(ability);
		return plan.refusal.value_or(Refusal {});
	};
	CHECK(refusal(without(chromium(), "opus")).code == code::kNoCommonCodec);
	CHECK(refusal(without(chromium(), "opus")).message.find("opus") != std::string::npos);
	CHECK(refusal(without(without(chromium(), "H264"), "VP8")).code == code::kNoCommonCodec);
	auto passive = chromium();
	passive.setup = "passive";
	CHECK(refusal(passive).code == code::kBadSdp);
	auto doubled = chromium();
	doubled.audio[0].payload = 108;
	CHECK(refusal(doubled).code == code::kBadSdp);
	doubled = chromium();
	for (auto &codec : doubled.decoders)
		codec.payload = 96;
	CHECK(refusal(doubled).code == code::kBadSdp);
}
