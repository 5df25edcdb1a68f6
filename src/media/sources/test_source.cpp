// SPDX-License-Identifier: MIT
#include "media/sources/test_source.h"

#include "media/sources/pipeline_source.h"
#include "media/test_pattern.h"

#include <gst/app/gstappsrc.h>

#include <fmt/format.h>

#include <algorithm>

namespace trtc::media {

namespace {

constexpr unsigned kRate = 48000, kBlock = 960; // 20 ms, one Opus frame

/// What the generating threads may know: no member of the source.
struct Generator {
	std::atomic<bool> stop { false };

	/// Waits for @p due on the process timeline, in slices so that stop is noticed. False: stopped.
	bool waitUntil(GstClockTime due) const
	{
		for (auto now = gst::now(); now < due && !stop; now = gst::now())
			g_usleep(static_cast<gulong>(std::min<GstClockTime>(due - now, 20 * GST_MSECOND) / 1000 + 1));
		return !stop;
	}
};

struct VideoGenerator : Generator {
	VideoProfile profile;
	std::uint64_t next = 0;

	GstClockTime due(std::uint64_t frame) const
	{
		return gst_util_uint64_scale(frame, GST_SECOND, static_cast<guint64>(profile.fps));
	}

	GstBuffer *frame()
	{
		const auto fps = static_cast<guint64>(profile.fps);
		const auto current = gst_util_uint64_scale(gst::now(), fps, GST_SECOND);
		// The first frame, and after a stall of half a second: what is lost is lost, the clock goes on.
		if (next == 0 || current > next + fps / 2)
			next = current + 1;
		if (!waitUntil(due(next)))
			return nullptr;
		const auto width = static_cast<std::size_t>(profile.width),
			   height = static_cast<std::size_t>(profile.height);
		const auto chromaWidth = (width + 1) / 2, chromaHeight = (height + 1) / 2;
		// The layout of GstVideoInfo for I420: rows padded to four bytes.
		const auto yStride = (width + 3) & ~std::size_t { 3 }, cStride = (chromaWidth + 3) & ~std::size_t { 3 };
		const auto ySize = yStride * ((height + 1) & ~std::size_t { 1 }), cSize = cStride * chromaHeight;
		auto *buffer = gst_buffer_new_allocate(nullptr, ySize + 2 * cSize, nullptr);
		GstMapInfo map;
		gst_buffer_map(buffer, &map, GST_MAP_WRITE);
		I420View view;
		view.y = map.data;
		view.u = map.data + ySize;
		view.v = map.data + ySize + cSize;
		view.yStride = static_cast<int>(yStride);
		view.uStride = view.vStride = static_cast<int>(cStride);
		view.width = profile.width;
		view.height = profile.height;
		drawFrame(view,
			  { static_cast<std::uint32_t>(next), static_cast<std::uint64_t>(g_get_real_time()) / 1000 },
			  isFlashFrame(next, static_cast<std::uint32_t>(profile.fps), 1));
		gst_buffer_unmap(buffer, &map);
		GST_BUFFER_PTS(buffer) = due(next);
		GST_BUFFER_DURATION(buffer) = due(next + 1) - due(next);
		++next;
		return buffer;
	}
};

struct AudioGenerator : Generator {
	unsigned channels = 1;
	std::uint64_t next = 0; // block of 20 ms

	GstBuffer *block()
	{
		const auto current = gst::now() / (20 * GST_MSECOND);
		if (next == 0 || current > next + 25)
			next = current + 1;
		// A block is there when its last sample is, as with a sound card.
		if (!waitUntil((next + 1) * 20 * GST_MSECOND))
			return nullptr;
		auto *buffer = gst_buffer_new_allocate(nullptr, kBlock * channels * sizeof(std::int16_t), nullptr);
		GstMapInfo map;
		gst_buffer_map(buffer, &map, GST_MAP_WRITE);
		fillAudio(reinterpret_cast<std::int16_t *>(map.data), kBlock, channels, kRate, next * kBlock);
		gst_buffer_unmap(buffer, &map);
		GST_BUFFER_PTS(buffer) = next * 20 * GST_MSECOND;
		GST_BUFFER_DURATION(buffer) = 20 * GST_MSECOND;
		++next;
		return buffer;
	}
};

/// appsrc asks on its own streaming thread; that thread is ours to wait in.
template <class G, GstBuffer *(G::*make)()>
void feed(gst::Pipeline &pipeline, const char *name, std::shared_ptr<G> generator)
{
	auto source = gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline.bin(), name));
	GstAppSrcCallbacks callbacks = {};
	callbacks.need_data = [](GstAppSrc *src, guint, gpointer data) noexcept {
		auto &self = **static_cast<std::shared_ptr<G> *>(data);
		if (auto *buffer = (self.*make)())
			gst_app_src_push_buffer(src, buffer);
	};
	gst_app_src_set_callbacks(GST_APP_SRC(source.get()), &callbacks, new std::shared_ptr<G>(std::move(generator)),
				  [](gpointer data) noexcept { delete static_cast<std::shared_ptr<G> *>(data); });
}

std::string testVideoChain(const LocalStreamConfig &config)
{
	const auto &profile = config.videoProfile;
	return fmt::format("appsrc name=picture is-live=true format=time max-buffers=1 "
			   "caps=video/x-raw,format=I420,width={},height={},framerate={}/1 ! "
			   "queue max-size-buffers=3",
			   profile.width, profile.height, profile.fps);
}

std::string testAudioChain(const LocalStreamConfig &config)
{
	return fmt::format("appsrc name=sound is-live=true format=time max-buffers=1 "
			   "caps=audio/x-raw,format=S16LE,rate=48000,channels={},layout=interleaved ! "
			   "queue max-size-buffers=8 ! {}",
			   config.audioProfile.channels, audioEncoder(config.audioProfile));
}

class TestSource final : public Source {
public:
	TestSource(SourceSetup setup) : setup_(std::move(setup)), pipeline_("test-source") {}
	~TestSource() override
	{
		if (video_)
			video_->stop = true;
		if (audio_)
			audio_->stop = true;
		pipeline_.stop();
	}

	void start() override
	{
		pipeline_.observe(setup_.config.trace);
		const auto &config = setup_.config;
		if (setup_.video) {
			video_ = std::make_shared<VideoGenerator>();
			video_->profile = config.videoProfile;
			pipeline_.addChain(encodedEnds(
				testVideoChain(config), videoEncoder(config.videoCodec, config.videoProfile),
				setup_.small ? smallVideoChain(config, config.videoProfile, false) : "", "video",
				"sync=false async=false", false));
			feed<VideoGenerator, &VideoGenerator::frame>(pipeline_, "picture", video_);
			connectOutlet(pipeline_.bin(), "video", setup_.video);
			if (setup_.small)
				connectOutlet(pipeline_.bin(), "small", setup_.small);
		}
		if (setup_.audio) {
			audio_ = std::make_shared<AudioGenerator>();
			audio_->channels = static_cast<unsigned>(config.audioProfile.channels);
			pipeline_.addChain(testAudioChain(config) + " ! appsink name=audio sync=false async=false");
			feed<AudioGenerator, &AudioGenerator::block>(pipeline_, "sound", audio_);
			connectOutlet(pipeline_.bin(), "audio", setup_.audio);
		}
		pipeline_.onMessage([this](GstMessage *message) {
			if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
				return;
			GError *error = nullptr;
			gst_message_parse_error(message, &error, nullptr);
			const Error failure { ErrorCode::InitializeFailed,
					      fmt::format("the test source failed: {}", error->message) };
			g_clear_error(&error);
			if (setup_.events.failed)
				setup_.events.failed(failure);
		});
		pipeline_.play();
	}

	void requestKeyframe() override { forceKeyframe(pipeline_.bin(), "video"); }
	void requestSmallKeyframe() override { forceKeyframe(pipeline_.bin(), "small"); }

private:
	SourceSetup setup_;
	gst::Pipeline pipeline_;
	std::shared_ptr<VideoGenerator> video_;
	std::shared_ptr<AudioGenerator> audio_;
};

/// One of GStreamer's own pictures or sounds: nothing to measure with, but something to look at.
SourceRequest patternOf(SourceRequest request)
{
	request.spec = { SourceSpec::Kind::Pipeline,
			 request.video
				 ? fmt::format("videotestsrc pattern={}", request.spec.argument)
				 : fmt::format("audiotestsrc samplesperbuffer=960 wave={}", request.spec.argument) };
	return request;
}

} // namespace

SourcePlan prepareTest(const SourceRequest &request)
{
	if (!request.spec.argument.empty())
		return preparePipeline(patternOf(request));
	return { [](SourceSetup setup) { return std::make_unique<TestSource>(std::move(setup)); }, false, false };
}

SourceText describeTest(const SourceRequest &request)
{
	if (!request.spec.argument.empty())
		return describePipeline(patternOf(request));
	const auto &config = request.config;
	if (!request.video)
		return { testAudioChain(config), true, {} };
	return { fmt::format("{} ! {}", testVideoChain(config), videoEncoder(config.videoCodec, config.videoProfile)),
		 true, config.smallProfile ? smallVideoChain(config, config.videoProfile, false) : "" };
}

} // namespace trtc::media
