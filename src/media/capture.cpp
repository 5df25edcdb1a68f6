// SPDX-License-Identifier: MIT
#include "media/capture.h"

#include "media/decode.h"
#include "media/sources/alsa_source.h"
#include "media/sources/file_source.h"
#include "media/sources/pipeline_source.h"
#include "media/sources/screen_source.h"
#include "media/sources/test_source.h"
#include "media/sources/v4l2_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace trtc::media {

namespace {

using namespace std::chrono_literals;
using Kind = SourceSpec::Kind;

/// How long a replacement may take to give something.
constexpr auto kReplaceLimit = 10s;

struct SourceKind {
	Kind kind;
	SourcePlan (*prepare)(const SourceRequest &request);  ///< throws Exception
	SourceText (*describe)(const SourceRequest &request); ///< throws Exception
};
constexpr SourceKind kSources[] = {
	{ Kind::Test, prepareTest, describeTest },	 { Kind::File, prepareFile, describeFile },
	{ Kind::V4l2, prepareV4l2, describeV4l2 },	 { Kind::Alsa, prepareAlsa, describeAlsa },
	{ Kind::Screen, prepareScreen, describeScreen }, { Kind::Pipeline, preparePipeline, describePipeline },
};

const SourceKind &kindOf(const SourceSpec &spec)
{
	return *std::find_if(std::begin(kSources), std::end(kSources),
			     [&](const SourceKind &source) { return source.kind == spec.kind; });
}

SourcePlan prepare(const SourceRequest &request)
{
	auto plan = kindOf(request.spec).prepare(request);
	// Find a missing encoder now, not in the middle of a call.
	if (request.video && !plan.videoPassed)
		videoEncoder(request.config.videoCodec, request.config.videoProfile);
	if (request.video && request.config.smallProfile)
		smallVideoChain(request.config, request.config.videoProfile, false,
				plan.videoPassed ? decoderChain(Codec::H264) : "");
	if (request.audio && !plan.audioPassed)
		audioEncoder(request.config.audioProfile);
	return plan;
}

/// Only files and the test picture have both on one timeline; a pipeline's description is for one kind.
bool givesBoth(const SourceSpec &spec) noexcept
{
	return spec.kind == Kind::File || (spec.kind == Kind::Test && spec.argument.empty());
}

Error invalid(std::string message) { return { ErrorCode::InvalidOperation, std::move(message) }; }

class SourceCapture final : public Capture {
public:
	SourceCapture(MainLoop &loop, const LocalStreamConfig &config, Listener &listener)
		: loop_(loop), config_(config), listener_(listener)
	{
		audio_.spec = config_.audio;
		video_.spec = config_.video;
		// One file for both kinds is one pipeline, so that they stay in step.
		joined_ = config_.audio == config_.video && givesBoth(config_.video);
		if (hasVideo())
			video_.plan = prepare({ loop_, config_, video_.spec, joined_, true });
		if (hasAudio())
			audio_.plan = joined_ ? video_.plan : prepare({ loop_, config_, audio_.spec, true, false });
	}
	~SourceCapture() override { stop(); }

	bool hasAudio() const noexcept override { return config_.audio.kind != Kind::None; }
	bool hasVideo() const noexcept override { return config_.video.kind != Kind::None; }
	VideoCodec videoCodec() const noexcept override { return config_.videoCodec; }

	void start(std::shared_ptr<webrtc::Sender> audio, std::shared_ptr<webrtc::Sender> video,
		   std::shared_ptr<webrtc::Sender> small) override
	{
		stop();
		audio_.sender = std::move(audio);
		video_.sender = std::move(video);
		if (config_.smallProfile)
			video_.smallSender = std::move(small);
		if (hasAudio())
			audio_.open();
		if (hasVideo())
			video_.open();
		if (joined_ && audio_.lane && video_.lane) {
			video_.running = audio_.running = begin(video_, &audio_, &video_);
			return;
		}
		if (video_.lane)
			video_.running = begin(video_, nullptr, &video_);
		if (audio_.lane)
			audio_.running = begin(audio_, &audio_, nullptr);
	}

	void stop() override
	{
		for (auto *track : { &audio_, &video_ }) {
			track->running.reset();
			track->close();
			track->sender.reset();
			track->smallSender.reset();
			track->framesBefore = track->smallBefore = 0;
			finishReplace(*track, invalid("publishing stopped before the new source delivered data"));
		}
	}

	void setMuted(MediaKind kind, bool muted) override
	{
		auto &track = of(kind);
		track.muted = muted;
		for (const auto &lane : { track.lane, track.smallLane })
			if (lane)
				lane->setMuted(muted);
		if (kind == MediaKind::Video && !muted) {
			requestKeyframe();
			requestSmallKeyframe();
		}
	}

	void requestKeyframe() override
	{
		if (video_.running)
			video_.running->source->requestKeyframe();
	}
	void requestSmallKeyframe() override
	{
		if (video_.running && video_.running->small)
			video_.running->source->requestSmallKeyframe();
	}

	VideoFigures videoFigures() const override
	{
		VideoFigures figures;
		if (!video_.running)
			return figures;
		const auto &outlet = *video_.running->video;
		if (!video_.plan.videoPassed)
			figures.framesEncoded = video_.framesBefore + outlet.frames();
		figures.width = outlet.width();
		figures.height = outlet.height();
		return figures;
	}
	VideoFigures smallFigures() const override
	{
		if (!video_.running || !video_.running->small)
			return {};
		const auto &outlet = *video_.running->small;
		return { video_.smallBefore + outlet.frames(), outlet.width(), outlet.height() };
	}

	void replace(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done) override;
	void add(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done) override;
	void remove(MediaKind kind) override;

private:
	struct Running {
		std::unique_ptr<Source> source;
		std::shared_ptr<Outlet> audio, video, small;
		bool lost = false;
		std::shared_ptr<int> alive = std::make_shared<int>(); // what it says later is void without it
	};
	struct Replacement {
		SourceSpec spec;
		SourcePlan plan;
		std::shared_ptr<Running> running;
		std::function<void(Status)> done;
		SourceHandle limit;
	};
	struct Track {
		explicit Track(MediaKind mediaKind) : kind(mediaKind) {}
		/// Makes the lanes of what may be sent.
		void open()
		{
			const auto make = [this](const std::shared_ptr<webrtc::Sender> &to) {
				auto made = to ? std::make_shared<Lane>(to) : nullptr;
				if (made)
					made->setMuted(muted);
				return made;
			};
			lane = make(sender);
			smallLane = lane ? make(smallSender) : nullptr;
		}
		void close()
		{
			lane.reset();
			smallLane.reset();
		}
		MediaKind kind;
		SourceSpec spec;
		SourcePlan plan;
		bool muted = false;
		std::uint64_t framesBefore = 0, smallBefore = 0;     // encoded from sources that were replaced
		std::shared_ptr<webrtc::Sender> sender, smallSender; // while running
		std::shared_ptr<Lane> lane, smallLane;		     // while running and with a source
		std::shared_ptr<Running> running;		     // both tracks may have the same
		std::optional<Replacement> next;
	};

	Track &of(MediaKind kind) noexcept { return kind == MediaKind::Audio ? audio_ : video_; }
	void post(const Running &running, std::function<void()> task)
	{
		// Deferred: the listener may stop or destroy the source that speaks.
		loop_.post([alive = std::weak_ptr(running.alive), task = std::move(task)] {
			if (!alive.expired())
				task();
		});
	}

	/// @p trial: the small video changes after the big one has.
	static void giveSmall(Running &running, const Track &track, bool trial)
	{
		if (running.video && track.smallLane)
			running.small = trial ? std::make_shared<Outlet>(track.smallLane, running.video)
					      : std::make_shared<Outlet>(track.smallLane, MediaKind::Video);
	}
	/// Starts the source of @p track into the lanes of @p audio and @p video.
	std::shared_ptr<Running> begin(Track &track, Track *audio, Track *video)
	{
		auto running = std::make_shared<Running>();
		if (audio)
			running->audio = std::make_shared<Outlet>(audio->lane, MediaKind::Audio);
		if (video)
			running->video = std::make_shared<Outlet>(video->lane, MediaKind::Video);
		if (video)
			giveSmall(*running, *video, false);
		SourceSetup setup { config_, running->audio, running->video, running->small, {}, false };
		auto *raw = running.get();
		const auto kind = track.kind;
		const auto name = track.spec.str();
		setup.events.failed = [this, raw](const Error &error) {
			post(*raw, [this, error] { listener_.onCaptureFailed(error); });
		};
		setup.events.ended = [this, raw, file = track.spec.argument] {
			post(*raw, [this, file] { listener_.onCaptureEnded(file); });
		};
		setup.events.lost = [this, raw, kind, name](const Error &error) {
			raw->lost = true;
			post(*raw, [this, kind, name, error] {
				listener_.onSourceLost({ kind, name, error.message });
			});
		};
		setup.events.recovered = [this, raw, kind, name](std::chrono::milliseconds lost) {
			raw->lost = false;
			post(*raw, [this, kind, name, lost] { listener_.onDeviceRecovered({ kind, name, lost }); });
		};
		running->source = track.plan.make(std::move(setup));
		running->source->start();
		return running;
	}

	void take(Track &track, const SourceSpec &spec, std::function<void(Status)> done);
	void tryReplacement(Track &track);
	void takeReplacement(Track &track);
	void finishReplace(Track &track, Status status);

	MainLoop &loop_;
	LocalStreamConfig config_;
	Listener &listener_;
	bool joined_ = false;
	Track audio_ { MediaKind::Audio }, video_ { MediaKind::Video };
};

void SourceCapture::replace(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done)
{
	const auto name = toString(kind);
	auto &track = of(kind);
	const auto later = [&](Status status) {
		loop_.post([done = std::move(done), status = std::move(status)] { done(status); });
	};
	if (track.spec.kind == Kind::None)
		return later(invalid(fmt::format("no {} to replace: start the agent with --{}", name, name)));
	if (spec.kind == Kind::None)
		return later(
			Error { ErrorCode::InvalidParameter,
				fmt::format("{} cannot be replaced by none: use mute {} or unpublish", name, name) });
	if (track.next)
		return later(invalid(fmt::format("a replace of {} is running", name)));
	const bool device = spec.kind == Kind::V4l2 || spec.kind == Kind::Alsa;
	// A device can be had once: the one that is on air stays on air.
	if (device && track.spec == spec && track.running && !track.running->lost)
		return later(Unit {});
	take(track, spec, std::move(done));
}

void SourceCapture::add(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done)
{
	auto &track = of(kind);
	const char *obstacle = track.spec.kind != Kind::None ? "it exists already: use replace"
			       : spec.kind == Kind::None     ? "name a source"
			       : track.next		     ? "it is being added"
							     : nullptr;
	if (obstacle)
		return loop_.post([done = std::move(done),
				   status = Status(invalid(fmt::format("{} cannot be added: {}", toString(kind),
								       obstacle)))] { done(status); });
	track.open();
	take(track, spec, std::move(done));
}

void SourceCapture::remove(MediaKind kind)
{
	auto &track = of(kind);
	finishReplace(track,
		      invalid(fmt::format("the {} was removed before the new source delivered data", toString(kind))));
	// Another kind may live on with the source.
	if (track.running)
		for (const auto &outlet : { kind == MediaKind::Audio ? track.running->audio : track.running->video,
					    kind == MediaKind::Audio ? nullptr : track.running->small })
			if (outlet)
				outlet->close();
	track.running.reset();
	track.close();
	track.framesBefore = track.smallBefore = 0;
	track.muted = false;
	track.spec = SourceSpec {};
	(kind == MediaKind::Audio ? config_.audio : config_.video) = track.spec;
	track.plan = {};
	joined_ = false;
}

/// From here on @p spec is on trial for @p track; what it has so far goes on meanwhile.
void SourceCapture::take(Track &track, const SourceSpec &spec, std::function<void(Status)> done)
{
	const auto kind = track.kind;
	const auto later = [&](Status status) {
		loop_.post([done = std::move(done), status = std::move(status)] { done(status); });
	};
	try {
		SourceSpec::parse(spec.str(), kind);
		const bool onAir = track.lane != nullptr;
		Replacement next;
		next.spec = spec;
		next.plan =
			prepare({ loop_, config_, spec, kind == MediaKind::Audio, kind == MediaKind::Video, !onAir });
		next.done = std::move(done);
		track.next.emplace(std::move(next));
		if (onAir)
			tryReplacement(track);
		else
			takeReplacement(track);
	} catch (const Exception &exception) {
		if (track.next)
			return finishReplace(track, exception.error());
		if (track.spec.kind == Kind::None)
			track.close();
		later(exception.error());
	}
}

/// Starts the new source beside the old one; its first keyframe makes it take the lane.
void SourceCapture::tryReplacement(Track &track)
{
	auto running = std::make_shared<Running>();
	auto *raw = running.get();
	const auto taken = [this, &track, alive = std::weak_ptr(running->alive)] {
		loop_.post([this, &track, alive] {
			if (!alive.expired() && track.next)
				takeReplacement(track);
		});
	};
	auto outlet = std::make_shared<Outlet>(track.lane, track.kind, taken);
	(track.kind == MediaKind::Audio ? running->audio : running->video) = outlet;
	giveSmall(*running, track, true);
	SourceSetup setup { config_, running->audio, running->video, running->small, {}, true };
	const auto kind = track.kind;
	const auto name = track.next->spec.str();
	// True: it was on trial and has failed; false: it is on air already, perhaps since this very moment.
	const auto refused = [this, &track, outlet](const Error &error) {
		if (!track.next)
			return false;
		if (!outlet->giveUp()) {
			takeReplacement(track);
			return false;
		}
		finishReplace(track, error);
		return true;
	};
	setup.events.failed = [this, raw, refused](const Error &error) {
		post(*raw, [this, refused, error] {
			if (!refused(error))
				listener_.onCaptureFailed(error);
		});
	};
	setup.events.ended = [this, raw, refused, name, file = track.next->spec.argument] {
		post(*raw, [this, refused, name, file] {
			if (!refused({ ErrorCode::InitializeFailed, fmt::format("{} ended at once", name) }))
				listener_.onCaptureEnded(file);
		});
	};
	setup.events.lost = [this, raw, refused, kind, name](const Error &error) {
		raw->lost = true;
		post(*raw, [this, refused, kind, name, error] {
			if (!refused(error))
				listener_.onSourceLost({ kind, name, error.message });
		});
	};
	setup.events.recovered = [this, raw, kind, name](std::chrono::milliseconds lost) {
		raw->lost = false;
		post(*raw, [this, kind, name, lost] { listener_.onDeviceRecovered({ kind, name, lost }); });
	};
	running->source = track.next->plan.make(std::move(setup));
	track.next->running = running;
	track.next->limit = loop_.after(kReplaceLimit, [this, &track, outlet, name] {
		// It may have come in this moment; then that is on its way.
		if (!outlet->giveUp())
			return;
		finishReplace(track,
			      Error { ErrorCode::InitializeFailed,
				      fmt::format("{} delivered no data within {} s", name, kReplaceLimit / 1s) });
	});
	running->source->start();
}

/// From here on the new source is the track's.
void SourceCapture::takeReplacement(Track &track)
{
	auto &next = *track.next;
	const bool wasPassed = track.kind == MediaKind::Video && track.plan.videoPassed;
	track.spec = next.spec;
	(track.kind == MediaKind::Audio ? config_.audio : config_.video) = next.spec;
	track.plan = next.plan;
	joined_ = false;
	if (track.running) {
		const auto &outlet = track.kind == MediaKind::Audio ? track.running->audio : track.running->video;
		outlet->close();
		if (!wasPassed)
			track.framesBefore += outlet->frames();
		if (const auto &small = track.running->small; small && track.kind == MediaKind::Video) {
			small->close();
			track.smallBefore += small->frames();
		}
	}
	// The other kind may still live on the old source.
	track.running = std::move(next.running);
	if (track.kind == MediaKind::Video)
		requestSmallKeyframe(); // its first one came before it could be taken
	finishReplace(track, Unit {});
}

void SourceCapture::finishReplace(Track &track, Status status)
{
	if (!track.next)
		return;
	auto next = *std::exchange(track.next, std::nullopt);
	next.limit.reset();
	next.running.reset();
	if (track.spec.kind == Kind::None)
		track.close();
	loop_.post([done = std::move(next.done), status = std::move(status)] { done(status); });
}

} // namespace

std::vector<TrackPlan> Capture::plan(MainLoop &loop, const LocalStreamConfig &config)
{
	std::vector<TrackPlan> tracks;
	const auto add = [&](MediaKind kind, const SourceSpec &spec) {
		if (spec.kind == Kind::None)
			return;
		const bool video = kind == MediaKind::Video;
		const auto text = kindOf(spec).describe({ loop, config, spec, !video, video });
		TrackPlan track;
		track.kind = kind;
		track.source = spec.str();
		track.codec = video ? toString(config.videoCodec) : "opus";
		track.encoded = text.encoded;
		track.reason = text.reason;
		track.pipeline = text.pipeline;
		tracks.push_back(track);
		if (text.small.empty())
			return;
		track.small = true;
		track.encoded = true;
		track.reason.clear();
		track.pipeline = text.small;
		tracks.push_back(std::move(track));
	};
	add(MediaKind::Video, config.video);
	add(MediaKind::Audio, config.audio);
	return tracks;
}

std::unique_ptr<Capture> Capture::create(MainLoop &loop, const LocalStreamConfig &config, Listener &listener)
{
	return std::make_unique<SourceCapture>(loop, config, listener);
}

} // namespace trtc::media
