// SPDX-License-Identifier: MIT
#include "service/codec_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace trtc::service {

namespace {

using webrtc::sdp::RtpMap;

std::string parameter(const std::string &fmtp, std::string_view name)
{
	std::size_t at = 0;
	while (at < fmtp.size()) {
		const auto end = std::min(fmtp.find(';', at), fmtp.size());
		auto item = std::string_view(fmtp).substr(at, end - at);
		while (!item.empty() && item.front() == ' ')
			item.remove_prefix(1);
		if (item.size() > name.size() && item.substr(0, name.size()) == name && item[name.size()] == '=')
			return std::string(item.substr(name.size() + 1));
		at = end + 1;
	}
	return {};
}

bool decodes(H264Profile subscriber, H264Profile published)
{
	return published == H264Profile::Baseline || subscriber == published || subscriber == H264Profile::High;
}

/// 0: not at all.
int h264Fit(const RtpMap &map, const std::optional<H264Format> &published)
{
	const auto format = h264Format(map.fmtp);
	if (!format)
		return 0;
	if (published) {
		// Who asks for single NAL units cannot take fragments.
		if ((published->mode1 && !format->mode1) || !decodes(format->profile, published->profile))
			return 0;
		if (format->profile != published->profile)
			return 1;
		return format->mode1 == published->mode1 ? 3 : 2;
	}
	auto profile = parameter(map.fmtp, "profile-level-id").substr(0, 4);
	for (char &c : profile)
		c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
	const int fit = profile == "42e0" || profile == "42c0"	   ? 4
			: format->profile == H264Profile::Baseline ? 3
			: format->profile == H264Profile::Main	   ? 2
								   : 1;
	return fit + (format->mode1 ? 4 : 0);
}

} // namespace

std::optional<H264Format> h264Format(const std::string &fmtp)
{
	H264Format out;
	const auto mode = parameter(fmtp, "packetization-mode");
	if (!mode.empty() && mode != "0" && mode != "1")
		return std::nullopt;
	out.mode1 = mode == "1";
	const auto id = parameter(fmtp, "profile-level-id");
	unsigned value = 0x420010; // the default of RFC 6184
	if (!id.empty()) {
		const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value, 16);
		if (id.size() != 6 || error != std::errc() || end != id.data() + id.size())
			return std::nullopt;
	}
	const unsigned flags = value >> 8 & 0xff;
	switch (value >> 16) {
	case 0x42:
		return out;
	case 0x4d:
		out.profile = flags & 0x80 ? H264Profile::Baseline : H264Profile::Main;
		return out;
	case 0x64:
		out.profile = (flags & 0x0c) == 0x0c ? H264Profile::ConstrainedHigh : H264Profile::High;
		return out;
	default:
		return std::nullopt;
	}
}

std::optional<RtpMap> findCodec(const std::vector<RtpMap> &maps, const std::string &name,
				const std::optional<H264Format> &published)
{
	std::optional<RtpMap> best;
	int bestFit = 0;
	for (const auto &map : maps) {
		if (map.encodingName != name || map.clockRate != (name == "OPUS" ? 48000 : 90000))
			continue;
		const int fit = name == "H264" ? h264Fit(map, published) : 1;
		if (fit > bestFit) {
			bestFit = fit;
			best = map;
		}
	}
	return best;
}

std::string answerFmtp(const RtpMap &map)
{
	if (map.encodingName == "OPUS")
		return "minptime=10;useinbandfec=1";
	if (map.encodingName != "H264")
		return {};
	const auto profile = parameter(map.fmtp, "profile-level-id"), mode = parameter(map.fmtp, "packetization-mode");
	return fmt::format("level-asymmetry-allowed=1;packetization-mode={};profile-level-id={}",
			   mode.empty() ? "0" : mode, profile.empty() ? "42e01f" : profile);
}

} // namespace trtc::service
