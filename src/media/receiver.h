// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"
#include "webrtc/peer_connection.h"

#include <trtc/main_loop.h>

#include <functional>
#include <memory>

namespace trtc::media {

/// Turns a received track into encoded frames on the loop: depayload, parse, no decoding. Video starts at a keyframe,
/// which is asked for. No frame arrives after the returned object is gone. Thread-bound.
class Receiver {
public:
	using FrameHandler = std::function<void(const EncodedFrame &)>;
	/// Throws Exception(NotSupported) for a codec we cannot depayload.
	static std::unique_ptr<Receiver> create(MainLoop &loop, std::shared_ptr<webrtc::Track> track,
						FrameHandler handler);
	virtual ~Receiver() = default;
};

} // namespace trtc::media
