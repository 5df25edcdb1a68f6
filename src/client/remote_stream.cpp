// SPDX-License-Identifier: MIT
#include "client/remote_stream.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace trtc::client {

RemoteStreamImpl::RemoteStreamImpl(MainLoop &loop, const Factories &factories, Owner &owner, RoomId room,
				   StreamInfo info)
	: loop_(loop), factories_(factories), owner_(&owner), room_(std::move(room)), info_(std::move(info))
{
}

RemoteStreamImpl::~RemoteStreamImpl()
{
	if (playerEar_)
		playerEar_->stream = nullptr;
}

void RemoteStreamImpl::startRecording(const std::string &directory, const RecordName &name)
{
	// It ended while its StreamAdded was on the way; StreamRemoved follows and there is nothing to record.
	if (!owner_)
		return;
	if (recording_ && !recording_->over())
		throw Exception(ErrorCode::InvalidOperation,
				fmt::format("the {} stream of {} is being recorded already", toString(info_.streamType),
					    info_.userId.str()));
	auto kept = owner_->takeKeptRecording(info_);
	if (kept && !kept->fits(directory, name)) {
		kept->stop("stopped");
		kept.reset();
	}
	recording_ = kept ? std::move(kept)
			  : std::make_shared<Recording>(
				    loop_, factories_,
				    media::Recorder::Config { directory, room_, info_.userId, info_.streamType, name },
				    [owner = owner_](Event event) { owner->onStreamEvent(std::move(event)); });
	owner_->onKeyframeWanted(*this);
}

void RemoteStreamImpl::stopRecording() { finishRecording("stopped"); }

void RemoteStreamImpl::subscribe(TimePoint since)
{
	subscribed_ = true;
	audioSeen_ = videoSeen_ = false;
	picture_ = {};
	since_ = since;
	lastFrame_.reset();
}

void RemoteStreamImpl::interrupt(std::chrono::milliseconds already)
{
	if (auto recording = recording_)
		recording->interrupt(already);
}

void RemoteStreamImpl::resume()
{
	if (auto recording = recording_)
		recording->resume();
}

std::shared_ptr<Recording> RemoteStreamImpl::giveRecording(std::chrono::milliseconds already)
{
	auto recording = std::exchange(recording_, nullptr);
	if (recording)
		recording->interrupt(already);
	return recording && recording->over() ? nullptr : recording;
}

std::optional<std::chrono::milliseconds> RemoteStreamImpl::sinceFrame() const
{
	if (!lastFrame_)
		return {};
	return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - *lastFrame_);
}

void RemoteStreamImpl::write(const media::EncodedFrame &frame)
{
	// Frames of a stream that was removed meanwhile belong to nobody.
	if (!owner_)
		return;
	lastFrame_ = std::chrono::steady_clock::now();
	record(frame);
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

/// Whatever goes wrong in it ends this recording and nothing else.
void RemoteStreamImpl::record(const media::EncodedFrame &frame)
{
	const auto recording = recording_;
	if (!recording)
		return;
	try {
		recording->write(frame);
	} catch (const std::exception &exception) {
		const Error error { ErrorCode::MediaFailed,
				    fmt::format("the recording of the {} stream of {} cannot go on: {}",
						toString(info_.streamType), info_.userId.str(), exception.what()) };
		if (recording_ == recording)
			finishRecording("failed");
		if (owner_)
			owner_->onStreamEvent(Failed { error, true });
	}
}

void RemoteStreamImpl::finish(const std::string &reason)
{
	finishRecording(reason);
	finishPlaying(reason);
	finishSnapshot(Error { ErrorCode::InvalidOperation,
			       fmt::format("snapshot: the {} ended before a picture arrived ({})", name(), reason) });
}

/// The recording may be the caller: it goes when the stack is clear.
void RemoteStreamImpl::finishRecording(const std::string &reason)
{
	if (auto recording = std::exchange(recording_, nullptr)) {
		recording->stop(reason);
		loop_.post([recording] {});
	}
}

} // namespace trtc::client
