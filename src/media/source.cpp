// SPDX-License-Identifier: MIT
#include "media/source.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <fmt/format.h>

#include <algorithm>

namespace trtc::media {

namespace {

bool exists(const char *factory)
{
	return static_cast<bool>(glib::ObjectPtr<GstElementFactory>::adopt(gst_element_factory_find(factory)));
}

GstFlowReturn deliver(GstAppSink *sink, gpointer data) noexcept
{
	auto sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 0));
	if (!sample)
		return GST_FLOW_OK;
	auto *buffer = gst_sample_get_buffer(sample.get());
	const auto *segment = gst_sample_get_segment(sample.get());
	const auto running = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
	auto &outlet = **static_cast<std::shared_ptr<Outlet> *>(data);
	int width = 0, height = 0;
	if (auto *caps = gst_sample_get_caps(sample.get())) {
		const auto *structure = gst_caps_get_structure(caps, 0);
		if (gst_structure_get_int(structure, "width", &width) &&
		    gst_structure_get_int(structure, "height", &height))
			outlet.setSize(width, height);
	}
	if (GST_CLOCK_TIME_IS_VALID(running))
		outlet.push(buffer, running);
	return GST_FLOW_OK;
}

} // namespace

void Outlet::push(GstBuffer *buffer, GstClockTime runningTime)
{
	++frames_;
	const bool delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	auto time = runningTime + base_ - gst::epoch();
	const std::lock_guard lock(lane_->mutex_);
	if (lane_->holder_ != this) {
		if (!fresh_ || delta || (big_ && !big_->hasTaken_))
			return;
		fresh_ = false;
		hasTaken_ = true;
		lane_->holder_ = this;
		lane_->waitForKeyframe_ = true;
		floor_ = lane_->last_;
		if (taken_)
			taken_();
	}
	// What an encoder gives is older than what comes out of a file in the same moment. Time goes forward all the same:
	// no picture can be left away, the next ones depend on it, but a packet of sound can.
	if (time <= floor_) {
		if (kind_ == MediaKind::Audio)
			return;
		time = floor_ += GST_MSECOND;
	}
	if (lane_->muted_) {
		lane_->waitForKeyframe_ = true;
		return;
	}
	if (lane_->waitForKeyframe_ && delta)
		return;
	lane_->waitForKeyframe_ = false;
	lane_->last_ = std::max(lane_->last_, time);
	// A shallow copy: the memory is shared, the time is ours.
	auto *copy = gst_buffer_copy(buffer);
	GST_BUFFER_PTS(copy) = time;
	GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
	lane_->sender_->push(copy);
}

void Outlet::close()
{
	const std::lock_guard lock(lane_->mutex_);
	fresh_ = false;
	if (lane_->holder_ == this)
		lane_->holder_ = nullptr;
}

bool Outlet::giveUp()
{
	const std::lock_guard lock(lane_->mutex_);
	fresh_ = false;
	return lane_->holder_ != this;
}

std::string videoEncoder(VideoCodec codec, const VideoProfile &profile)
{
	// One thread: with two cores a second one costs more than it brings. A keyframe every four seconds for those
	// who cannot ask for one.
	const int keyframeDistance = profile.fps * 4;
	if (codec == VideoCodec::Vp8) {
		if (!exists("vp8enc"))
			throw Exception(ErrorCode::NotSupported,
					"no VP8 encoder: run apt-get install gstreamer1.0-plugins-good");
		return fmt::format("vp8enc deadline=1 cpu-used=-6 threads=1 end-usage=cbr lag-in-frames=0 "
				   "error-resilient=default "
				   "keyframe-max-dist={} target-bitrate={} min-force-key-unit-interval=200000000",
				   keyframeDistance, profile.kbps * 1000);
	}
	if (exists("x264enc"))
		return fmt::format("x264enc tune=zerolatency speed-preset=superfast threads=1 bframes=0 "
				   "key-int-max={} bitrate={} "
				   "byte-stream=true min-force-key-unit-interval=200000000 ! "
				   "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au",
				   keyframeDistance, profile.kbps);
	if (exists("openh264enc"))
		return fmt::format("openh264enc complexity=low rate-control=bitrate gop-size={} "
				   "bitrate={} multi-thread=1 "
				   "min-force-key-unit-interval=200000000 ! h264parse config-interval=-1 ! "
				   "video/x-h264,stream-format=byte-stream,alignment=au",
				   keyframeDistance, profile.kbps * 1000);
	throw Exception(ErrorCode::NotSupported, "no H.264 encoder: run apt-get install gstreamer1.0-plugins-ugly");
}

std::string audioEncoder(const AudioProfile &profile)
{
	if (!exists("opusenc"))
		throw Exception(ErrorCode::NotSupported,
				"no Opus encoder: run apt-get install gstreamer1.0-plugins-base");
	return fmt::format("opusenc frame-size=20 bitrate={}", profile.kbps * 1000);
}

std::string smallVideoChain(const LocalStreamConfig &config, const VideoProfile &big, bool recorded,
			    const std::string &decoder)
{
	const auto profile = smallVideoProfile(big, config.smallProfile.value_or(VideoProfile {}));
	// It must not keep the big one waiting.
	return fmt::format("queue max-size-buffers={} {} ! {}videorate drop-only=true max-rate={} ! videoconvert ! "
			   "videoscale add-borders=false ! "
			   "video/x-raw,format=I420,width={},height={},pixel-aspect-ratio=1/1 ! {}",
			   recorded ? 5 : 2, recorded ? "" : "leaky=downstream", decoder, profile.fps, profile.width,
			   profile.height, videoEncoder(config.videoCodec, profile));
}

std::string encodedEnds(const std::string &head, const std::string &encoder, const std::string &small, const char *name,
			const char *properties, bool recorded)
{
	const auto big = fmt::format("{}{}appsink name={} {}", encoder, encoder.empty() ? "" : " ! ", name, properties);
	if (small.empty())
		return fmt::format("{} ! {}", head, big);
	// What is recorded waits in its sinks for the first picture of both: neither may do so in the tee's thread.
	return fmt::format("{} ! tee name=pictures pictures. ! {}{} pictures. ! {} ! appsink name=small {}", head,
			   recorded ? "queue max-size-buffers=5 ! " : "", big, small, properties);
}

void connectOutlet(GstBin *bin, const char *name, std::shared_ptr<Outlet> outlet)
{
	auto sink = gst::ElementPtr::adopt(gst_bin_get_by_name(bin, name));
	GstAppSinkCallbacks callbacks = {};
	callbacks.new_sample = deliver;
	gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, new std::shared_ptr<Outlet>(std::move(outlet)),
				   [](gpointer data) noexcept { delete static_cast<std::shared_ptr<Outlet> *>(data); });
}

void forceKeyframe(GstBin *bin, const char *name)
{
	auto sink = gst::ElementPtr::adopt(gst_bin_get_by_name(bin, name));
	if (sink)
		gst_element_send_event(sink.get(),
				       gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

} // namespace trtc::media
