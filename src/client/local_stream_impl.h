// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"

#include <trtc/local_stream.h>

#include <memory>
#include <string>

namespace trtc {

/// The sources of a LocalStream and who sends them. Thread-bound.
struct LocalStream::Impl final : media::Capture::Listener {
	/// The session that has the stream on loan. Every call may come from inside Capture.
	struct User {
		virtual void onCaptureFailed(const Error &error) = 0;
		virtual void onCaptureEnded(const std::string &source) = 0;
		virtual void onSourceEvent(Event event) = 0;
		/// The stream is destroyed while it is on loan.
		virtual void onStreamGone() = 0;

	protected:
		~User() = default;
	};

	Impl(MainLoop &loop, LocalStreamConfig config);
	~Impl();
	void onCaptureFailed(const Error &error) override;
	void onCaptureEnded(const std::string &source) override;
	bool has(MediaKind kind) const; ///< in the main stream
	void onSourceLost(const SourceLost &event) override;
	void onDeviceRecovered(const DeviceRecovered &event) override;
	bool setMuted(MediaKind kind, bool muted);
	void stop(); ///< both captures

	MainLoop &loop;
	LocalStreamConfig config;
	bool initialized() const noexcept { return capture || auxiliary; }
	std::unique_ptr<media::Capture> capture;   // main stream; null: it has none
	std::unique_ptr<media::Capture> auxiliary; // the same of the auxiliary stream
	User *user = nullptr;
	bool audioMuted = false, videoMuted = false;
};

} // namespace trtc
