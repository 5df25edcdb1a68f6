// SPDX-License-Identifier: MIT
#include "media/raw_feed.h"

#include "gst/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace trtc::media {

namespace {

constexpr std::uint64_t kRate = 48000, kTolerance = kRate / 50, kLongestHole = 2 * kRate;
/// A device's sound is in our hands this long after it was heard; silence must not be ahead of it.
constexpr GstClockTime kSoundDelay = 60 * GST_MSECOND;

std::uint64_t samplesOf(GstClockTime time) { return gst_util_uint64_scale_round(time, kRate, GST_SECOND); }
GstClockTime timeOf(std::uint64_t samples) { return gst_util_uint64_scale_round(samples, GST_SECOND, kRate); }

class VideoFeed final : public RawFeed {
public:
	VideoFeed(gst::ElementPtr source, const VideoProfile &profile)
		: RawFeed(std::move(source)), frame_(GST_SECOND / static_cast<GstClockTime>(profile.fps))
	{
		// The layout of GstVideoInfo for I420 and an even width and height: rows padded to four bytes.
		const auto width = static_cast<gsize>(profile.width), height = static_cast<gsize>(profile.height);
		const auto luma = ((width + 3) & ~gsize { 3 }) * height;
		const auto chroma = ((width / 2 + 3) & ~gsize { 3 }) * (height / 2);
		black_ = gst::BufferPtr::adopt(gst_buffer_new_allocate(nullptr, luma + 2 * chroma, nullptr));
		gst_buffer_memset(black_.get(), 0, 16, luma);
		gst_buffer_memset(black_.get(), luma, 128, 2 * chroma);
	}
	std::chrono::milliseconds period() const noexcept override
	{
		return std::chrono::milliseconds(std::max<GstClockTime>(frame_ / GST_MSECOND, 1));
	}

private:
	void take(GstBuffer *buffer, GstClockTime time) override
	{
		if (last_ && time <= last_)
			return;
		sendCopy(buffer, time);
	}
	void fillTo(GstClockTime now) override
	{
		// What was missed while the loop was busy stays missed: a picture is worth nothing later.
		// Timers have whole milliseconds.
		if (!last_ || now + frame_ / 4 >= last_ + frame_)
			sendCopy(black_.get(), now);
	}
	void sendCopy(GstBuffer *buffer, GstClockTime time)
	{
		auto *copy = gst_buffer_copy(buffer);
		GST_BUFFER_PTS(copy) = last_ = time;
		GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
		GST_BUFFER_DURATION(copy) = frame_;
		send(copy);
	}

	GstClockTime frame_, last_ = 0;
	gst::BufferPtr black_;
};

class AudioFeed final : public RawFeed {
public:
	AudioFeed(gst::ElementPtr source, const AudioProfile &profile)
		: RawFeed(std::move(source)), bytes_(static_cast<gsize>(profile.channels) * 2)
	{
	}
	std::chrono::milliseconds period() const noexcept override { return std::chrono::milliseconds(20); }

private:
	void take(GstBuffer *buffer, GstClockTime time) override
	{
		const auto begin = samplesOf(time);
		const std::uint64_t samples = gst_buffer_get_size(buffer) / bytes_;
		if (!next_)
			next_ = begin;
		const auto joint = joinSound(next_, begin, samples);
		if (joint.jump)
			next_ = begin;
		silence(joint.silence);
		if (joint.skip >= samples)
			return;
		sendSamples(gst_buffer_copy_region(buffer, GST_BUFFER_COPY_ALL, joint.skip * bytes_,
						   (samples - joint.skip) * bytes_),
			    samples - joint.skip);
	}
	void fillTo(GstClockTime now) override
	{
		const auto end = samplesOf(now - std::min(now, kSoundDelay));
		if (!next_ || end > next_ + kLongestHole)
			next_ = end - kTolerance;
		if (end >= next_ + kTolerance)
			silence(end - next_);
	}
	void silence(std::uint64_t samples)
	{
		if (!samples)
			return;
		auto *buffer = gst_buffer_new_allocate(nullptr, samples * bytes_, nullptr);
		gst_buffer_memset(buffer, 0, 0, samples * bytes_);
		sendSamples(buffer, samples);
	}
	void sendSamples(GstBuffer *buffer, std::uint64_t samples)
	{
		GST_BUFFER_PTS(buffer) = timeOf(next_);
		GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
		next_ += samples;
		GST_BUFFER_DURATION(buffer) = timeOf(next_) - GST_BUFFER_PTS(buffer);
		GST_BUFFER_OFFSET(buffer) = GST_BUFFER_OFFSET_END(buffer) = GST_BUFFER_OFFSET_NONE;
		send(buffer);
	}

	gsize bytes_; // of a sample of all channels
	std::uint64_t next_ = 0;
};

} // namespace

void RawFeed::push(GstBuffer *buffer, GstClockTime time)
{
	const std::lock_guard lock(mutex_);
	held_ = true;
	lastPush_ = gst::now();
	take(buffer, time);
}

void RawFeed::release()
{
	const std::lock_guard lock(mutex_);
	held_ = false;
}

void RawFeed::fill(GstClockTime now)
{
	const std::lock_guard lock(mutex_);
	if (!held_)
		fillTo(now);
}

std::string rawCaps(const VideoProfile &profile, bool withRate)
{
	// Said outright, or a camera's full range would pass for the usual one.
	auto caps = fmt::format("video/x-raw,format=I420,width={},height={},pixel-aspect-ratio=1/1,colorimetry={}",
				profile.width, profile.height, profile.height > 576 ? "bt709" : "bt601");
	if (withRate)
		caps += fmt::format(",framerate={}/1", profile.fps);
	return caps;
}

std::string rawCaps(const AudioProfile &profile)
{
	return fmt::format("audio/x-raw,format=S16LE,rate={},channels={},layout=interleaved", kRate, profile.channels);
}

std::shared_ptr<RawFeed> makeVideoFeed(gst::ElementPtr source, const VideoProfile &profile)
{
	return std::make_shared<VideoFeed>(std::move(source), profile);
}

std::shared_ptr<RawFeed> makeAudioFeed(gst::ElementPtr source, const AudioProfile &profile)
{
	return std::make_shared<AudioFeed>(std::move(source), profile);
}

SoundJoint joinSound(std::uint64_t expected, std::uint64_t time, std::uint64_t samples) noexcept
{
	if (time > expected + kLongestHole)
		return { 0, 0, true };
	if (time > expected + kTolerance)
		return { time - expected, 0, false };
	if (expected > time + kTolerance)
		return { 0, std::min(samples, expected - time), false };
	return {};
}

} // namespace trtc::media
