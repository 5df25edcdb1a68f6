// SPDX-License-Identifier: MIT
#include "media/receiver.h"

#include "gst/pipeline.h"
#include "media/freeze_watch.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

namespace trtc::media {

const char *toString(Codec codec) noexcept
{
	switch (codec) {
	case Codec::H264:
		return "h264";
	case Codec::Vp8:
		return "vp8";
	case Codec::Opus:
		return "opus";
	}
	return "unknown";
}

namespace {

struct Depayloader {
	const char *encodingName;
	Codec codec;
	const char *elements;
};

// Both video depayloaders start at a keyframe and ask for one after a loss; whoever is asked limits the rate.
// H.264 gets its parameter sets in front of every IDR, so that the size may change in the middle.
constexpr Depayloader kDepayloaders[] = {
	{ "H264", Codec::H264,
	  "rtph264depay request-keyframe=true wait-for-keyframe=true ! h264parse config-interval=-1 ! "
	  "video/x-h264,stream-format=byte-stream,alignment=au" },
	{ "VP8", Codec::Vp8, "rtpvp8depay request-keyframe=true wait-for-keyframe=true" },
	{ "OPUS", Codec::Opus, "rtpopusdepay" },
};

/// Lives as long as the Receiver; the streaming thread knows it weakly.
struct Inbox {
	Receiver::FrameHandler handler;
	std::shared_ptr<webrtc::Track> track;
};

EncodedFrame toFrame(GstSample *sample, Codec codec)
{
	auto *buffer = gst_sample_get_buffer(sample);
	EncodedFrame frame;
	frame.codec = codec;
	frame.kind = codec == Codec::Opus ? MediaKind::Audio : MediaKind::Video;
	frame.keyframe = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	const auto *segment = gst_sample_get_segment(sample);
	const auto pts = GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : GST_BUFFER_DTS(buffer);
	auto running = segment && GST_CLOCK_TIME_IS_VALID(pts)
			       ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts)
			       : GST_CLOCK_TIME_NONE;
	if (!GST_CLOCK_TIME_IS_VALID(running))
		running = gst::now();
	frame.time = std::chrono::nanoseconds(static_cast<std::int64_t>(running));
	std::vector<std::uint8_t> bytes(gst_buffer_get_size(buffer));
	gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
	if (codec == Codec::Opus)
		frame.channels = !bytes.empty() && (bytes[0] & 0x04) ? 2 : 1; // RFC 6716 section 3.1, bit s
	else if (auto *caps = gst_sample_get_caps(sample)) {
		const auto *structure = gst_caps_get_structure(caps, 0);
		gst_structure_get_int(structure, "width", &frame.width);
		gst_structure_get_int(structure, "height", &frame.height);
	}
	frame.data = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
	return frame;
}

/// The messages of a stream on their way to the next frame that comes out.
struct Messages {
	/// More than the reader lets through in two seconds: a stream without a usable frame must not pile them up.
	static constexpr std::size_t kMaxWaiting = 2 * sei::Reader::kMaxASecond;
	std::vector<sei::Message> waiting;
	sei::Reader reader { [this](sei::Message message) {
		if (waiting.size() < kMaxWaiting)
			waiting.push_back(std::move(message));
	} };

	void packet(std::span<const std::uint8_t> rtp) { reader.packet(rtp, std::chrono::steady_clock::now()); }
};

/// What the streaming thread keeps of a stream: packets go in and frames come out on that one.
struct Passing {
	explicit Passing(Codec which) : codec(which) {}
	Passing(const Passing &) = delete; // the reader knows where the messages are
	Passing &operator=(const Passing &) = delete;

	const Codec codec;
	Messages messages;
	FreezeWatch freeze;

	/// True if a keyframe is wanted.
	bool packet(GstBuffer *buffer)
	{
		GstMapInfo map;
		if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
			return false;
		const bool wanted = freeze.packet({ map.data, map.size });
		try {
			if (codec == Codec::H264)
				messages.packet({ map.data, map.size });
		} catch (const std::exception &) {
			messages.waiting.clear(); // no message is worth the stream
		}
		gst_buffer_unmap(buffer, &map);
		return wanted;
	}
};

class TrackReceiver final : public Receiver {
public:
	TrackReceiver(MainLoop &loop, std::shared_ptr<webrtc::Track> track, FrameHandler handler)
		: track_(std::move(track)), inbox_(std::make_shared<Inbox>(Inbox { std::move(handler), track_ }))
	{
		const Depayloader *route = nullptr;
		for (const auto &candidate : kDepayloaders)
			if (track_->encodingName() == candidate.encodingName)
				route = &candidate;
		if (!route)
			throw Exception(ErrorCode::NotSupported,
					fmt::format("codec {} cannot be received", track_->encodingName()));
		const auto passing = std::make_shared<Passing>(route->codec);
		const auto post = [&loop, weak = std::weak_ptr(inbox_)](auto what) {
			loop.post([weak, what = std::move(what)] {
				if (auto inbox = weak.lock())
					what(*inbox);
			});
		};
		if (track_->kind() == MediaKind::Video)
			track_->tap([passing, post](GstBuffer *packet) {
				if (passing->packet(packet))
					post([](Inbox &inbox) { inbox.track->requestKeyframe(); });
			});
		track_->attach(route->elements, [passing, post](GstSample *sample) {
			try {
				auto frame = toFrame(sample, passing->codec);
				frame.messages = std::exchange(passing->messages.waiting, {});
				passing->freeze.frame();
				post([frame = std::move(frame)](Inbox &inbox) { inbox.handler(frame); });
			} catch (const std::exception &exception) {
				spdlog::warn("a received frame is lost: {}", exception.what());
			}
		});
		if (track_->kind() == MediaKind::Video)
			track_->requestKeyframe();
	}

private:
	std::shared_ptr<webrtc::Track> track_;
	std::shared_ptr<Inbox> inbox_;
};

} // namespace

std::unique_ptr<Receiver> Receiver::create(MainLoop &loop, std::shared_ptr<webrtc::Track> track, FrameHandler handler)
{
	return std::make_unique<TrackReceiver>(loop, std::move(track), std::move(handler));
}

} // namespace trtc::media
