// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/main_loop.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace trtc::media {

/// The sources of one LocalStream: capture or demux, encode if needed, hand encoded frames to senders. Thread-bound.
class Capture {
public:
	struct Listener {
		/// A source failed for good; the other goes on. DeviceNotFound, InitializeFailed …
		virtual void onCaptureFailed(const Error &error) = 0;
		/// A file without loop is through.
		virtual void onCaptureEnded(const std::string &source) = 0;

	protected:
		~Listener() = default;
	};
	/// Opens and checks the sources, without starting them. Throws as LocalStream::initialize() says.
	static std::unique_ptr<Capture> create(MainLoop &loop, const LocalStreamConfig &config, Listener &listener);
	virtual ~Capture() = default; ///< stops

	virtual bool hasAudio() const noexcept = 0;
	virtual bool hasVideo() const noexcept = 0;
	/// The codec that goes out: the file's own when it is passed through.
	virtual VideoCodec videoCodec() const noexcept = 0;
	/// Starts from the beginning (files) and pushes into the senders; null: that kind is not sent. Throws Exception.
	virtual void start(std::shared_ptr<webrtc::Sender> audio, std::shared_ptr<webrtc::Sender> video) = 0;
	/// Idempotent; may be started again.
	virtual void stop() = 0;
	virtual void setMuted(MediaKind kind, bool muted) = 0;
	virtual void requestKeyframe() = 0;
	/// Of the picture since start().
	struct VideoFigures {
		std::optional<std::uint64_t> framesEncoded; ///< empty: nothing is encoded here
		int width = 0, height = 0;		    ///< pixels; 0 until the first frame
	};
	virtual VideoFigures videoFigures() const = 0;
};

} // namespace trtc::media
