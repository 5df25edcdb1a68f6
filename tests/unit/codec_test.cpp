// SPDX-License-Identifier: MIT
#include "protocol/codec.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace trtc;
using namespace trtc::protocol;

namespace {

ClientMessage client(Command command) { return { 7, "ann", "1002", std::move(command) }; }

/// Encoded, parsed and encoded again: nothing may be lost.
ClientMessage roundTrip(const ClientMessage &message)
{
	const auto text = encode(message);
	const auto back = parseClientMessage(text);
	REQUIRE_MESSAGE(back.has_value(), (back ? text : back.error().message));
	CHECK(encode(back.value()) == text);
	CHECK(back.value().command.index() == message.command.index());
	return back.value();
}

ServerMessage roundTrip(const ServerMessage &message)
{
	const auto text = encode(message);
	const auto back = parseServerMessage(text);
	REQUIRE_MESSAGE(back.has_value(), (back ? text : back.error().message));
	CHECK(encode(back.value()) == text);
	CHECK(back.value().payload.index() == message.payload.index());
	return back.value();
}

std::string refusal(const std::string &text)
{
	const auto result = parseClientMessage(text);
	if (result)
		return "accepted";
	CHECK(result.error().code == ErrorCode::InvalidParameter);
	return result.error().message;
}

std::string command(const std::string &cmd, const std::string &data)
{
	return R"({"cmd":")" + cmd + R"(","data":)" + data + R"(,"userId":"ann","seq":3})";
}

} // namespace

TEST_CASE("client messages look like the SDK's")
{
	Join join { "8888", false, "", Role::Audience, Mode::Live, "4.15.15.1522", "agent/1", false, 13, 0 };
	CHECK(encode(ClientMessage { 1, "ann", "", join }) ==
	      R"({"cmd":"join","data":{"roomId":"8888","useStringRoomId":false,"privateMapKey":"","trtcRole":21,"trtcScene":2,"sdpSemantics":"unified-plan","version":"4.15.15.1522","ua":"agent/1","autoSubscribe":false,"terminalType":13,"netType":0,"receiveMix":true},"userId":"ann","seq":1})");
	CHECK(encode(ClientMessage { 2, "ann", "1002", GetUserList {} }) ==
	      R"({"cmd":"get_user_list","data":{},"userId":"ann","tinyId":"1002","seq":2})");
	CHECK(encode(client(MuteUplink { { true, false, false } })) ==
	      R"({"cmd":"mute_uplink","data":{"audio":true,"bigVideo":false,"auxVideo":false},"userId":"ann","tinyId":"1002","seq":7})");
	Publish publish { "v=0", false, { true, true, false, false }, {} };
	publish.constraint.videoCodec = "VP8";
	publish.constraint.videoWidth = 640;
	publish.constraint.videoHeight = 480;
	publish.constraint.videoBps = 500000;
	publish.constraint.videoFps = 15;
	CHECK(encode(client(publish)) ==
	      R"({"cmd":"publish","data":{"type":"offer","sdp":"v=0","screen":false,"state":{"audio":true,"bigVideo":true,"smallVideo":false,"auxVideo":false},"constraintConfig":{"videoCodec":"VP8","videoWidth":640,"videoHeight":480,"videoBps":500000,"videoFps":15,"audioCodec":"opus","audioFs":48000,"audioChannel":1,"audioBps":40000,"smallVideoWidth":0,"smallVideoHeight":0,"smallVideoFps":0,"smallVideoBps":0,"auxVideoWidth":0,"auxVideoHeight":0,"auxVideoFps":0,"auxVideoBps":0}},"userId":"ann","tinyId":"1002","seq":7})");
	CHECK(encode(client(Subscribe { "v=0", "bob", "1001", { true, true, false, false } })) ==
	      R"({"cmd":"subscribe","data":{"type":"offer","sdp":"v=0","srcUserId":"bob","srcTinyId":"1001","audio":true,"bigVideo":true,"auxVideo":false,"smallVideo":false},"userId":"ann","tinyId":"1002","seq":7})");
	const auto report = encode(client(QualityReport { 1700000002000 }));
	CHECK(report.find(
		      R"("uint64_datetime":1700000002000,"msg_user_info":{"str_identifier":"ann","uint64_tinyid":"1002"})") !=
	      std::string::npos);
}

TEST_CASE("server messages look as the SDK wants them")
{
	CHECK(encode(ServerMessage { Event::ChannelSetup, 0, "", 0,
				     ChannelSetup { "1002", "198.51.100.7", "10.0.0.5", 1700000000000 } }) ==
	      R"({"cmd":19,"code":0,"message":"","tinyId":"1002","data":{"clientIp":"198.51.100.7","signalInnerIp":"10.0.0.5","svrTime":1700000000000}})");
	CHECK(encode(ServerMessage { Event::JoinResult, 0, "", 1,
				     JoinResult { "203.0.113.9", "10.0.0.6", 8000, {} } }) ==
	      R"({"cmd":20,"code":0,"message":"","seq":1,"data":{"relayOuterIp":"203.0.113.9","relayInnerIp":"10.0.0.6","relayPort":8000,"publishers":[]}})");
	CHECK(encode(ServerMessage { Event::JoinResult, -200005, "full", 1, Ack {} }) ==
	      R"({"cmd":20,"code":-200005,"message":"full","seq":1,"data":{}})");
	CHECK(encode(ServerMessage { Event::UserList, 0, "", 2, UserList { { { "bob", "1001", Role::Anchor } } } }) ==
	      R"({"cmd":4137,"code":0,"message":"","seq":2,"data":{"userList":[{"userId":"bob","srcTinyId":"1001","role":20}]}})");
	CHECK(encode(ServerMessage { Event::PublishedList, 0, "", 0, PublishedList { { { "bob", "1001", 9 } } } }) ==
	      R"({"cmd":23,"code":0,"message":"","data":{"userList":[{"userId":"bob","srcTinyId":"1001","flag":9}]}})");
	CHECK(encode(ServerMessage { Event::PeerLeave, 0, "", 0, PeerLeave { "ann", "1002", 3 } }) ==
	      R"({"cmd":4135,"code":0,"message":"","data":{"userId":"ann","srcTinyId":"1002","reason":3}})");
	CHECK(encode(ServerMessage { Event::UplinkStats, 0, "", 0, UplinkStats { 100, 60, 100, 60, 18 } }) ==
	      R"({"cmd":22,"code":0,"message":"","data":{"expectAudPkg":100,"expectVidPkg":60,"recvAudPkg":100,"recvVidPkg":60,"rtt":18,"delay":[]}})");
	CHECK(encode(ServerMessage { Event::MuteResult, 0, "", 8, Ack {} }) ==
	      R"({"cmd":4108,"code":0,"message":"","seq":8,"data":{}})");
}

TEST_CASE("every command survives the way")
{
	const PublishState state { true, false, true, false };
	ConstraintConfig constraint;
	constraint.videoCodec = "H264";
	constraint.auxVideoFps = 5;
	const auto join = std::get<Join>(
		roundTrip(client(Join { "r", true, "key", Role::Audience, Mode::Rtc, "v", "ua", false, 13, 5 }))
			.command);
	CHECK(join.useStringRoomId);
	CHECK((join.role == Role::Audience));
	CHECK((join.mode == Mode::Rtc));
	CHECK(join.privateMapKey == "key");
	CHECK(!join.autoSubscribe);
	roundTrip(client(GetUserList {}));
	CHECK(std::get<QualityReport>(roundTrip(client(QualityReport { 12 })).command).dateMs == 12);
	const auto publish =
		std::get<Publish>(roundTrip(client(Publish { "v=0\r\n", true, state, constraint })).command);
	CHECK(publish.sdp == "v=0\r\n");
	CHECK(publish.state == state);
	CHECK(publish.screen);
	CHECK(publish.constraint.videoCodec == "H264");
	CHECK(publish.constraint.auxVideoFps == 5);
	roundTrip(client(PublishChange { "add", "t", "bigVideo", "v=0", state }));
	CHECK(std::get<PublishStateChange>(roundTrip(client(PublishStateChange { state, constraint })).command).state ==
	      state);
	roundTrip(client(Unpublish {}));
	CHECK(std::get<UpdateConstraintConfig>(roundTrip(client(UpdateConstraintConfig { constraint })).command)
		      .constraint.videoCodec == "H264");
	CHECK(std::get<MuteUplink>(roundTrip(client(MuteUplink { { false, true, true } })).command).mute ==
	      MuteState { false, true, true });
	const auto subscribe = std::get<Subscribe>(
		roundTrip(client(Subscribe { "v=0", "bob", "1", { true, false, true, false } })).command);
	CHECK(subscribe.wishes == SubscribeWishes { true, false, true, false });
	CHECK(subscribe.srcUserId == "bob");
	CHECK(std::get<SubscribeChange>(
		      roundTrip(client(SubscribeChange { "1", { false, true, false, true } })).command)
		      .wishes == SubscribeWishes { false, true, false, true });
	CHECK(std::get<Unsubscribe>(roundTrip(client(Unsubscribe { "1", "bob" })).command).srcUserId == "bob");
	CHECK((std::get<ChangeRole>(roundTrip(client(ChangeRole { Role::Audience, "k" })).command).role ==
	       Role::Audience));
	const auto leave = roundTrip(client(Leave {}));
	CHECK(leave.seq == 7);
	CHECK(leave.userId == "ann");
	CHECK(leave.tinyId == "1002");
	CHECK(std::get<Other>(roundTrip(client(Other { "start_mcu_mix" })).command).cmd == "start_mcu_mix");
}

TEST_CASE("every event survives the way")
{
	const auto server = [](Event event, Payload payload) {
		return ServerMessage { event, 0, "", 4, std::move(payload) };
	};
	CHECK(std::get<ClientBanned>(roundTrip(server(Event::ClientBanned, ClientBanned { "kick" })).payload).reason ==
	      "kick");
	CHECK(std::get<ChannelSetup>(roundTrip(server(Event::ChannelSetup, ChannelSetup { "5", "a", "b", 6 })).payload)
		      .svrTimeMs == 6);
	const std::vector<Publisher> publishers { { "bob", "1", 9 }, { "cid", "2", 0xffffffff } };
	CHECK(std::get<JoinResult>(
		      roundTrip(server(Event::JoinResult, JoinResult { "a", "b", 80, publishers })).payload)
		      .publishers == publishers);
	CHECK(std::get<UplinkStats>(roundTrip(server(Event::UplinkStats, UplinkStats { 1, 2, 3, 4, 5 })).payload)
		      .rttMs == 5);
	CHECK(std::get<PublishedList>(roundTrip(server(Event::PublishedList, PublishedList { publishers })).payload)
		      .users == publishers);
	roundTrip(server(Event::ChannelReconnect, ChannelReconnect {}));
	for (const auto event : { Event::PublishResult, Event::SubscribeResult, Event::PublishChangeResult })
		CHECK(std::get<SdpAnswer>(roundTrip(server(event, SdpAnswer { "v=0" })).payload).sdp == "v=0");
	for (const auto event :
	     { Event::ConstraintResult, Event::UnpublishResult, Event::UnsubscribeResult, Event::SubscribeChangeResult,
	       Event::MuteResult, Event::ChangeRoleResult, Event::PublishStateResult })
		roundTrip(server(event, Ack {}));
	CHECK((std::get<PeerJoin>(roundTrip(server(Event::PeerJoin, PeerJoin { "bob", "1", Role::Audience })).payload)
		       .role == Role::Audience));
	CHECK(std::get<PeerLeave>(roundTrip(server(Event::PeerLeave, PeerLeave { "bob", "1", 2 })).payload).reason ==
	      2);
	const std::vector<User> users { { "bob", "1", Role::Anchor } };
	CHECK(std::get<UserList>(roundTrip(server(Event::UserList, UserList { users })).payload).users == users);
	const auto refused = roundTrip(ServerMessage { Event::PublishResult, -200002, "no", 9, Ack {} });
	CHECK(refused.code == -200002);
	CHECK(refused.message == "no");
	CHECK(refused.seq == 9);
}

TEST_CASE("what senders may leave out or write otherwise")
{
	const auto join = parseClientMessage(R"({"cmd":"join","seq":1,"data":{"roomId":8888,"useStringRoomId":1}})");
	REQUIRE(join.has_value());
	CHECK(std::get<Join>(join.value().command).roomId == "8888");
	CHECK(std::get<Join>(join.value().command).useStringRoomId);
	CHECK((std::get<Join>(join.value().command).role == Role::Anchor));
	CHECK(parseClientMessage(R"({"cmd":"leave","seq":1})").has_value());
	CHECK(parseClientMessage(R"({"cmd":"leave","seq":1,"data":null,"more":[{}]})").has_value());
	const auto tiny = parseClientMessage(R"({"cmd":"leave","seq":1,"tinyId":144115198244471703})");
	REQUIRE(tiny.has_value());
	CHECK(tiny.value().tinyId == "144115198244471703");
	// Browsers report fractions.
	const auto publish = parseClientMessage(
		command("publish", R"({"sdp":"v=0","constraintConfig":{"videoFps":29.97,"videoBps":null}})"));
	REQUIRE(publish.has_value());
	CHECK(std::get<Publish>(publish.value().command).constraint.videoFps == 30);

	const auto unknown = parseServerMessage(R"({"cmd":99999,"code":0,"data":{"x":1}})");
	REQUIRE(unknown.has_value());
	CHECK(static_cast<int>(unknown.value().event) == 99999);
	CHECK(std::holds_alternative<Ack>(unknown.value().payload));
	CHECK(parseServerMessage(R"({"cmd":4108})").has_value());
	const auto setup = parseServerMessage(R"({"cmd":19,"code":0,"tinyId":1002,"data":{}})");
	REQUIRE(setup.has_value());
	CHECK(std::get<ChannelSetup>(setup.value().payload).tinyId == "1002");
	CHECK(parseServerMessage(R"({"cmd":19,"code":-100018,"message":"bad"})").value().code == -100018);
}

TEST_CASE("hostile client messages are refused by name")
{
	const struct {
		std::string text, expected;
	} table[] = {
		{ "", "not a JSON document" },
		{ "hello", "not a JSON document" },
		{ std::string(100000, '['), "nested deeper than 64" },
		{ std::string(kMaxMessageBytes + 1, ' '), "bytes, at most" },
		{ "[]", "message: must be an object" },
		{ "null", "message: must be an object" },
		{ "{}", "cmd: is missing" },
		{ R"({"cmd":5,"seq":1})", "cmd: must be a string" },
		{ R"({"cmd":null,"seq":1})", "cmd: is missing" },
		{ R"({"cmd":")" + std::string(65, 'x') + R"(","seq":1})", "cmd: is 65 bytes" },
		{ R"({"cmd":"leave"})", "seq: is missing" },
		{ R"({"cmd":"leave","seq":"1"})", "seq: must be a number" },
		{ R"({"cmd":"leave","seq":-1})", "seq: is -1" },
		{ R"({"cmd":"leave","seq":1.5})", "seq: must be a whole number" },
		{ R"({"cmd":"leave","seq":1e400})", "number out of range" },
		{ R"({"cmd":"leave","seq":9223372036854775808})", "number out of range" },
		{ R"({"cmd":"leave","seq":9007199254740993})", "seq: is 9007199254740993" },
		{ R"({"cmd":"leave","seq":NaN})", "not a JSON value" },
		{ R"({"cmd":"leave","cmd":7,"seq":1})", "cmd: must be a string" },
		{ R"({"cmd":"leave","seq":1,"data":[]})", "data: must be an object" },
		{ R"({"cmd":"leave","seq":1,"data":"x"})", "data: must be an object" },
		{ R"({"cmd":"leave","seq":1,"userId":"a b"})", "userId: is no user id" },
		{ R"({"cmd":"leave","seq":1,"userId":""})", "userId: is no user id" },
		{ R"({"cmd":"leave","seq":1,"userId":12})", "userId: must be a string" },
		{ R"({"cmd":"leave","seq":1,"tinyId":{}})", "tinyId: must be a number" },
		{ R"({"cmd":"leave","seq":1,"tinyId":-4})", "tinyId: is -4" },
		{ command("join", "{}"), "data.roomId: is missing" },
		{ R"({"cmd":"join","seq":1})", "data.roomId: is missing" },
		{ command("join", R"({"roomId":[]})"), "data.roomId: must be a number" },
		{ command("join", R"({"roomId":")" + std::string(300, '1') + "\"}"), "data.roomId: is 300 bytes" },
		{ command("join", R"({"roomId":"1","trtcRole":22})"), "data.trtcRole: must be 20" },
		{ command("join", R"({"roomId":"1","trtcRole":"20"})"), "data.trtcRole: must be a number" },
		{ command("join", R"({"roomId":"1","trtcScene":3})"), "data.trtcScene: must be 1" },
		{ command("join", R"({"roomId":"1","useStringRoomId":"yes"})"),
		  "data.useStringRoomId: must be true or false" },
		{ command("join", R"({"roomId":"1","useStringRoomId":2})"),
		  "data.useStringRoomId: must be true or false" },
		{ command("join", R"({"roomId":"1","terminalType":99999})"), "data.terminalType: is 99999" },
		{ command("publish", "{}"), "data.sdp: is missing" },
		{ command("publish", R"({"sdp":""})"), "data.sdp: is empty" },
		{ command("publish", R"({"sdp":7})"), "data.sdp: must be a string" },
		{ command("publish", R"({"type":"answer","sdp":"v=0"})"), "data.type: must be \"offer\"" },
		{ command("publish", R"({"sdp":")" + std::string(kMaxSdpBytes + 1, 'x') + "\"}"),
		  "data.sdp: is 131073 bytes" },
		{ command("publish", R"({"sdp":"v=0","state":1})"), "data.state: must be an object" },
		{ command("publish", R"({"sdp":"v=0","state":{"audio":"x"}})"),
		  "data.state.audio: must be true or false" },
		{ command("publish", R"({"sdp":"v=0","constraintConfig":{"videoBps":-1}})"),
		  "data.constraintConfig.videoBps: must be 0" },
		{ command("publish", R"({"sdp":"v=0","constraintConfig":{"videoBps":1e300}})"),
		  "data.constraintConfig.videoBps: must be 0" },
		{ command("publish_state_change", "{}"), "data.state: is missing" },
		{ command("publish_change", R"({"action":"burn","sdp":"v=0"})"), "data.action: must be" },
		{ command("mute_uplink", R"({"audio":[]})"), "data.audio: must be true or false" },
		{ command("subscribe", R"({"sdp":"v=0"})"), "data: neither" },
		{ command("subscribe", R"({"sdp":"v=0","srcUserId":"../etc"})"), "data.srcUserId: is no user id" },
		{ command("subscribe_change", "{}"), "data.srcTinyId: is missing" },
		{ command("unsubscribe", "{}"), "data: neither" },
		{ command("change_role", "{}"), "data.role: is missing" },
		{ command("change_role", R"({"role":0})"), "data.role: must be 20" },
	};
	for (const auto &row : table) {
		const auto message = refusal(row.text);
		CHECK_MESSAGE(message.find(row.expected) != std::string::npos,
			      (row.text.substr(0, 100) + " gave: " + message));
	}
}

TEST_CASE("hostile server messages are refused")
{
	for (const std::string &text :
	     { std::string("{}"), std::string(R"({"cmd":"join"})"), std::string(R"({"cmd":-1})"),
	       std::string(R"({"cmd":99999999999})"), std::string(R"({"cmd":19,"code":0,"data":{}})"),
	       std::string(R"({"cmd":20,"code":0,"data":{"publishers":{}}})"),
	       std::string(R"({"cmd":20,"code":0,"data":{"publishers":[5]}})"),
	       std::string(R"({"cmd":20,"code":0,"data":{"publishers":[{"flag":9}]}})"),
	       std::string(R"({"cmd":23,"code":0,"data":{"userList":[{"userId":"b","flag":-1}]}})"),
	       std::string(R"({"cmd":23,"code":0,"data":{"userList":[{"userId":"../../x"}]}})"),
	       std::string(R"({"cmd":4098,"code":0,"data":{}})"),
	       std::string(R"({"cmd":4098,"code":0,"data":{"type":"offer","sdp":"v=0"}})"),
	       std::string(R"({"cmd":4134,"code":0,"data":{"userId":"bob","role":7}})"),
	       std::string(R"({"cmd":4137,"data":{"userList":7}})"),
	       std::string(R"({"cmd":22,"code":0,"data":{"rtt":-1}})"), std::string(R"({"cmd":22,"code":"0"})"),
	       std::string(R"({"cmd":20,"code":0,"data":[]})"), std::string(R"({"cmd":20,"seq":"x"})") })
		CHECK_MESSAGE(!parseServerMessage(text).has_value(), text);
}

TEST_CASE("each command knows its reply")
{
	CHECK(replyEventFor(Join {}) == 20);
	CHECK(replyEventFor(Subscribe {}) == 4102);
	CHECK(replyEventFor(ChangeRole {}) == 4110);
	CHECK(replyEventFor(Leave {}) == 0);
	CHECK(replyEventFor(QualityReport {}) == 0);
	CHECK(replyEventFor(Other { "start_mcu_mix" }) == 781);
	CHECK(replyEventFor(Other { "connect_other_room" }) == 8209);
	CHECK(replyEventFor(Other { "noise" }) == 0);
}
