// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/peer_connection.h"

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>
#include <trtc/main_loop.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace trtc::media {

/// The sources of one LocalStream: capture or demux, encode if needed, hand encoded frames to senders. Thread-bound.
class Capture {
public:
	struct Listener {
		/// A source failed for good; the other goes on. DeviceNotFound, InitializeFailed …
		virtual void onCaptureFailed(const Error &error) = 0;
		/// A file without loop is through.
		virtual void onCaptureEnded(const std::string &source) = 0;
		/// A device has gone; black or silence goes out, and it is taken back when it can be.
		virtual void onSourceLost(const SourceLost &) {}
		virtual void onDeviceRecovered(const DeviceRecovered &) {}

	protected:
		~Listener() = default;
	};
	/// Opens and checks the sources, without starting them; there may be none yet. Throws as LocalStream::initialize() says.
	static std::unique_ptr<Capture> create(MainLoop &loop, const LocalStreamConfig &config, Listener &listener);
	/// What create() would make; opens no device. Throws as create().
	static std::vector<TrackPlan> plan(MainLoop &loop, const LocalStreamConfig &config);
	virtual ~Capture() = default; ///< stops

	virtual bool hasAudio() const noexcept = 0;
	virtual bool hasVideo() const noexcept = 0;
	/// The codec that goes out: the file's own when it is passed through.
	virtual VideoCodec videoCodec() const noexcept = 0;
	/// Starts from the beginning (files) and pushes into the senders; null: that kind is not sent, and cannot be added.
	/// @p small: for the small video, if there is one. Throws Exception.
	virtual void start(std::shared_ptr<webrtc::Sender> audio, std::shared_ptr<webrtc::Sender> video,
			   std::shared_ptr<webrtc::Sender> small = nullptr) = 0;
	/// Idempotent; may be started again.
	virtual void stop() = 0;
	virtual void setMuted(MediaKind kind, bool muted) = 0;
	virtual void requestKeyframe() = 0;
	virtual void requestSmallKeyframe() = 0;
	/// Of the picture since start().
	struct VideoFigures {
		std::optional<std::uint64_t> framesEncoded; ///< empty: nothing is encoded here
		int width = 0, height = 0;		    ///< pixels; 0 until the first frame
	};
	virtual VideoFigures videoFigures() const = 0;
	virtual VideoFigures smallFigures() const = 0;
	/// Takes another source for a kind that is there. Running: the old one goes on until the new one has given
	/// something (10 s at most), or for good when it does not. @p done runs once, later, on the loop.
	virtual void replace(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done) = 0;
	/// Takes a source for a kind that is not there. Running: it is there (hasAudio(), hasVideo()) when it has given
	/// something. @p done as in replace().
	virtual void add(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done) = 0;
	/// That kind is not there any more, at once. Not muted when it is added again.
	virtual void remove(MediaKind kind) = 0;
};

} // namespace trtc::media
