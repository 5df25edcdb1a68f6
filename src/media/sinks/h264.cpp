// SPDX-License-Identifier: MIT
#include "media/sinks/h264.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <cstddef>

namespace trtc::media::h264 {

namespace {

constexpr unsigned kSps = 7, kPps = 8, kDelimiter = 9;

unsigned typeOf(std::span<const std::uint8_t> unit) { return unit[0] & 0x1fu; }

void putNumber(std::string &out, std::size_t value, unsigned bytes)
{
	while (bytes--)
		out += static_cast<char>(value >> (8 * bytes) & 0xff);
}

void putSet(std::string &out, std::span<const std::uint8_t> unit)
{
	if (unit.size() > 0xffff) // ISO/IEC 14496-15 5.3.3.1.2
		throw Exception(ErrorCode::MediaFailed,
				fmt::format("an H.264 parameter set has {} bytes, more than 65535", unit.size()));
	putNumber(out, unit.size(), 2);
	out.append(reinterpret_cast<const char *>(unit.data()), unit.size());
}

} // namespace

std::vector<std::span<const std::uint8_t>> nalUnits(std::span<const std::uint8_t> data)
{
	std::vector<std::span<const std::uint8_t>> units;
	std::size_t begin = data.size();
	const auto close = [&](std::size_t end) {
		// Zeros in front of the next start code belong to nobody.
		while (end > begin && data[end - 1] == 0)
			--end;
		if (begin < end)
			units.push_back(data.subspan(begin, end - begin));
	};
	for (std::size_t i = 0; i + 3 <= data.size();) {
		if (data[i] != 0 || data[i + 1] != 0 || data[i + 2] != 1) {
			++i;
			continue;
		}
		if (begin < i)
			close(i);
		i += 3;
		begin = i;
	}
	close(data.size());
	return units;
}

std::string lengthPrefixed(const std::vector<std::span<const std::uint8_t>> &units)
{
	std::string out;
	for (const auto &unit : units) {
		if (typeOf(unit) == kDelimiter)
			continue;
		putNumber(out, unit.size(), 4);
		out.append(reinterpret_cast<const char *>(unit.data()), unit.size());
	}
	return out;
}

std::string configurationRecord(const std::vector<std::span<const std::uint8_t>> &units)
{
	std::span<const std::uint8_t> sps, pps;
	for (const auto &unit : units) {
		if (typeOf(unit) == kSps && sps.empty() && unit.size() >= 4)
			sps = unit;
		else if (typeOf(unit) == kPps && pps.empty())
			pps = unit;
	}
	if (sps.empty() || pps.empty())
		return {};
	std::string record;
	record += '\x01';
	record.append(reinterpret_cast<const char *>(sps.data()) + 1, 3); // profile, compatibility, level
	record += '\xff';						  // four byte lengths
	record += '\xe1';						  // one SPS
	putSet(record, sps);
	record += '\x01'; // one PPS
	putSet(record, pps);
	const unsigned profile = sps[1];
	if (profile == 100 || profile == 110 || profile == 122 || profile == 144) {
		// 4:2:0, eight bits: what a room carries. The high profiles want it written.
		record += "\xfd\xf8\xf8";
		record += '\0';
	}
	return record;
}

} // namespace trtc::media::h264
