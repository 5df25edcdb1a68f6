// SPDX-License-Identifier: MIT
#include "webrtc/sdp.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace trtc;
using namespace trtc::webrtc;

namespace {

const std::string kSession = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n";

std::string mLines(std::size_t count)
{
	auto text = kSession;
	for (std::size_t i = 0; i < count; ++i)
		text += "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
	return text;
}

std::string errorOf(const std::string &text)
{
	const auto parsed = sdp::parse(text);
	REQUIRE(!parsed);
	CHECK(parsed.error().code == ErrorCode::InvalidParameter);
	return parsed.error().message;
}

} // namespace

TEST_CASE("sdp: sections, attributes, payload types")
{
	const auto parsed = sdp::parse(kSession + "m=video 9 UDP/TLS/RTP/SAVPF 96 102 999 x\r\n"
						  "c=IN IP4 0.0.0.0\r\n"
						  "a=mid:7\r\n"
						  "a=rtcp-mux\r\n"
						  "a=rtpmap:96 vp8/90000\r\n"
						  "a=rtpmap:102 H264/90000\r\n"
						  "a=fmtp:102 packetization-mode=1\r\n"
						  "a=fmtp:1020 wrong\r\n"
						  "a=rtpmap:103 AV1/90000\r\n"
						  "a=extmap:13 \r\n"
						  "a=midway:no\r\n"
						  "a=ssrc:5 cname:a\r\n"
						  "a=ssrc:5 msid:a b\r\n"
						  "a=ssrc:4294967295 cname:a\r\n"
						  "a=ssrc:4294967296 cname:a\r\n"
						  "a=recvonly\r\n");
	REQUIRE(parsed);
	const auto &description = parsed.value();
	CHECK(description.attribute("group").value_or("") == "BUNDLE 0");
	REQUIRE(description.media.size() == 1);
	const auto &media = description.media.front();
	CHECK(media.kind == "video");
	CHECK(media.attribute("mid").value_or("") == "7");
	CHECK(media.attribute("rtcp-mux").value_or("?").empty());
	CHECK(!media.has("rtcp"));
	CHECK(media.direction() == "recvonly");
	const auto maps = media.rtpMaps();
	REQUIRE(maps.size() == 2); // 103 is in no m-line, 999 and x are no payload types
	CHECK(maps[0].encodingName == "VP8");
	CHECK(maps[1].payloadType == 102);
	CHECK(maps[1].clockRate == 90000);
	CHECK(maps[1].fmtp == "packetization-mode=1");
	CHECK(media.ssrcs() == std::vector<std::uint32_t> { 5, 4294967295u });
}

TEST_CASE("sdp: a format that is named a thousand times is one format")
{
	std::string formats;
	for (int i = 0; i < 120; ++i)
		formats += " 96";
	const auto parsed =
		sdp::parse(kSession + "m=video 9 UDP/TLS/RTP/SAVPF 97" + formats +
			   "\r\na=rtpmap:96 VP8/90000\r\n"
			   "a=rtpmap:96 AV1/90000\r\na=fmtp:96 first\r\na=fmtp:96 last\r\na=rtpmap:97 H264/90000\r\n");
	REQUIRE(parsed);
	const auto found = parsed.value().media.front().rtpMaps();
	REQUIRE(found.size() == 2);
	CHECK(found[0].encodingName == "H264"); // in the order of the m-line
	CHECK(found[1].encodingName == "VP8");
	CHECK(found[1].fmtp == "last");
	std::string many;
	for (std::size_t i = 0; i <= sdp::kMaxFormats; ++i)
		many += " 96";
	CHECK(errorOf(kSession + "m=video 9 UDP/TLS/RTP/SAVPF" + many + "\r\n").find("formats") != std::string::npos);
}

TEST_CASE("sdp: what is written reads the same")
{
	const auto text = kSession + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n";
	CHECK(sdp::parse(text).value().str() == text);
	// Bare line feeds and empty lines are taken too.
	CHECK(sdp::parse(
		      "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE 0\n\nm=audio 9 UDP/TLS/RTP/SAVPF 111\n"
		      "a=mid:0\na=sendonly")
		      .value()
		      .str() == text);
}

TEST_CASE("sdp: an attribute is added and taken away")
{
	auto media =
		sdp::parse(kSession + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=mids\r\n").value().media.front();
	CHECK(media.direction() == "sendrecv");
	media.removeAttributes("mid");
	CHECK(!media.has("mid"));
	CHECK(media.has("mids"));
	media.addAttribute("inactive");
	CHECK(media.direction() == "inactive");
}

TEST_CASE("sdp: limits hold, up to the last line")
{
	CHECK(sdp::parse(mLines(sdp::kMaxMediaLines)));
	CHECK(errorOf(mLines(sdp::kMaxMediaLines + 1)).find("m-lines") != std::string::npos);
	CHECK(errorOf(mLines(200)).find("m-lines") != std::string::npos);

	const auto lines = [](std::size_t count) {
		auto text = mLines(1);
		for (std::size_t i = 0; i < count; ++i)
			text += "a=x\r\n";
		return text;
	};
	CHECK(sdp::parse(lines(sdp::kMaxLinesPerSection)));
	CHECK(errorOf(lines(sdp::kMaxLinesPerSection + 1)).find("lines in one section") != std::string::npos);

	const auto line = [](std::size_t bytes) { return mLines(1) + "a=" + std::string(bytes - 2, 'x') + "\r\n"; };
	CHECK(sdp::parse(line(sdp::kMaxLineBytes)));
	CHECK(errorOf(line(sdp::kMaxLineBytes + 1)).find("longer") != std::string::npos);
}

TEST_CASE("sdp: what is none is refused, with the line's number")
{
	CHECK(errorOf("").find("empty") != std::string::npos);
	CHECK(errorOf("\n\n") != "");
	CHECK(errorOf("hello").find("line 1") != std::string::npos);
	CHECK(errorOf("v=1\r\n").find("v=0") != std::string::npos);
	CHECK(errorOf("v=0\r\n").find("no m-line") != std::string::npos);
	CHECK(errorOf("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n") != "");
	for (const char *bad : { "m=audio\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF\r\n", "m=audio -1 UDP/TLS/RTP/SAVPF 0\r\n",
				 "m=audio 65536 UDP/TLS/RTP/SAVPF 0\r\n", "m=audio 9x UDP/TLS/RTP/SAVPF 0\r\n", "a\r\n",
				 "=x\r\n", "A=x\r\n", "a=tab\there\r\n", "a=\x7f\r\n", "m=\r\n" })
		CHECK(errorOf(kSession + bad).find("line 6") != std::string::npos);
	CHECK(errorOf(kSession + std::string("a=nul\0x\r\n", 9)).find("control") != std::string::npos);
}

TEST_CASE("sdp: the fuzz of cut and flipped bytes never ends the process")
{
	const auto text =
		kSession + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=ssrc:1 cname:x\r\na=mid:1\r\n";
	for (std::size_t at = 0; at < text.size(); ++at) {
		for (const char put : { '\0', '\n', '=', ':', ' ', '\xff', '9' }) {
			auto changed = text;
			changed[at] = put;
			for (const auto &candidate : { changed, changed.substr(0, at + 1) })
				if (const auto parsed = sdp::parse(candidate))
					for (const auto &media : parsed.value().media) {
						CHECK(media.rtpMaps().size() <= media.formats.size());
						CHECK(media.ssrcs().size() <= media.lines.size());
					}
		}
	}
}
