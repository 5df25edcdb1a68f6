// SPDX-License-Identifier: MIT
#include "media/sei.h"

#include <algorithm>
#include <utility>

namespace trtc::media::sei {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr unsigned kSei = 6;
constexpr unsigned kStapA = 24, kFuA = 28; // RFC 6184 5.2
constexpr std::uint8_t kStop = 0x80;	   // rbsp_trailing_bits
constexpr std::size_t kFixedHeader = 12;

unsigned typeOf(std::uint8_t first) { return first & 0x1fu; }

/// Without emulation prevention.
std::vector<std::uint8_t> unescaped(Bytes unit)
{
	std::vector<std::uint8_t> out;
	out.reserve(unit.size());
	int zeros = 0;
	for (const auto byte : unit) {
		if (zeros >= 2 && byte == 3) {
			zeros = 0;
			continue;
		}
		zeros = byte == 0 ? zeros + 1 : 0;
		out.push_back(byte);
	}
	return out;
}

/// A number in steps of 255 (7.3.2.3.1); @p at moves behind it.
std::optional<std::size_t> number(Bytes bytes, std::size_t &at)
{
	std::size_t value = 0;
	for (; at < bytes.size(); ++at) {
		value += bytes[at];
		if (bytes[at] != 0xff) {
			++at;
			return value;
		}
	}
	return {};
}

/// Behind the header, in front of the padding (RFC 3550 5.1, 5.3.1); empty when there is nothing.
Bytes payloadOf(Bytes rtp)
{
	if (rtp.size() < kFixedHeader || rtp[0] >> 6 != 2)
		return {};
	std::size_t begin = kFixedHeader + 4 * static_cast<std::size_t>(rtp[0] & 0x0f);
	if (rtp[0] & 0x10) {
		if (rtp.size() < begin + 4)
			return {};
		begin += 4 + 4 * (static_cast<std::size_t>(rtp[begin + 2]) << 8 | rtp[begin + 3]);
	}
	const std::size_t padding = rtp[0] & 0x20 ? rtp.back() : 0;
	return begin + padding < rtp.size() ? rtp.subspan(begin, rtp.size() - begin - padding) : Bytes {};
}

} // namespace

std::vector<std::uint8_t> nalUnit(const Message &message)
{
	std::vector<std::uint8_t> rbsp { static_cast<std::uint8_t>(message.payloadType) };
	for (auto left = message.data.size();; left -= 0xff) {
		rbsp.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(left, 0xff)));
		if (left < 0xff)
			break;
	}
	rbsp.insert(rbsp.end(), message.data.begin(), message.data.end());
	rbsp.push_back(kStop);
	std::vector<std::uint8_t> out { 0, 0, 0, 1, kSei };
	int zeros = 0;
	for (const auto byte : rbsp) {
		if (zeros == 2 && byte <= 3) {
			out.push_back(3);
			zeros = 0;
		}
		zeros = byte == 0 ? zeros + 1 : 0;
		out.push_back(byte);
	}
	return out;
}

std::optional<Message> parse(Bytes unit)
{
	if (unit.empty() || typeOf(unit[0]) != kSei)
		return {};
	const auto bytes = unescaped(unit);
	std::size_t at = 1;
	const auto type = number(bytes, at);
	const auto size = type ? number(bytes, at) : std::nullopt;
	if (!size || *size == 0 || *size > Reader::kMaxBytes || *size > bytes.size() - at)
		return {};
	if (*type != kUserData && *type != kSdkDefault)
		return {};
	const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
	return Message { static_cast<int>(*type), { begin, begin + static_cast<std::ptrdiff_t>(*size) } };
}

void Reader::packet(Bytes rtp, TimePoint now)
{
	const auto payload_ = payloadOf(rtp);
	if (payload_.empty())
		return;
	const auto sequence = static_cast<std::uint16_t>(rtp[2] << 8 | rtp[3]);
	const std::uint32_t timestamp = std::uint32_t { rtp[4] } << 24 | std::uint32_t { rtp[5] } << 16 |
					std::uint32_t { rtp[6] } << 8 | rtp[7];
	if (timestamp_ != timestamp) {
		tell();
		timestamp_ = timestamp;
		atFront_ = true;
	} else if (static_cast<std::uint16_t>(sequence_ + 1) != sequence) {
		fragment_.clear(); // a part of it is lost
	}
	sequence_ = sequence;
	if (!atFront_)
		return;
	if (now - second_ >= std::chrono::seconds(1)) {
		second_ = now;
		inSecond_ = 0;
	}
	payload(payload_);
	if (!atFront_ || (rtp[1] & 0x80))
		tell();
}

void Reader::payload(Bytes payload)
{
	switch (typeOf(payload[0])) {
	case kStapA:
		return aggregate(payload.subspan(1));
	case kFuA:
		return fragment(payload);
	default:
		return unit(payload);
	}
}

void Reader::aggregate(Bytes payload)
{
	while (atFront_ && payload.size() > 2) {
		const auto length = static_cast<std::size_t>(payload[0]) << 8 | payload[1];
		if (length == 0 || length > payload.size() - 2)
			break;
		unit(payload.subspan(2, length));
		payload = payload.subspan(2 + length);
	}
}

void Reader::fragment(Bytes payload)
{
	constexpr std::uint8_t kStart = 0x80, kEnd = 0x40;
	if (payload.size() < 2 || typeOf(payload[1]) != kSei) {
		atFront_ = false;
		return;
	}
	if (payload[1] & kStart)
		fragment_.assign(1, static_cast<std::uint8_t>((payload[0] & 0xe0) | kSei));
	else if (fragment_.empty())
		return; // its beginning is lost
	if (fragment_.size() + payload.size() > 2 * kMaxBytes) {
		fragment_.clear();
		++passedOver_;
		return;
	}
	fragment_.insert(fragment_.end(), payload.begin() + 2, payload.end());
	if (payload[1] & kEnd) {
		const auto whole = std::exchange(fragment_, {});
		unit(whole);
	}
}

void Reader::unit(Bytes unit)
{
	if (typeOf(unit[0]) != kSei) {
		atFront_ = false;
		return;
	}
	auto message = parse(unit);
	if (!message)
		return;
	if (found_.size() >= kMaxAFrame || inSecond_ >= kMaxASecond) {
		++passedOver_;
		return;
	}
	++inSecond_;
	found_.push_back(std::move(*message));
}

void Reader::tell()
{
	fragment_.clear();
	auto found = std::exchange(found_, {});
	atFront_ = false;
	for (auto message = found.rbegin(); message != found.rend(); ++message)
		handler_(std::move(*message));
}

} // namespace trtc::media::sei
