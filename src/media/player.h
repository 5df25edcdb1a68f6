// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>
#include <trtc/play.h>

#include <chrono>
#include <memory>
#include <string>

namespace trtc::media {

/// Shows and plays one remote stream. Each outlet (window, picture, sound) has a pipeline of its own, so that none of
/// them can hold up or end another; all play a frame at its time plus one common delay, so that they stay in step.
/// Thread-bound.
class Player {
public:
	struct Listener {
		/// The first frame is on its way to an outlet. Once.
		virtual void onPlayerStarted() = 0;
		/// Decoding starts in the middle of a stream, or could not keep up.
		virtual void onPlayerNeedsKeyframe() = 0;
		/// The user closed the window; the rest goes on until the player is destroyed.
		virtual void onPlayerClosed() = 0;
		/// One outlet failed and is closed; the others go on. @p over: it was the last.
		virtual void onPlayerFailed(const Error &error, bool over) = 0;

	protected:
		~Listener() = default;
	};
	struct Config {
		std::string name; ///< for messages: "main stream of bob"
		PlayOptions options;
		std::chrono::milliseconds latency { 100 }; ///< of the receiver: how late a frame may come
	};
	/// Opens nothing before the first frame.
	static std::unique_ptr<Player> create(MainLoop &loop, Config config, Listener &listener);
	virtual ~Player() = default; ///< stops; nothing is called any more

	virtual void write(const EncodedFrame &frame) = 0;
};

} // namespace trtc::media
