// SPDX-License-Identifier: MIT
#include "media/sources/file_source.h"

#include "media/decode.h"
#include "media/sources/film_facts.h"
#include "media/sources/film_pass.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <utility>

namespace trtc::media {

namespace {

/// How long a file may be looked through before it is on air.
constexpr std::chrono::seconds kScanLimit { 5 };

/// A file and how it goes out.
struct Film {
	std::string path;
	FilmFacts facts;
	FilmShape shape;			///< of the picture, when it is encoded
	std::string pictureReason, soundReason; ///< why it is encoded; "": it goes out as it is
	bool videoPassed() const { return facts.video && pictureReason.empty(); }
	bool audioPassed() const { return facts.audio && soundReason.empty(); }
};

/// The chains wait in the pipeline; decodebin's thread only links its pads to them.
struct Branches {
	gst::PadPtr audio, video;
	bool audioTaken = false, videoTaken = false; // streaming thread only
};

void linkDecoded(GstElement *decodebin, GstPad *pad, gpointer data) noexcept
{
	auto &branches = **static_cast<std::shared_ptr<Branches> *>(data);
	auto caps = gst::CapsPtr::adopt(gst_pad_get_current_caps(pad));
	if (!caps)
		caps = gst::CapsPtr::adopt(gst_pad_query_caps(pad, nullptr));
	const std::string name = gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
	const bool audio = name.starts_with("audio/"), video = name.starts_with("video/");
	if (video && branches.video && !std::exchange(branches.videoTaken, true)) {
		gst_pad_link(pad, branches.video.get());
		return;
	}
	if (audio && branches.audio && !std::exchange(branches.audioTaken, true)) {
		gst_pad_link(pad, branches.audio.get());
		return;
	}
	// Further streams must flow somewhere or they would stop the file.
	auto parent = glib::ObjectPtr<GstObject>::adopt(gst_object_get_parent(GST_OBJECT(decodebin)));
	auto *drain = gst_element_factory_make("fakesink", nullptr);
	g_object_set(drain, "sync", FALSE, "async", FALSE, nullptr);
	gst_bin_add(GST_BIN(parent.get()), drain);
	gst_element_sync_state_with_parent(drain);
	auto sink = gst::PadPtr::adopt(gst_element_get_static_pad(drain, "sink"));
	gst_pad_link(pad, sink.get());
}

/// What follows the demuxer: up to the encoder and the encoder, or the parser and nothing.
struct FileChain {
	std::string head, encoder;
	std::string str() const { return encoder.empty() ? head : head + " ! " + encoder; }
};

/// Throws Exception(NotSupported).
FileChain fileVideoChain(const LocalStreamConfig &config, const Film &film)
{
	if (film.videoPassed())
		return { "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au", "" };
	const auto &shape = film.shape;
	// One segment: edit lists and --loop make several, and an encoder wants times that go forward.
	std::string head = "identity single-segment=true ! queue max-size-buffers=5 ! videoconvert";
	if (shape.deinterlace)
		head += " ! deinterlace fields=top";
	std::string rate;
	if (shape.fpsNumerator > 0) {
		head += " ! videorate drop-only=true";
		rate = fmt::format(",framerate={}/{}", shape.fpsNumerator, shape.fpsDenominator);
	} else if (shape.maxFps > 0) {
		head += fmt::format(" ! videorate drop-only=true max-rate={}", shape.maxFps);
	}
	if (!shape.turn.empty())
		head += fmt::format(" ! videoflip video-direction={}", shape.turn);
	head += fmt::format(" ! videoscale add-borders=false ! "
			    "video/x-raw,format=I420,width={},height={},pixel-aspect-ratio=1/1{}",
			    shape.profile.width, shape.profile.height, rate);
	return { head, videoEncoder(config.videoCodec, shape.profile) };
}

FileChain fileAudioChain(const LocalStreamConfig &config, const Film &film)
{
	if (film.audioPassed())
		return { "opusparse", "" };
	return { fmt::format("identity single-segment=true ! queue ! audioconvert ! audioresample ! "
			     "audio/x-raw,rate=48000,channels={}",
			     config.audioProfile.channels),
		 audioEncoder(config.audioProfile) };
}

/// "" without a small video. Throws Exception(NotSupported).
std::string fileSmallChain(const LocalStreamConfig &config, const Film &film)
{
	if (!config.smallProfile)
		return {};
	if (!film.videoPassed())
		return smallVideoChain(config, film.shape.profile, true);
	auto big = config.videoProfile;
	if (const auto &video = *film.facts.video; video.width > 0 && video.height > 0) {
		big.width = video.width & ~1;
		big.height = video.height & ~1;
	}
	big.fps = config.smallProfile->fps; // unknown; none are made up
	return smallVideoChain(config, big, true, decoderChain(Codec::H264) + " ! ");
}

class FileSource final : public Source {
public:
	FileSource(SourceSetup setup, Film film)
		: setup_(std::move(setup)), film_(std::move(film)), pipeline_("file-source")
	{
	}

	void start() override
	{
		pipeline_.observe(setup_.config.trace);
		auto *source = pipeline_.add("filesrc");
		g_object_set(source, "location", film_.path.c_str(), nullptr);
		auto *decoder = pipeline_.add("decodebin");
		// decodebin stops as soon as a stream has one of these caps: what can pass is not decoded.
		std::string stop = "video/x-raw;audio/x-raw";
		if (film_.videoPassed())
			stop += ";video/x-h264";
		if (film_.audioPassed())
			stop += ";audio/x-opus";
		auto caps = gst::CapsPtr::adopt(gst_caps_from_string(stop.c_str()));
		g_object_set(decoder, "caps", caps.get(), nullptr);
		gst_element_link(source, decoder);
		auto branches = std::make_shared<Branches>();
		const auto &config = setup_.config;
		if (setup_.video)
			branches->video =
				branch(fileVideoChain(config, film_), setup_.small ? fileSmallChain(config, film_) : "",
				       "video", setup_.video);
		if (setup_.small)
			connectOutlet(pipeline_.bin(), "small", setup_.small);
		if (setup_.audio)
			branches->audio = branch(fileAudioChain(config, film_), "", "audio", setup_.audio);
		g_signal_connect_data(
			decoder, "pad-added", G_CALLBACK(linkDecoded),
			new std::shared_ptr<Branches>(std::move(branches)),
			[](gpointer data, GClosure *) noexcept {
				delete static_cast<std::shared_ptr<Branches> *>(data);
			},
			GConnectFlags {});
		pipeline_.onMessage([this](GstMessage *message) { onMessage(message); });
		gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED);
	}

	void requestKeyframe() override
	{
		if (setup_.video && !film_.videoPassed())
			forceKeyframe(pipeline_.bin(), "video");
	}
	void requestSmallKeyframe() override { forceKeyframe(pipeline_.bin(), "small"); }

private:
	gst::PadPtr branch(const FileChain &big, const std::string &small, const char *name,
			   std::shared_ptr<Outlet> outlet)
	{
		auto *chain = pipeline_.addChain(
			encodedEnds(big.head, big.encoder, small, name, "sync=true qos=false max-buffers=4", true));
		connectOutlet(pipeline_.bin(), name, std::move(outlet));
		return gst::PadPtr::adopt(gst_element_get_static_pad(chain, "sink"));
	}

	/// Prerolled: the file's first frame is due now, whatever it took to get here.
	void run()
	{
		const auto base = gst::epoch() + gst::now();
		gst_element_set_base_time(pipeline_.get(), base);
		for (const auto &outlet : { setup_.audio, setup_.video, setup_.small })
			if (outlet)
				outlet->setBaseTime(base);
		gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
	}

	/// Through one sink: the demuxer would go back once for each of them.
	bool seekToStart(GstSeekFlags flags)
	{
		auto sink =
			gst::ElementPtr::adopt(gst_bin_get_by_name(pipeline_.bin(), setup_.video ? "video" : "audio"));
		return gst_element_seek(sink.get(), 1.0, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET, 0,
					GST_SEEK_TYPE_NONE, -1) != FALSE;
	}

	void onPrerolled()
	{
		// In a segment the demuxer tells its end before the sinks have got there, and goes on without a gap.
		if (setup_.config.loop && !std::exchange(segmentAsked_, true) &&
		    seekToStart(static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT)))
			return;
		run();
	}

	void onMessage(GstMessage *message)
	{
		switch (GST_MESSAGE_TYPE(message)) {
		case GST_MESSAGE_ASYNC_DONE:
			if (GST_MESSAGE_SRC(message) == GST_OBJECT(pipeline_.get()))
				onPrerolled();
			break;
		case GST_MESSAGE_SEGMENT_DONE:
			// Running time goes on, with the same step for sound and picture.
			seekToStart(GST_SEEK_FLAG_SEGMENT);
			break;
		case GST_MESSAGE_EOS:
			if (!setup_.config.loop) {
				if (setup_.events.ended)
					setup_.events.ended();
				break;
			}
			// A demuxer that knows no segments.
			gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED);
			gst_element_seek_simple(pipeline_.get(), GST_FORMAT_TIME,
						static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT),
						0);
			break;
		case GST_MESSAGE_ERROR: {
			GError *error = nullptr;
			gst_message_parse_error(message, &error, nullptr);
			const Error failure { ErrorCode::InitializeFailed,
					      fmt::format("media file {}: {}", film_.path, error->message) };
			g_clear_error(&error);
			if (auto failed = std::exchange(setup_.events.failed, nullptr))
				failed(failure);
			break;
		}
		default:
			break;
		}
	}

	SourceSetup setup_;
	Film film_;
	gst::Pipeline pipeline_;
	bool segmentAsked_ = false;
};

/// Looks into the file, and through it when its picture might go out as it is.
Film lookInto(const SourceRequest &request)
{
	const auto &config = request.config;
	Film film;
	film.path = request.spec.argument;
	film.facts = findFilmFacts(film.path, request.audio, request.video);
	if (auto &video = film.facts.video; video && request.video) {
		const auto profile = config.videoProfileAsked ? std::optional(config.videoProfile) : std::nullopt;
		if (video->isH264 && config.videoCodec == VideoCodec::H264 && config.encode == FilmEncoding::Auto)
			video->h264 = scanH264(film.path, kScanLimit);
		film.shape = filmShape(*video, profile);
		film.pictureReason = pictureReason(film.facts, { config.encode, config.videoCodec, profile });
	}
	if (film.facts.audio && request.audio)
		film.soundReason = soundReason(film.facts, config.encode);
	return film;
}

void logPassage(const Film &film, const char *what, const std::string &reason)
{
	if (reason.empty())
		spdlog::info("{} of {} goes out as it is", what, film.path);
	else
		spdlog::info("{} of {} is encoded: {}", what, film.path, reason);
}

} // namespace

SourcePlan prepareFile(const SourceRequest &request)
{
	auto film = lookInto(request);
	if (request.video)
		logPassage(film, "picture", film.pictureReason);
	if (request.audio)
		logPassage(film, "sound", film.soundReason);
	const bool audioPassed = film.audioPassed(), videoPassed = film.videoPassed();
	return { [film = std::move(film)](SourceSetup setup) {
			return std::make_unique<FileSource>(std::move(setup), film);
		},
		 audioPassed, videoPassed };
}

SourceText describeFile(const SourceRequest &request)
{
	const auto &config = request.config;
	const auto film = lookInto(request);
	const auto chain = request.video ? fileVideoChain(config, film) : fileAudioChain(config, film);
	return { fmt::format("filesrc location={} ! decodebin ! {}", film.path, chain.str()),
		 request.video ? !film.videoPassed() : !film.audioPassed(),
		 request.video ? fileSmallChain(config, film) : "",
		 request.video ? film.pictureReason : film.soundReason };
}

} // namespace trtc::media
