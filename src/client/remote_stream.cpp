// SPDX-License-Identifier: MIT
#include "client/remote_stream.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::client {

RemoteStreamImpl::RemoteStreamImpl(MainLoop &loop, const Factories &factories, Owner &owner, RoomId room,
				   StreamInfo info)
	: loop_(loop), factories_(factories), owner_(&owner), room_(std::move(room)), info_(std::move(info))
{
}

RemoteStreamImpl::~RemoteStreamImpl() = default;

void RemoteStreamImpl::startRecording(const std::string &directory, const RecordName &name)
{
	// It ended while its StreamAdded was on the way; StreamRemoved follows and there is nothing to record.
	if (!owner_)
		return;
	if (recorder_)
		throw Exception(ErrorCode::InvalidOperation,
				fmt::format("the {} stream of {} is being recorded already", toString(info_.streamType),
					    info_.userId.str()));
	recorder_ = factories_.recorder(loop_, { directory, room_, info_.userId, info_.streamType, name }, *this);
	owner_->onKeyframeWanted(*this);
}

void RemoteStreamImpl::stopRecording() { finishRecording("stopped"); }

void RemoteStreamImpl::subscribe(TimePoint since)
{
	subscribed_ = true;
	audioSeen_ = videoSeen_ = false;
	picture_ = {};
	since_ = since;
}

void RemoteStreamImpl::write(const media::EncodedFrame &frame)
{
	// Frames of a stream that was removed meanwhile belong to nobody.
	if (!owner_)
		return;
	if (auto recorder = recorder_)
		recorder->write(frame);
	if (auto player = player_)
		player->write(frame);
	if (auto taker = taker_)
		taker->write(frame);
	if (auto meter = meter_; meter && frame.kind == MediaKind::Audio)
		meter->write(frame);
	if (!owner_ || !subscribed_)
		return;
	if (frame.kind == MediaKind::Video) {
		++picture_.frames;
		if (frame.width > 0 && frame.height > 0) {
			picture_.width = frame.width;
			picture_.height = frame.height;
		}
	}
	auto &seen = frame.kind == MediaKind::Audio ? audioSeen_ : videoSeen_;
	const bool told = frame.kind == MediaKind::Audio || frame.width > 0;
	if (seen || !told)
		return;
	seen = true;
	const auto elapsed = std::chrono::steady_clock::now() - since_;
	owner_->onStreamEvent(FirstFrame { info_.userId, info_.streamType, frame.kind,
					   std::chrono::duration_cast<std::chrono::milliseconds>(elapsed), frame.width,
					   frame.height, media::toString(frame.codec) });
}

void RemoteStreamImpl::finish(const std::string &reason)
{
	finishRecording(reason);
	finishPlaying(reason);
	finishSnapshot(Error { ErrorCode::InvalidOperation,
			       fmt::format("snapshot: the {} ended before a picture came ({})", name(), reason) });
}

void RemoteStreamImpl::finishRecording(const std::string &reason)
{
	if (auto recorder = recorder_) {
		recorder->stop(reason);
		dropRecorder();
	}
}

void RemoteStreamImpl::onRecordingStarted(const RecordingStarted &event)
{
	if (owner_)
		owner_->onStreamEvent(event);
}

void RemoteStreamImpl::onRecordingStopped(const RecordingStopped &event)
{
	if (owner_)
		owner_->onStreamEvent(event);
}

void RemoteStreamImpl::onRecordingFailed(const Error &error)
{
	if (owner_)
		owner_->onStreamEvent(Failed { error, true });
	dropRecorder();
}

/// The recorder may be the caller: it goes when the stack is clear.
void RemoteStreamImpl::dropRecorder()
{
	if (recorder_)
		loop_.post([recorder = std::move(recorder_)] {});
	recorder_.reset();
}

} // namespace trtc::client
