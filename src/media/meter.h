// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"
#include "webrtc/peer_connection.h"

#include <trtc/main_loop.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace trtc::media {

/// How loud one voice is: the loudest 20 ms since it was last asked. One thread writes, another may read.
class LoudnessMeter {
public:
	/// @p count interleaved samples.
	void add(const std::int16_t *samples, std::size_t count) noexcept;
	/// 0…100, and starts anew. 0 when nothing was added. Thread-safe.
	int take() noexcept { return loudest_.exchange(0); }

private:
	std::atomic<int> loudest_ { 0 };
};

/// The volume a person sees for a root mean square of 0…1: 0 below -60 dBFS, 100 at full scale, and straight in decibels
/// between, so that quiet speech moves a bar. Reentrant.
int volumeOf(double rms) noexcept;

/// Decodes one stream's Opus to know how loud it is. Thread-bound.
class Meter {
public:
	/// Throws Exception(NotSupported).
	static std::unique_ptr<Meter> create();
	virtual ~Meter() = default;
	virtual void write(const EncodedFrame &frame) = 0;
	/// 0…100, the loudest since the last call.
	virtual int take() = 0;
	/// Takes Opus packets from any thread, also when the meter is gone.
	virtual std::function<void(GstBuffer *)> input() = 0;
};

/// Stands in front of a sender and shows what goes through to a meter. Thread rules as for Sender; listen() is thread-safe.
class SenderTap final : public webrtc::Sender {
public:
	explicit SenderTap(std::shared_ptr<webrtc::Sender> sender) : sender_(std::move(sender)) {}
	/// @p listener borrows every buffer; empty: nobody listens.
	void listen(std::function<void(GstBuffer *)> listener);
	void push(GstBuffer *buffer) override;
	void onKeyframeRequest(std::function<void()> handler) override
	{
		sender_->onKeyframeRequest(std::move(handler));
	}
	std::size_t mLine() const noexcept override { return sender_->mLine(); }

private:
	std::shared_ptr<webrtc::Sender> sender_;
	std::mutex mutex_;
	std::function<void(GstBuffer *)> listener_;
};

} // namespace trtc::media
