// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"

#include <trtc/local_stream.h>

#include <memory>
#include <optional>
#include <string>

namespace trtc {

/// The sources of a LocalStream and who sends them. Thread-bound.
struct LocalStream::Impl final : media::Capture::Listener {
	/// The session that has the stream on loan. Every call may come from inside Capture.
	struct User {
		virtual void onCaptureFailed(const Error &error) = 0;
		virtual void onCaptureEnded(const std::string &source) = 0;
		virtual void onSourceEvent(Event event) = 0;
		/// Why the tracks cannot be changed now; null: they can. @p added: such a stream begins.
		virtual const char *trackObstacle(std::optional<StreamType> added) const = 0;
		/// Other tracks than before; @p done when the room knows. @p mutes: the mute state, too.
		virtual void onTracksChanged(bool mutes, Done done) = 0;
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
	bool hasSmall() const { return config.smallProfile && has(MediaKind::Video); }
	bool hasAuxiliary() const { return auxiliary && auxiliary->hasVideo(); }
	/// Both captures are there, if without a source: tracks may be added while they run.
	void complete();
	media::Capture *captureOf(StreamType type) const
	{
		return (type == StreamType::Main ? capture : auxiliary).get();
	}
	void change(bool add, MediaKind kind, StreamType type, const SourceSpec &spec, Done done);
	void tellChange(bool mutes, Done done);
	void later(Done done, Status status);
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
	bool changing = false;				      // tracks
	std::shared_ptr<int> alive = std::make_shared<int>(); // watched by what is done later
};

} // namespace trtc
