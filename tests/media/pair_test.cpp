// SPDX-License-Identifier: MIT
// Test picture and sound from one peer connection to another, into a file.
#include "media/pair_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

struct RecordedPair : PairFixture, media::Recorder::Listener {
	void onRecordingStarted(const RecordingStarted &event) override { path = event.path; }
	void onRecordingStopped(const RecordingStopped &event) override { stopped = event; }
	void onRecordingFailed(const Error &error) override { FAIL(error.message); }

	void record(VideoCodec codec, std::chrono::milliseconds length)
	{
		recorder = media::Recorder::create(
			loop, { folder.str(), RoomId::number(1), UserId("bob"), StreamType::Main }, *this);
		start(testSources(codec), [this](const media::EncodedFrame &frame) {
			++(frame.kind == MediaKind::Video ? videoFrames : audioFrames);
			if (frame.kind == MediaKind::Video && frame.keyframe)
				++keyframes;
			recorder->write(frame);
		});
		REQUIRE(waitFor([this] { return videoFrames && audioFrames; }));
		pass(length);
		recorder->stop("leave");
	}

	TempDir folder;
	std::unique_ptr<media::Recorder> recorder;
	std::string path;
	std::optional<RecordingStopped> stopped;
	int videoFrames = 0, audioFrames = 0, keyframes = 0;
};

/// One digit of every fingerprint, as somebody in the middle would.
std::string forged(std::string sdp)
{
	static constexpr std::string_view kMark = "a=fingerprint:sha-256 ";
	int changed = 0;
	for (auto at = sdp.find(kMark); at != std::string::npos; at = sdp.find(kMark, at + 1), ++changed)
		sdp[at + kMark.size()] = sdp[at + kMark.size()] == '0' ? '1' : '0';
	CHECK(changed > 0);
	return sdp;
}

} // namespace

TEST_CASE_FIXTURE(RecordedPair, "pair: H.264 and sound, nothing missing, in step")
{
	record(VideoCodec::H264, 5s);
	CHECK(sender.failed.empty());
	CHECK(receiver.failed.empty());
	CHECK(sender.connected == 1);
	CHECK(receiver.connected == 1);
	CHECK(receiver.tracks.size() == 2);
	const Figures figures(path);
	INFO(figures.report());
	CHECK(figures.track("video").get("codec").string(64) == "h264");
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.backwards") == 0);
	CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
	CHECK(figures.number("video.durationMs") > 4500);
	// Times may make a step when the first sender report comes; what counts is that all packets are there.
	CHECK(figures.number("audio.maxGapMs") < patient(150));
	CHECK(figures.number("audio.seconds") >= figures.number("video.frames") / 15 - 0.25);
	CHECK(figures.number("avOffsetMs.pairs") >= 4);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 40);
	const auto stats = receiver.peer->receiveStats(1);
	CHECK(stats.received > 50);
	CHECK(stats.expected == stats.received);
}

TEST_CASE_FIXTURE(RecordedPair, "pair: what one end has sent the other has got, and the answer names another address")
{
	receiver.advertised = "203.0.113.7";
	changeAnswer = [](std::string sdp) {
		// As a router would: what goes there comes to us.
		const auto at = sdp.find("203.0.113.7");
		REQUIRE(at != std::string::npos);
		CHECK(sdp.find("127.0.0.1 ") == std::string::npos);
		return sdp.replace(at, 11, "127.0.0.1");
	};
	record(VideoCodec::H264, 3s);
	capture->stop();
	webrtc::PeerConnection::Stats got, sent;
	const auto same = [&] {
		got = receiver.peer->stats();
		sent = sender.peer->stats();
		if (got.lines.size() != 2 || sent.lines.size() != 2)
			return false;
		for (const auto &mine : sent.lines)
			for (const auto &theirs : got.lines)
				if (mine.mLine == theirs.mLine &&
				    (mine.packets != theirs.packets || mine.bytes != theirs.bytes ||
				     mine.frames != theirs.frames || theirs.lost))
					return false;
		return true;
	};
	CHECK(waitFor(same));
	for (const auto &line : sent.lines) {
		CHECK(line.sending);
		CHECK(line.packets > 40);
		CHECK(line.bytes > line.packets * 10);
	}
	CHECK(got.lines.at(0).sending == false);
	// Who only receives learns it too, from extended reports (RFC 3611).
	CHECK(waitFor([&] { return receiver.peer->stats().roundTrip.has_value(); }, 10s));
	CHECK(waitFor([&] { return sender.peer->stats().roundTrip.has_value(); }, 10s));
	CHECK(sender.peer->stats().sendLoss.value_or(-1) == 0);
}

TEST_CASE_FIXTURE(RecordedPair, "pair: VP8 and sound, nothing missing, in step")
{
	record(VideoCodec::Vp8, 5s);
	const Figures figures(path);
	INFO(figures.report());
	CHECK(figures.track("video").get("codec").string(64) == "vp8");
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
	// Times may make a step when the first sender report comes; what counts is that all packets are there.
	CHECK(figures.number("audio.maxGapMs") < patient(150));
	CHECK(figures.number("audio.seconds") >= figures.number("video.frames") / 15 - 0.25);
	CHECK(figures.number("avOffsetMs.pairs") >= 4);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 40);
}

TEST_CASE_FIXTURE(RecordedPair, "pair: a keyframe that is asked for comes")
{
	record(VideoCodec::H264, 1s);
	const int asked = keyframeRequests, had = keyframes;
	REQUIRE(receiver.tracks.size() == 2);
	bool requested = false;
	for (const auto &track : receiver.tracks)
		if (track->kind() == MediaKind::Video) {
			track->requestKeyframe();
			requested = true;
		}
	REQUIRE(requested);
	REQUIRE(waitFor([&] { return keyframeRequests > asked; }));
	// The source's own next one is four seconds away.
	REQUIRE(waitFor([&] { return keyframes > had; }, 2s));
}

TEST_CASE_FIXTURE(PairFixture, "pair: a forged fingerprint in the offer: the answerer drops it, no track is told")
{
	changeOffer = forged;
	int frames = 0;
	start(testSources(), [&](const media::EncodedFrame &) { ++frames; });
	REQUIRE(failedWith(receiver, ErrorCode::MediaFailed));
	CHECK(receiver.failed[0].message.find("certificate") != std::string::npos);
	pass(500ms);
	CHECK(receiver.tracks.empty());
	CHECK(receiver.connected == 0);
	CHECK(!receiver.peer->connected());
	CHECK(receiver.failed.size() == 1);
	CHECK(frames == 0);
}

TEST_CASE_FIXTURE(PairFixture, "pair: a forged fingerprint in the answer: the offerer drops it and sends nothing")
{
	changeAnswer = forged;
	int frames = 0;
	start(testSources(), [&](const media::EncodedFrame &) { ++frames; });
	REQUIRE(failedWith(sender, ErrorCode::MediaFailed));
	CHECK(sender.failed[0].message.find("certificate") != std::string::npos);
	pass(500ms);
	CHECK(sender.connected == 0);
	CHECK(!sender.peer->connected());
	CHECK(frames == 0);
	CHECK(receiver.tracks.empty());
}

TEST_CASE_FIXTURE(PairFixture, "pair: one of several fingerprints forged is refused as well")
{
	changeAnswer = [](std::string sdp) {
		const auto at = sdp.rfind("a=fingerprint:sha-256 ") + 22;
		sdp[at] = sdp[at] == '0' ? '1' : '0';
		return sdp;
	};
	open();
	offer();
	REQUIRE(failedWith(sender, ErrorCode::MediaFailed));
	CHECK(sender.connected == 0);
}

TEST_CASE_FIXTURE(PairFixture, "pair: a peer that never comes: failed after the time given, once")
{
	mute = true;
	open(700ms);
	offer();
	REQUIRE(failedWith(receiver, ErrorCode::MediaFailed));
	pass(300ms);
	CHECK(receiver.failed.size() == 1);
	CHECK(receiver.connected == 0);
	CHECK(sender.failed.empty()); // it waits for an answer, which has a time of its own
}

TEST_CASE_FIXTURE(PairFixture, "pair: an answer from nobody: failed after the time given")
{
	changeAnswer = [this](std::string sdp) {
		receiver.peer->close();
		return sdp;
	};
	open(1s);
	offer();
	REQUIRE(failedWith(sender, ErrorCode::MediaFailed));
}

TEST_CASE_FIXTURE(PairFixture, "pair: an answer that is none")
{
	for (const char *text :
	     { "", "hello", "v=0\r\n",
	       "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" }) {
		CAPTURE(text);
		sender.failed.clear();
		open(1s);
		changeAnswer = [text](const std::string &) { return text; };
		offer();
		CHECK(failedWith(sender, ErrorCode::MediaFailed));
		hangUp();
	}
}

TEST_CASE_FIXTURE(PairFixture, "pair: closed inside every callback, nothing follows")
{
	enum Place { Offer, Answer, SenderConnected, ReceiverConnected, FirstTrack, Failure, Places };
	for (int place = 0; place < Places; ++place) {
		CAPTURE(place);
		PairFixture pair;
		bool closed = false;
		int after = 0;
		auto &end =
			place == Offer || place == SenderConnected || place == Failure ? pair.sender : pair.receiver;
		const auto close = [&] {
			CHECK(!closed);
			end.peer->close();
			end.peer->close();
			closed = true;
		};
		const auto count = [&](auto inner) {
			return [&, inner](auto &&...arguments) {
				after += closed;
				if (inner)
					inner(arguments...);
			};
		};
		if (place == Offer)
			pair.sender.describe = [&](const std::string &) { close(); };
		else if (place == Answer)
			pair.receiver.describe = [&](const std::string &) { close(); };
		else if (place == SenderConnected)
			pair.sender.connect = close;
		else if (place == ReceiverConnected)
			pair.receiver.connect = close;
		else if (place == FirstTrack)
			pair.receiver.take = [&](const std::shared_ptr<webrtc::Track> &) { close(); };
		else
			pair.sender.fail = close;
		if (place == Failure)
			pair.changeAnswer = forged;
		if (place == FirstTrack) {
			pair.prepare(testSources());
			pair.sender.connect = [&] {
				pair.capture->start(pair.sender.peer->sender(0), pair.sender.peer->sender(1));
			};
		}
		pair.open();
		pair.offer();
		REQUIRE(pair.waitFor([&] { return closed; }));
		if (place == ReceiverConnected)
			end.connect = count(end.connect);
		const auto told =
			end.descriptions + end.connected + static_cast<int>(end.failed.size() + end.tracks.size());
		pair.pass(300ms);
		CHECK(end.descriptions + end.connected + static_cast<int>(end.failed.size() + end.tracks.size()) ==
		      told);
		CHECK(after == 0);
	}
}

TEST_CASE_FIXTURE(LoopFixture, "pair: ten times up and down, the threads are gone")
{
	int before = 0;
	for (int round = 0; round < 11; ++round) {
		int frames = 0;
		PairFixture pair;
		pair.start(testSources(), [&](const media::EncodedFrame &) { ++frames; });
		REQUIRE(pair.waitFor([&] { return frames > 5; }));
		pair.hangUp();
		pair.capture.reset();
		pair.drain();
		// The first round makes what stays: the pool of GStreamer, GLib's workers.
		if (round == 0)
			before = threads();
	}
	// A thread that has left its function may still be counted for a moment.
	CHECK(waitFor([&] { return threads() <= before + 1; }, 4s));
}
