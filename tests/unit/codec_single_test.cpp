// SPDX-License-Identifier: MIT
// What SDK v5 says and hears on its one connection, as it looks on the wire.
#include "protocol/codec.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace trtc;
using namespace trtc::protocol;

namespace {

Ability ability()
{
	Ability one;
	one.iceUfrag = "EKrJ";
	one.icePwd = "Uw14K3xnQ0TPM/lBC+Qofhnk";
	one.fingerprintHash = "sha-256";
	one.fingerprint = "A9:0D";
	one.setup = "actpass";
	one.audio = { { "opus", "minptime=10;useinbandfec=1", 111, 48000, 2, 0, {} } };
	one.video = { { "H264", "packetization-mode=1", 108, 90000, 0, 109, { "nack", "nack pli", "ccm fir" } } };
	one.decoders = { { "VP8", "", 96, 90000, 0, 97, { "nack pli" } } };
	one.candidates = { { "198.51.100.7", "host", 40000, 2015364095 }, { "fe80::1", "host", 40001, 1 } };
	one.useVp8 = true;
	return one;
}

template <class T>
T command(T message)
{
	const auto back = parseClientMessage(encode(ClientMessage { 7, "ann", "", std::move(message) }));
	REQUIRE_MESSAGE(back, back.error().message);
	return std::get<T>(back.value().command);
}

std::string errorOf(const std::string &cmd, const std::string &data)
{
	const auto parsed = parseClientMessage(fmt::format(R"({{"cmd":"{}","seq":1,"data":{}}})", cmd, data));
	return parsed ? "" : parsed.error().message;
}

/// The smallest ability there is, with one piece exchanged.
std::string abilityText(const std::string &from = "", const std::string &to = "")
{
	std::string text = R"({"ice":{"ufrag":"EKrJ","password":"Uw14K3xnQ0TPM/lBC+Qofhnk"},)"
			   R"("dtls":{"hash":"sha-256","fingerprint":"A9:0D","setup":"actpass"},)"
			   R"("audio":{"codecs":[{"codec":"opus","payload":111,"rate":48000}]},"video":{}})";
	if (!from.empty())
		text.replace(text.find(from), from.size(), to);
	return text;
}

} // namespace

TEST_CASE("single: commands survive the way, under v5's names")
{
	Join join;
	join.roomId = "8888";
	join.ability = ability();
	CHECK(command(join).ability == ability());
	CHECK(encode(ClientMessage { 1, "ann", "", join }).find(R"("cmd":"join/v2")") != std::string::npos);
	CHECK(command(RebuildConnection { ability() }).ability == ability());

	const auto publish =
		command(SinglePublish { 4294967295, 2, 3, 4, { .audio = true }, { .bigVideo = true }, 5, 6, 7 });
	CHECK(publish.audioSsrc == 4294967295);
	CHECK(publish.auxVideoSsrc == 4);
	CHECK(publish.state == PublishState { .audio = true });
	CHECK(publish.mute == MuteState { .bigVideo = true });
	CHECK(publish.bigVideoRtxSsrc == 5);
	CHECK(publish.smallVideoRtxSsrc == 6);
	CHECK(publish.auxVideoRtxSsrc == 7);

	const auto subscribe = command(SingleSubscribe { "bob", "9", { .bigVideo = true }, 11, 12, 17, 13, 18 });
	CHECK(subscribe.srcUserId == "bob");
	CHECK(subscribe.srcTinyId == "9");
	CHECK(subscribe.wishes == SubscribeWishes { .bigVideo = true });
	CHECK(subscribe.bigVideoSsrc == 12);
	CHECK(subscribe.bigVideoRtxSsrc == 13);
	CHECK(subscribe.auxVideoRtxSsrc == 18);

	const auto again = command(Reconnect { "8888", true, "visit-1" });
	CHECK(again.roomId == "8888");
	CHECK(again.useStringRoomId);
	CHECK(again.relayInnerIp == "visit-1");
	command(AbilityReport {});

	const auto message = command(SendCustomMessage { 10, "aGVsbG8=", false, 16383 });
	CHECK(message.cmdId == 10);
	CHECK(message.msg == "aGVsbG8=");
	CHECK(!message.ordered);
	CHECK(message.streamSeq == 16383);
}

TEST_CASE("single: what the SDK sends is understood")
{
	const auto parsed = parseClientMessage(
		R"({"cmd":"publish/v2","data":{"audioSsrc":4011619985,"audioRtxSsrc":0,"bigVideoSsrc":1907827537,)"
		R"("bigVideoRtxSsrc":3950752808,"smallVideoSsrc":1596330391,"smallVideoRtxSsrc":1844879178,)"
		R"("auxVideoSsrc":1485018486,"auxVideoRtxSsrc":1713593183,"state":{"audio":false,"bigVideo":true,)"
		R"("smallVideo":false,"auxVideo":false},"muteState":{"audio":false,"bigVideo":false,"auxVideo":false}},)"
		R"("userId":"web5","tinyId":"1002","seq":6})");
	REQUIRE(parsed);
	CHECK(std::get<SinglePublish>(parsed.value().command).bigVideoSsrc == 1907827537);
	CHECK(std::get<SinglePublish>(parsed.value().command).bigVideoRtxSsrc == 3950752808);
	CHECK(errorOf("subscribe/v3",
		      R"({"srcUserId":"a","srcTinyId":"1","audio":false,"customData":false,)"
		      R"("ssrc":{"audioSsrc":1,"bigVideoSsrc":2,"bigVideoRtxSsrc":3,"auxVideoSsrc":4}})")
		      .empty());
	CHECK(errorOf("join/v2", R"({"roomId":"8888","ability":)" + abilityText() + "}").empty());
}

TEST_CASE("single: answers look as the SDK wants them")
{
	JoinResult result;
	result.tinyId = "1002";
	result.ability = ability();
	const auto text = encode(ServerMessage { Event::JoinResult, 0, "", 1, result });
	CHECK(text.find(R"("tinyId":"1002","data")") != std::string::npos); // not in data
	CHECK(text.find(
		      R"("candidates":[{"foundation":"udp","ip":"198.51.100.7","port":40000,"priority":2015364095,"type":"host"})") !=
	      std::string::npos);
	CHECK(text.find(
		      R"("rtcpfb":[{"id":"nack","params":[]},{"id":"nack","params":["pli"]},{"id":"ccm","params":["fir"]}])") !=
	      std::string::npos);
	CHECK(text.find(R"("extensions":[])") != std::string::npos); // the SDK maps over it
	const auto back = parseServerMessage(text);
	REQUIRE(back);
	CHECK(std::get<JoinResult>(back.value().payload).ability == ability());
	CHECK(std::get<JoinResult>(back.value().payload).tinyId == "1002");

	const auto rebuilt = parseServerMessage(
		encode(ServerMessage { Event::RebuildResult, 0, "", 1, RebuildAnswer { ability() } }));
	REQUIRE(rebuilt);
	CHECK(std::get<RebuildAnswer>(rebuilt.value().payload).ability == ability());
	const auto heard = parseServerMessage(
		encode(ServerMessage { Event::CustomMessage, 0, "", 0, CustomMessage { "9", 3, "AAAA", true, 5 } }));
	REQUIRE(heard);
	CHECK(std::get<CustomMessage>(heard.value().payload).msg == "AAAA");
	CHECK(std::get<CustomMessage>(heard.value().payload).tinyId == "9");
	for (const auto event :
	     { Event::SinglePublishResult, Event::SingleSubscribeResult, Event::AbilityReportResult })
		CHECK(parseServerMessage(encode(ServerMessage { event, 0, "", 3, Ack {} })));
	CHECK(replyEventFor(SinglePublish {}) == 4146);
	CHECK(replyEventFor(SingleSubscribe {}) == 4156);
	CHECK(replyEventFor(RebuildConnection {}) == 4150);
	CHECK(replyEventFor(Reconnect {}) == 514);
	CHECK(replyEventFor(SendCustomMessage {}) == 0);
	CHECK(replyEventFor(Other { "switch_room" }) == 4160);
}

TEST_CASE("single: nothing of an ability can break the lines of a description")
{
	const struct {
		std::string from, to, expected;
	} table[] = {
		{ R"("ufrag":"EKrJ")", R"("ufrag":"EK\r\na=x")", "ability.ice.ufrag: is no ICE user fragment" },
		{ R"("ufrag":"EKrJ")", R"("ufrag":"abc")", "ability.ice.ufrag: is no ICE user fragment" },
		{ R"("ufrag":"EKrJ")", R"("ufrag":7)", "ability.ice.ufrag: must be a string" },
		{ "Uw14K3xnQ0TPM/lBC+Qofhnk", "short", "ability.ice.password: is no ICE password" },
		{ R"("fingerprint":"A9:0D")", R"("fingerprint":"A9\n")",
		  "ability.dtls.fingerprint: is no fingerprint" },
		{ R"("hash":"sha-256")", R"("hash":"sha 256")", "ability.dtls.hash: is no hash" },
		{ R"("setup":"actpass")", R"("setup":"holdconn")", "ability.dtls.setup: must be actpass" },
		{ R"("payload":111)", R"("payload":128)", "ability.audio.codecs[0].payload: is 128" },
		{ R"("codec":"opus")", R"("codec":"opus/9")", "ability.audio.codecs[0].codec: is no codec's name" },
		{ R"("rate":48000)", R"("rate":48000,"fmtp":"a\nb")", "fmtp: holds a control character" },
		{ R"("rate":48000)", R"("rate":48000,"rtcpfb":[{"id":"nack","params":["p li"]}])", "is no feedback's" },
		{ R"("video":{})", R"("video":7)", "ability.video: must be an object" },
		{ R"(,"video":{})", "", "ability.video: is missing" },
		{ R"("codecs":[)",
		  R"("codecs":[)" +
			  [] {
				  std::string many;
				  for (int i = 0; i < 64; ++i)
					  many += R"({"codec":"x","payload":1},)";
				  return many;
			  }(),
		  "ability.audio.codecs" },
	};
	for (const auto &row : table) {
		const auto error = errorOf("rebuild_pc", R"({"ability":)" + abilityText(row.from, row.to) + "}");
		CAPTURE(row.to.substr(0, 80));
		CAPTURE(error);
		CHECK(error.find(row.expected) != std::string::npos);
	}
	CHECK(errorOf("join/v2", R"({"roomId":"1"})").find("ability: is missing") != std::string::npos);
}

TEST_CASE("single: custom messages are base64 of at most 1000 bytes, on one of ten channels")
{
	const auto text = [](const std::string &msg, int cmdId = 1) {
		return fmt::format(R"({{"cmdId":{},"msg":"{}","streamSeq":1}})", cmdId, msg);
	};
	CHECK(errorOf("channel_msg", text("")).empty());
	CHECK(errorOf("channel_msg", text(std::string(1332, 'A') + "AA==")).empty()); // 1000 bytes
	CHECK(!errorOf("channel_msg", text(std::string(1340, 'A'))).empty());
	for (const char *bad : { "AAA", "A===", "====", "AA=A", "AA A", "AAA-", "AAAA=" })
		CHECK(errorOf("channel_msg", text(bad)).find("is not base64") != std::string::npos);
	CHECK(errorOf("channel_msg", text("AAAA", 0)).find("cmdId") != std::string::npos);
	CHECK(errorOf("channel_msg", text("AAAA", 11)).find("cmdId") != std::string::npos);
	CHECK(errorOf("channel_msg", R"({"cmdId":1})").find("msg: is missing") != std::string::npos);
}
