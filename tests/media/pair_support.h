// SPDX-License-Identifier: MIT
#pragma once

#include "media/capture.h"
#include "media/receiver.h"
#include "media/recorder.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"
#include "support/tools.h"
#include "webrtc/peer_connection.h"
#include "webrtc/repair.h"
#include "webrtc/sdp.h"

#include <doctest/doctest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Two peer connections in one process: one sends what a Capture makes, one receives it.
namespace trtc::test {

using namespace std::chrono_literals;

/// One end, with all that it told.
struct End final : webrtc::PeerConnection::Listener {
	explicit End(const char *endName) : name(endName) {}
	void open(MainLoop &loop, std::chrono::milliseconds connectTimeout = 10s)
	{
		webrtc::PeerConnection::Config config;
		config.name = name;
		config.ice.localAddress = "127.0.0.1";
		config.ice.advertisedAddress = advertised;
		config.connectTimeout = connectTimeout;
		peer = webrtc::PeerConnection::create(loop, config, *this);
	}
	void onLocalDescription(const std::string &sdp) override
	{
		++descriptions;
		if (describe)
			describe(sdp);
	}
	void onConnected() override
	{
		++connected;
		if (connect)
			connect();
	}
	void onFailed(const Error &error) override
	{
		failed.push_back(error);
		if (fail)
			fail();
	}
	void onTrack(const std::shared_ptr<webrtc::Track> &track) override
	{
		tracks.push_back(track);
		if (take)
			take(track);
	}

	const char *name;
	std::string advertised;
	std::unique_ptr<webrtc::PeerConnection> peer;
	int descriptions = 0, connected = 0;
	std::vector<Error> failed;
	std::vector<std::shared_ptr<webrtc::Track>> tracks;
	std::function<void(const std::string &)> describe;
	std::function<void()> connect, fail;
	std::function<void(const std::shared_ptr<webrtc::Track> &)> take;
};

/// The plan of an answerer that takes everything in the offer.
inline std::vector<webrtc::AnswerLine> takeAll(const std::string &offer)
{
	std::vector<webrtc::AnswerLine> lines;
	const auto parsed = webrtc::sdp::parse(offer);
	REQUIRE(parsed);
	for (const auto &media : parsed.value().media) {
		const auto maps = media.rtpMaps();
		REQUIRE(!maps.empty());
		webrtc::AnswerLine line;
		line.payloadType = maps.front().payloadType;
		line.repairType = webrtc::repairFormat(media, line.payloadType).value_or(0);
		line.encodingName = maps.front().encodingName;
		line.fmtp = maps.front().fmtp;
		lines.push_back(line);
	}
	return lines;
}

/// Threads of this process now.
inline int threads()
{
	std::ifstream status("/proc/self/status");
	for (std::string line; std::getline(status, line);)
		if (line.starts_with("Threads:"))
			return std::stoi(line.substr(8));
	return -1;
}

struct PairFixture : LoopFixture, media::Capture::Listener {
	PairFixture()
	{
		// Any change of what one end says happens here.
		sender.describe = [this](const std::string &sdp) {
			const auto text = changeOffer ? changeOffer(sdp) : sdp;
			receiver.peer->answer(text, takeAll(text));
		};
		receiver.describe = [this](const std::string &sdp) {
			if (!mute)
				sender.peer->setAnswer(changeAnswer ? changeAnswer(sdp) : sdp);
		};
	}
	virtual ~PairFixture() { hangUp(); }

	void hangUp()
	{
		if (capture)
			capture->stop();
		receivers.clear();
		for (auto *end : { &sender, &receiver }) {
			if (end->peer)
				end->peer->close();
			end->tracks.clear();
			end->peer.reset();
		}
	}
	void open(std::chrono::milliseconds connectTimeout = 10s)
	{
		sender.open(loop, connectTimeout);
		receiver.open(loop, connectTimeout);
	}
	/// Makes the sources; audio, video.
	void prepare(const LocalStreamConfig &config) { capture = media::Capture::create(loop, config, *this); }
	/// Sound on m-line 0 and a picture on 1; frames go to @p handler.
	void offer(VideoCodec codec = VideoCodec::H264)
	{
		sender.peer->offer({ { MediaKind::Audio, true, {} }, { MediaKind::Video, true, { codec } } });
	}
	/// Offer, answer, sources running, frames to @p handler.
	void start(const LocalStreamConfig &config, media::Receiver::FrameHandler handler)
	{
		prepare(config);
		open();
		receiver.take = [this, handler](const std::shared_ptr<webrtc::Track> &track) {
			receivers.push_back(media::Receiver::create(loop, track, handler));
		};
		sender.connect = [this] {
			capture->start(capture->hasAudio() ? sender.peer->sender(0) : nullptr,
				       capture->hasVideo() ? sender.peer->sender(1) : nullptr);
		};
		offer(capture->videoCodec());
		if (auto video = sender.peer->sender(1))
			video->onKeyframeRequest([this] {
				++keyframeRequests;
				capture->requestKeyframe();
			});
	}
	void onCaptureFailed(const Error &error) override { captureFailed.push_back(error); }
	void onCaptureEnded(const std::string &source) override { ended.push_back(source); }
	void pass(std::chrono::milliseconds length)
	{
		bool over = false;
		const auto timer = loop.after(length, [&over] { over = true; });
		REQUIRE(waitFor([&over] { return over; }, length + kWatchdog));
	}
	bool failedWith(const End &end, ErrorCode code)
	{
		return waitFor([&] { return !end.failed.empty(); }, 15s) && end.failed.size() == 1 &&
		       end.failed[0].code == code;
	}

	std::unique_ptr<media::Capture> capture;
	End sender { "sender" }, receiver { "receiver" };
	std::vector<std::unique_ptr<media::Receiver>> receivers;
	std::function<std::string(std::string)> changeOffer, changeAnswer;
	bool mute = false; ///< the answer never arrives
	int keyframeRequests = 0;
	std::vector<Error> captureFailed;
	std::vector<std::string> ended;
};

inline LocalStreamConfig testSources(VideoCodec codec = VideoCodec::H264)
{
	LocalStreamConfig config;
	config.video.kind = config.audio.kind = SourceSpec::Kind::Test;
	config.videoProfile = { 320, 240, 15, 300 };
	config.videoCodec = codec;
	return config;
}

} // namespace trtc::test
