// SPDX-License-Identifier: MIT
#pragma once

#include "service/fanout.h"

#include <trtc/main_loop.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace trtc::service {

/// Asks the publisher of one stream for keyframes: at most once a period, whoever wants one; what is wanted in between is asked
/// for at its end, if no keyframe has come, and again every period as long as somebody listens who has seen none. RTCP is not
/// repeated: without that a request that is lost on its way would leave the picture black. Thread-bound.
class KeyframeAsker {
public:
	/// @p ask: sends one request.
	KeyframeAsker(MainLoop &loop, std::shared_ptr<Fanout> fanout, std::function<void()> ask,
		      std::chrono::milliseconds period = Fanout::kKeep)
		: loop_(loop), fanout_(std::move(fanout)), ask_(std::move(ask)), period_(period)
	{
	}
	KeyframeAsker(const KeyframeAsker &) = delete;
	KeyframeAsker &operator=(const KeyframeAsker &) = delete;

	/// Somebody wants one. Nothing happens while nobody listens.
	void want();

private:
	MainLoop &loop_;
	std::shared_ptr<Fanout> fanout_;
	std::function<void()> ask_;
	std::chrono::milliseconds period_;
	SourceHandle running_;				// a period, from each request on
	std::optional<Fanout::TimePoint> wanted_; // meanwhile
};

} // namespace trtc::service
