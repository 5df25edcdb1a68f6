// SPDX-License-Identifier: MIT
// The driver where no SDP is exchanged: other tracks on the uplink, big or small video.
#include "trtc_driver_support.h"

using namespace trtc;
using namespace trtc::signalling;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

constexpr int kAll = 1 | 2 | 4 | 8; // big, small, auxiliary video, sound

const UserId kBob("bob");

struct Tracks : DriverFixture {
	/// Answers what the client and the service have to answer.
	void play()
	{
		log.hook = [this](const signalling::Event &event) {
			if (const auto *need = std::get_if<NeedOffer>(&event))
				driver->send(Offer { need->link, "v=0 offer" });
		};
		service.onMessage = [this](const protocol::ClientMessage &message) {
			if (std::holds_alternative<protocol::Subscribe>(message.command))
				service.answer(4102, message.seq);
			if (std::holds_alternative<protocol::Publish>(message.command))
				service.answer(4098, message.seq);
			if (std::holds_alternative<protocol::SubscribeChange>(message.command))
				service.reply(4106, message.seq, changeCode);
		};
	}
	void subscribe(const SubscribeOptions &wanted)
	{
		driver->send(StartSubscribe { kBob, wanted });
		REQUIRE(comes<RemoteAnswer>());
	}
	protocol::SubscribeWishes lastChange() const
	{
		const auto changes = service.all<protocol::SubscribeChange>();
		REQUIRE(!changes.empty());
		return changes.back().wishes;
	}
	std::size_t changes() const { return service.all<protocol::SubscribeChange>().size(); }
	int changeCode = 0;
};

constexpr protocol::SubscribeWishes kBigOnly { true, true, true, false }, kSmallOnly { true, false, true, true };

} // namespace

TEST_CASE_FIXTURE(Tracks, "publish_state_change: state and figures, no SDP")
{
	play();
	enter();
	PublishInfo info;
	info.audio = true;
	driver->send(StartPublish { info });
	REQUIRE(comes<RemoteAnswer>());
	driver->send(LinkConnected { "up" });
	info.video = info.small = info.auxiliary = true;
	info.videoProfile = { 640, 480, 15, 500 };
	info.smallProfile = { 160, 120, 10, 90 };
	info.auxiliaryProfile = { 1280, 720, 5, 1200 };
	driver->send(ChangePublish { info });
	REQUIRE(arrives<protocol::PublishStateChange>());
	const auto change = service.all<protocol::PublishStateChange>().at(0);
	CHECK((change.state == protocol::PublishState { true, true, true, true }));
	CHECK(change.constraint.videoCodec == "H264");
	CHECK(change.constraint.smallVideoWidth == 160);
	CHECK(change.constraint.smallVideoHeight == 120);
	CHECK(change.constraint.smallVideoFps == 10);
	CHECK(change.constraint.smallVideoBps == 90000);
	CHECK(change.constraint.auxVideoWidth == 1280);
	CHECK(log.count<PublishChangeDone>() == 0);
	service.reply(4112, service.seq<protocol::PublishStateChange>());
	REQUIRE(comes<PublishChangeDone>());
	CHECK(log.last<PublishChangeDone>().status.has_value());
	// One that is refused says why.
	driver->send(ChangePublish { info });
	REQUIRE(arrives<protocol::PublishStateChange>(2));
	service.reply(4112, service.seq<protocol::PublishStateChange>(), protocol::code::kNotPermitted);
	REQUIRE(comes<PublishChangeDone>(2));
	CHECK(log.last<PublishChangeDone>().status.error().code == ErrorCode::Refused);
	CHECK(service.all<protocol::Publish>().size() == 1);
}

TEST_CASE_FIXTURE(Tracks, "publish_state_change: without an answer in time, and without a publication")
{
	limits.stateAnswer = 30ms;
	play();
	enter();
	driver->send(ChangePublish {});
	REQUIRE(comes<PublishChangeDone>());
	CHECK(log.last<PublishChangeDone>().status.error().code == ErrorCode::InvalidOperation);
	driver->send(StartPublish { { true } });
	REQUIRE(comes<RemoteAnswer>());
	driver->send(ChangePublish { { true, true } });
	REQUIRE(comes<PublishChangeDone>(2));
	CHECK(log.last<PublishChangeDone>().status.error().code == ErrorCode::ApiCallTimeout);
}

TEST_CASE_FIXTURE(Tracks, "small video: asked for at once when it is there")
{
	play();
	enter(publisher("bob", kAll));
	SubscribeOptions wanted;
	wanted.small = true;
	subscribe(wanted);
	CHECK((service.all<protocol::Subscribe>().at(0).wishes == kSmallOnly));
	// Without video there is nothing to be small.
	wanted = { true, false, false, true };
	driver->send(ChangeSubscribe { kBob, wanted });
	REQUIRE(comes<SubscribeChangeDone>());
	CHECK((lastChange() == protocol::SubscribeWishes { true, false, false, false }));
	driver->send(ChangeSubscribe { kBob, SubscribeOptions {} });
	REQUIRE(comes<SubscribeChangeDone>(2));
	CHECK((lastChange() == kBigOnly));
}

TEST_CASE_FIXTURE(Tracks, "small video: a wish waits for the list that shows it, and falls back when it is gone")
{
	play();
	enter(publisher("bob", kAll & ~2));
	SubscribeOptions wanted;
	subscribe(wanted);
	CHECK((service.all<protocol::Subscribe>().at(0).wishes == kBigOnly));
	driver->send(PreferSmall { kBob, true });
	service.publishers(publisher("bob", kAll & ~2));
	settle();
	CHECK(changes() == 0);
	service.publishers(publisher("bob", kAll));
	REQUIRE(arrives<protocol::SubscribeChange>());
	CHECK((lastChange() == kSmallOnly));
	CHECK(service.all<protocol::SubscribeChange>().at(0).srcTinyId == "t-bob");
	settle();
	service.publishers(publisher("bob", kAll));
	settle();
	CHECK(changes() == 1); // once
	service.publishers(publisher("bob", kAll & ~2));
	REQUIRE(arrives<protocol::SubscribeChange>(2));
	CHECK((lastChange() == kBigOnly));
	settle();
	service.publishers(publisher("bob", kAll));
	REQUIRE(arrives<protocol::SubscribeChange>(3));
	CHECK((lastChange() == kSmallOnly));
	settle();
	driver->send(PreferSmall { kBob, false });
	service.publishers(publisher("bob", kAll));
	REQUIRE(arrives<protocol::SubscribeChange>(4));
	CHECK((lastChange() == kBigOnly));
	CHECK(log.count<SubscribeChangeDone>() == 0); // nobody asked
}

TEST_CASE_FIXTURE(Tracks, "small video: ten tries that are refused are enough, until it is wished for anew")
{
	play();
	changeCode = -1;
	enter(publisher("bob", kAll));
	subscribe({});
	driver->send(PreferSmall { kBob, true });
	for (int i = 0; i < 14; ++i) {
		service.publishers(publisher("bob", kAll));
		settle(); // the try is on its way
		settle(); // and answered
	}
	CHECK(changes() == 10);
	changeCode = 0;
	driver->send(PreferSmall { kBob, true });
	service.publishers(publisher("bob", kAll));
	REQUIRE(arrives<protocol::SubscribeChange>(11));
	CHECK((lastChange() == kSmallOnly));
}
