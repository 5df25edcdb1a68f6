// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <trtc/main_loop.h>
#include <trtc/trace.h>

#include <gst/gst.h>

#include <functional>
#include <string>

namespace trtc::gst {

/// A pipeline on the process timeline: every pipeline has the system's monotonic clock and one common base
/// time, so a buffer's running time means the same instant in all of them, and audio and video that cross
/// from one pipeline to another stay in step. Thread-bound; destruction stops it.
class Pipeline {
public:
	explicit Pipeline(const std::string &name);
	~Pipeline();
	Pipeline(const Pipeline &) = delete;
	Pipeline &operator=(const Pipeline &) = delete;

	GstElement *get() const noexcept { return pipeline_.get(); }
	GstBin *bin() const noexcept { return GST_BIN(pipeline_.get()); }
	/// Makes an element and adds it. Throws Exception(NotSupported) naming it. The pipeline owns it.
	GstElement *add(const char *factory, const char *name = nullptr);
	/// A gst-launch chain as a bin with ghost pads, added. Throws Exception(NotSupported) with GStreamer's words.
	GstElement *addChain(const std::string &description);
	/// Bus messages of types error, eos, element, on the loop.
	void onMessage(std::function<void(GstMessage *)> handler);
	/// Shows the graph at "failure", at "end", and when snapshot() is called. Borrowed for the pipeline's life; may be null.
	void observe(Trace *trace) noexcept { trace_ = trace; }
	void snapshot(const char *moment) const;
	/// Throws Exception(InitializeFailed) when the state change fails at once.
	void play();
	/// Stops and joins every streaming thread. Idempotent. Loop thread only.
	void stop() noexcept;

private:
	ElementPtr pipeline_;
	std::function<void(GstMessage *)> handler_;
	GSource *watchSource_ = nullptr;
	Trace *trace_ = nullptr;
	bool played_ = false;
	int failures_ = 0;
};

/// Running time now, on the process timeline, ns. Thread-safe.
GstClockTime now() noexcept;
/// The common base time, ns on the system clock. Thread-safe.
GstClockTime epoch() noexcept;

} // namespace trtc::gst
