// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

#include <functional>
#include <memory>
#include <string>

namespace trtc::media {

/// Something that gives raw media as it happens, and that may go and come back. Thread-bound.
class LiveDevice {
public:
	virtual ~LiveDevice() = default;
	/// Looks whether it is there, free and permitted, and returns the gst-launch chain that ends in its raw media.
	/// Throws Exception: DeviceNotFound, InitializeFailed, NotSupported. Blocks for what the drivers take.
	virtual std::string open() = 0;
	/// Puts @p chain, of open(), and @p tail behind it into @p pipeline. Throws Exception(NotSupported).
	virtual void build(gst::Pipeline &pipeline, const std::string &chain, const std::string &tail)
	{
		pipeline.addChain(chain + " ! " + tail);
	}
	/// The chain was made and is to play soon.
	virtual void attach(GstBin *) {}
	/// The chain has been stopped.
	virtual void released() noexcept {}
	/// For messages: "camera /dev/video0 (HD Webcam)". Known after open().
	virtual std::string name() const = 0;
	/// Calls @p changed on the loop when opening again may help; empty: nothing tells, it is tried now and then.
	virtual SourceHandle watch(MainLoop &, std::function<void()> /*changed*/) { return {}; }
	/// Its buffers do not come in real time by themselves, and its end is no failure.
	virtual bool recorded() const noexcept { return false; }
	/// Start time of a recorded source on the process timeline, ns. @p now starts at once.
	virtual GstClockTime begin(GstClockTime now) { return now; }
	/// Text of an error or a warning of its pipeline.
	virtual std::string explain(GstMessage *message);
	/// Nothing for that long means that it is gone; 0: it may be slow.
	virtual std::chrono::milliseconds patience() const noexcept { return std::chrono::milliseconds(5000); }
	/// A warning was told already.
	bool warned = false;
};

/// What it would be made of, behind @p head; opens nothing. Throws Exception(NotSupported) without an encoder.
SourceText describeLive(const SourceRequest &request, const std::string &head, bool recorded = false);

/// A plan for one kind of media (request.audio or request.video). With request.tryOut it waits up to 10 s for the first
/// picture or sound. Throws what open() throws.
SourcePlan prepareLive(const SourceRequest &request, std::shared_ptr<LiveDevice> device);

} // namespace trtc::media
