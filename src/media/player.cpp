// SPDX-License-Identifier: MIT
#include "media/player.h"

#include "media/decode.h"
#include "media/sinks/outputs.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

namespace trtc::media {

namespace {

using namespace std::chrono_literals;

/// What decoding and the way over the loop may take.
constexpr auto kHandOver = 40ms;

struct MappedFrame {
	GstSample *sample = nullptr;
	GstVideoFrame frame = {};
	MappedFrame() = default;
	MappedFrame(const MappedFrame &) = delete;
	MappedFrame &operator=(const MappedFrame &) = delete;
	~MappedFrame()
	{
		if (!sample)
			return;
		gst_video_frame_unmap(&frame);
		gst_sample_unref(sample);
	}
};

/// Takes over @p sample. Empty when it cannot be read.
std::optional<Picture> toPicture(GstSample *sample)
{
	auto mapped = std::make_shared<MappedFrame>();
	GstVideoInfo info;
	if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
	    !gst_video_frame_map(&mapped->frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
		gst_sample_unref(sample);
		return {};
	}
	mapped->sample = sample;
	const auto *frame = &mapped->frame;
	const auto plane = [&](guint n) {
		return static_cast<const std::uint8_t *>(GST_VIDEO_FRAME_PLANE_DATA(frame, n));
	};
	Picture picture;
	picture.y = plane(0);
	picture.u = plane(1);
	picture.v = plane(2);
	picture.yStride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
	picture.uStride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 1);
	picture.vStride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 2);
	picture.width = GST_VIDEO_FRAME_WIDTH(frame);
	picture.height = GST_VIDEO_FRAME_HEIGHT(frame);
	picture.bt709 = info.colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT709;
	picture.fullRange = info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
	picture.owner = std::move(mapped);
	return picture;
}

/// The latest picture on its way from the streaming thread to the loop.
struct Mailbox {
	explicit Mailbox(std::function<void(const Picture &)> take) : handler(std::move(take)) {}
	std::function<void(const Picture &)> handler; // loop only
	std::mutex mutex;
	std::optional<Picture> latest;
	bool posted = false;
};

struct MailHook {
	MainLoop &loop;
	std::weak_ptr<Mailbox> mailbox;
};

GstFlowReturn deliver(GstAppSink *sink, gpointer data) noexcept
{
	auto &hook = *static_cast<MailHook *>(data);
	auto *sample = gst_app_sink_try_pull_sample(sink, 0);
	if (!sample)
		return GST_FLOW_OK;
	auto picture = toPicture(sample);
	const auto mailbox = hook.mailbox.lock();
	if (!picture || !mailbox)
		return GST_FLOW_OK;
	{
		const std::lock_guard lock(mailbox->mutex);
		mailbox->latest = std::move(picture);
		if (std::exchange(mailbox->posted, true))
			return GST_FLOW_OK;
	}
	hook.loop.post([weak = hook.mailbox] {
		const auto box = weak.lock();
		if (!box)
			return;
		std::optional<Picture> due;
		{
			const std::lock_guard lock(box->mutex);
			box->posted = false;
			due = std::exchange(box->latest, std::nullopt);
		}
		if (due)
			box->handler(*due);
	});
	return GST_FLOW_OK;
}

bool closedByUser(GstMessage *message)
{
	GError *error = nullptr;
	gst_message_parse_error(message, &error, nullptr);
	// ximagesink, xvimagesink and waylandsink say so in these words.
	const bool closed = g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) &&
			    g_str_has_prefix(error->message, "Output window was closed");
	g_clear_error(&error);
	return closed;
}

class StreamPlayer final : public Player {
public:
	StreamPlayer(MainLoop &loop, Config config, Listener &listener)
		: loop_(loop), config_(std::move(config)), listener_(listener)
	{
		const auto &options = config_.options;
		// Late pictures are rather shown than dropped, up to a point: a slow screen is no black one.
		if (options.window)
			outlets_[0] = { MediaKind::Video, "window",
					fmt::format("videoconvert ! videoscale ! {} name=sink max-lateness=200000000",
						    options.window->element()) };
		if (options.picture)
			outlets_[1] = { MediaKind::Video, "picture",
					"videoconvert ! video/x-raw,format=I420 ! appsink name=sink sync=true "
					"max-buffers=1 drop=true emit-signals=false max-lateness=200000000" };
		if (options.sound)
			outlets_[2] = { MediaKind::Audio, "sound",
					"audioconvert ! audioresample ! " + soundSink(options.soundDevice) };
	}

	void write(const EncodedFrame &frame) override
	{
		for (auto &outlet : outlets_)
			if (outlet.name && outlet.kind == frame.kind)
				write(outlet, frame);
	}

private:
	struct Outlet {
		MediaKind kind = MediaKind::Audio;
		const char *name = nullptr; ///< null: not wanted, or failed
		std::string tail;
		std::shared_ptr<DecodePipeline> pipeline {};
		std::shared_ptr<Mailbox> mailbox {};
		bool asked = false;
	};

	void write(Outlet &outlet, const EncodedFrame &frame)
	{
		if (outlet.pipeline && outlet.pipeline->codec() != frame.codec)
			outlet.pipeline.reset();
		if (!outlet.pipeline) {
			if (!frame.keyframe)
				return ask(outlet);
			try {
				open(outlet, frame.codec);
			} catch (const Exception &exception) {
				const auto &error = exception.error();
				const bool notStarted = error.code == ErrorCode::InitializeFailed;
				return failed(outlet, { notStarted ? codeOf(outlet) : error.code, error.message });
			}
		}
		const bool taken = outlet.pipeline->push(frame);
		if (taken)
			outlet.asked = false;
		// The listener may end us.
		if (taken && !std::exchange(started_, true))
			listener_.onPlayerStarted();
		else if (!taken && outlet.kind == MediaKind::Video)
			ask(outlet);
	}

	void ask(Outlet &outlet)
	{
		if (!std::exchange(outlet.asked, true))
			listener_.onPlayerNeedsKeyframe();
	}

	void open(Outlet &outlet, Codec codec)
	{
		auto pipeline = std::make_shared<DecodePipeline>(DecodePipeline::Config {
			fmt::format("{} of {}", outlet.name, config_.name), codec, outlet.tail,
			config_.latency + kHandOver + std::chrono::milliseconds(kSoundBufferMs),
			outlet.kind == MediaKind::Video ? config_.options.windowTitle : "" });
		if (outlet.name == std::string_view("picture"))
			connect(outlet, *pipeline);
		pipeline->onError([this, &outlet](GstMessage *message) {
			if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
				return;
			if (closedByUser(message)) {
				close(outlet);
				return listener_.onPlayerClosed();
			}
			failed(outlet, { codeOf(outlet), errorText(message) });
		});
		pipeline->start();
		outlet.pipeline = std::move(pipeline);
	}

	/// What it means when something goes wrong there.
	static ErrorCode codeOf(const Outlet &outlet) noexcept
	{
		return outlet.kind == MediaKind::Audio ? ErrorCode::DeviceNotFound : ErrorCode::MediaFailed;
	}

	void connect(Outlet &outlet, DecodePipeline &pipeline)
	{
		outlet.mailbox = std::make_shared<Mailbox>(config_.options.picture);
		GstAppSinkCallbacks callbacks = {};
		callbacks.new_sample = deliver;
		gst_app_sink_set_callbacks(GST_APP_SINK(pipeline.element("sink").get()), &callbacks,
					   new MailHook { loop_, outlet.mailbox },
					   [](gpointer data) noexcept { delete static_cast<MailHook *>(data); });
	}

	/// The pipeline may be the caller: it goes when the stack is clear.
	void close(Outlet &outlet)
	{
		outlet.name = nullptr;
		outlet.mailbox.reset();
		if (outlet.pipeline)
			loop_.post([pipeline = std::move(outlet.pipeline)] {});
		outlet.pipeline.reset();
	}

	void failed(Outlet &outlet, const Error &error)
	{
		const Error named { error.code, fmt::format("{} of {}: {}", outlet.name, config_.name, error.message) };
		close(outlet);
		const bool over = std::none_of(outlets_.begin(), outlets_.end(),
					       [](const Outlet &other) { return other.name != nullptr; });
		listener_.onPlayerFailed(named, over);
	}

	MainLoop &loop_;
	Config config_;
	Listener &listener_;
	std::array<Outlet, 3> outlets_;
	bool started_ = false;
};

} // namespace

std::unique_ptr<Player> Player::create(MainLoop &loop, Config config, Listener &listener)
{
	return std::make_unique<StreamPlayer>(loop, std::move(config), listener);
}

} // namespace trtc::media
