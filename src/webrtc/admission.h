// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/packet_faults.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace trtc::webrtc {

/// Which streams of the peer are let in. For each SSRC that webrtcbin sees it makes SRTP contexts, a jitter buffer and threads, and
/// they stay until the connection ends. So an m-line has the SSRCs that were announced; where none was, the first that comes, and
/// one that sends lost packets of it again. One that is silent loses its place to the next. Thread-safe.
class Admission {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	using Clock = TimePoint (*)();
	enum class Verdict : std::uint8_t { Pass, Malformed, UnknownStream, PayloadType };

	/// A stream that nobody announced keeps its place for so long without a packet.
	static constexpr std::chrono::seconds kSilence { 5 };
	/// Announced for one m-line, with those that repair them; more are not let in.
	static constexpr std::size_t kMostAnnounced = 8;
	/// SSRCs that send no media but reports: receivers have one, or one for each stream they send.
	static constexpr std::size_t kMostReporters = 32;
	static constexpr std::chrono::seconds kReporterSilence { 30 };
	/// Unknown SSRCs that are decrypted to see whether they are the peer's, in a second.
	static constexpr std::size_t kTries = 8;

	/// @p now: for tests; thread-safe.
	explicit Admission(std::shared_ptr<PacketFaults> faults = nullptr, Clock now = std::chrono::steady_clock::now)
		: faults_(std::move(faults)), now_(now)
	{
	}

	/// What that m-line receives: payload types of media, and of packets that are sent again. @p strict: announced ones only.
	void line(std::size_t mLine, std::vector<int> formats, std::vector<int> repairs, bool strict = false);
	/// The peer sends this SSRC on that m-line. @p repair: sends packets again.
	void announce(std::uint32_t ssrc, std::size_t mLine, bool repair);
	void forget(std::uint32_t ssrc);
	std::optional<std::size_t> lineOf(std::uint32_t ssrc) const;

	/// One packet as it comes from the network, encrypted (SRTP leaves the header readable), RTP or RTCP. Nothing is learnt of it.
	Verdict encrypted(std::span<const std::uint8_t> packet);
	/// One packet that the peer has proved to be its own.
	Verdict rtp(std::span<const std::uint8_t> packet);
	Verdict rtcp(std::span<const std::uint8_t> packet);
	/// SSRCs that are let in no more, each once: what was made for them can go.
	std::vector<std::uint32_t> takeGone();

private:
	struct Stream {
		std::size_t mLine = 0;
		bool repair = false, announced = false;
		TimePoint heard {};
	};
	struct Line {
		std::vector<int> formats, repairs;
		bool strict = false;
	};
	Verdict known(Stream &stream, int payloadType, TimePoint now);
	Verdict stranger(int payloadType, TimePoint now, std::optional<Stream> &place);
	bool reporter(std::uint32_t ssrc, TimePoint now, bool learn);
	bool mayTry(std::uint32_t ssrc, TimePoint now);
	void giveWay(std::size_t mLine, bool repair);
	Verdict counted(Verdict verdict) const;

	const std::shared_ptr<PacketFaults> faults_;
	const Clock now_;
	mutable std::mutex mutex_;
	std::map<std::size_t, Line> lines_;
	std::map<std::uint32_t, Stream> streams_;
	std::map<std::uint32_t, TimePoint> reporters_;
	std::deque<std::pair<TimePoint, std::uint32_t>> tries_; // of the last second
	std::vector<std::uint32_t> gone_;
};

} // namespace trtc::webrtc
