// SPDX-License-Identifier: MIT
#pragma once

#include "media/sei.h"
#include "webrtc/peer_connection.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace trtc::media {

/// Stands in front of an H.264 sender and puts messages into its frames. One for each video that goes out: the big and the
/// small one. Thread rules as for Sender; add() is thread-safe.
class SeiSender final : public webrtc::Sender {
public:
	/// What waits for a frame at most; a picture that stands still holds it up.
	static constexpr std::size_t kMaxWaiting = 60;

	explicit SeiSender(std::shared_ptr<webrtc::Sender> sender) : sender_(std::move(sender)) {}
	/// Goes out with the next frame that has room. False: too much waits already.
	bool add(sei::Message message);
	/// An access unit, Annex B, with start codes.
	void push(GstBuffer *buffer) override;
	void onKeyframeRequest(std::function<void()> handler) override
	{
		sender_->onKeyframeRequest(std::move(handler));
	}
	std::size_t mLine() const noexcept override { return sender_->mLine(); }

private:
	std::vector<std::uint8_t> take(std::size_t units);

	std::shared_ptr<webrtc::Sender> sender_;
	std::mutex mutex_;
	std::deque<sei::Message> waiting_; // the oldest first
};

/// The SDK's limits of sendSEIMessage(): 30 calls and 8000 bytes a second. No clock of its own. One thread.
class SeiBudget {
public:
	using TimePoint = std::chrono::steady_clock::time_point;
	static constexpr std::size_t kMaxCalls = 30, kMaxBytes = 8000;
	/// Null and taken note of, or what is used up.
	const char *spend(std::size_t bytes, TimePoint now);

private:
	std::deque<std::pair<TimePoint, std::size_t>> spent_; // in the last second
};

} // namespace trtc::media
