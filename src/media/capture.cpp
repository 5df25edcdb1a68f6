// SPDX-License-Identifier: MIT
#include "media/capture.h"

#include "media/sources/file_source.h"
#include "media/sources/test_source.h"

#include <fmt/format.h>

namespace trtc::media {

namespace {

using Kind = SourceSpec::Kind;

class SourceCapture final : public Capture {
public:
	SourceCapture(MainLoop &loop, LocalStreamConfig config, Listener &listener)
		: loop_(loop), config_(std::move(config)), listener_(listener)
	{
		// One file for both kinds is one pipeline, so that they stay in step.
		oneSource_ = config_.audio == config_.video;
		if (config_.video.kind == Kind::File)
			videoFile_ = inspectFile(config_.video.argument, oneSource_, true, config_.videoCodec);
		if (config_.audio.kind == Kind::File)
			audioFile_ = oneSource_ ? videoFile_
						: inspectFile(config_.audio.argument, true, false, config_.videoCodec);
		// Find a missing encoder now, not in the middle of a call.
		if (hasVideo() && !videoFile_.videoPassed)
			videoEncoder(config_.videoCodec, config_.videoProfile);
		if (hasAudio() && !audioFile_.audioPassed)
			audioEncoder(config_.audioProfile);
	}

	bool hasAudio() const noexcept override { return config_.audio.kind != Kind::None; }
	bool hasVideo() const noexcept override { return config_.video.kind != Kind::None; }
	VideoCodec videoCodec() const noexcept override { return config_.videoCodec; }

	void start(std::shared_ptr<webrtc::Sender> audio, std::shared_ptr<webrtc::Sender> video) override
	{
		stop();
		if (hasAudio() && audio)
			audio_ = std::make_shared<Outlet>(std::move(audio));
		if (hasVideo() && video)
			video_ = std::make_shared<Outlet>(std::move(video));
		if (audio_)
			audio_->setMuted(audioMuted_);
		if (video_)
			video_->setMuted(videoMuted_);
		if (oneSource_ && audio_ && video_) {
			begin(config_.video, videoFile_, audio_, video_);
			return;
		}
		if (video_)
			begin(config_.video, videoFile_, nullptr, video_);
		if (audio_)
			begin(config_.audio, audioFile_, audio_, nullptr);
	}

	void stop() override
	{
		alive_ = std::make_shared<int>();
		sources_.clear();
		audio_.reset();
		video_.reset();
	}

	void setMuted(MediaKind kind, bool muted) override
	{
		const bool audio = kind == MediaKind::Audio;
		(audio ? audioMuted_ : videoMuted_) = muted;
		const auto &outlet = audio ? audio_ : video_;
		if (outlet)
			outlet->setMuted(muted);
		if (!audio && !muted)
			requestKeyframe();
	}

	void requestKeyframe() override
	{
		for (auto &source : sources_)
			source->requestKeyframe();
	}

	VideoFigures videoFigures() const override
	{
		VideoFigures figures;
		if (!video_)
			return figures;
		if (!videoFile_.videoPassed)
			figures.framesEncoded = video_->frames();
		figures.width = video_->width();
		figures.height = video_->height();
		return figures;
	}

private:
	void begin(const SourceSpec &spec, const FileStreams &file, std::shared_ptr<Outlet> audio,
		   std::shared_ptr<Outlet> video)
	{
		SourceSetup setup { config_, std::move(audio), std::move(video), {} };
		// Deferred: the listener may stop or destroy the source that speaks.
		setup.events.failed = [this, alive = std::weak_ptr(alive_)](const Error &error) {
			loop_.post([this, alive, error] {
				if (!alive.expired())
					listener_.onCaptureFailed(error);
			});
		};
		setup.events.ended = [this, alive = std::weak_ptr(alive_), name = spec.argument] {
			loop_.post([this, alive, name] {
				if (!alive.expired())
					listener_.onCaptureEnded(name);
			});
		};
		sources_.push_back(spec.kind == Kind::File ? makeFileSource(std::move(setup), spec.argument, file)
							   : makeTestSource(std::move(setup)));
		sources_.back()->start();
	}

	MainLoop &loop_;
	LocalStreamConfig config_;
	Listener &listener_;
	bool oneSource_ = false, audioMuted_ = false, videoMuted_ = false;
	FileStreams audioFile_, videoFile_;
	std::shared_ptr<Outlet> audio_, video_;
	std::vector<std::unique_ptr<Source>> sources_;
	std::shared_ptr<int> alive_ = std::make_shared<int>(); // renewed by stop(): what the old sources said is void
};

} // namespace

std::unique_ptr<Capture> Capture::create(MainLoop &loop, const LocalStreamConfig &config, Listener &listener)
{
	return std::make_unique<SourceCapture>(loop, config, listener);
}

} // namespace trtc::media
