// SPDX-License-Identifier: MIT
#include "client/link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace trtc::client {

Link::Link(MainLoop &loop, const Factories &factories, Owner &owner, webrtc::PeerConnection::Config config,
	   signalling::LinkId id, std::vector<signalling::TrackMap> tracks)
	: loop_(loop), factories_(factories), owner_(&owner), id_(std::move(id)), tracks_(std::move(tracks))
{
	config.name = id_;
	peer_ = factories_.peerConnection(loop_, std::move(config), *this);
}

Link::~Link() { close(); }

void Link::offerToReceive() { offer(nullptr); }

void Link::offerToSend(const Sending &sending) { offer(&sending); }

void Link::offer(const Sending *sending)
{
	std::vector<webrtc::OfferLine> lines;
	for (const auto &track : tracks_) {
		if (lines.size() <= track.mLine)
			lines.resize(track.mLine + 1);
		auto &line = lines[track.mLine];
		line.kind = track.kind;
		line.send = sending != nullptr;
		if (sending) {
			if (track.kind == MediaKind::Video)
				line.codecs = { sending->codec };
		} else if (track.kind == MediaKind::Video) {
			line.codecs = { VideoCodec::H264, VideoCodec::Vp8 };
		}
	}
	peer_->offer(lines);
}

void Link::setAnswer(const std::string &sdp)
{
	if (!closed())
		peer_->setAnswer(sdp);
}

std::shared_ptr<webrtc::Sender> Link::sender(MediaKind kind, StreamType type, bool small) const
{
	for (const auto &track : tracks_) {
		if (track.kind == kind && track.streamType == type && track.small == small)
			return peer_->sender(track.mLine);
	}
	return nullptr;
}

void Link::requestKeyframe(StreamType type)
{
	if (closed())
		return;
	for (const auto &[mLine, track] : received_) {
		const auto *map = mapped(mLine);
		if (map && map->kind == MediaKind::Video && map->streamType == type)
			track->requestKeyframe();
	}
}

void Link::close()
{
	if (!std::exchange(owner_, nullptr))
		return;
	peer_->close();
}

void Link::onLocalDescription(const std::string &sdp)
{
	if (owner_)
		owner_->onLinkOffer(*this, sdp);
}

void Link::onConnected()
{
	if (owner_)
		owner_->onLinkConnected(*this);
}

void Link::onFailed(const Error &error)
{
	if (owner_)
		owner_->onLinkFailed(*this, error);
}

void Link::onTrack(const std::shared_ptr<webrtc::Track> &track)
{
	if (!owner_)
		return;
	const auto *map = mapped(track->mLine());
	if (!map || map->kind != track->kind()) {
		spdlog::debug("{}: track at m-line {} belongs to no stream", id_, track->mLine());
		return;
	}
	const auto mLine = track->mLine();
	try {
		receivers_[mLine] = factories_.receiver(loop_, track, [this, mLine](const media::EncodedFrame &frame) {
			try {
				if (owner_)
					owner_->onLinkFrame(*this, *mapped(mLine), frame);
			} catch (const std::exception &exception) {
				trackFailed(mLine, exception);
			}
		});
		received_[mLine] = track;
	} catch (const std::exception &exception) {
		trackFailed(mLine, exception);
	}
}

/// One track's failure costs that track. Its receiver may be the caller: it goes when the stack is clear.
void Link::trackFailed(std::size_t mLine, const std::exception &exception)
{
	if (const auto found = receivers_.find(mLine); found != receivers_.end()) {
		loop_.post([gone = std::shared_ptr(std::move(found->second))] {});
		receivers_.erase(found);
	}
	const auto *known = dynamic_cast<const Exception *>(&exception);
	if (const auto *map = mapped(mLine); map && owner_)
		owner_->onLinkTrackFailed(*this, *map,
					  known ? known->error() : Error { ErrorCode::MediaFailed, exception.what() });
}

const signalling::TrackMap *Link::mapped(std::size_t mLine) const noexcept
{
	const auto found = std::find_if(tracks_.begin(), tracks_.end(),
					[mLine](const signalling::TrackMap &track) { return track.mLine == mLine; });
	return found == tracks_.end() ? nullptr : &*found;
}

} // namespace trtc::client
