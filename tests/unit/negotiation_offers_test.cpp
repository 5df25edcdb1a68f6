// SPDX-License-Identifier: MIT
// Offers that browsers and agents really made, against each other: whoever publishes, whoever looks.
#include "service/negotiation.h"

#include "protocol/messages.h"
#include "webrtc/repair.h"
#include "webrtc/sdp.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace trtc;
using namespace trtc::service;
namespace code = trtc::protocol::code;
namespace sdp = trtc::webrtc::sdp;

namespace {

std::string offerOf(const std::string &client, const std::string &direction)
{
	const auto path = std::string(OFFERS) + "/" + client + "-" + direction + ".sdp";
	std::ifstream file(path);
	REQUIRE_MESSAGE(file, path);
	std::ostringstream text;
	text << file.rdbuf();
	return text.str();
}

struct Client {
	const char *name;
	bool h264;
	bool vp8Sent; ///< an agent offers what it encodes
};
constexpr Client kClients[] = { { "chromium", true, true }, { "firefox", false, true }, { "agent", true, false } };

/// The section of the offer a payload type comes from says what it is.
sdp::RtpMap formatOf(const std::string &offer, std::size_t mLine, int payloadType)
{
	const auto parsed = sdp::parse(offer);
	REQUIRE(parsed);
	for (const auto &map : parsed.value().media.at(mLine).rtpMaps())
		if (map.payloadType == payloadType)
			return map;
	return {};
}

} // namespace

TEST_CASE("offers: every mix of publisher, codec and subscriber, each with its own payload types")
{
	for (const auto &publisher : kClients)
		for (const std::string wished : { "H264", "VP8" })
			for (const auto &subscriber : kClients) {
				CAPTURE(publisher.name);
				CAPTURE(wished);
				CAPTURE(subscriber.name);
				const auto up = negotiateUplink(offerOf(publisher.name, "uplink"), wished);
				REQUIRE_MESSAGE(!up.refusal, up.refusal->message);
				// Who cannot encode the wished codec publishes the other one.
				const std::string codec = !publisher.vp8Sent ? "H264"
							  : !publisher.h264  ? "VP8"
									     : wished;
				CHECK(up.videoCodec == codec);
				const auto text = offerOf(subscriber.name, "downlink");
				const auto down = negotiateDownlink(text, up.videoCodec, up.videoFormat);
				if (codec == "H264" && !subscriber.h264) {
					REQUIRE(down.refusal);
					CHECK(down.refusal->code == code::kNoH264Decode);
					continue;
				}
				REQUIRE_MESSAGE(!down.refusal, down.refusal->message);
				REQUIRE(down.lines.size() == 3);
				for (std::size_t i = 0; i < 3; ++i) {
					const auto &line = down.lines[i];
					const auto format = formatOf(text, i, line.payloadType);
					CHECK(format.encodingName == (i ? codec : "OPUS"));
					if (i && codec == "H264") {
						const auto sent = h264Format(up.videoFormat);
						const auto taken = h264Format(format.fmtp);
						REQUIRE(sent);
						REQUIRE(taken);
						CHECK(taken->mode1 == sent->mode1);
						CHECK(taken->profile == sent->profile);
					}
				}
			}
}

TEST_CASE("offers: pictures are repaired in both directions, with the numbers of each side")
{
	for (const auto &client : kClients)
		for (const std::string direction : { "uplink", "downlink" }) {
			CAPTURE(client.name);
			CAPTURE(direction);
			const auto text = offerOf(client.name, direction);
			const auto plan =
				direction == "uplink" ? negotiateUplink(text, "VP8") : negotiateDownlink(text, "VP8");
			REQUIRE_MESSAGE(!plan.refusal, plan.refusal->message);
			const auto offered = sdp::parse(text), written = sdp::parse(plan.offer);
			REQUIRE(offered);
			REQUIRE(written);
			for (std::size_t i = 1; i < plan.lines.size(); ++i) {
				const auto &line = plan.lines[i];
				const auto repair = formatOf(text, i, line.repairType);
				CHECK(repair.encodingName == "RTX");
				CHECK(repair.fmtp.find("apt=" + std::to_string(line.payloadType)) == 0);
				CHECK(webrtc::repairFormat(written.value().media[i], line.payloadType) ==
				      line.repairType);
				if (direction == "downlink")
					continue;
				// The stream that repairs is the one that the offer pairs with it.
				const auto ssrc = offered.value().media[i].ssrcs().at(0);
				CHECK(webrtc::repairSsrc(written.value().media[i], ssrc) ==
				      webrtc::repairSsrc(offered.value().media[i], ssrc));
			}
			// Sound: only agents offer it.
			CHECK((plan.lines[0].repairType != 0) == (client.name == std::string("agent")));
		}
}

TEST_CASE("offers: a publisher that can encode neither codec of the room is told so")
{
	auto text = offerOf("firefox", "uplink");
	for (auto at = text.find(" VP8/"); at != std::string::npos; at = text.find(" VP8/", at))
		text.replace(at, 5, " VP7/");
	const auto plan = negotiateUplink(text, "H264");
	REQUIRE(plan.refusal);
	CHECK(plan.refusal->code == code::kNoH264Encode);
}
