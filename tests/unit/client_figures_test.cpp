// SPDX-License-Identifier: MIT
// What the session tells of others and of the network: mutes, quality, messages.
#include "media/sei_sender.h"
#include "unit/client_support.h"

using namespace trtc;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

const UserId kBob("bob");

/// Every combination of published and muted.
struct Combination {
	bool audio, audioMuted, video, videoMuted;
	bool any() const { return audio || video; }
	bool audible() const { return audio && !audioMuted; }
	bool visible() const { return video && !videoMuted; }
};

std::vector<Combination> combinations()
{
	std::vector<Combination> all;
	for (int bits = 0; bits < 16; ++bits)
		all.push_back({ (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0 });
	return all;
}

struct FiguresFixture : SessionFixture {
	std::string tell(const Combination &now)
	{
		events.clear();
		publication(kBob, now.audio, now.video, false, now.audioMuted, now.videoMuted);
		drain();
		std::string out;
		for (const auto &mute : all<MuteChanged>()) {
			CHECK(mute.userId == kBob);
			out += std::string(mute.muted ? "-" : "+") + (mute.kind == MediaKind::Audio ? "a" : "v");
		}
		return out;
	}
	Outcome send(std::vector<std::uint8_t> data, int type = 243)
	{
		Outcome outcome;
		session->sendSEIMessage(std::move(data), type, into(outcome));
		CHECK(outcome.calls == 0); // never inside the call
		drain();
		return outcome;
	}
	std::string why(const Outcome &outcome) { return outcome.status->error().message; }
	static std::vector<std::uint8_t> bytes(std::size_t size) { return std::vector<std::uint8_t>(size, 'm'); }
};

} // namespace

TEST_CASE_FIXTURE(FiguresFixture, "mute: every combination at first sight")
{
	config.autoSubscribe = false;
	enter();
	for (const auto &now : combinations()) {
		CAPTURE(now.audio);
		CAPTURE(now.audioMuted);
		CAPTURE(now.video);
		CAPTURE(now.videoMuted);
		const std::string wanted = std::string(now.visible() ? "+v" : "-v") + (now.audible() ? "+a" : "-a");
		CHECK(tell(now) == (now.any() ? wanted : ""));
		CHECK(tell({}) == ""); // gone, and seen for the first time again
	}
}

TEST_CASE_FIXTURE(FiguresFixture, "mute: every change between any two combinations")
{
	config.autoSubscribe = false;
	enter();
	for (const auto &before : combinations())
		for (const auto &after : combinations()) {
			if (!before.any())
				continue;
			tell({});
			tell(before);
			std::string wanted;
			if (after.any() && before.visible() != after.visible())
				wanted += after.visible() ? "+v" : "-v";
			if (after.any() && before.audible() != after.audible())
				wanted += after.audible() ? "+a" : "-a";
			CHECK(tell(after) == wanted);
			CHECK(count<StreamRemoved>() == (after.any() ? 0 : 1));
		}
}

TEST_CASE_FIXTURE(FiguresFixture, "peer-leave: with the reason that came")
{
	enter();
	for (const auto *reason : { "left", "timeout", "kicked", "role-change" }) {
		driver->tell(signalling::PeerJoined { kBob, Role::Anchor });
		driver->tell(signalling::PeerLeft { kBob, reason });
		drain();
		CHECK(all<PeerLeave>().back().reason == reason);
	}
}

TEST_CASE_FIXTURE(FiguresFixture, "quality: every two seconds, of what the service and we count")
{
	enter();
	publish();
	watch(kBob);
	const auto qualities = [&] { return all<NetworkQuality>(); };
	auto &bob = *peers.at("down:bob");
	using Line = webrtc::PeerConnection::LineStats;
	bob.told.lines = { Line { 0, false, 100, 0, 0, 0 } };
	driver->tell(signalling::UplinkReport { 100, 85, 30ms });
	REQUIRE(waitFor([&] { return !qualities().empty(); }));
	CHECK(qualities()[0].uplink == 2);
	CHECK(qualities()[0].uplinkLoss == 15);
	CHECK(qualities()[0].uplinkRtt == 30);
	CHECK(qualities()[0].downlink == 0);
	bob.told.lines[0].packets = 160;
	bob.told.lines[0].lost = 40;
	bob.told.roundTrip = 12ms;
	REQUIRE(waitFor([&] { return qualities().size() == 2; }));
	CHECK(qualities()[1].downlink == 4);
	CHECK(qualities()[1].downlinkLoss == 40);
	CHECK(qualities()[1].downlinkRtt == 12);
	session->leave(into(left));
	finishStops();
	const auto told = qualities().size();
	bool later = false;
	const auto timer = loop.after(2200ms, [&] { later = true; });
	REQUIRE(waitFor([&] { return later; }));
	CHECK(qualities().size() == told);
}

TEST_CASE_FIXTURE(FiguresFixture, "message: what it needs, in the order a person would mend it")
{
	make();
	CHECK(why(send(bytes(5))).find("join first") != std::string::npos);
	enter();
	auto refused = send(bytes(0));
	CHECK(refused.failed(ErrorCode::InvalidParameter));
	CHECK(why(refused) == "a message has 1 to 1000 bytes, this one has 0");
	CHECK(send(bytes(1001)).failed(ErrorCode::InvalidParameter));
	refused = send(bytes(5), 6);
	CHECK(refused.failed(ErrorCode::InvalidParameter));
	CHECK(why(refused) == "the payload type of a message is 5 or 243, not 6");
	refused = send(bytes(5));
	CHECK(refused.failed(ErrorCode::InvalidOperation));
	CHECK(why(refused).find("--video") != std::string::npos);
	publish();
	CHECK(dynamic_cast<media::SeiSender *>(capture->videoSender.get()));
	CHECK_FALSE(dynamic_cast<media::SeiSender *>(capture->audioSender.get()));
	CHECK(send(bytes(1000)).ok());
	CHECK(send(bytes(1), 5).ok());
	stream.muteVideo();
	CHECK(why(send(bytes(5))).find("unmute video") != std::string::npos);
	stream.unmuteVideo();
	for (int i = 2; i < 30; ++i)
		REQUIRE(send(bytes(5)).ok());
	refused = send(bytes(5));
	CHECK(refused.failed(ErrorCode::InvalidOperation));
	CHECK(why(refused).find("30 messages a second") != std::string::npos);
	session->unpublish(into(unpublished));
	driver->tell(signalling::UnpublishDone { Unit {} });
	drain();
	CHECK(why(send(bytes(5))).find("--video") != std::string::npos);
}

TEST_CASE_FIXTURE(FiguresFixture, "message: 8000 bytes a second")
{
	enter();
	publish();
	for (int i = 0; i < 8; ++i)
		REQUIRE(send(bytes(1000)).ok());
	CHECK(why(send(bytes(1))).find("8000 bytes") != std::string::npos);
}

TEST_CASE_FIXTURE(FiguresFixture, "message: not in VP8, not without video")
{
	stream.impl().config.videoCodec = VideoCodec::Vp8;
	enter();
	publish();
	CHECK_FALSE(dynamic_cast<media::SeiSender *>(capture->videoSender.get()));
	const auto refused = send(bytes(5));
	CHECK(refused.failed(ErrorCode::NotSupported));
	CHECK(why(refused).find("--video-codec h264") != std::string::npos);
}

TEST_CASE_FIXTURE(FiguresFixture, "message: audio alone carries none")
{
	make();
	capture->video = false;
	session->join(options, into(joined));
	driver->tell(signalling::JoinDone { Unit {} });
	drain();
	publish();
	CHECK(why(send(bytes(5))).find("--video") != std::string::npos);
}

TEST_CASE_FIXTURE(FiguresFixture, "message: told with its frame, whose and from which stream")
{
	enter(Role::Audience);
	watch(kBob, true);
	const auto receive = [&](std::size_t mLine, std::vector<media::sei::Message> messages) {
		media::EncodedFrame one;
		one.kind = MediaKind::Video;
		one.codec = media::Codec::H264;
		one.messages = std::move(messages);
		frames.at(mLine)(one);
		drain();
	};
	receive(1, { { 243, { 'a' } }, { 5, { 'b', 0 } } });
	receive(2, { { 243, { 'c' } } });
	const auto told = all<SeiMessage>();
	REQUIRE(told.size() == 3);
	CHECK(told[0].userId == kBob);
	CHECK(told[0].seiPayloadType == 243);
	CHECK_FALSE(told[0].isFromAuxiliary);
	CHECK(told[1].data == std::vector<std::uint8_t> { 'b', 0 });
	CHECK(told[1].seiPayloadType == 5);
	CHECK(told[2].isFromAuxiliary);
}
