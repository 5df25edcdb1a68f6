// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/packet_counter.h"
#include "webrtc/peer_connection.h"

#include <atomic>
#include <memory>
#include <string>

namespace trtc::webrtc {

/// appsrc in front of a webrtcbin sink pad. Keyframe requests that arrive at the appsrc go to the handler.
class AppSender final : public Sender, public std::enable_shared_from_this<AppSender> {
public:
	/// Adds an appsrc with @p caps ("": setCaps() comes before the first buffer) and links it through @p elements (a chain, or "") to @p sinkPad. Throws Exception.
	static std::shared_ptr<AppSender> create(MainLoop &loop, gst::Pipeline &pipeline, std::size_t mLine,
						 const std::string &caps, const std::string &elements, GstPad *sinkPad);
	void push(GstBuffer *buffer) override;
	void onKeyframeRequest(std::function<void()> handler) override { handler_ = std::move(handler); }
	std::size_t mLine() const noexcept override { return mLine_; }
	/// What the buffers after this are.
	void setCaps(const std::string &caps);
	/// What went into webrtcbin.
	const PacketCounter &counter() const noexcept { return *counter_; }
	/// Lets buffers through; before, and after shut(), push() drops them. Thread-safe.
	void open() noexcept { open_ = true; }
	void shut() noexcept { open_ = false; }

private:
	explicit AppSender(std::size_t mLine) : mLine_(mLine) {}
	static GstPadProbeReturn upstreamEvent(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept;

	std::size_t mLine_;
	gst::ElementPtr source_;
	std::shared_ptr<PacketCounter> counter_;
	std::atomic<bool> open_ = false;
	std::function<void()> handler_;
};

} // namespace trtc::webrtc
