// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"
#include "support/tools.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

/// What sources that come and go give, without a network.
namespace trtc::test {

using namespace std::chrono_literals;

struct Bucket final : webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		std::string bytes(gst_buffer_get_size(buffer), '\0');
		gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
		const std::lock_guard lock(mutex);
		buffers.push_back(std::move(bytes));
		times.push_back(GST_BUFFER_PTS(buffer));
		gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 0; }
	std::size_t count()
	{
		const std::lock_guard lock(mutex);
		return buffers.size();
	}
	std::mutex mutex;
	std::vector<std::string> buffers;
	std::vector<GstClockTime> times;
};

/// The luma of one decoded picture.
struct Picture {
	int width = 0, height = 0, stride = 0;
	std::vector<std::uint8_t> luma;
	int at(int x, int y) const { return luma.at(static_cast<std::size_t>(y * stride + x)); }
};

/// Decodes H.264 access units from the beginning of a stream.
inline std::vector<Picture> decode(const std::vector<std::string> &units)
{
	auto *pipeline = gst_parse_launch("appsrc name=in format=time caps=video/"
					  "x-h264,stream-format=byte-stream,alignment=au ! h264parse ! avdec_h264 ! "
					  "videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false",
					  nullptr);
	REQUIRE(pipeline);
	auto *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
	auto *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	GstClockTime time = 0;
	for (const auto &unit : units) {
		auto *buffer = gst_buffer_new_memdup(unit.data(), unit.size());
		GST_BUFFER_PTS(buffer) = time += GST_SECOND / 15;
		gst_app_src_push_buffer(GST_APP_SRC(in), buffer);
	}
	gst_app_src_end_of_stream(GST_APP_SRC(in));
	std::vector<Picture> pictures;
	while (auto *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), 10 * GST_SECOND)) {
		Picture picture;
		const auto *structure = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
		gst_structure_get_int(structure, "width", &picture.width);
		gst_structure_get_int(structure, "height", &picture.height);
		picture.stride = (picture.width + 3) & ~3;
		picture.luma.resize(static_cast<std::size_t>(picture.stride * picture.height));
		gst_buffer_extract(gst_sample_get_buffer(sample), 0, picture.luma.data(), picture.luma.size());
		pictures.push_back(std::move(picture));
		gst_sample_unref(sample);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(in);
	gst_object_unref(out);
	gst_object_unref(pipeline);
	return pictures;
}

struct LiveFixture : LoopFixture, media::Capture::Listener {
	virtual ~LiveFixture()
	{
		if (capture)
			capture->stop();
	}
	void onCaptureFailed(const Error &error) override { failed.push_back(error); }
	void onCaptureEnded(const std::string &source) override { ended.push_back(source); }
	void onSourceLost(const SourceLost &event) override { lost.push_back(event); }
	void onDeviceRecovered(const DeviceRecovered &event) override { recovered.push_back(event); }

	static LocalStreamConfig of(const std::string &video, const std::string &audio)
	{
		LocalStreamConfig config;
		config.videoProfile = { 320, 240, 15, 300 };
		config.video = SourceSpec::parse(video, MediaKind::Video);
		config.audio = SourceSpec::parse(audio, MediaKind::Audio);
		return config;
	}
	void play(const LocalStreamConfig &config)
	{
		capture = media::Capture::create(loop, config, *this);
		capture->start(capture->hasAudio() ? sound : nullptr, capture->hasVideo() ? picture : nullptr);
	}
	/// The error of opening it.
	Error refused(const LocalStreamConfig &config)
	{
		try {
			media::Capture::create(loop, config, *this);
		} catch (const Exception &exception) {
			return exception.error();
		}
		return { ErrorCode::Unknown, "it was taken" };
	}
	Status replace(MediaKind kind, const std::string &source)
	{
		std::optional<Status> result;
		capture->replace(kind, SourceSpec::parse(source), [&result](const Status &status) { result = status; });
		REQUIRE(waitFor([&] { return result.has_value(); }, 15s));
		return *result;
	}
	/// So many more of each that is there.
	bool more(std::size_t pictures, std::size_t sounds)
	{
		// What arrives on a streaming thread does not wake the loop.
		const auto tick = loop.every(20ms, [] {});
		const auto video = picture->count() + pictures, audio = sound->count() + sounds;
		return waitFor([&] { return picture->count() >= video && sound->count() >= audio; }, 15s);
	}

	std::shared_ptr<Bucket> sound = std::make_shared<Bucket>(), picture = std::make_shared<Bucket>();
	std::unique_ptr<media::Capture> capture;
	std::vector<Error> failed;
	std::vector<std::string> ended;
	std::vector<SourceLost> lost;
	std::vector<DeviceRecovered> recovered;
};

inline GstClockTime longestStep(const std::vector<GstClockTime> &times)
{
	GstClockTime longest = 0;
	for (std::size_t i = 1; i < times.size(); ++i)
		longest = std::max(longest, times[i] - times[i - 1]);
	return longest;
}

} // namespace trtc::test
