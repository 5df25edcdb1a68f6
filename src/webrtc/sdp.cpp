// SPDX-License-Identifier: MIT
#include "webrtc/sdp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace trtc::webrtc::sdp {

namespace {

template <class T>
std::optional<T> number(std::string_view text)
{
	T value {};
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	if (error != std::errc() || end != text.data() + text.size())
		return std::nullopt;
	return value;
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
	std::vector<std::string_view> parts;
	while (!text.empty()) {
		const auto at = text.find(separator);
		if (at != 0)
			parts.push_back(text.substr(0, at));
		if (at == std::string_view::npos)
			break;
		text.remove_prefix(at + 1);
	}
	return parts;
}

/// The value of "a=NAME" or "a=NAME:VALUE", if @p line is one.
std::optional<std::string_view> valueOf(std::string_view line, std::string_view name)
{
	if (line.size() < name.size() + 2 || line.substr(0, 2) != "a=" || line.substr(2, name.size()) != name)
		return std::nullopt;
	line.remove_prefix(2 + name.size());
	if (line.empty())
		return line;
	if (line.front() != ':')
		return std::nullopt;
	return line.substr(1);
}

constexpr std::size_t kPayloadTypes = 128; // 7 bits of the RTP header

/// The payload type that "96 VP8/90000" begins with, if there is something after it.
std::optional<std::size_t> payloadTypeOf(std::string_view value)
{
	const auto space = value.find(' ');
	const auto type = space == std::string_view::npos ? std::nullopt : number<std::size_t>(value.substr(0, space));
	return type && *type < kPayloadTypes ? type : std::nullopt;
}

std::string_view afterFormat(std::string_view value) { return value.substr(value.find(' ') + 1); }

Error bad(std::size_t line, std::string_view what)
{
	return { ErrorCode::InvalidParameter, fmt::format("SDP line {}: {}", line, what) };
}

std::optional<std::string> firstValue(const std::vector<std::string> &lines, std::string_view name)
{
	for (const auto &line : lines)
		if (auto value = valueOf(line, name))
			return std::string(*value);
	return std::nullopt;
}

/// "m=video 9 UDP/TLS/RTP/SAVPF 96 97"
Result<Media> parseMediaLine(std::string_view line, std::size_t number_)
{
	const auto parts = split(line.substr(2), ' ');
	if (parts.size() < 4)
		return bad(number_, "an m-line needs kind, port, protocol and formats");
	Media media;
	media.kind = parts[0];
	const auto port = number<int>(parts[1]);
	if (!port || *port < 0 || *port > 65535)
		return bad(number_, "the port of the m-line is not 0 to 65535");
	media.port = *port;
	media.protocol = parts[2];
	if (parts.size() - 3 > kMaxFormats)
		return bad(number_, fmt::format("more than {} formats", kMaxFormats));
	for (std::size_t i = 3; i < parts.size(); ++i)
		media.formats.emplace_back(parts[i]);
	return media;
}

} // namespace

std::optional<std::string> Media::attribute(std::string_view name) const { return firstValue(lines, name); }

std::vector<std::string> Media::attributes(std::string_view name) const
{
	std::vector<std::string> values;
	for (const auto &line : lines)
		if (auto value = valueOf(line, name))
			values.emplace_back(*value);
	return values;
}

void Media::removeAttributes(std::string_view name)
{
	std::erase_if(lines, [&](const std::string &line) { return valueOf(line, name).has_value(); });
}

std::string Media::direction() const
{
	for (const char *name : { "sendonly", "recvonly", "inactive", "sendrecv" })
		if (has(name))
			return name;
	return "sendrecv";
}

std::vector<RtpMap> Media::rtpMaps() const
{
	// One walk over the lines, whatever the peer wrote: a table by payload type.
	std::array<std::string_view, kPayloadTypes> mapOf {}, fmtpOf {};
	for (const auto &line : lines) {
		if (const auto map = valueOf(line, "rtpmap")) {
			if (const auto type = payloadTypeOf(*map); type && mapOf[*type].empty())
				mapOf[*type] = afterFormat(*map);
		} else if (const auto fmtp = valueOf(line, "fmtp")) {
			if (const auto type = payloadTypeOf(*fmtp))
				fmtpOf[*type] = afterFormat(*fmtp);
		}
	}
	std::vector<RtpMap> maps;
	std::array<bool, kPayloadTypes> seen {};
	for (const auto &format : formats) {
		const auto type = number<std::size_t>(format);
		if (!type || *type >= kPayloadTypes || std::exchange(seen[*type], true))
			continue;
		const auto parts = split(mapOf[*type], '/');
		if (parts.size() < 2)
			continue;
		RtpMap map;
		map.payloadType = static_cast<int>(*type);
		map.encodingName = parts[0];
		for (char &c : map.encodingName)
			c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
		map.clockRate = number<int>(parts[1]).value_or(0);
		if (parts.size() > 2)
			map.parameters = parts[2];
		map.fmtp = fmtpOf[*type];
		maps.push_back(std::move(map));
	}
	return maps;
}

std::vector<std::uint32_t> Media::ssrcs() const
{
	std::vector<std::uint32_t> found;
	for (const auto &value : attributes("ssrc")) {
		const auto ssrc = number<std::uint32_t>(std::string_view(value).substr(0, value.find(' ')));
		if (ssrc && std::find(found.begin(), found.end(), *ssrc) == found.end())
			found.push_back(*ssrc);
	}
	return found;
}

std::optional<std::string> Description::attribute(std::string_view name) const { return firstValue(lines, name); }

std::string Description::str() const
{
	std::string text;
	for (const auto &line : lines)
		text += line + "\r\n";
	for (const auto &section : media) {
		text += fmt::format("m={} {} {}", section.kind, section.port, section.protocol);
		for (const auto &format : section.formats)
			text += " " + format;
		text += "\r\n";
		for (const auto &line : section.lines)
			text += line + "\r\n";
	}
	return text;
}

Result<Description> parse(std::string_view text, std::size_t maxMediaLines)
{
	Description description;
	std::size_t number_ = 0;
	while (!text.empty()) {
		const auto end = text.find('\n');
		auto line = text.substr(0, end);
		text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
		++number_;
		if (!line.empty() && line.back() == '\r')
			line.remove_suffix(1);
		if (line.empty())
			continue;
		if (line.size() > kMaxLineBytes)
			return bad(number_, fmt::format("longer than {} bytes", kMaxLineBytes));
		if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
			return bad(number_, "not of the form x=value");
		if (std::any_of(line.begin(), line.end(),
				[](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
			return bad(number_, "holds a control character");
		if (number_ == 1 && line != "v=0")
			return bad(number_, "an SDP begins with v=0");
		if (line[0] == 'm') {
			if (description.media.size() == maxMediaLines)
				return bad(number_, fmt::format("more than {} m-lines", maxMediaLines));
			auto media = parseMediaLine(line, number_);
			if (!media)
				return media.error();
			description.media.push_back(std::move(media.value()));
			continue;
		}
		auto &lines = description.media.empty() ? description.lines : description.media.back().lines;
		if (lines.size() == kMaxLinesPerSection)
			return bad(number_, fmt::format("more than {} lines in one section", kMaxLinesPerSection));
		lines.emplace_back(line);
	}
	if (number_ == 0)
		return Error { ErrorCode::InvalidParameter, "the SDP is empty" };
	if (description.lines.empty())
		return Error { ErrorCode::InvalidParameter, "the SDP has no session part" };
	if (description.media.empty())
		return Error { ErrorCode::InvalidParameter, "the SDP has no m-line" };
	return description;
}

} // namespace trtc::webrtc::sdp
