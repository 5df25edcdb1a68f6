// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Messages in the picture.
namespace trtc::client {

/// What the senders of H.264 video get in front of them, so that messages go with the frames. The big and the small video take
/// every message, as in the SDK.
std::shared_ptr<webrtc::Sender> Session::withMessages(std::shared_ptr<webrtc::Sender> sender)
{
	if (!sender || uplink_.sending.codec != VideoCodec::H264)
		return sender;
	uplink_.messages.push_back(std::make_shared<media::SeiSender>(std::move(sender)));
	return uplink_.messages.back();
}

void Session::sendSEIMessage(std::vector<std::uint8_t> data, int payloadType, Done done)
{
	const auto refuse = [&](ErrorCode code, std::string message) {
		complete(std::move(done), Error { code, std::move(message) });
	};
	if (data.empty() || data.size() > kMaxMessageBytes)
		return refuse(ErrorCode::InvalidParameter, fmt::format("a message has 1 to {} bytes, this one has {}",
								       kMaxMessageBytes, data.size()));
	if (payloadType != media::sei::kUserData && payloadType != media::sei::kSdkDefault)
		return refuse(ErrorCode::InvalidParameter,
			      fmt::format("the payload type of a message is {} or {}, not {}", media::sei::kUserData,
					  media::sei::kSdkDefault, payloadType));
	if (state_ != State::Joined)
		return refuse(ErrorCode::InvalidOperation, absence());
	if (!published() || !uplink_.sending.video)
		return refuse(ErrorCode::InvalidOperation,
			      "a message is sent inside the main video: publish a --video source first");
	if (uplink_.phase == Uplink::Phase::Relinking)
		return refuse(ErrorCode::InvalidOperation, "the uplink is reconnecting: wait for stream-reconnected");
	if (uplink_.messages.empty())
		return refuse(ErrorCode::NotSupported,
			      fmt::format("messages are sent inside H.264 video only, but {} is published: start the "
					  "agent with --video-codec h264",
					  toString(uplink_.sending.codec)));
	if (uplink_.stream->videoMuted)
		return refuse(ErrorCode::InvalidOperation,
			      "a message is sent inside the video, but the video is muted: use unmute video first");
	if (const auto *limit = messageBudget_.spend(data.size(), std::chrono::steady_clock::now()))
		return refuse(ErrorCode::InvalidOperation, limit);
	bool taken = false; // by one of them: a small video that stands still holds nobody up
	for (const auto &sender : uplink_.messages)
		taken = sender->add({ payloadType, data }) || taken;
	if (!taken)
		return refuse(ErrorCode::InvalidOperation,
			      fmt::format("{} messages already wait for a frame: check that the source delivers frames",
					  media::SeiSender::kMaxWaiting));
	complete(std::move(done), Unit {});
}

void Session::tellMessages(const signalling::TrackMap &track, const media::EncodedFrame &frame)
{
	for (const auto &message : frame.messages)
		emit(SeiMessage { track.userId, message.data, message.payloadType,
				  track.streamType == StreamType::Auxiliary });
}

} // namespace trtc::client
