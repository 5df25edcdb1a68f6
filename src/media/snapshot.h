// SPDX-License-Identifier: MIT
#pragma once

#include "media/frame.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>
#include <trtc/play.h>

#include <functional>
#include <memory>
#include <string>

namespace trtc::media {

/// The next keyframe of a stream as a PNG or JPEG file. Decoding, coding and writing happen on a streaming thread; the file
/// appears whole, under its name, or not at all. Thread-bound.
class SnapshotTaker {
public:
	using Done = std::function<void(Result<Snapshot>)>;
	/// @p path ends in .png, .jpg or .jpeg. @p done runs once, on the loop, unless the object is destroyed before.
	/// Errors: MediaFailed (no picture within @p limit, not decodable), OutputFailed. Throws
	/// Exception: InvalidParameter (another ending), OutputFailed (the folder cannot be written).
	static std::unique_ptr<SnapshotTaker> create(MainLoop &loop, std::string path, Done done,
						     std::chrono::milliseconds limit = std::chrono::seconds(5));
	virtual ~SnapshotTaker() = default;
	/// Everything but the first keyframe is ignored.
	virtual void write(const EncodedFrame &frame) = 0;
};

} // namespace trtc::media
