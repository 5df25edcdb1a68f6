// SPDX-License-Identifier: MIT
// Tracks that come and go on air, and small video: the session with puppets around it.
#include "client_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

struct Tracks : SessionFixture {
	/// On air with what the capture has.
	void onAir(bool audio, bool video)
	{
		enter();
		capture->audio = audio;
		capture->video = video;
		publish();
	}
	std::vector<signalling::ChangePublish> changes() const { return driver->all<signalling::ChangePublish>(); }
	void tellDone(Status status = Unit {})
	{
		driver->tell(signalling::PublishChangeDone { std::move(status) });
		drain();
	}
	LocalStream::Done then(Outcome &outcome)
	{
		return [&outcome](const Status &status) {
			++outcome.calls;
			outcome.status = status;
		};
	}
	const SourceSpec test = SourceSpec::parse("test");
	Outcome changed;
};

const UserId kBob("bob");

} // namespace

TEST_CASE_FIXTURE(Tracks, "tracks: video is added and removed on air, the room is told, nothing is negotiated")
{
	onAir(true, false);
	stream.addTrack(MediaKind::Video, test, then(changed));
	REQUIRE(changes().size() == 1);
	CHECK(changes()[0].info.audio);
	CHECK(changes()[0].info.video);
	CHECK(!changes()[0].info.auxiliary);
	CHECK(changed.calls == 0);
	CHECK(count<Published>() == 1);
	tellDone();
	CHECK(changed.ok());
	REQUIRE(count<Published>() == 2);
	CHECK(all<Published>()[1].audio);
	CHECK(all<Published>()[1].video);
	CHECK(all<Published>()[1].codec == "h264");

	stream.muteVideo();
	session->muteChanged();
	const auto mutes = driver->all<signalling::Mute>().size();
	changed = {};
	stream.removeTrack(MediaKind::Video, then(changed));
	CHECK(!changes().back().info.video);
	// The mute goes with the track, and after it.
	REQUIRE(driver->all<signalling::Mute>().size() == mutes + 1);
	CHECK(!driver->all<signalling::Mute>().back().video);
	CHECK(std::holds_alternative<signalling::Mute>(driver->commands.back()));
	CHECK(!stream.videoMuted());
	tellDone();
	CHECK(changed.ok());
	CHECK(!all<Published>().back().video);
	CHECK(count<Unpublished>() == 0);
	CHECK(driver->all<signalling::StartPublish>().size() == 1);
	CHECK(driver->all<signalling::Offer>().size() == 1);
}

TEST_CASE_FIXTURE(Tracks, "tracks: what cannot be changed says why")
{
	enter();
	const auto refused = [&](const char *part) {
		drain();
		CHECK(changed.failed(ErrorCode::InvalidOperation));
		CHECK(changed.status->error().message.find(part) != std::string::npos);
		changed = {};
	};
	LocalStream raw(loop, {});
	raw.addTrack(MediaKind::Video, test, then(changed));
	refused("not initialized");
	stream.addTrack(MediaKind::Video, test, then(changed));
	refused("exists already");
	stream.addTrack(MediaKind::Audio, test, then(changed), StreamType::Auxiliary);
	refused("has no audio");
	stream.removeTrack(MediaKind::Video, then(changed), StreamType::Auxiliary);
	refused("does not exist");
	capture->audio = false;
	stream.removeTrack(MediaKind::Video, then(changed));
	refused("unpublish");
	session->publish(stream, into(published));
	stream.addTrack(MediaKind::Audio, test, then(changed));
	refused("a publish is running");
	needUplink();
	connect("up");
	drain();
	Outcome second;
	stream.addTrack(MediaKind::Audio, test, then(second));
	stream.removeTrack(MediaKind::Video, then(changed));
	refused("running");
	tellDone();
	CHECK(second.ok());
	capture->addFailure = Error { ErrorCode::DeviceNotFound, "no such thing" };
	capture->audio = false;
	stream.addTrack(MediaKind::Audio, test, then(changed));
	drain();
	CHECK(changed.failed(ErrorCode::DeviceNotFound));
	CHECK(changes().size() == 1);
	CHECK(driver->all<signalling::StartPublish>().size() == 1);
}

TEST_CASE_FIXTURE(Tracks, "tracks: what the room does not want is taken back")
{
	onAir(true, false);
	stream.addTrack(MediaKind::Video, test, then(changed));
	tellDone(Error { ErrorCode::Refused, "no" });
	CHECK(changed.failed(ErrorCode::Refused));
	CHECK(!capture->video);
	CHECK(count<Published>() == 1);
	changed = {};
	stream.addTrack(MediaKind::Video, test, then(changed));
	tellDone();
	CHECK(changed.ok());
}

TEST_CASE_FIXTURE(Tracks, "tracks: off air they are there for the next publication")
{
	enter();
	capture->audio = false;
	stream.addTrack(MediaKind::Audio, test, then(changed));
	drain();
	CHECK(changed.ok());
	CHECK(changes().empty());
	publish();
	CHECK(driver->all<signalling::StartPublish>()[0].info.audio);
	// A publication that ends while the room is told: the stream has it all the same.
	changed = {};
	stream.removeTrack(MediaKind::Audio, then(changed));
	session->unpublish(into(unpublished));
	driver->tell(signalling::UnpublishDone { Unit {} });
	drain();
	CHECK(changed.ok());
	CHECK(all<Unpublished>().at(0).audio); // what was told before
	changed = {};
	stream.addTrack(MediaKind::Audio, test, then(changed));
	drain();
	CHECK(changed.ok());
}

TEST_CASE_FIXTURE(Tracks, "tracks: while the uplink is built anew they wait for it")
{
	config.reconnectTries = 3;
	onAir(true, false);
	peers.at("up")->listener.onFailed({ ErrorCode::MediaFailed, "gone" });
	stream.addTrack(MediaKind::Video, test, then(changed));
	drain();
	CHECK(changed.calls == 0);
	CHECK(changes().empty());
	driver->tell(signalling::UnpublishDone { Unit {} });
	REQUIRE(driver->all<signalling::StartPublish>().size() == 2);
	needUplink();
	connect("up");
	REQUIRE(changes().size() == 1);
	tellDone();
	CHECK(changed.ok());
	CHECK(all<Published>().back().video);
}

TEST_CASE_FIXTURE(Tracks, "auxiliary stream: one in a room, by the SDK's rule")
{
	onAir(true, true);
	publication(kBob, true, true, true);
	drain();
	const auto refused = [&](Outcome &outcome) {
		drain();
		CHECK(outcome.failed(ErrorCode::InvalidOperation));
		CHECK(outcome.status->error().message.find("auxiliary") != std::string::npos);
		outcome = {};
	};
	stream.addTrack(MediaKind::Video, SourceSpec::parse("test"), then(changed), StreamType::Auxiliary);
	refused(changed);
	session->unpublish(into(unpublished));
	driver->tell(signalling::UnpublishDone { Unit {} });
	drain();
	auto *auxiliary = new FakeCapture;
	auxiliary->audio = false;
	stream.impl().auxiliary.reset(auxiliary);
	published = {};
	session->publish(stream, into(published));
	refused(published);
	publication(kBob, true, true, false);
	drain();
	publish();
	CHECK(driver->all<signalling::StartPublish>().back().info.auxiliary);
	CHECK(auxiliary->videoSender->mLine() == 3);
}

TEST_CASE_FIXTURE(Tracks, "small video: an m-line, a sender and figures of its own")
{
	enter();
	stream.impl().config.smallProfile = VideoProfile { 160, 120, 15, 100 };
	stream.impl().config.videoProfile = { 1280, 720, 15, 1200 };
	publish();
	const auto info = driver->all<signalling::StartPublish>().at(0).info;
	CHECK(info.small);
	CHECK((info.smallProfile == VideoProfile { 184, 104, 15, 100 }));
	REQUIRE(capture->smallSender);
	CHECK(capture->smallSender->mLine() == 2);
	peers.at("up")->senders.at(2)->keyframe();
	CHECK(capture->smallKeyframes == 1);
	CHECK(capture->keyframes == 1); // each request is one for all that is sent
	peers.at("up")->told.lines = {
		{ 0, true, 1, 2, 0, 0 }, { 1, true, 3, 4, 5, 0 }, { 2, true, 6, 7, 8, 0 }, { 3, true, 9, 9, 9, 0 }
	};
	std::optional<Stats> stats;
	session->stats([&](const Stats &told) { stats = told; });
	drain();
	REQUIRE(stats);
	REQUIRE(stats->localVideo.size() == 2); // nothing of the auxiliary stream, which is not there
	CHECK(!stats->localVideo[0].small);
	CHECK(stats->localVideo[1].small);
	CHECK(stats->localVideo[1].packetsSent == 6);
	CHECK(stats->localVideo[1].frameWidth == 160);
	// It goes with the video.
	stream.removeTrack(MediaKind::Video, then(changed));
	CHECK(!changes().back().info.small);
}

TEST_CASE_FIXTURE(Tracks, "small video: the type of a remote video is a wish")
{
	enter();
	const auto code = [](const Status &status) { return status ? ErrorCode::Unknown : status.error().code; };
	CHECK(code(session->setRemoteVideoStreamType(kBob, VideoStreamType::Small)) == ErrorCode::RemoteStreamNotExist);
	watch(kBob);
	CHECK(session->setRemoteVideoStreamType(kBob, VideoStreamType::Small).has_value());
	REQUIRE(driver->all<signalling::PreferSmall>().size() == 1);
	CHECK(driver->all<signalling::PreferSmall>()[0].small);
	CHECK(driver->all<signalling::ChangeSubscribe>().empty());
	// It stays when the choice is said again with it, and is over with another.
	SubscribeOptions small;
	small.small = true;
	session->subscribe(kBob, small, into(subscribed));
	drain();
	CHECK(subscribed.ok());
	CHECK(driver->all<signalling::ChangeSubscribe>().empty());
	subscribed = {};
	session->subscribe(kBob, {}, into(subscribed));
	REQUIRE(driver->all<signalling::ChangeSubscribe>().size() == 1);
	CHECK(!driver->all<signalling::ChangeSubscribe>()[0].options.small);
	driver->tell(signalling::SubscribeChangeDone { kBob, Unit {} });
	session->unsubscribe(kBob, into(unsubscribed));
	driver->tell(signalling::UnsubscribeDone { kBob, Unit {} });
	drain();
	CHECK(code(session->setRemoteVideoStreamType(kBob, VideoStreamType::Small)) == ErrorCode::InvalidOperation);
}
