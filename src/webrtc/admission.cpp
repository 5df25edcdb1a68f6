// SPDX-License-Identifier: MIT
#include "webrtc/admission.h"

#include "webrtc/rtcp_words.h"

#include <algorithm>
#include <utility>

namespace trtc::webrtc {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kRtpHeader = 12, kRtcpHeader = 8, kRtcpWord = 4;
/// RFC 3550 6.5, 6.6. A BYE without an SSRC is legal and of no use.
constexpr int kSdes = 202, kBye = 203;

bool has(const std::vector<int> &numbers, int number)
{
	return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

/// RFC 5761 4.
bool isRtcp(Bytes packet) { return packet[1] >= 192 && packet[1] <= 223; }

/// The SSRCs that a compound packet speaks for; nothing: it is none.
std::optional<std::vector<std::uint32_t>> speakers(Bytes packet)
{
	std::vector<std::uint32_t> found;
	for (std::size_t at = 0; at < packet.size();) {
		if (packet.size() - at < kRtcpWord || packet[at] >> 6 != 2)
			return std::nullopt;
		const std::size_t length = kRtcpWord * (1 + (std::size_t { packet[at + 2] } << 8 | packet[at + 3]));
		if (length > packet.size() - at)
			return std::nullopt;
		const auto one = packet.subspan(at, length);
		at += length;
		if (one[1] != kSdes) {
			if (length == kRtcpWord && (one[1] != kBye || (one[0] & 0x1f) != 0))
				return std::nullopt;
			if (length == kRtcpWord)
				continue;
			found.push_back(word(one, 4));
			continue;
		}
		// Chunks: an SSRC, items with a length each, a zero, and zeros up to the next word.
		std::size_t chunk = 4;
		for (int left = one[0] & 0x1f; left > 0; --left) {
			if (chunk + 4 > one.size())
				return std::nullopt;
			found.push_back(word(one, chunk));
			chunk += 4;
			while (chunk < one.size() && one[chunk] != 0)
				chunk += chunk + 1 < one.size() ? 2u + one[chunk + 1] : 1u;
			chunk = (chunk + 4) / 4 * 4;
		}
	}
	return found;
}

} // namespace

void Admission::line(std::size_t mLine, std::vector<int> formats, std::vector<int> repairs, bool strict)
{
	const std::lock_guard lock(mutex_);
	lines_[mLine] = { std::move(formats), std::move(repairs), strict };
}

void Admission::announce(std::uint32_t ssrc, std::size_t mLine, bool repair)
{
	const std::lock_guard lock(mutex_);
	const auto announced = std::count_if(streams_.begin(), streams_.end(), [mLine](const auto &entry) {
		return entry.second.announced && entry.second.mLine == mLine;
	});
	if (!streams_.contains(ssrc) && announced >= std::ptrdiff_t { kMostAnnounced })
		return;
	giveWay(mLine, repair);
	streams_[ssrc] = { mLine, repair, true, {} };
	std::erase(gone_, ssrc);
}

/// Of those that came without being announced.
void Admission::giveWay(std::size_t mLine, bool repair)
{
	std::erase_if(streams_, [&](const auto &entry) {
		const auto &[ssrc, stream] = entry;
		if (stream.announced || stream.mLine != mLine || stream.repair != repair)
			return false;
		gone_.push_back(ssrc);
		return true;
	});
}

std::vector<std::uint32_t> Admission::takeGone()
{
	const std::lock_guard lock(mutex_);
	return std::exchange(gone_, {});
}

void Admission::forget(std::uint32_t ssrc)
{
	const std::lock_guard lock(mutex_);
	if (streams_.erase(ssrc))
		gone_.push_back(ssrc);
}

std::optional<std::size_t> Admission::lineOf(std::uint32_t ssrc) const
{
	const std::lock_guard lock(mutex_);
	const auto found = streams_.find(ssrc);
	return found == streams_.end() ? std::nullopt : std::optional(found->second.mLine);
}

Admission::Verdict Admission::counted(Verdict verdict) const
{
	if (!faults_)
		return verdict;
	switch (verdict) {
	case Verdict::Pass:
		break;
	case Verdict::Malformed:
		++faults_->malformed;
		break;
	case Verdict::UnknownStream:
		++faults_->unknownStream;
		break;
	case Verdict::PayloadType:
		++faults_->payloadType;
		break;
	}
	return verdict;
}

Admission::Verdict Admission::known(Stream &stream, int payloadType, TimePoint now)
{
	const auto line = lines_.find(stream.mLine);
	if (line == lines_.end() || !has(stream.repair ? line->second.repairs : line->second.formats, payloadType))
		return Verdict::PayloadType;
	stream.heard = now;
	return Verdict::Pass;
}

/// @p place: where a stream of that format may go.
Admission::Verdict Admission::stranger(int payloadType, TimePoint now, std::optional<Stream> &place)
{
	bool received = false;
	for (const auto &[mLine, line] : lines_) {
		const bool repair = has(line.repairs, payloadType);
		if (!repair && !has(line.formats, payloadType))
			continue;
		received = true;
		bool media = false, taken = false;
		for (const auto &[ssrc, stream] : streams_) {
			if (stream.mLine != mLine || (!stream.announced && now - stream.heard > kSilence))
				continue;
			media |= !stream.repair;
			taken |= stream.repair == repair;
		}
		// What repairs a stream comes with that or after it.
		if (taken || (repair ? !media : line.strict))
			continue;
		place = Stream { mLine, repair, false, now };
		return Verdict::Pass;
	}
	return received ? Verdict::UnknownStream : Verdict::PayloadType;
}

bool Admission::mayTry(std::uint32_t ssrc, TimePoint now)
{
	while (!tries_.empty() && now - tries_.front().first > std::chrono::seconds(1)) {
		const auto tried = tries_.front().second;
		tries_.pop_front();
		if (!streams_.contains(tried) && !reporters_.contains(tried))
			gone_.push_back(tried);
	}
	if (std::any_of(tries_.begin(), tries_.end(), [ssrc](const auto &entry) { return entry.second == ssrc; }))
		return true;
	if (tries_.size() >= kTries)
		return false;
	tries_.emplace_back(now, ssrc);
	return true;
}

bool Admission::reporter(std::uint32_t ssrc, TimePoint now, bool learn)
{
	if (const auto stream = streams_.find(ssrc); stream != streams_.end())
		return true;
	if (const auto known = reporters_.find(ssrc); known != reporters_.end()) {
		if (learn)
			known->second = now;
		return true;
	}
	if (reporters_.size() >= kMostReporters) {
		const auto silent = std::find_if(reporters_.begin(), reporters_.end(), [now](const auto &entry) {
			return now - entry.second > kReporterSilence;
		});
		if (silent == reporters_.end())
			return false;
		if (learn) {
			gone_.push_back(silent->first);
			reporters_.erase(silent);
		}
	}
	if (!learn)
		return mayTry(ssrc, now);
	reporters_[ssrc] = now;
	return true;
}

Admission::Verdict Admission::encrypted(Bytes packet)
{
	if (packet.size() < kRtcpHeader || packet[0] >> 6 != 2)
		return counted(Verdict::Malformed);
	const std::lock_guard lock(mutex_);
	const auto now = now_();
	if (isRtcp(packet))
		return reporter(word(packet, 4), now, false) ? Verdict::Pass : counted(Verdict::UnknownStream);
	if (packet.size() < kRtpHeader)
		return counted(Verdict::Malformed);
	const auto ssrc = word(packet, 8);
	const int payloadType = packet[1] & 0x7f;
	if (const auto found = streams_.find(ssrc); found != streams_.end()) {
		auto copy = found->second; // not heard before it is proved
		return counted(known(copy, payloadType, now));
	}
	std::optional<Stream> place;
	const auto verdict = stranger(payloadType, now, place);
	return counted(place && !mayTry(ssrc, now) ? Verdict::UnknownStream : verdict);
}

Admission::Verdict Admission::rtp(Bytes packet)
{
	if (packet.size() < kRtpHeader || packet[0] >> 6 != 2)
		return counted(Verdict::Malformed);
	const std::lock_guard lock(mutex_);
	const auto now = now_();
	const auto ssrc = word(packet, 8);
	const int payloadType = packet[1] & 0x7f;
	if (const auto found = streams_.find(ssrc); found != streams_.end())
		return counted(known(found->second, payloadType, now));
	std::optional<Stream> place;
	const auto verdict = stranger(payloadType, now, place);
	if (place) {
		giveWay(place->mLine, place->repair);
		streams_[ssrc] = *place;
	}
	return counted(verdict);
}

Admission::Verdict Admission::rtcp(Bytes packet)
{
	const auto found = speakers(packet);
	if (!found)
		return counted(Verdict::Malformed);
	const std::lock_guard lock(mutex_);
	const auto now = now_();
	for (const auto ssrc : *found)
		if (!reporter(ssrc, now, true))
			return counted(Verdict::UnknownStream);
	return Verdict::Pass;
}

} // namespace trtc::webrtc
