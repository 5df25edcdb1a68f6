// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/packet_counter.h"
#include "webrtc/peer_connection.h"

#include <chrono>
#include <memory>
#include <string>

namespace trtc::webrtc {

/// A webrtcbin src pad. Blocked from the moment it appears until attach() has linked it, so no packet is lost.
class PadTrack final : public Track {
public:
	/// @p blockProbe holds @p pad; attach() removes it.
	PadTrack(gst::Pipeline &pipeline, gst::PadPtr pad, gulong blockProbe, std::size_t mLine, MediaKind kind,
		 std::string encodingName);
	~PadTrack() override;
	std::size_t mLine() const noexcept override { return mLine_; }
	MediaKind kind() const noexcept override { return kind_; }
	const std::string &encodingName() const noexcept override { return encodingName_; }
	void attach(const std::string &elements, SampleSink sink) override;
	void tap(std::function<void(GstBuffer *)> tap) override;
	void requestKeyframe() override;
	const PacketCounter &counter() const noexcept { return *counter_; }
	/// The pipeline is about to go: no further use of it.
	void detach() noexcept { pipeline_ = nullptr; }

private:
	gst::Pipeline *pipeline_;
	gst::PadPtr pad_;
	gulong blockProbe_;
	std::size_t mLine_;
	MediaKind kind_;
	std::string encodingName_;
	std::shared_ptr<PacketCounter> counter_;
	std::chrono::steady_clock::time_point lastRequest_ {};
};

} // namespace trtc::webrtc
