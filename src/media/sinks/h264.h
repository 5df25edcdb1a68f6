// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// H.264 bytes, as far as a container needs them. Reentrant.
namespace trtc::media::h264 {

/// The NAL units of an Annex B access unit (ITU-T H.264 annex B), without start codes. Views into @p data.
std::vector<std::span<const std::uint8_t>> nalUnits(std::span<const std::uint8_t> data);

/// The same access unit with a four byte length in front of every NAL unit (ISO/IEC 14496-15), without delimiters.
std::string lengthPrefixed(const std::vector<std::span<const std::uint8_t>> &units);

/// AVCDecoderConfigurationRecord from the parameter sets among @p units; empty when there is no SPS or PPS. Throws
/// Exception(MediaFailed) for a set that is longer than the record can say.
std::string configurationRecord(const std::vector<std::span<const std::uint8_t>> &units);

} // namespace trtc::media::h264
