// SPDX-License-Identifier: MIT
// What the driver reports to the service, and what the service reports of us.
#include "trtc_driver_support.h"
#include "json/reader.h"

using namespace trtc;
using namespace trtc::signalling;
using namespace trtc::test;
using namespace std::chrono_literals;

namespace {

const UserId kBob("bob");
const TrtcReport::TimePoint kStart(1h);

std::string tinyIdOf(const UserId &user) { return "t-" + user.str(); }

json::Value encoded(protocol::QualityReport report)
{
	protocol::ClientMessage message;
	message.seq = 1;
	message.userId = "me";
	message.tinyId = "77";
	message.command = std::move(report);
	return json::parse(protocol::encode(message)).value().get("data");
}

Stats twoSidedStats(std::uint64_t part)
{
	Stats stats;
	stats.rtt = 21.6;
	stats.downlinksRTT.push_back({ kBob, 33.3 });
	stats.localAudio = { 1000 * part, 100 * part };
	stats.localVideo.push_back({ StreamType::Main, 50'000 * part, 500 * part, 60 * part, 59 * part, 640, 480 });
	stats.remoteAudio.push_back({ kBob, 2000 * part, 90 * part, 10 * part });
	stats.remoteVideo.push_back(
		{ kBob, StreamType::Main, 25'000 * part, 190 * part, 10 * part, 30 * part, 320, 240 });
	stats.remoteVideo.push_back({ kBob, StreamType::Auxiliary, 100 * part, 1 * part, 0, 1 * part, 1920, 1080 });
	return stats;
}

} // namespace

TEST_CASE("report: the small video is a track of its own, type 3")
{
	TrtcReport report;
	const auto told = [](std::uint64_t part) {
		Stats stats;
		stats.localVideo.push_back({ StreamType::Main, 50'000 * part, 1, 1, 1, 640, 480 });
		stats.localVideo.push_back({ StreamType::Main, 5'000 * part, 1, 1, 1, 160, 120, true });
		return stats;
	};
	report.take(told(1), 1700000000000, kStart, tinyIdOf);
	const auto second = report.take(told(2), 1700000002000, kStart + 2s, tinyIdOf);
	REQUIRE(second.video.size() == 2);
	CHECK(second.video[0].streamType == 2);
	CHECK(second.video[0].bitrate == 200'000);
	CHECK(second.video[1].streamType == 3);
	CHECK(second.video[1].bitrate == 20'000);
	CHECK(second.video[1].width == 160);
}

TEST_CASE("report: figures under the SDK's names, as rates since the report before")
{
	TrtcReport report;
	const auto first = encoded(report.take(twoSidedStats(1), 1700000000000, kStart, tinyIdOf));
	CHECK(first.get("uint64_datetime").integer(0, INT64_MAX) == 1700000000000);
	// One point is no rate.
	CHECK(first.get("msg_up_stream_info").get("msg_network_status").get("uint32_bitrate").integer(0, INT64_MAX) ==
	      0);
	const auto second = encoded(report.take(twoSidedStats(2), 1700000002000, kStart + 2s, tinyIdOf));
	const auto number = [](const json::Value &value, const char *name) {
		return value.get(name).integer(INT64_MIN, INT64_MAX);
	};
	const auto up = second.get("msg_up_stream_info");
	CHECK(number(up.get("msg_network_status"), "uint32_rtt") == 22);
	CHECK(number(up.get("msg_network_status"), "uint32_bitrate") == 4000 + 200'000);
	CHECK(number(up.get("msg_audio_status"), "uint32_audio_codec_bitrate") == 4000);
	const auto video = up.get("msg_video_status").items(4);
	REQUIRE(video.size() == 1);
	CHECK(number(video[0], "uint32_video_stream_type") == 2);
	CHECK(number(video[0], "uint32_video_width") == 640);
	CHECK(number(video[0], "uint32_video_height") == 480);
	CHECK(number(video[0], "uint32_video_codec_bitrate") == 200'000);
	CHECK(number(video[0], "uint32_video_enc_fps") == 30);
	CHECK(number(video[0], "uint32_video_codec_fps") == 30);
	const auto down = second.get("msg_down_stream_info").items(4);
	REQUIRE(down.size() == 1);
	CHECK(down[0].get("msg_user_info").get("str_identifier").string(40) == "bob");
	CHECK(down[0].get("msg_user_info").get("uint64_tinyid").string(40) == "t-bob");
	CHECK(number(down[0].get("msg_network_status"), "uint32_rtt") == 33);
	CHECK(number(down[0].get("msg_audio_status"), "uint32_audio_codec_bitrate") == 8000);
	CHECK(number(down[0].get("msg_audio_status"), "uint32_audio_receive") == 100);
	CHECK(number(down[0].get("msg_audio_status"), "uint32_audio_origin_lost") == 10);
	const auto pictures = down[0].get("msg_video_status").items(4);
	REQUIRE(pictures.size() == 2);
	CHECK(number(pictures[0], "uint32_video_receive") == 200);
	CHECK(number(pictures[0], "uint32_video_origin_lost") == 10);
	CHECK(number(pictures[0], "uint32_video_receive_fps") == 15);
	CHECK(number(pictures[0], "uint32_video_codec_bitrate") == 100'000);
	CHECK(number(pictures[1], "uint32_video_stream_type") == 7);
	CHECK(number(pictures[1], "uint32_video_width") == 1920);
	// Counters that begin anew are no negative rates; what is not there is not in the report.
	const auto third = report.take(twoSidedStats(1), 0, kStart + 4s, tinyIdOf);
	CHECK(third.bitrate == 0);
	CHECK(report.take({}, 0, kStart + 6s, tinyIdOf).downlinks.empty());
}

TEST_CASE("report: what has happened is told once, and no more than can be")
{
	TrtcReport report;
	report.note(report_event::kRemoteMuteAudio, 1700000000001, "bob");
	report.note(report_event::kMuteVideo, 1700000000002);
	const auto events = encoded(report.take({}, 0, kStart, tinyIdOf)).get("msg_event_msg").items(9);
	REQUIRE(events.size() == 2);
	CHECK(events[0].get("uint32_event_id").integer(0, 99'999) == 32785);
	CHECK(events[0].get("uint64_date").integer(0, INT64_MAX) == 1700000000001);
	CHECK(events[0].get("str_userid").string(40) == "bob");
	CHECK(events[1].get("uint32_event_id").integer(0, 99'999) == 32773);
	CHECK_FALSE(events[1].find("str_userid"));
	CHECK(report.take({}, 0, kStart, tinyIdOf).events.empty());
	for (int i = 0; i < 500; ++i)
		report.note(i, 0);
	const auto kept = report.take({}, 0, kStart, tinyIdOf).events;
	REQUIRE(kept.size() == 200);
	CHECK(kept.back().id == 499);
}

TEST_CASE_FIXTURE(DriverFixture, "report: the driver asks for the figures and adds what it has seen")
{
	limits.reportPeriod = 50ms;
	log.told = twoSidedStats(1);
	std::vector<std::string> texts;
	service.onRaw = [&](std::string_view text) {
		if (text.find("quality_report") != std::string_view::npos)
			texts.emplace_back(text);
	};
	enter(publisher("bob", 9));
	driver->send(Mute { false, false });
	log.hook = [this](const signalling::Event &event) {
		if (const auto *need = std::get_if<NeedOffer>(&event))
			driver->send(Offer { need->link, "v=0 offer" });
	};
	PublishInfo info;
	info.audio = info.video = true;
	driver->send(StartPublish { info });
	REQUIRE(arrives<protocol::Publish>());
	driver->send(LinkConnected { "up" });
	driver->send(Mute { true, false });
	driver->send(Mute { true, true });
	driver->send(Mute { false, true });
	driver->send(StartSubscribe { kBob, {} });
	REQUIRE(arrives<protocol::Subscribe>());
	driver->send(LinkConnected { "down:bob" });
	service.publishers(publisher("bob", 9 + 64));
	settle();
	service.publishers(publisher("bob", 9 + 16));
	settle();
	driver->send(StopSubscribe { kBob });
	driver->send(StopPublish {});
	bool stopped = false;
	driver->stop([&] { stopped = true; });
	REQUIRE(waitFor([&] { return stopped && service.closed; }));
	std::vector<std::int64_t> ids;
	for (const auto &text : texts) {
		const auto data = json::parse(text).value().get("data");
		const auto down = data.get("msg_down_stream_info").items(4);
		REQUIRE(down.size() == 1);
		CHECK(down[0].get("msg_user_info").get("uint64_tinyid").string(40) == "t-bob");
		for (const auto &event : data.get("msg_event_msg").items(99))
			ids.push_back(event.get("uint32_event_id").integer(0, 99'999));
	}
	CHECK(ids == std::vector<std::int64_t> { 32788, 32791, 32792, 32768, 32769, 32772, 32773, 32774, 32777, 32793,
						 32785, 32784, 32787, 32778, 32779, 32770, 32771, 32789 });
}

TEST_CASE_FIXTURE(DriverFixture, "event 22: what the service counts of our uplink")
{
	enter();
	service.say(
		R"({"cmd":22,"code":0,"data":{"expectAudPkg":100,"expectVidPkg":60,"recvAudPkg":90,"recvVidPkg":50,"rtt":18,"delay":[]}})");
	REQUIRE(comes<UplinkReport>());
	CHECK(log.last<UplinkReport>().expected == 160);
	CHECK(log.last<UplinkReport>().received == 140);
	CHECK(log.last<UplinkReport>().roundTrip == 18ms);
	CHECK(log.last<UplinkReport>().delays.empty());
	service.publishers(publisher("bob", 9));
	service.say(
		R"({"cmd":22,"code":0,"data":{"rtt":18,"delay":[{"srcTinyId":"t-bob","videoDelay":210,"audioDelay":190},{"srcTinyId":"t-nobody","videoDelay":1}]}})");
	REQUIRE(comes<UplinkReport>(2));
	REQUIRE(log.last<UplinkReport>().delays.size() == 1);
	CHECK(log.last<UplinkReport>().delays[0].userId == kBob);
	CHECK(log.last<UplinkReport>().delays[0].audio == 190ms);
	CHECK(log.last<UplinkReport>().delays[0].video == 210ms);
	service.say(
		R"({"cmd":22,"code":0,"data":{"expectAudPkg":1,"expectVidPkg":0,"recvAudPkg":1,"recvVidPkg":0,"rtt":0}})");
	REQUIRE(comes<UplinkReport>(3));
	CHECK_FALSE(log.last<UplinkReport>().roundTrip); // not known
	const auto before = log.events.size();
	for (const auto *noise :
	     { R"({"cmd":22,"code":0,"data":{"expectAudPkg":"x"}})", R"({"cmd":22,"code":1,"data":{}})",
	       R"({"cmd":22,"code":0,"data":{"rtt":-1}})", R"({"cmd":22,"code":0,"data":[]})" })
		service.say(noise);
	settle();
	CHECK(log.events.size() == before + 1);
}

TEST_CASE_FIXTURE(DriverFixture, "report: a channel that was lost and came back")
{
	limits.reportPeriod = 30ms;
	std::vector<std::int64_t> ids;
	service.onRaw = [&](std::string_view text) {
		if (text.find("quality_report") == std::string_view::npos)
			return;
		for (const auto &event : json::parse(text).value().get("data").get("msg_event_msg").items(99))
			ids.push_back(event.get("uint32_event_id").integer(0, 99'999));
	};
	enter();
	REQUIRE(waitFor([&] { return ids.size() == 2; }));
	service.onOpen = [this] { service.reply(514, 0); };
	service.abort();
	REQUIRE(waitFor([&] { return ids.size() == 5; }));
	CHECK(ids == std::vector<std::int64_t> { 32788, 32791, 32790, 32794, 32795 });
}
