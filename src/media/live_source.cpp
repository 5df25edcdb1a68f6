// SPDX-License-Identifier: MIT
#include "media/live_source.h"

#include "media/raw_feed.h"

#include <gst/app/gstappsink.h>
#include <gst/pbutils/missing-plugins.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

namespace trtc::media {

namespace {

using namespace std::chrono_literals;

constexpr auto kTryOut = 10s;
/// How long data may still arrive after a link of the pipeline has failed.
constexpr auto kAfterWarning = 3s;
/// Where nothing tells that a device is back.
constexpr std::chrono::milliseconds kFirstRetry { 500 }, kLastRetry { 8000 };
constexpr GstClockTime kSteady = 10 * GST_SECOND;

/// From what a device gives to what the encoder takes. The shape is kept: what is missing becomes black borders.
std::string conversion(MediaKind kind, const LocalStreamConfig &config, bool recorded)
{
	// A device must not wait for us; what is recorded must.
	const char *queue = recorded ? "queue max-size-buffers=4" : "queue max-size-buffers=4 leaky=downstream";
	if (kind == MediaKind::Audio)
		return fmt::format("queue ! audioconvert ! audioresample ! {}", rawCaps(config.audioProfile));
	// skip-to-first: the time before the first picture is nothing to catch up with.
	return fmt::format("{} ! videorate drop-only=true skip-to-first=true max-rate={} ! videoconvert ! videoscale "
			   "add-borders=true ! {}",
			   queue, config.videoProfile.fps, rawCaps(config.videoProfile, false));
}

std::string wordsOf(GstMessage *message)
{
	glib::ErrorSlot error;
	gchar *details = nullptr;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
		gst_message_parse_warning(message, error.out(), &details);
	else
		gst_message_parse_error(message, error.out(), &details);
	const glib::CharPtr owned(details);
	spdlog::debug("{}: {}", error.message(), details ? details : "");
	return error.message();
}

/// An element with pads at run time made no pad that fits the next element.
bool isLinkWarning(GstMessage *message)
{
	glib::ErrorSlot error;
	gst_message_parse_warning(message, error.out(), nullptr);
	return error && error.get()->domain == GST_PARSE_ERROR;
}

/// The pipeline in front of the encoder: exists while the device is open.
class Front {
public:
	/// Makes it, paused. Throws Exception.
	Front(LiveDevice &device, MediaKind kind, const LocalStreamConfig &config)
		: device_(device), recorded_(device.recorded()), pipeline_("live-source")
	{
		pipeline_.observe(config.trace);
		const auto chain = device.open();
		device.build(pipeline_, chain,
			     fmt::format("{} ! appsink name=trtc-raw sync={} async=false qos=false max-buffers=4",
					 conversion(kind, config, recorded_), recorded_));
		device.attach(pipeline_.bin());
		sink_ = gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline_.bin(), "trtc-raw"));
	}
	~Front()
	{
		pipeline_.stop();
		device_.released();
	}
	Front(const Front &) = delete;
	Front &operator=(const Front &) = delete;
	GstElement *sink() const noexcept { return sink_.get(); }
	gst::Pipeline &pipeline() noexcept { return pipeline_; }
	/// Base time of the buffers that will come; then play().
	GstClockTime begin()
	{
		// What is recorded begins now, what is live has the process's time.
		const auto base = gst::epoch() + (recorded_ ? device_.begin(gst::now()) : 0);
		gst_element_set_base_time(pipeline_.get(), base);
		return base;
	}
	/// Throws Exception(InitializeFailed).
	void play() { pipeline_.play(); }

private:
	LiveDevice &device_;
	bool recorded_;
	gst::Pipeline pipeline_;
	gst::ElementPtr sink_;
};

/// What the front's streaming thread may know.
struct Inflow {
	std::shared_ptr<RawFeed> feed;
	GstClockTime shift = 0;	       ///< from the front's running time to the process timeline
	std::function<void()> flowing; ///< at the first buffer
};

GstFlowReturn takeRaw(GstAppSink *sink, gpointer data) noexcept
{
	auto &inflow = *static_cast<Inflow *>(data);
	const auto sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 0));
	auto *buffer = sample ? gst_sample_get_buffer(sample.get()) : nullptr;
	if (!buffer)
		return GST_FLOW_OK;
	const auto time = gst_segment_to_running_time(gst_sample_get_segment(sample.get()), GST_FORMAT_TIME,
						      GST_BUFFER_PTS(buffer));
	inflow.feed->push(buffer, (GST_CLOCK_TIME_IS_VALID(time) ? time : gst::now() - inflow.shift) + inflow.shift);
	if (auto flowing = std::exchange(inflow.flowing, nullptr))
		flowing();
	return GST_FLOW_OK;
}

class LiveSource final : public Source {
public:
	LiveSource(SourceSetup setup, MainLoop &loop, MediaKind kind, std::shared_ptr<LiveDevice> device)
		: setup_(std::move(setup)), loop_(loop), kind_(kind), device_(std::move(device)),
		  encoder_("live-encoder")
	{
	}
	~LiveSource() override
	{
		closeFront();
		encoder_.stop();
	}

	void start() override
	{
		const auto &config = setup_.config;
		const bool video = kind_ == MediaKind::Video;
		// The queue is the appsrc's own. Pictures that the encoder is too slow for are lost, sound is not.
		encoder_.observe(config.trace);
		encoder_.addChain(encodedEnds(
			fmt::format("appsrc name=feed is-live=true format=time max-bytes=0 max-time={} max-buffers={} "
				    "leaky-type=downstream caps=\"{}\"",
				    video ? 0 : 2 * GST_SECOND, video ? 4 : 0,
				    video ? rawCaps(config.videoProfile, true) : rawCaps(config.audioProfile)),
			video ? videoEncoder(config.videoCodec, config.videoProfile)
			      : audioEncoder(config.audioProfile),
			setup_.small ? smallVideoChain(config, config.videoProfile, false) : "", "out",
			"sync=false async=false", false));
		auto source = gst::ElementPtr::adopt(gst_bin_get_by_name(encoder_.bin(), "feed"));
		feed_ = video ? makeVideoFeed(std::move(source), config.videoProfile)
			      : makeAudioFeed(std::move(source), config.audioProfile);
		connectOutlet(encoder_.bin(), "out", video ? setup_.video : setup_.audio);
		if (setup_.small)
			connectOutlet(encoder_.bin(), "small", setup_.small);
		encoder_.onMessage([this](GstMessage *message) {
			if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
				fail({ ErrorCode::InitializeFailed, fmt::format("the encoder of {} failed: {}",
										device_->name(), wordsOf(message)) });
		});
		encoder_.play();
		openFront();
	}

	void requestKeyframe() override
	{
		if (kind_ == MediaKind::Video)
			forceKeyframe(encoder_.bin(), "out");
	}
	void requestSmallKeyframe() override { forceKeyframe(encoder_.bin(), "small"); }

private:
	void openFront()
	{
		retry_.reset();
		try {
			front_ = std::make_unique<Front>(*device_, kind_, setup_.config);
			front_->pipeline().onMessage([this](GstMessage *message) { onFrontMessage(message); });
			// The streaming thread may come before play() is over: all it reads is there before.
			auto *inflow = new Inflow { feed_, front_->begin() - gst::epoch(), {} };
			inflow->flowing = [&loop = loop_, this, alive = std::weak_ptr(front_)] {
				loop.post([this, alive] {
					if (!alive.expired())
						onFlowing();
				});
			};
			GstAppSinkCallbacks callbacks = {};
			callbacks.new_sample = takeRaw;
			gst_app_sink_set_callbacks(GST_APP_SINK(front_->sink()), &callbacks, inflow,
						   [](gpointer data) noexcept { delete static_cast<Inflow *>(data); });
			front_->play();
			opened_ = gst::now();
			watchFlow();
		} catch (const Exception &exception) {
			closeFront();
			onLost(exception.error());
		}
	}

	void closeFront()
	{
		stall_.reset();
		front_.reset();
		if (feed_)
			feed_->release();
	}

	void onFrontMessage(GstMessage *message)
	{
		switch (GST_MESSAGE_TYPE(message)) {
		case GST_MESSAGE_ERROR:
			giveUp(device_->explain(message));
			break;
		case GST_MESSAGE_EOS:
			if (!device_->recorded())
				return giveUp("it delivers no more data");
			if (setup_.events.ended)
				setup_.events.ended();
			break;
		default:
			break;
		}
	}

	/// The pipeline runs no more: says why as well as it can, and tries again.
	void giveUp(const std::string &words)
	{
		Error error { ErrorCode::InitializeFailed, fmt::format("{}: {}", device_->name(), words) };
		closeFront();
		try {
			static_cast<void>(device_->open());
		} catch (const Exception &exception) {
			error = exception.error(); // that it is gone says more than what the pipeline had
		}
		onLost(error);
	}

	void onFlowing()
	{
		fill_.reset();
		watch_.reset();
		gave_ = true;
		if (!lostAt_)
			return;
		const auto lost = gst::now() - *std::exchange(lostAt_, std::nullopt);
		if (setup_.events.recovered)
			setup_.events.recovered(std::chrono::milliseconds(lost / GST_MSECOND));
	}

	void onLost(const Error &error)
	{
		if (!lostAt_) {
			lostAt_ = gst::now();
			// One that fails again and again is not asked twice a second.
			if (*lostAt_ > opened_ + kSteady)
				delay_ = kFirstRetry;
			if (setup_.events.lost)
				setup_.events.lost(error);
		} else {
			spdlog::debug("{} is still not available: {}", device_->name(), error.message);
		}
		if (!fill_ && (gave_ || !setup_.trial))
			fill_ = loop_.every(feed_->period(), [this] { feed_->fill(gst::now()); });
		if (!watch_)
			watch_ = device_->watch(loop_, [this] {
				if (!front_)
					openFront();
			});
		// What is not there will be announced.
		if (watch_ && error.code == ErrorCode::DeviceNotFound)
			return;
		retry_ = loop_.after(delay_, [this] { openFront(); });
		delay_ = std::min(delay_ * 2, kLastRetry);
	}

	/// A device may fall silent without a word.
	void watchFlow()
	{
		const auto patience = device_->patience();
		if (patience == 0ms)
			return;
		stall_ = loop_.every(1s, [this, patience] {
			const auto last = std::max(feed_->lastPush(), opened_);
			const auto limit = last == opened_ ? patience * 2 : patience;
			if (gst::now() > last + static_cast<GstClockTime>(limit.count()) * GST_MSECOND)
				giveUp(fmt::format("it delivered no data for {} s", limit / 1s));
		});
	}

	void fail(const Error &error)
	{
		closeFront();
		fill_.reset();
		watch_.reset();
		retry_.reset();
		if (auto failed = std::exchange(setup_.events.failed, nullptr))
			failed(error);
	}

	SourceSetup setup_;
	MainLoop &loop_;
	MediaKind kind_;
	std::shared_ptr<LiveDevice> device_;
	gst::Pipeline encoder_;
	std::shared_ptr<RawFeed> feed_;
	std::shared_ptr<Front> front_; // shared only to make weak_ptr
	std::optional<GstClockTime> lostAt_;
	GstClockTime opened_ = 0;
	bool gave_ = false;
	std::chrono::milliseconds delay_ = kFirstRetry;
	SourceHandle fill_, watch_, retry_, stall_;
};

/// Captures until something has come.
void tryOut(LiveDevice &device, MediaKind kind, const LocalStreamConfig &config)
{
	Front front(device, kind, config);
	const auto bus = gst::ObjectPtr<GstBus>::adopt(gst_pipeline_get_bus(GST_PIPELINE(front.pipeline().get())));
	const auto refuse = [&](const std::string &words) {
		throw Exception(
			ErrorCode::InitializeFailed,
			fmt::format("{} gives no {}: {}{}", device.name(),
				    kind == MediaKind::Video ? "picture" : "sound", words,
				    device.recorded() ? "; gst-launch-1.0 -v with the same text shows more" : ""));
	};
	auto deadline = std::chrono::steady_clock::now() + kTryOut;
	std::string hint; // an earlier message, possibly the reason
	const auto failure = [&] {
		while (const auto message = gst::MiniPtr<GstMessage>::adopt(gst_bus_pop_filtered(
			       bus.get(), static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING |
								      GST_MESSAGE_ELEMENT)))) {
			if (gst_is_missing_plugin_message(message.get())) {
				const glib::CharPtr what(gst_missing_plugin_message_get_description(message.get()));
				hint = fmt::format("a plug-in is missing: {}", what.get());
			} else if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING) {
				if (hint.empty())
					hint = device.explain(message.get());
				if (isLinkWarning(message.get()))
					deadline = std::min(deadline, std::chrono::steady_clock::now() + kAfterWarning);
			} else if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) {
				const auto words = device.explain(message.get());
				refuse(hint.empty() ? words : fmt::format("{}; {}", words, hint));
			}
		}
	};
	gst_element_set_base_time(front.pipeline().get(), gst::epoch() + gst::now());
	if (gst_element_set_state(front.pipeline().get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		failure();
		refuse("it does not start");
	}
	auto *sink = GST_APP_SINK(front.sink());
	while (std::chrono::steady_clock::now() < deadline) {
		if (gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 50 * GST_MSECOND)))
			return;
		failure();
		if (gst_app_sink_is_eos(sink))
			refuse("it ends without any data");
	}
	refuse(hint.empty() ? fmt::format("no data within {} s", kTryOut / 1s) : hint);
}

} // namespace

std::string LiveDevice::explain(GstMessage *message) { return wordsOf(message); }

SourceText describeLive(const SourceRequest &request, const std::string &head, bool recorded)
{
	const auto &config = request.config;
	const auto encoder = request.video ? videoEncoder(config.videoCodec, config.videoProfile)
					   : audioEncoder(config.audioProfile);
	const auto kind = request.video ? MediaKind::Video : MediaKind::Audio;
	return { fmt::format("{} ! {} ! {}", head, conversion(kind, config, recorded), encoder), true,
		 request.video && config.smallProfile ? smallVideoChain(config, config.videoProfile, recorded) : "" };
}

SourcePlan prepareLive(const SourceRequest &request, std::shared_ptr<LiveDevice> device)
{
	const auto kind = request.video ? MediaKind::Video : MediaKind::Audio;
	if (request.tryOut)
		tryOut(*device, kind, request.config);
	else
		static_cast<void>(device->open());
	auto &loop = request.loop;
	return { [&loop, kind, device](SourceSetup setup) {
			return std::make_unique<LiveSource>(std::move(setup), loop, kind, device);
		},
		 false, false };
}

} // namespace trtc::media
