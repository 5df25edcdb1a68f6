// SPDX-License-Identifier: MIT
#include "webrtc/repair.h"

#include "gst/object.h"
#include "webrtc/session_description.h"

#include <fmt/format.h>

#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

namespace trtc::webrtc {

namespace {

/// What rtpsession may spend on RTCP follows from what it believes the session's bandwidth to be (5 % of it, RFC 3550
/// 6.2), and after one early report it keeps the next one back until that share allows it (RFC 4585 3.5.2): with what it
/// estimates by itself for about a second, also NACK and PLI. With this much it is some milliseconds.
constexpr double kSessionBandwidth = 1e8; // bit/s
/// Regular reports stay rare all the same (T_rr_interval of RFC 4585 3.4): they are half to one and a half of this apart.
constexpr guint64 kReportInterval = GST_SECOND;

/// The jitter buffer asks again after a round trip, but by itself never sooner than packets follow each other: at 15 frames a
/// second twice in its whole latency.
constexpr int kRetryAfterMs = 15;

/// rtpsession keeps the first packet of an SSRC back until the next one in order has come (RFC 3550 A.1, against strays). Packets
/// that are sent again have an SSRC of their own, so the first of them would come when the second is lost, and too late. SRTP lets
/// no stray in.
constexpr guint kProbation = 0;

// Nor does it ask for a packet of which nothing but its time says that it should have come (rtx-next-seqnum): after a pause, as
// long as a picture is muted, it would have given that one up for lost, and throw it away when it comes: the keyframe.

template <class T>
std::optional<T> repairNumber(std::string_view text)
{
	T value {};
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// "apt=96" and what may follow: 96
std::optional<int> repaired(const std::string &fmtp)
{
	const auto at = fmtp.find("apt=");
	if (at == std::string::npos)
		return std::nullopt;
	const auto rest = std::string_view(fmtp).substr(at + 4);
	return repairNumber<int>(rest.substr(0, rest.find_first_of("; ")));
}

int repairNumber(int payloadType)
{
	return payloadType == kOpusPt ? kOpusRepairPt : payloadType == kH264Pt ? kH264RepairPt : kVp8RepairPt;
}

/// Runs with webrtcbin's lock held: nothing but the transceiver may be touched.
void onNewTransceiver(GstElement *, GstWebRTCRTPTransceiver *transceiver, gpointer data) noexcept
{
	const auto &wanted = *static_cast<std::vector<bool> *>(data);
	guint mLine = 0;
	g_object_get(transceiver, "mlineindex", &mLine, nullptr);
	if (mLine < wanted.size() && wanted[mLine])
		g_object_set(transceiver, "do-nack", TRUE, nullptr);
}

} // namespace

void hastenFeedback(GstElement *webrtc)
{
	g_signal_connect(webrtc, "deep-element-added",
			 G_CALLBACK(+[](GstBin *, GstBin *, GstElement *element, gpointer) noexcept {
				 if (gst::isElement(element, "rtpsession"))
					 g_object_set(element, "bandwidth", kSessionBandwidth, "rtcp-min-interval",
						      kReportInterval, "probation", kProbation, nullptr);
				 else if (gst::isElement(element, "rtpjitterbuffer"))
					 g_object_set(element, "rtx-min-retry-timeout", kRetryAfterMs,
						      "rtx-next-seqnum", FALSE, nullptr);
			 }),
			 nullptr);
}

void repairReceived(GstElement *webrtc, std::vector<bool> lines)
{
	// The lines of a later description hold those of the one before.
	g_signal_handlers_disconnect_matched(webrtc, G_SIGNAL_MATCH_FUNC, 0, 0, nullptr,
					     reinterpret_cast<gpointer>(onNewTransceiver), nullptr);
	g_signal_connect_data(
		webrtc, "on-new-transceiver", G_CALLBACK(onNewTransceiver), new std::vector<bool>(std::move(lines)),
		[](gpointer data, GClosure *) noexcept { delete static_cast<std::vector<bool> *>(data); },
		GConnectFlags {});
}

std::optional<int> repairFormat(const sdp::Media &media, int payloadType)
{
	const auto feedback = media.attributes("rtcp-fb");
	const auto nack = [&](const std::string &line) {
		return line == fmt::format("{} nack", payloadType) || line == "* nack";
	};
	if (std::none_of(feedback.begin(), feedback.end(), nack))
		return std::nullopt;
	for (const auto &map : media.rtpMaps())
		if (map.encodingName == "RTX" && repaired(map.fmtp) == payloadType)
			return map.payloadType;
	return std::nullopt;
}

std::optional<std::uint32_t> repairSsrc(const sdp::Media &media, std::uint32_t ssrc)
{
	const auto prefix = fmt::format("FID {} ", ssrc);
	for (const auto &group : media.attributes("ssrc-group"))
		if (group.starts_with(prefix))
			if (const auto repair =
				    repairNumber<std::uint32_t>(std::string_view(group).substr(prefix.size()));
			    repair && *repair != ssrc)
				return repair;
	return std::nullopt;
}

std::string offerRepair(const std::string &offer)
{
	auto parsed = sdp::parse(offer);
	if (!parsed)
		return offer;
	for (auto &media : parsed.value().media) {
		const auto maps = media.rtpMaps();
		for (const auto &map : maps) {
			if (map.encodingName != "RTX")
				continue;
			const auto format = std::to_string(map.payloadType);
			// Its number may be that of a codec, so its lines go by what they say.
			const auto rtpmap = fmt::format("a=rtpmap:{} rtx/", format),
				   fmtp = fmt::format("a=fmtp:{} apt=", format);
			std::erase_if(media.lines, [&](const std::string &line) {
				return line.starts_with(rtpmap) || line.starts_with(fmtp);
			});
		}
		// What is left has a codec of ours; webrtcbin's own repair format may have come twice.
		std::vector<std::string> formats;
		for (const auto &format : media.formats)
			if (std::find(formats.begin(), formats.end(), format) == formats.end() &&
			    std::any_of(media.lines.begin(), media.lines.end(), [&](const std::string &line) {
				    return line.starts_with(fmt::format("a=rtpmap:{} ", format));
			    }))
				formats.push_back(format);
		media.formats = formats;
		for (const auto &map : media.rtpMaps()) {
			const auto repair = repairNumber(map.payloadType);
			media.formats.push_back(std::to_string(repair));
			media.addAttribute(fmt::format("rtpmap:{} rtx/{}", repair, map.clockRate));
			media.addAttribute(fmt::format("fmtp:{} apt={}", repair, map.payloadType));
			const auto nack = fmt::format("a=rtcp-fb:{} nack", map.payloadType);
			if (std::find(media.lines.begin(), media.lines.end(), nack) == media.lines.end())
				media.lines.push_back(nack);
		}
	}
	return parsed.value().str();
}

std::string answerRepair(const std::string &answer, const std::vector<AnswerLine> &lines)
{
	auto parsed = sdp::parse(answer, std::max(lines.size(), sdp::kMaxMediaLines));
	if (!parsed)
		return answer;
	for (std::size_t i = 0; i < parsed.value().media.size() && i < lines.size(); ++i) {
		auto &media = parsed.value().media[i];
		for (const auto &[payloadType, repair] : lines[i].openRepairs) {
			const auto format = std::to_string(repair);
			if (std::find(media.formats.begin(), media.formats.end(), format) != media.formats.end())
				continue;
			media.formats.push_back(format);
			media.addAttribute(fmt::format("rtpmap:{} rtx/90000", repair));
			media.addAttribute(fmt::format("fmtp:{} apt={}", repair, payloadType));
		}
	}
	return parsed.value().str();
}

} // namespace trtc::webrtc
