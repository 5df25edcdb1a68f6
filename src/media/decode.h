// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "media/frame.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace trtc::media {

/// One kind of one stream, decoded in a pipeline of its own: appsrc → decoder → whatever the user of it wants. An error in
/// it ends nothing else. Thread-bound.
class DecodePipeline {
public:
	struct Config {
		std::string name; ///< for the log
		Codec codec = Codec::Opus;
		/// gst-launch chain behind the decoder, ending in a sink. Raw video in any format, or stereo S16LE of 48000 Hz.
		std::string tail;
		/// What is shown when: a frame's time on the process timeline plus this. Sinks that do not sync ignore it.
		std::chrono::nanoseconds latency { 0 };
		/// UTF-8, sent as a tag: the title of a window.
		std::string title;
	};
	/// Throws Exception(NotSupported) naming what is missing.
	explicit DecodePipeline(Config config);

	/// An error, once, or the end of what was pushed; on the loop. Set before start().
	void onError(std::function<void(GstMessage *)> handler);
	/// Throws Exception(InitializeFailed).
	void start();
	/// False: the frame was not taken, because it needs one before it or because the decoder is too slow. Then nothing
	/// is taken before the next keyframe.
	bool push(const EncodedFrame &frame);
	void endOfStream();
	Codec codec() const noexcept { return config_.codec; }
	gst::Pipeline &pipeline() noexcept { return pipeline_; }
	/// An element of the tail by its name; never null for a name that is in it.
	gst::ElementPtr element(const char *name) const;
	/// The head; pushing to it is thread-safe.
	GstElement *source() const noexcept { return source_.get(); }

private:
	Config config_;
	gst::Pipeline pipeline_;
	gst::ElementPtr source_;
	bool needKeyframe_;
};

/// gst-launch chain from encoded frames to raw media. Throws Exception(NotSupported) naming what is missing.
std::string decoderChain(Codec codec);

/// What GStreamer says in an error message, in one line, without its debug text.
std::string errorText(GstMessage *message);

/// A buffer that shares the frame's bytes.
GstBuffer *toBuffer(const EncodedFrame &frame);

} // namespace trtc::media
