// SPDX-License-Identifier: MIT
#include "cli/agent/stream_wait.h"

#include <utility>
#include <variant>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// The service lists the streams of a room shortly after the join, then every two seconds.
constexpr auto kFirstList = 3s;
/// Longer than a subscription takes to start or to fail.
constexpr auto kSubscribeLimit = 15s;

} // namespace

void StreamWait::until(For what, const UserId &user, std::function<void()> then)
{
	what_ = what;
	user_ = user;
	then_ = std::move(then);
	if (!pending())
		return finish();
	limit_ = loop_.after(kSubscribeLimit, [this] { finish(); });
	early_ = loop_.after(kFirstList, [this] {
		if (!pending())
			finish();
	});
}

bool StreamWait::pending() const
{
	if (!client_.joined())
		return false;
	bool known = false, subscribed = false;
	for (const auto *stream : client_.streams())
		if (stream->info().userId == *user_) {
			known = true;
			subscribed = subscribed || stream->subscribed();
		}
	if (!known)
		return std::chrono::steady_clock::now() < joined_ + kFirstList;
	return what_ == For::Subscription && !subscribed && client_.subscribing(*user_);
}

void StreamWait::observe(const Event &event)
{
	if (std::holds_alternative<Joined>(event))
		joined_ = std::chrono::steady_clock::now();
	// Posted: the client sends an event before it has updated all of its state.
	if (then_)
		loop_.post([this, alive = std::weak_ptr(alive_)] {
			if (!alive.expired() && then_ && !pending())
				finish();
		});
}

void StreamWait::finish()
{
	limit_.reset();
	early_.reset();
	if (auto then = std::exchange(then_, nullptr))
		then();
}

} // namespace trtc::cli
