// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/ice.h"
#include "webrtc/packet_faults.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>
#include <trtc/trace.h>
#include <trtc/types.h>

#include <gst/gst.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trtc::webrtc {

/// One track we send on a link. push() is thread-safe and never blocks; everything else is thread-bound.
class Sender {
public:
	virtual ~Sender() = default;
	/// Takes one buffer whose PTS is on the process timeline (gst/timeline.h): an encoded access unit or Opus
	/// packet (Encoded senders), or an RTP packet that already carries our SSRC and payload type (Rtp senders).
	/// Buffers before the connection is up are dropped. Takes ownership. Thread-safe.
	virtual void push(GstBuffer *buffer) = 0;
	/// The peer asked for a keyframe; runs on the loop. Set before negotiation.
	virtual void onKeyframeRequest(std::function<void()> handler) = 0;
	virtual std::size_t mLine() const noexcept = 0;
};

/// One track we receive, already verified against the SDP's fingerprint.
class Track {
public:
	virtual ~Track() = default;
	virtual std::size_t mLine() const noexcept = 0;
	virtual MediaKind kind() const noexcept = 0;
	/// "H264", "VP8", "OPUS"
	virtual const std::string &encodingName() const noexcept = 0;
	/// Sends the track's RTP through @p elements (a gst-launch description of a chain, or "" for plain RTP) into
	/// @p sink. The sink is called on a streaming thread with a borrowed sample (buffer and caps), may copy and post, and
	/// must not touch loop-bound state. The PTS of its buffers is on the process timeline. Call once.
	/// Throws Exception(NotSupported) when an element is missing.
	using SampleSink = std::function<void(GstSample *)>;
	virtual void attach(const std::string &elements, SampleSink sink) = 0;
	/// Shows @p tap every RTP packet, borrowed, before it goes its way: on the sink's thread, as long as the track lives.
	/// Call it before attach().
	virtual void tap(std::function<void(GstBuffer *)>) {}
	/// Asks the peer for a keyframe (PLI), at most every 500 ms. Loop thread.
	virtual void requestKeyframe() = 0;
};

/// What an m-line of our own offer is to carry, and in which direction.
struct OfferLine {
	MediaKind kind = MediaKind::Audio;
	bool send = false;
	/// Video: codecs in order of preference; senders give exactly one.
	std::vector<VideoCodec> codecs;
};

/// What an m-line of our answer sends. One entry per m-line of the offer.
struct AnswerLine {
	std::uint32_t ssrc = 0;	  ///< 0: recvonly
	int payloadType = 0;	  ///< the offer's number for @p encodingName; also on recvonly lines
	int repairType = 0;	  ///< the offer's number for what repairs it (RTX); 0: lost packets stay lost
	std::string encodingName; ///< "H264", "VP8", "OPUS"
	std::string fmtp;	  ///< value of a=fmtp without the number; empty: none
	std::string msid;	  ///< sending lines: stream id written into `a=msid` and `a=ssrc`
	std::string trackId;
	/// Not empty: the line sends what retune() says later, of these caps. Then @p ssrc is 0 and the rest is not used.
	std::string openCaps = {};
	std::map<int, int> openRepairs = {}; ///< of an open line: payload type to the number of what repairs it
	std::uint32_t repairSsrc = 0;	     ///< for retune(): of what is sent again; 0: one that nobody was told
	/// Receiving: only streams that were announced with expectSsrc() are let in.
	bool announcedOnly = false;
	bool sends() const noexcept { return ssrc != 0 || !openCaps.empty(); }
};

/// One webrtcbin in one pipeline. Thread-bound.
class PeerConnection {
public:
	struct Config {
		std::string name; ///< for the log: "down:alice"
		IceConfig ice;
		std::chrono::milliseconds latency { 100 }; ///< jitter buffer
		std::chrono::milliseconds connectTimeout { 10'000 };
		Trace *trace = nullptr; ///< borrowed for the life of the connection
		/// Where refused packets are counted.
		std::shared_ptr<PacketFaults> faults = std::make_shared<PacketFaults>();
	};
	struct Listener {
		/// Our offer or answer, complete with candidates.
		virtual void onLocalDescription(const std::string &sdp) = 0;
		/// ICE and DTLS are up and the certificate matches the remote description.
		virtual void onConnected() = 0;
		/// Once; nothing follows. The owner close()s.
		virtual void onFailed(const Error &error) = 0;
		/// A remote track; attach() it here or later; until then its packets wait.
		virtual void onTrack(const std::shared_ptr<Track> &track) = 0;

	protected:
		~Listener() = default;
	};

	/// Throws Exception(NotSupported) if a plug-in is missing.
	static std::unique_ptr<PeerConnection> create(MainLoop &loop, Config config, Listener &listener);
	virtual ~PeerConnection() = default; ///< closes

	/// Offerer: makes the m-lines and the offer; onLocalDescription follows. Call once.
	virtual void offer(const std::vector<OfferLine> &lines) = 0;
	/// Offerer: the peer's answer. Errors come as onFailed.
	virtual void setAnswer(const std::string &sdp) = 0;
	/// Answerer: @p sdp is the peer's offer, already cut down to the codecs in @p lines. onLocalDescription follows. Call once.
	virtual void answer(const std::string &sdp, const std::vector<AnswerLine> &lines) = 0;
	/// Answerer, after onLocalDescription: an offer with more m-lines behind those there are, which must be the same as before.
	/// onLocalDescription follows. @p lines: all of them.
	virtual void answerMore(const std::string &sdp, const std::vector<AnswerLine> &lines) = 0;
	/// What an open line (AnswerLine::openCaps) sends from now on. Nothing may be pushed that was meant for the line before.
	virtual void retune(std::size_t mLine, const AnswerLine &line) = 0;
	/// The peer sends this SSRC on that line, which the offer did not say. Before its first packet. @p repair: with which SSRC it
	/// sends lost packets of it again; 0: it does not.
	virtual void expectSsrc(std::uint32_t ssrc, std::size_t mLine, std::uint32_t repair) = 0;
	/// It will not come, or not any more. A track that it has become stays.
	virtual void forgetSsrc(std::uint32_t ssrc) = 0;
	/// Sending tracks in m-line order, available once offer()/answer() returned; null for receiving or inactive lines.
	virtual std::shared_ptr<Sender> sender(std::size_t mLine) const = 0;
	virtual bool connected() const noexcept = 0;
	/// Stops everything; no callback after it returns. Idempotent. Not from a streaming thread.
	virtual void close() = 0;

	/// Packets seen on a receiving m-line since the connection is up (RTP sequence numbers, so losses count as expected).
	struct ReceiveStats {
		std::uint64_t expected = 0, received = 0;
	};
	virtual ReceiveStats receiveStats(std::size_t mLine) const = 0;

	/// What went over one m-line since the connection was made: sent, or received in time for the jitter buffer.
	struct LineStats {
		std::size_t mLine = 0;
		bool sending = false;
		std::uint64_t packets = 0;
		std::uint64_t bytes = 0;  ///< payload, without headers
		std::uint64_t frames = 0; ///< video: ends of frames
		std::uint64_t lost = 0;	  ///< receiving: packets that never came or came too late
	};
	struct Stats {
		std::vector<LineStats> lines; ///< in no order; m-lines on which nothing can go are missing
		/// From the peer's RTCP: receiver reports where we send, answers to our extended reports where we only
		/// receive. Empty until the first has come.
		std::optional<std::chrono::microseconds> roundTrip;
		std::optional<double> sendLoss; ///< 0..1, since the report before; empty on links that only receive
	};
	/// Cheap enough for once a second.
	virtual Stats stats() const = 0;
	/// Packets of the peer, RTP and RTCP, since the connection was made. webrtcbin stays connected whatever happens to
	/// the network, so a number that does not grow is the one sign of a peer that is gone.
	virtual std::uint64_t arrivals() const = 0;
};

/// The address this machine uses to reach @p host: "127.0.0.1" for loopback hosts, else "" (all interfaces).
std::string localAddressFor(const std::string &host);

} // namespace trtc::webrtc
