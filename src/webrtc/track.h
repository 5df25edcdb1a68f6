// SPDX-License-Identifier: MIT
#pragma once

#include "gst/pipeline.h"
#include "webrtc/peer_connection.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace trtc::webrtc {

/// A webrtcbin src pad. Blocked from the moment it appears until attach() has linked it, so no packet is lost.
class PadTrack final : public Track {
public:
	/// Counts in the streaming thread, read from the loop.
	struct Counters {
		std::atomic<std::uint64_t> received { 0 }, span { 0 };
		std::optional<std::uint16_t> first; // streaming thread only, like last
		std::uint32_t last = 0;
	};

	/// @p blockProbe holds @p pad; attach() removes it.
	PadTrack(gst::Pipeline &pipeline, gst::PadPtr pad, gulong blockProbe, std::size_t mLine, MediaKind kind,
		 std::string encodingName);
	~PadTrack() override;
	std::size_t mLine() const noexcept override { return mLine_; }
	MediaKind kind() const noexcept override { return kind_; }
	const std::string &encodingName() const noexcept override { return encodingName_; }
	void attach(const std::string &elements, SampleSink sink) override;
	void requestKeyframe() override;
	const Counters &counters() const noexcept { return *counters_; }
	/// The pipeline is about to go: no further use of it.
	void detach() noexcept { pipeline_ = nullptr; }

private:
	gst::Pipeline *pipeline_;
	gst::PadPtr pad_;
	gulong blockProbe_;
	std::size_t mLine_;
	MediaKind kind_;
	std::string encodingName_;
	std::shared_ptr<Counters> counters_;
	std::chrono::steady_clock::time_point lastRequest_ {};
};

} // namespace trtc::webrtc
