// SPDX-License-Identifier: MIT
#include "protocol/codec.h"
#include "service/negotiation.h"
#include "service/negotiation_single.h"
#include "webrtc/sdp.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace trtc;

void hold(bool good)
{
	if (!good)
		std::abort();
}

void check(const service::Negotiated &plan)
{
	if (plan.refusal) {
		hold(plan.refusal->code != 0 && !plan.refusal->message.empty());
		return;
	}
	// What webrtcbin gets to see: whole, with one codec a line and what repairs it, and nothing unknown.
	const auto clean = webrtc::sdp::parse(plan.offer);
	hold(clean.has_value());
	hold(clean.value().media.size() == plan.lines.size());
	for (std::size_t i = 0; i < plan.lines.size(); ++i) {
		const auto &media = clean.value().media[i];
		hold(media.formats.size() == (plan.lines[i].repairType ? 2 : 1));
		hold(media.ssrcs().size() <= 2 && media.attributes("candidate").size() <= 32);
		hold(!media.has("extmap") && media.has("mid"));
		for (const auto &map : media.rtpMaps())
			hold(map.encodingName == plan.lines[i].encodingName || map.encodingName == "RTX");
	}
	for (const auto &line : plan.mLineOf)
		hold(!line || *line < plan.lines.size());
}

/// SDK v5 says it in JSON, and the description is written here.
void single(const protocol::Ability &ability)
{
	const auto plan = service::planSingle(ability);
	if (plan.refusal)
		return hold(!plan.refusal->message.empty());
	for (const std::size_t users : { 0U, 2U }) {
		const auto lines = service::singleLines(plan, users);
		const auto offer = webrtc::sdp::parse(service::singleOffer(plan, users), lines.size());
		hold(offer.has_value() && offer.value().media.size() == lines.size());
		for (const auto &media : offer.value().media)
			hold(!media.rtpMaps().empty());
	}
	for (const char *codec : { "H264", "VP8", "" }) {
		const auto down = service::singleDownlink(plan, 1, { 1, 2, 3 }, { 0, 4, 5 }, codec);
		hold(down.refusal || down.lines.size() == 10);
	}
}

} // namespace

/// Offers of browsers, before webrtcbin sees anything of them; and abilities, the same of SDK v5, as a message that begins with "{".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const std::string text(reinterpret_cast<const char *>(data), size);
	if (text.starts_with('{')) {
		const auto message = protocol::parseClientMessage(text);
		if (!message)
			return 0;
		if (const auto *join = std::get_if<protocol::Join>(&message.value().command); join && join->ability)
			single(*join->ability);
		else if (const auto *rebuild = std::get_if<protocol::RebuildConnection>(&message.value().command))
			single(rebuild->ability);
		return 0;
	}
	if (const auto parsed = webrtc::sdp::parse(text)) {
		const auto once = parsed.value().str();
		const auto again = webrtc::sdp::parse(once);
		// A line grows by nothing but its end.
		hold(again && again.value().str() == once);
	}
	const char *codec = size % 3 == 0 ? "H264" : size % 3 == 1 ? "VP8" : "";
	check(service::negotiateUplink(text, codec));
	check(service::negotiateDownlink(text, codec, "packetization-mode=1;profile-level-id=42e01f"));
	return 0;
}
