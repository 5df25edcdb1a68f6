// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/client.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace trtc::cli {

/// Delays a command until its stream is announced and subscribed.
/// Thread-bound.
class StreamWait {
public:
	enum class For { Stream, Subscription };
	/// @p client is borrowed.
	StreamWait(MainLoop &loop, Client &client) : loop_(loop), client_(client) {}

	/// Calls @p then once: when there is nothing to wait for, or after a time limit.
	void until(For what, const UserId &user, std::function<void()> then);
	/// Call it after each client event.
	void observe(const Event &event);

private:
	bool pending() const;
	void finish();

	MainLoop &loop_;
	Client &client_;
	For what_ = For::Stream;
	std::optional<UserId> user_;
	std::function<void()> then_;
	std::chrono::steady_clock::time_point joined_ {};
	SourceHandle limit_, early_;
	std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace trtc::cli
