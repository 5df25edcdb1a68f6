// SPDX-License-Identifier: MIT
#pragma once

#include "client/factories.h"
#include "media/frame.h"
#include "media/receiver.h"
#include "signalling/driver.h"
#include "webrtc/peer_connection.h"
#include "webrtc/silence.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trtc::client {

/// One peer connection and what its m-lines carry. We offer, the service answers. Thread-bound.
class Link final : private webrtc::PeerConnection::Listener {
public:
	/// Called on the loop; nothing is called after close(). May close(), must not destroy.
	struct Owner {
		virtual void onLinkOffer(Link &link, const std::string &sdp) = 0;
		virtual void onLinkConnected(Link &link) = 0;
		/// Once; the owner closes.
		virtual void onLinkFailed(Link &link, const Error &error) = 0;
		virtual void onLinkFrame(Link &link, const signalling::TrackMap &track,
					 const media::EncodedFrame &frame) = 0;
		/// One track cannot be received; the others go on.
		virtual void onLinkTrackFailed(Link &link, const signalling::TrackMap &track, const Error &error) = 0;

	protected:
		~Owner() = default;
	};
	/// What an uplink sends; tracks may be added later, all m-lines are there.
	struct Sending {
		bool audio = false, video = false, small = false, auxiliary = false;
		VideoCodec codec = VideoCodec::H264;
	};

	/// Throws Exception(NotSupported) if a plug-in is missing.
	Link(MainLoop &loop, const Factories &factories, Owner &owner, webrtc::PeerConnection::Config config,
	     signalling::LinkId id, std::vector<signalling::TrackMap> tracks);
	~Link();
	Link(const Link &) = delete;
	Link &operator=(const Link &) = delete;

	const signalling::LinkId &id() const noexcept { return id_; }
	bool closed() const noexcept { return owner_ == nullptr; }
	/// Makes the offer; onLinkOffer() follows. One of the two, once.
	void offerToReceive();
	void offerToSend(const Sending &sending);
	void setAnswer(const std::string &sdp);
	/// Null when there is no such m-line.
	std::shared_ptr<webrtc::Sender> sender(MediaKind kind, StreamType type = StreamType::Main,
					       bool small = false) const;
	/// Asks the peer for a keyframe of that stream's video, if it comes here.
	void requestKeyframe(StreamType type);
	/// All zero before negotiation and after close().
	webrtc::PeerConnection::Stats stats() const
	{
		return closed() ? webrtc::PeerConnection::Stats {} : peer_->stats();
	}
	/// To be called once in every kLookPeriod: for how long the peer has said nothing.
	std::chrono::milliseconds look(webrtc::Silence::TimePoint now)
	{
		return closed() ? silence_.silent() : silence_.look(now, peer_->arrivals());
	}
	/// The peer owes us nothing now: it is silent from the next look on.
	void excuse() noexcept { silence_.excuse(); }
	/// Something of the peer has been seen at a look.
	bool heard() const noexcept { return silence_.heard(); }
	/// As of the last look.
	std::chrono::milliseconds silent() const noexcept { return silence_.silent(); }
	static constexpr std::chrono::milliseconds kLookPeriod { 500 };
	/// What this m-line carries; null: nothing of ours.
	const signalling::TrackMap *mapped(std::size_t mLine) const noexcept;
	/// Idempotent.
	void close();

private:
	void onLocalDescription(const std::string &sdp) override;
	void onConnected() override;
	void onFailed(const Error &error) override;
	void onTrack(const std::shared_ptr<webrtc::Track> &track) override;
	void offer(const Sending *sending);
	void trackFailed(std::size_t mLine, const std::exception &exception);

	MainLoop &loop_;
	const Factories &factories_;
	Owner *owner_;
	signalling::LinkId id_;
	std::vector<signalling::TrackMap> tracks_;
	webrtc::Silence silence_ { kLookPeriod };
	std::unique_ptr<webrtc::PeerConnection> peer_;
	std::map<std::size_t, std::shared_ptr<webrtc::Track>> received_; // by m-line
	std::map<std::size_t, std::unique_ptr<media::Receiver>> receivers_;
};

} // namespace trtc::client
