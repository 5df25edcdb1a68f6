// SPDX-License-Identifier: MIT
// The driver's links: publishing, subscribing, the role.
#include "trtc_driver_support.h"

using namespace trtc;
using namespace trtc::signalling;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

struct CodeRow {
	int code;
	ErrorCode expected;
};
constexpr CodeRow kCodes[] = {
	{ protocol::code::kNoH264Decode, ErrorCode::NotSupportedH264 },
	{ protocol::code::kNoH264Encode, ErrorCode::NotSupportedH264 },
	{ protocol::code::kNoSuchUser, ErrorCode::RemoteStreamNotExist },
	{ protocol::code::kNotPermitted, ErrorCode::Refused },
	{ protocol::code::kBadPrivateMapKey, ErrorCode::Refused },
	{ protocol::code::kBadSdp, ErrorCode::MediaFailed },
	{ protocol::code::kNoCommonCodec, ErrorCode::MediaFailed },
	{ protocol::code::kMediaFailed, ErrorCode::MediaFailed },
	{ protocol::code::kNotSupported, ErrorCode::NotSupported },
	{ -1, ErrorCode::Unknown },
};

struct Linked : DriverFixture {
	/// Answers NeedOffer as the client would.
	void offerAll()
	{
		log.hook = [this](const signalling::Event &event) {
			if (const auto *need = std::get_if<NeedOffer>(&event))
				driver->send(Offer { need->link, "v=0 offer" });
		};
	}
	void publishInfo(bool audio = true, bool video = true)
	{
		PublishInfo info;
		info.audio = audio;
		info.video = video;
		info.codec = VideoCodec::Vp8;
		info.videoProfile = { 320, 240, 10, 300 };
		info.audioProfile = { 48000, 2, 64 };
		driver->send(StartPublish { info });
	}
};

const UserId kBob("bob");

} // namespace

TEST_CASE_FIXTURE(Linked, "publish: four m-lines, offer, answer, mute once connected, unpublish")
{
	enter();
	publishInfo();
	CHECK(log.count<NeedOffer>() == 0); // never inside send()
	REQUIRE(comes<NeedOffer>());
	const auto need = log.last<NeedOffer>();
	CHECK(need.link == "up");
	CHECK(need.send);
	REQUIRE(need.tracks.size() == 4);
	for (std::size_t i = 0; i < 4; ++i) {
		CHECK(need.tracks[i].mLine == i);
		CHECK(need.tracks[i].userId == UserId("me"));
		CHECK((need.tracks[i].kind == MediaKind::Audio) == (i == 0));
		CHECK(need.tracks[i].small == (i == 2));
		CHECK((need.tracks[i].streamType == StreamType::Auxiliary) == (i == 3));
	}
	driver->send(Mute { true, false });
	driver->send(Offer { "up", "v=0 offer" });
	REQUIRE(arrives<protocol::Publish>());
	const auto publish = service.all<protocol::Publish>().at(0);
	CHECK(publish.sdp == "v=0 offer");
	CHECK(!publish.screen);
	CHECK((publish.state == protocol::PublishState { true, true, false, false }));
	CHECK(publish.constraint.videoCodec == "VP8");
	CHECK(publish.constraint.videoWidth == 320);
	CHECK(publish.constraint.videoHeight == 240);
	CHECK(publish.constraint.videoFps == 10);
	CHECK(publish.constraint.videoBps == 300000);
	CHECK(publish.constraint.audioChannel == 2);
	CHECK(publish.constraint.audioBps == 64000);
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	CHECK(log.last<RemoteAnswer>().link == "up");
	CHECK(log.last<RemoteAnswer>().sdp == "v=0 answer");
	CHECK(service.all<protocol::MuteUplink>().empty());
	driver->send(LinkConnected { "up" });
	driver->send(Mute { false, true });
	REQUIRE(arrives<protocol::MuteUplink>(2));
	CHECK((service.all<protocol::MuteUplink>()[0].mute == protocol::MuteState { true, false, false }));
	CHECK((service.all<protocol::MuteUplink>()[1].mute == protocol::MuteState { false, true, false }));
	driver->send(StopPublish {});
	REQUIRE(arrives<protocol::Unpublish>());
	CHECK(log.count<UnpublishDone>() == 0);
	service.reply(4100, service.seq<protocol::Unpublish>(), -1);
	REQUIRE(comes<UnpublishDone>());
	CHECK(log.last<UnpublishDone>().status.has_value());
}

TEST_CASE_FIXTURE(Linked, "publish: off the published list without having asked: the uplink has failed, once")
{
	offerAll();
	enter();
	publishInfo();
	REQUIRE(arrives<protocol::Publish>());
	service.publishers(publisher("ann", 9)); // not yet on it: nothing happens
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(LinkConnected { "up" });
	service.publishers(publisher("ann", 9) + "," + publisher("me", 9));
	service.publishers(publisher("me", 9 | 16 | 64)); // muted is published
	settle();
	CHECK(log.count<LinkFailed>() == 0);
	service.publishers(publisher("ann", 9));
	REQUIRE(comes<LinkFailed>());
	CHECK(log.last<LinkFailed>().link == "up");
	CHECK(log.last<LinkFailed>().error.code == ErrorCode::MediaFailed);
	service.publishers("");
	settle();
	CHECK(log.count<LinkFailed>() == 1);
}

TEST_CASE_FIXTURE(Linked, "publish: off the published list after an unpublish is what was asked for")
{
	offerAll();
	enter();
	publishInfo();
	REQUIRE(arrives<protocol::Publish>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(LinkConnected { "up" });
	service.publishers(publisher("me", 9));
	settle();
	driver->send(StopPublish {});
	service.publishers("");
	settle();
	CHECK(log.count<LinkFailed>() == 0);
}

TEST_CASE_FIXTURE(Linked, "publish: the answer is taken by its event, without seq")
{
	offerAll();
	enter();
	publishInfo(true, false);
	REQUIRE(arrives<protocol::Publish>());
	CHECK((service.all<protocol::Publish>()[0].state == protocol::PublishState { true, false, false, false }));
	CHECK(service.all<protocol::Publish>()[0].constraint.videoCodec.empty());
	service.answer(4098, 0);
	REQUIRE(comes<RemoteAnswer>());
}

TEST_CASE_FIXTURE(Linked, "publish: refusals")
{
	offerAll();
	enter();
	std::size_t round = 0;
	for (const auto &row : kCodes) {
		CAPTURE(row.code);
		++round;
		publishInfo();
		REQUIRE(arrives<protocol::Publish>(round));
		service.reply(4098, service.seq<protocol::Publish>(), row.code);
		REQUIRE(comes<LinkFailed>(round));
		CHECK(log.last<LinkFailed>().link == "up");
		CHECK(log.last<LinkFailed>().error.code == row.expected);
		CHECK(log.last<LinkFailed>().error.message.find("the reason") != std::string::npos);
	}
	publishInfo();
	REQUIRE(arrives<protocol::Publish>(++round));
	service.reply(4098, service.seq<protocol::Publish>(), protocol::code::kLimit);
	REQUIRE(comes<LinkFailed>(round));
	CHECK(log.last<LinkFailed>().error.code == ErrorCode::Refused);
	CHECK(service.all<protocol::Unpublish>().empty());
}

TEST_CASE_FIXTURE(Linked, "publish: without an answer one more offer is made, then it has failed")
{
	limits.publishAnswer = 30ms;
	offerAll();
	enter();
	publishInfo();
	REQUIRE(comes<NeedOffer>(2));
	REQUIRE(comes<LinkFailed>());
	CHECK(log.last<LinkFailed>().error.code == ErrorCode::ApiCallTimeout);
	CHECK(service.all<protocol::Publish>().size() == 2);
	REQUIRE(arrives<protocol::Unpublish>());
	CHECK(log.count<NeedOffer>() == 2);
	// What comes late is nobody's.
	service.answer(4098, service.seq<protocol::Publish>());
	settle();
	CHECK(log.count<RemoteAnswer>() == 0);
}

TEST_CASE_FIXTURE(Linked, "publish: a late answer to the first offer is not taken for the second")
{
	limits.publishAnswer = 200ms;
	offerAll();
	enter();
	publishInfo();
	REQUIRE(arrives<protocol::Publish>(2));
	service.answer(4098, service.seq<protocol::Publish>() - 1);
	settle();
	CHECK(log.count<RemoteAnswer>() == 0);
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
}

TEST_CASE_FIXTURE(Linked, "unpublish: done without an answer, and when nothing was sent yet")
{
	limits.unpublishAnswer = 30ms;
	enter();
	publishInfo();
	driver->send(StopPublish {});
	REQUIRE(comes<UnpublishDone>());
	CHECK(service.all<protocol::Unpublish>().empty());
	CHECK(log.count<NeedOffer>() == 0);
	offerAll();
	publishInfo();
	REQUIRE(arrives<protocol::Publish>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(StopPublish {});
	REQUIRE(comes<UnpublishDone>(2));
	CHECK(log.last<UnpublishDone>().status.has_value());
}

TEST_CASE_FIXTURE(Linked, "subscribe: three m-lines, wishes, answer, change, unsubscribe")
{
	enter(publisher("bob", 9));
	REQUIRE(comes<RemotePublication>());
	driver->send(StartSubscribe { kBob, { true, false, true } });
	CHECK(log.count<NeedOffer>() == 0);
	REQUIRE(comes<NeedOffer>());
	const auto need = log.last<NeedOffer>();
	CHECK(need.link == "down:bob");
	CHECK(!need.send);
	REQUIRE(need.tracks.size() == 3);
	for (std::size_t i = 0; i < 3; ++i) {
		CHECK(need.tracks[i].mLine == i);
		CHECK(need.tracks[i].userId == kBob);
		CHECK((need.tracks[i].kind == MediaKind::Audio) == (i == 0));
		CHECK((need.tracks[i].streamType == StreamType::Auxiliary) == (i == 2));
	}
	driver->send(Offer { "down:bob", "v=0 offer" });
	REQUIRE(arrives<protocol::Subscribe>());
	const auto subscribe = service.all<protocol::Subscribe>().at(0);
	CHECK(subscribe.sdp == "v=0 offer");
	CHECK(subscribe.srcUserId == "bob");
	CHECK(subscribe.srcTinyId == "t-bob");
	CHECK((subscribe.wishes == protocol::SubscribeWishes { true, false, true, false }));
	service.answer(4102, service.seq<protocol::Subscribe>() + 1); // another's
	settle();
	CHECK(log.count<RemoteAnswer>() == 0);
	service.answer(4102, service.seq<protocol::Subscribe>());
	REQUIRE(comes<RemoteAnswer>());
	CHECK(log.last<RemoteAnswer>().link == "down:bob");

	driver->send(ChangeSubscribe { kBob, { true, true, false } });
	REQUIRE(arrives<protocol::SubscribeChange>());
	CHECK(service.all<protocol::SubscribeChange>()[0].srcTinyId == "t-bob");
	CHECK((service.all<protocol::SubscribeChange>()[0].wishes ==
	       protocol::SubscribeWishes { true, true, false, false }));
	service.reply(4106, service.seq<protocol::SubscribeChange>());
	REQUIRE(comes<SubscribeChangeDone>());
	CHECK(log.last<SubscribeChangeDone>().userId == kBob);
	CHECK(log.last<SubscribeChangeDone>().status.has_value());
	driver->send(ChangeSubscribe { kBob, { true, false, false } });
	REQUIRE(arrives<protocol::SubscribeChange>(2));
	service.reply(4106, service.seq<protocol::SubscribeChange>(), protocol::code::kNotPermitted);
	REQUIRE(comes<SubscribeChangeDone>(2));
	REQUIRE(!log.last<SubscribeChangeDone>().status);
	CHECK(log.last<SubscribeChangeDone>().status.error().code == ErrorCode::Refused);

	driver->send(StopSubscribe { kBob });
	REQUIRE(arrives<protocol::Unsubscribe>());
	CHECK(service.all<protocol::Unsubscribe>()[0].srcTinyId == "t-bob");
	CHECK(service.all<protocol::Unsubscribe>()[0].srcUserId == "bob");
	service.reply(4104, service.seq<protocol::Unsubscribe>());
	REQUIRE(comes<UnsubscribeDone>());
	CHECK(log.last<UnsubscribeDone>().status.has_value());
	driver->send(StopSubscribe { kBob }); // again: nothing to tell the service
	REQUIRE(comes<UnsubscribeDone>(2));
	CHECK(service.all<protocol::Unsubscribe>().size() == 1);
}

TEST_CASE_FIXTURE(Linked, "subscribe: refusals, of one user only")
{
	offerAll();
	enter(publisher("bob", 9) + "," + publisher("ann", 9));
	REQUIRE(comes<RemotePublication>(2));
	driver->send(StartSubscribe { UserId("ann"), {} });
	REQUIRE(arrives<protocol::Subscribe>());
	const auto ann = service.seq<protocol::Subscribe>();
	std::size_t round = 0;
	for (const auto &row : kCodes) {
		CAPTURE(row.code);
		++round;
		driver->send(StartSubscribe { kBob, {} });
		REQUIRE(arrives<protocol::Subscribe>(round + 1));
		service.reply(4102, service.seq<protocol::Subscribe>(), row.code);
		REQUIRE(comes<LinkFailed>(round));
		CHECK(log.last<LinkFailed>().link == "down:bob");
		CHECK(log.last<LinkFailed>().error.code == row.expected);
	}
	service.answer(4102, ann);
	REQUIRE(comes<RemoteAnswer>());
	CHECK(log.last<RemoteAnswer>().link == "down:ann");
}

TEST_CASE_FIXTURE(Linked, "subscribe: somebody who publishes nothing")
{
	enter();
	driver->send(StartSubscribe { kBob, {} });
	driver->send(ChangeSubscribe { kBob, {} });
	CHECK(log.count<LinkFailed>() == 0);
	REQUIRE(comes<LinkFailed>());
	CHECK(log.last<LinkFailed>().error.code == ErrorCode::RemoteStreamNotExist);
	REQUIRE(comes<SubscribeChangeDone>());
	CHECK(!log.last<SubscribeChangeDone>().status);
	CHECK(service.all<protocol::Subscribe>().empty());
}

TEST_CASE_FIXTURE(Linked, "subscribe: without an answer one more offer is made, then it has failed")
{
	limits.subscribeAnswer = 30ms;
	offerAll();
	enter(publisher("bob", 9));
	REQUIRE(comes<RemotePublication>());
	driver->send(StartSubscribe { kBob, {} });
	REQUIRE(comes<LinkFailed>());
	CHECK(log.last<LinkFailed>().error.code == ErrorCode::ApiCallTimeout);
	CHECK(log.count<NeedOffer>() == 2);
	REQUIRE(arrives<protocol::Unsubscribe>());
}

TEST_CASE_FIXTURE(Linked, "subscribe: changes and unsubscribes that are not answered time out")
{
	limits.changeAnswer = 30ms;
	offerAll();
	enter(publisher("bob", 9));
	REQUIRE(comes<RemotePublication>());
	driver->send(StartSubscribe { kBob, {} });
	REQUIRE(arrives<protocol::Subscribe>());
	service.answer(4102, service.seq<protocol::Subscribe>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(ChangeSubscribe { kBob, { true, false, false } });
	REQUIRE(comes<SubscribeChangeDone>());
	REQUIRE(!log.last<SubscribeChangeDone>().status);
	CHECK(log.last<SubscribeChangeDone>().status.error().code == ErrorCode::ApiCallTimeout);
	driver->send(StopSubscribe { kBob });
	REQUIRE(comes<UnsubscribeDone>());
	REQUIRE(!log.last<UnsubscribeDone>().status);
	CHECK(log.last<UnsubscribeDone>().status.error().code == ErrorCode::ApiCallTimeout);
}

TEST_CASE_FIXTURE(Linked, "subscribe: a publisher that goes meanwhile ends it without another word")
{
	limits.subscribeAnswer = 100ms;
	offerAll();
	enter(publisher("bob", 9));
	REQUIRE(comes<RemotePublication>());
	driver->send(StartSubscribe { kBob, {} });
	REQUIRE(arrives<protocol::Subscribe>());
	service.publishers("");
	REQUIRE(comes<RemotePublication>(2));
	service.answer(4102, service.seq<protocol::Subscribe>());
	settle();
	CHECK(log.count<RemoteAnswer>() == 0);
	CHECK(log.count<LinkFailed>() == 0);
}

TEST_CASE_FIXTURE(Linked, "role: switched, refused, tried once more, given up")
{
	limits.roleAnswer = 200ms;
	options.privateMapKey = "ticket";
	enter();
	driver->send(SwitchRole { Role::Anchor });
	REQUIRE(arrives<protocol::ChangeRole>());
	CHECK((service.all<protocol::ChangeRole>()[0].role == Role::Anchor));
	CHECK(service.all<protocol::ChangeRole>()[0].privateMapKey == "ticket");
	service.reply(4110, service.seq<protocol::ChangeRole>());
	REQUIRE(comes<RoleDone>());
	CHECK(log.last<RoleDone>().status.has_value());

	const CodeRow rows[] = { { protocol::code::kNotPermitted, ErrorCode::Refused },
				 { protocol::code::kBadPrivateMapKey, ErrorCode::Refused },
				 { -1, ErrorCode::SwitchRoleFailed } };
	for (const auto &row : rows) {
		CAPTURE(row.code);
		const auto asked = service.all<protocol::ChangeRole>().size();
		const auto told = log.count<RoleDone>();
		driver->send(SwitchRole { Role::Audience, "newer" });
		REQUIRE(arrives<protocol::ChangeRole>(asked + 1));
		CHECK(service.all<protocol::ChangeRole>().back().privateMapKey == "newer");
		service.reply(4110, service.seq<protocol::ChangeRole>(), row.code);
		REQUIRE(comes<RoleDone>(told + 1));
		REQUIRE(!log.last<RoleDone>().status);
		CHECK(log.last<RoleDone>().status.error().code == row.expected);
	}
	const auto asked = service.all<protocol::ChangeRole>().size();
	driver->send(SwitchRole { Role::Audience });
	REQUIRE(comes<RoleDone>(5));
	REQUIRE(!log.last<RoleDone>().status);
	CHECK(log.last<RoleDone>().status.error().code == ErrorCode::ApiCallTimeout);
	CHECK(service.all<protocol::ChangeRole>().size() == asked + 2);
}

TEST_CASE_FIXTURE(Linked, "role: as audience nothing is left to unpublish")
{
	offerAll();
	enter();
	publishInfo();
	REQUIRE(arrives<protocol::Publish>());
	service.answer(4098, service.seq<protocol::Publish>());
	REQUIRE(comes<RemoteAnswer>());
	driver->send(SwitchRole { Role::Audience });
	REQUIRE(arrives<protocol::ChangeRole>());
	service.reply(4110, service.seq<protocol::ChangeRole>());
	REQUIRE(comes<RoleDone>());
	driver->send(StopPublish {});
	REQUIRE(comes<UnpublishDone>());
	CHECK(service.all<protocol::Unpublish>().empty());
}
