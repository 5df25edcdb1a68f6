// SPDX-License-Identifier: MIT
// What is said of repair in SDP (RFC 4588, RFC 5576).
#include "webrtc/repair.h"

#include "gst/object.h"
#include "webrtc/session_description.h"

#include <doctest/doctest.h>
#include <gst/gst.h>

#include <vector>

using namespace trtc;
using namespace trtc::webrtc;

namespace {

const std::string kSession = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

sdp::Media video(const std::string &lines, const std::string &formats = "96 97")
{
	const auto parsed = sdp::parse(kSession + "m=video 9 UDP/TLS/RTP/SAVPF " + formats + "\r\n" + lines);
	REQUIRE(parsed);
	return parsed.value().media.front();
}

const std::string kVp8 = "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";

} // namespace

TEST_CASE("repair: a format needs NACK and an RTX of its own")
{
	CHECK(repairFormat(video(kVp8 + "a=rtcp-fb:96 nack\r\n"), 96) == 97);
	CHECK(repairFormat(video(kVp8 + "a=rtcp-fb:* nack\r\n"), 96) == 97);
	CHECK(!repairFormat(video(kVp8 + "a=rtcp-fb:96 nack pli\r\n"), 96));
	CHECK(!repairFormat(video(kVp8 + "a=rtcp-fb:97 nack\r\n"), 96));
	CHECK(!repairFormat(video(kVp8 + "a=rtcp-fb:98 nack\r\n", "96 97 98"), 98));
	CHECK(!repairFormat(video("a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"), 96));
	// What the web SDK glues on, and what makes no sense.
	const auto with = [](const std::string &fmtp) {
		return repairFormat(
			video("a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 " +
			      fmtp + "\r\n"),
			96);
	};
	CHECK(with("apt=96;sps-pps-idr-in-keyframe=1") == 97);
	CHECK(with("apt=96; rtx-time=3000") == 97);
	for (const char *bad : { "apt=", "apt=9", "apt=960", "apt=x96", "apt=-96", "apt=99999999999", "pt=96" })
		CHECK(!with(bad));
}

TEST_CASE("repair: the stream that repairs")
{
	CHECK(repairSsrc(video(kVp8 + "a=ssrc-group:FID 1 2\r\n"), 1) == 2);
	CHECK(!repairSsrc(video(kVp8 + "a=ssrc-group:FID 1 2\r\n"), 2));
	CHECK(repairSsrc(
		      video(kVp8 + "a=ssrc-group:SIM 1 5\r\na=ssrc-group:FID 7 8\r\na=ssrc-group:FID 1 4294967295\r\n"),
		      1) == 4294967295u);
	for (const char *bad : { "FID 1", "FID 1 ", "FID 1 1", "FID 1 2 3", "FID 1 4294967296", "FID 11 2", "FEC 1 2" })
		CHECK(!repairSsrc(video(kVp8 + "a=ssrc-group:" + bad + "\r\n"), 1));
}

TEST_CASE("repair: an offer has a repair format for every codec, and no number twice")
{
	// As webrtcbin 1.22 says it: one for the first codec, with the number of the second.
	const auto text = offerRepair(
		kSession + "m=video 9 UDP/TLS/RTP/SAVPF 102 96 96\r\na=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\n"
			   "a=rtpmap:96 VP8/90000\r\na=rtpmap:96 rtx/90000\r\na=fmtp:96 apt=102\r\n"
			   "a=fmtp:102 packetization-mode=1\r\na=ssrc-group:FID 1 2\r\n");
	const auto parsed = sdp::parse(text);
	REQUIRE(parsed);
	const auto &media = parsed.value().media.front();
	CHECK(media.formats == std::vector<std::string> { "102", "96", "103", "97" });
	CHECK(media.rtpMaps().size() == 4);
	CHECK(repairFormat(media, 102) == 103);
	CHECK(repairFormat(media, 96) == 97);
	CHECK(repairSsrc(media, 1) == 2);
	CHECK(media.rtpMaps()[0].fmtp == "packetization-mode=1");
	CHECK(offerRepair("no sdp") == "no sdp");
}

TEST_CASE("repair: an answer declares every stream, the picture's own first")
{
	AnswerLine line;
	line.ssrc = 0x01020304;
	line.payloadType = 96;
	line.repairType = 97;
	line.encodingName = "VP8";
	line.msid = "stream";
	line.trackId = "track";
	const auto said = kSession + "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=sendonly\r\n" + kVp8 +
			  "a=rtcp-fb:96 transport-cc\r\na=ssrc-group:FID 16909060 77\r\na=ssrc:77 msid:x y\r\n"
			  "a=ssrc:16909060 msid:x y\r\n";
	const auto finished = finishAnswer(said, { line });
	REQUIRE_MESSAGE(finished, finished.error().message);
	const auto parsed = sdp::parse(finished.value());
	REQUIRE(parsed);
	const auto &media = parsed.value().media.front();
	CHECK(media.ssrcs() == std::vector<std::uint32_t> { 0x01020304, 77 });
	CHECK(repairSsrc(media, 0x01020304) == 77);
	CHECK(repairFormat(media, 96) == 97);
	for (const char *ssrc : { "16909060", "77" })
		CHECK(finished.value().find(std::string("a=ssrc:") + ssrc + " msid:stream track") != std::string::npos);
	CHECK(finished.value().find("transport-cc") == std::string::npos);
	// Promised, and webrtcbin has none.
	CHECK(!finishAnswer(kSession + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n", { line }));
	// Receiving: no stream of ours.
	line.ssrc = 0;
	const auto receiving =
		finishAnswer(kSession + "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=recvonly\r\n" + kVp8, { line });
	REQUIRE(receiving);
	CHECK(receiving.value().find("a=ssrc") == std::string::npos);
	CHECK(repairFormat(sdp::parse(receiving.value()).value().media.front(), 96) == 97);
}

TEST_CASE("repair: an answer has the repair of every codec of an open line, of which webrtcbin says the first one's")
{
	const auto said = kSession +
			  "m=video 9 UDP/TLS/RTP/SAVPF 102 96 103\r\na=sendonly\r\na=rtpmap:102 H264/90000\r\n"
			  "a=rtpmap:96 VP8/90000\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n";
	AnswerLine open;
	open.openRepairs = { { 102, 103 }, { 96, 97 } };
	const auto parsed = sdp::parse(answerRepair(said, { open }));
	REQUIRE(parsed);
	auto media = parsed.value().media.front();
	CHECK(media.formats == std::vector<std::string> { "102", "96", "103", "97" });
	CHECK(media.attributes("fmtp") == std::vector<std::string> { "103 apt=102", "97 apt=96" });
	CHECK(answerRepair(said, { AnswerLine {} }) == sdp::parse(said).value().str());
	CHECK(answerRepair("no sdp", { open }) == "no sdp");
}

TEST_CASE("repair: description after description, one handler is there")
{
	const auto webrtc = gst::ElementPtr::sink(gst_element_factory_make("webrtcbin", nullptr));
	REQUIRE(webrtc);
	for (std::size_t lines = 1; lines <= 20; ++lines)
		repairReceived(webrtc.get(), std::vector<bool>(lines, true));
	const auto signal = g_signal_lookup("on-new-transceiver", G_OBJECT_TYPE(webrtc.get()));
	int handlers = 0;
	while (const auto one =
		       g_signal_handler_find(webrtc.get(), G_SIGNAL_MATCH_ID, signal, 0, nullptr, nullptr, nullptr)) {
		g_signal_handler_disconnect(webrtc.get(), one);
		++handlers;
	}
	CHECK(handlers == 1);
}
