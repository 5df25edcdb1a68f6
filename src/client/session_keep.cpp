// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <utility>

// Recordings outlive their streams for a while: when the room is entered again, or a publisher comes back whose
// connection broke, they go on.
namespace trtc::client {

namespace {

using namespace std::chrono_literals;

/// A stream that had been silent for so long before it was removed, though it was not muted, has broken off; one that
/// is unpublished sends until its end.
constexpr auto kBroken = 2s;
/// Nobody can make us keep more. Those of a room that is large are a few hundred bytes each once the file is closed.
constexpr std::size_t kMaxKept = 1000;

} // namespace

void Session::stopRecordings()
{
	stopKept("stopped");
	for (const auto &stream : announced_)
		stream->stopRecording();
}

Session::KeptRecordings Session::giveRecordings()
{
	auto recordings = std::exchange(kept_, {});
	for (auto &[user, remote] : remotes_) {
		for (const auto &stream : { remote.main, remote.auxiliary })
			if (stream)
				if (auto recording = stream->giveRecording(remote.link ? remote.link->silent() : 0ms))
					recordings[{ user, stream->info().streamType }] = std::move(recording);
	}
	return recordings;
}

void Session::keepIfBroken(const Remote &remote, RemoteStreamImpl &stream)
{
	if (state_ != State::Joined || !stream.subscribed() || config_.reconnectTries <= 0)
		return;
	const auto silent = stream.sinceFrame();
	const bool main = stream.info().streamType == StreamType::Main;
	const bool expected = main ? due(remote) : remote.wishes.auxiliary;
	if (!remote.relink && (!expected || !silent || *silent < kBroken))
		return;
	if (auto recording = stream.giveRecording(silent.value_or(0ms)))
		keepRecording({ stream.info().userId, stream.info().streamType }, std::move(recording));
}

void Session::keepRecording(StreamKey key, std::shared_ptr<Recording> recording)
{
	if (kept_.size() >= kMaxKept)
		return recording->stop("stream-removed");
	auto &kept = kept_[std::move(key)];
	if (kept)
		kept->stop("stream-removed");
	kept = std::move(recording);
}

std::shared_ptr<Recording> Session::takeKeptRecording(const StreamInfo &stream)
{
	const auto found = kept_.find({ stream.userId, stream.streamType });
	if (found == kept_.end())
		return nullptr;
	auto recording = std::move(found->second);
	kept_.erase(found);
	return recording->over() ? nullptr : recording;
}

void Session::stopKept(const std::string &reason, const UserId *user)
{
	for (auto each = kept_.begin(); each != kept_.end();) {
		if (user && each->first.first != *user) {
			++each;
			continue;
		}
		const auto recording = std::move(each->second);
		each = kept_.erase(each);
		recording->stop(reason);
	}
}

} // namespace trtc::client
