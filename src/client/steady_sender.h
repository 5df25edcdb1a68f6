// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace trtc::client {

/// What a capture sends into for as long as it is published, whatever happens to the connection: behind it one sender
/// follows the other, and without one what is pushed is dropped. push() and use() are thread-safe.
class SteadySender final : public webrtc::Sender {
public:
	explicit SteadySender(std::size_t mLine) : mLine_(mLine) {}
	/// Null: nowhere.
	void use(std::shared_ptr<webrtc::Sender> sender)
	{
		const std::lock_guard lock(mutex_);
		sender_.swap(sender);
	}
	void push(GstBuffer *buffer) override
	{
		const auto sender = current();
		if (sender)
			sender->push(buffer);
		else
			gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()> handler) override
	{
		if (const auto sender = current())
			sender->onKeyframeRequest(std::move(handler));
	}
	std::size_t mLine() const noexcept override { return mLine_; }

private:
	std::shared_ptr<webrtc::Sender> current()
	{
		const std::lock_guard lock(mutex_);
		return sender_;
	}

	std::size_t mLine_;
	std::mutex mutex_;
	std::shared_ptr<webrtc::Sender> sender_;
};

} // namespace trtc::client
