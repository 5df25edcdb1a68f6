// SPDX-License-Identifier: MIT
#include "media/sources/file_source.h"

#include "media/decode.h"

#include <gst/pbutils/pbutils.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trtc::media {

namespace {

/// What a media file holds, as far as we use it.
struct FileStreams {
	bool audio = false, video = false;
	bool audioPassed = false;  ///< Opus with one or two channels: goes out as it is
	bool videoPassed = false;  ///< H.264, and H.264 is asked for: goes out as it is
	int width = 0, height = 0; ///< of the video, pixels
};

void checkReadable(const std::string &path)
{
	const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0) {
		const auto reason = std::string(std::strerror(errno));
		throw Exception(ErrorCode::DeviceNotFound,
				fmt::format("media file {} cannot be opened: {}", path, reason));
	}
	struct stat info = {};
	const bool known = fstat(descriptor, &info) == 0;
	close(descriptor);
	if (known && !S_ISREG(info.st_mode))
		throw Exception(ErrorCode::DeviceNotFound, fmt::format("media file {} is not a regular file", path));
	if (known && info.st_size == 0)
		throw Exception(ErrorCode::InitializeFailed, fmt::format("media file {} is empty", path));
}

bool capsAre(GstDiscovererStreamInfo *info, const char *name)
{
	auto caps = gst::CapsPtr::adopt(gst_discoverer_stream_info_get_caps(info));
	return caps && !gst_caps_is_empty(caps.get()) &&
	       gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), name);
}

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
FileChain fileVideoChain(const LocalStreamConfig &config, const FileStreams &streams)
{
	if (streams.videoPassed)
		return { "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au", "" };
	const auto &profile = config.videoProfile;
	return { fmt::format("queue max-size-buffers=5 ! videoconvert ! videoscale ! videorate ! "
			     "video/x-raw,format=I420,width={},height={},framerate={}/1,pixel-aspect-ratio=1/1",
			     profile.width, profile.height, profile.fps),
		 videoEncoder(config.videoCodec, profile) };
}

FileChain fileAudioChain(const LocalStreamConfig &config, const FileStreams &streams)
{
	if (streams.audioPassed)
		return { "opusparse", "" };
	return { fmt::format("queue ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels={}",
			     config.audioProfile.channels),
		 audioEncoder(config.audioProfile) };
}

/// "" without a small video. Throws Exception(NotSupported).
std::string fileSmallChain(const LocalStreamConfig &config, const FileStreams &streams)
{
	if (!config.smallProfile)
		return {};
	if (!streams.videoPassed)
		return smallVideoChain(config, config.videoProfile, true);
	auto big = config.videoProfile;
	if (streams.width > 0 && streams.height > 0) {
		big.width = streams.width & ~1;
		big.height = streams.height & ~1;
	}
	big.fps = config.smallProfile->fps; // unknown; none are made up
	return smallVideoChain(config, big, true, decoderChain(Codec::H264) + " ! ");
}

class FileSource final : public Source {
public:
	FileSource(SourceSetup setup, std::string path, FileStreams streams)
		: setup_(std::move(setup)), path_(std::move(path)), streams_(streams), pipeline_("file-source")
	{
	}

	void start() override
	{
		pipeline_.observe(setup_.config.trace);
		auto *source = pipeline_.add("filesrc");
		g_object_set(source, "location", path_.c_str(), nullptr);
		auto *decoder = pipeline_.add("decodebin");
		// decodebin stops as soon as a stream has one of these caps: what can pass is not decoded.
		std::string stop = "video/x-raw;audio/x-raw";
		if (streams_.videoPassed)
			stop += ";video/x-h264";
		if (streams_.audioPassed)
			stop += ";audio/x-opus";
		auto caps = gst::CapsPtr::adopt(gst_caps_from_string(stop.c_str()));
		g_object_set(decoder, "caps", caps.get(), nullptr);
		gst_element_link(source, decoder);
		auto branches = std::make_shared<Branches>();
		const auto &config = setup_.config;
		if (setup_.video)
			branches->video =
				branch(fileVideoChain(config, streams_),
				       setup_.small ? fileSmallChain(config, streams_) : "", "video", setup_.video);
		if (setup_.small)
			connectOutlet(pipeline_.bin(), "small", setup_.small);
		if (setup_.audio)
			branches->audio = branch(fileAudioChain(config, streams_), "", "audio", setup_.audio);
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
		if (setup_.video && !streams_.videoPassed)
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

	void onMessage(GstMessage *message)
	{
		switch (GST_MESSAGE_TYPE(message)) {
		case GST_MESSAGE_ASYNC_DONE:
			if (GST_MESSAGE_SRC(message) == GST_OBJECT(pipeline_.get()))
				run();
			break;
		case GST_MESSAGE_EOS:
			if (!setup_.config.loop) {
				if (setup_.events.ended)
					setup_.events.ended();
				break;
			}
			gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED);
			gst_element_seek_simple(pipeline_.get(), GST_FORMAT_TIME,
						static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT),
						0);
			break;
		case GST_MESSAGE_ERROR: {
			GError *error = nullptr;
			gst_message_parse_error(message, &error, nullptr);
			const Error failure { ErrorCode::InitializeFailed,
					      fmt::format("media file {}: {}", path_, error->message) };
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
	std::string path_;
	FileStreams streams_;
	gst::Pipeline pipeline_;
};

FileStreams inspectFile(const std::string &path, bool wantAudio, bool wantVideo, VideoCodec codec)
{
	checkReadable(path);
	glib::ErrorSlot error;
	glib::CharPtr uri(gst_filename_to_uri(path.c_str(), error.out()));
	auto discoverer = uri ? glib::ObjectPtr<GstDiscoverer>::adopt(gst_discoverer_new(5 * GST_SECOND, error.out()))
			      : glib::ObjectPtr<GstDiscoverer>();
	auto info = discoverer ? glib::ObjectPtr<GstDiscovererInfo>::adopt(
					 gst_discoverer_discover_uri(discoverer.get(), uri.get(), error.out()))
			       : glib::ObjectPtr<GstDiscovererInfo>();
	FileStreams streams;
	auto *list = info ? gst_discoverer_info_get_stream_list(info.get()) : nullptr;
	for (auto *item = list; item; item = item->next) {
		auto *stream = GST_DISCOVERER_STREAM_INFO(item->data);
		if (GST_IS_DISCOVERER_VIDEO_INFO(stream) && !streams.video) {
			streams.video = true;
			streams.videoPassed = codec == VideoCodec::H264 && capsAre(stream, "video/x-h264");
			auto *video = GST_DISCOVERER_VIDEO_INFO(stream);
			streams.width = static_cast<int>(gst_discoverer_video_info_get_width(video));
			streams.height = static_cast<int>(gst_discoverer_video_info_get_height(video));
		} else if (GST_IS_DISCOVERER_AUDIO_INFO(stream) && !streams.audio) {
			streams.audio = true;
			streams.audioPassed =
				capsAre(stream, "audio/x-opus") &&
				gst_discoverer_audio_info_get_channels(GST_DISCOVERER_AUDIO_INFO(stream)) <= 2;
		}
	}
	gst_discoverer_stream_info_list_free(list);
	if (!streams.audio && !streams.video)
		throw Exception(
			ErrorCode::InitializeFailed,
			fmt::format("media file {} contains no readable audio or video{}{}: name a media file, or "
				    "install the plug-in for it (gstreamer1.0-libav, gstreamer1.0-plugins-ugly)",
				    path, error ? ": " : "", error ? error.message() : ""));
	if (wantVideo && !streams.video)
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("media file {} has no video: omit --video or name another file", path));
	if (wantAudio && !streams.audio)
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("media file {} has no audio: omit --audio or name another file", path));
	return streams;
}

} // namespace

SourcePlan prepareFile(const SourceRequest &request)
{
	const auto &path = request.spec.argument;
	const auto streams = inspectFile(path, request.audio, request.video, request.config.videoCodec);
	return { [path, streams](SourceSetup setup) {
			return std::make_unique<FileSource>(std::move(setup), path, streams);
		},
		 streams.audioPassed, streams.videoPassed };
}

SourceText describeFile(const SourceRequest &request)
{
	const auto &path = request.spec.argument;
	const auto &config = request.config;
	const auto streams = inspectFile(path, request.audio, request.video, config.videoCodec);
	const auto chain = request.video ? fileVideoChain(config, streams) : fileAudioChain(config, streams);
	return { fmt::format("filesrc location={} ! decodebin ! {}", path, chain.str()),
		 request.video ? !streams.videoPassed : !streams.audioPassed,
		 request.video ? fileSmallChain(config, streams) : "" };
}

} // namespace trtc::media
