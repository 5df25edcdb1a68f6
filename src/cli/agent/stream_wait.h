// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/client.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace trtc::cli {

/// Holds a command back while the stream it is about is on its way: announced a moment from now, or being subscribed.
/// Thread-bound.
class StreamWait {
public:
	enum class For { Stream, Subscription };
	/// @p client is borrowed.
	StreamWait(MainLoop &loop, Client &client) : loop_(loop), client_(client) {}

	/// Calls @p then once, at once or later: when there is nothing to wait for any more, or after a limit.
	void until(For what, const UserId &user, std::function<void()> then);
	/// After each event of the client.
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
