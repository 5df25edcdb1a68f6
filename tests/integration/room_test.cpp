// SPDX-License-Identifier: MIT
// Rooms, roles and who sees whom.
#include "integration/room_support.h"

#include "net/web_socket.h"

#include <stdexcept>

using namespace trtc;
using namespace trtc::test;

namespace {

bool isUser(const StreamInfo &info, const char *user) { return info.userId.str() == user; }

} // namespace

TEST_CASE_FIXTURE(RoomFixture, "the five steps: watch and record, go on air, leave, every file whole")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(2s);
	REQUIRE(switchRole(bob, Role::Anchor));
	CHECK((bob.last<RoleSwitched>().role == Role::Anchor));
	const auto published = publish(bob);
	REQUIRE_MESSAGE(published, published.error().message);
	CHECK(bob.last<Published>().codec == "h264");
	REQUIRE(sees(alice, "bob"));
	record(1s);
	REQUIRE(leave(bob));
	CHECK(bob.last<Left>().reason == "leave");
	REQUIRE(recordedBy(bob).size() == 1);
	CHECK(bob.last<RecordingStopped>().reason == "leave");
	checkContinuous(recordedBy(bob).front(), 3000);
	REQUIRE(tells<StreamRemoved>(alice, [](const auto &removed) { return isUser(removed, "bob"); }));
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "sound and picture are in step")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(5s);
	REQUIRE(leave(bob));
	const Figures figures(recordedBy(bob).front());
	INFO(figures.report());
	CHECK(figures.number("avOffsetMs.pairs") >= 4);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 40);
	CHECK(alice.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "number room 123 and string room \"123\" are two rooms")
{
	auto &alice = agent("alice");
	auto &bob = agent("bob");
	auto &carol = agent("carol");
	REQUIRE(join(alice, Role::Anchor, RoomId::number(123)));
	REQUIRE(join(bob, Role::Anchor, RoomId::string("123")));
	REQUIRE(publish(alice));
	REQUIRE(join(carol, Role::Anchor, RoomId::string("123")));
	// Carol's arrival reaches Bob; whatever was to come before it has come.
	REQUIRE(tells<PeerJoin>(bob, [](const auto &peer) { return peer.userId.str() == "carol"; }));
	REQUIRE(tells<PeerJoin>(carol, [](const auto &peer) { return peer.userId.str() == "bob"; }));
	CHECK(bob.count<PeerJoin>() == 1);
	CHECK(carol.count<PeerJoin>() == 1);
	CHECK(bob.count<StreamAdded>() == 0);
	CHECK(carol.count<StreamAdded>() == 0);
	CHECK(alice.count<PeerJoin>() == 0);
}

TEST_CASE_FIXTURE(RoomFixture, "two viewers record the same anchor, one of them comes late")
{
	publishing("alice");
	auto &early = recording("early");
	REQUIRE(sees(early, "alice"));
	record(1500ms);
	auto &late = recording("late");
	REQUIRE(sees(late, "alice"));
	for (const auto &first : late.all<FirstFrame>())
		CHECK(first.sinceSubscribe < 1500ms);
	const auto *picture = late.find<FirstFrame>([](const auto &first) { return first.kind == MediaKind::Video; });
	const auto &frame = std::get<FirstFrame>(picture->event);
	CHECK(frame.width == 320);
	CHECK(frame.height == 240);
	CHECK(frame.codec == "h264");
	record(1500ms);
	REQUIRE(leave(early));
	REQUIRE(leave(late));
	REQUIRE(recordings.files().size() == 2);
	checkContinuous(recordedBy(early).at(0), 3000);
	checkContinuous(recordedBy(late).at(0), 1200);
}

TEST_CASE_FIXTURE(RoomFixture, "VP8 goes through as it is")
{
	auto config = testPicture();
	config.videoCodec = VideoCodec::Vp8;
	auto &alice = publishing("alice", config);
	CHECK(alice.last<Published>().codec == "vp8");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1500ms);
	REQUIRE(leave(bob));
	checkContinuous(recordedBy(bob).at(0), 1200);
	CHECK(Figures(recordedBy(bob).at(0)).track("video").get("codec").string(64) == "vp8");
}

TEST_CASE_FIXTURE(RoomFixture, "publishing as audience is refused by the client")
{
	auto &bob = joined("bob", Role::Audience);
	const auto status = publish(bob);
	REQUIRE(!status);
	CHECK(status.error().code == ErrorCode::InvalidOperation);
	CHECK(status.error().message.find("switch-role anchor") != std::string::npos);
}

TEST_CASE_FIXTURE(RoomFixture, "publishing as audience is refused by the service too")
{
	struct Wire final : net::WebSocket::Listener {
		void onText(std::string_view text) override { messages.emplace_back(text); }
		void onClosed(unsigned short, const std::string &) override { closed = true; }
		bool got(const std::string &part) const
		{
			return std::any_of(messages.begin(), messages.end(),
					   [&](const auto &text) { return text.find(part) != std::string::npos; });
		}
		std::vector<std::string> messages;
		bool closed = false;
	} wire;
	auto &alice = joined("alice");
	std::unique_ptr<net::WebSocket> socket;
	const auto url = fmt::format("{}/?sdkAppId={}&userId=mallory&userSig={}&roomId=100", server->url(), kApp,
				     userSig("mallory"));
	const auto connecting = net::WebSocketClient::connect(loop, url, {}, [&](auto result) {
		REQUIRE(result);
		socket = std::move(result.value());
		socket->setListener(&wire);
	});
	REQUIRE(waitFor([&] { return socket != nullptr; }));
	socket->send(R"({"cmd":"join","seq":1,"data":{"roomId":"100","trtcRole":21,"trtcScene":2}})");
	REQUIRE(waitFor([&] { return wire.got(R"("cmd":20,)"); }));
	socket->send(R"({"cmd":"publish","seq":2,"data":{"type":"offer","sdp":"v=0","state":{"audio":true}}})");
	REQUIRE(waitFor([&] { return wire.got(R"("cmd":4098)"); }));
	const auto answer = *std::find_if(wire.messages.begin(), wire.messages.end(), [](const auto &text) {
		return text.find(R"("cmd":4098)") != std::string::npos;
	});
	CHECK(answer.find("-200002") != std::string::npos);
	CHECK(!wire.closed);
	CHECK(alice.count<StreamAdded>() == 0);
	socket.reset();
}

TEST_CASE_FIXTURE(RoomFixture, "the role goes to and fro")
{
	auto &alice = joined("alice");
	auto &bob = joined("bob", Role::Audience);
	for (int round = 0; round < 3; ++round) {
		const auto seen = alice.told.size();
		REQUIRE(switchRole(bob, Role::Anchor));
		REQUIRE(tells<PeerJoin>(alice, {}, seen));
		REQUIRE(publish(bob));
		REQUIRE(tells<StreamAdded>(alice, {}, seen));
		REQUIRE(switchRole(bob, Role::Audience));
		CHECK(!bob.client->published());
		REQUIRE(tells<StreamRemoved>(alice, {}, seen));
		REQUIRE(tells<PeerLeave>(alice, {}, seen));
		const auto status = publish(bob);
		REQUIRE(!status);
		CHECK(status.error().code == ErrorCode::InvalidOperation);
	}
	CHECK(bob.count<Unpublished>() == 3);
	CHECK(alice.count<PeerJoin>() == 3);
	CHECK(alice.last<PeerLeave>().reason == "role-change");
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "the same user again: the old one is banned, the new one works")
{
	auto &alice = publishing("alice");
	auto &first = recording("bob");
	REQUIRE(sees(first, "alice"));
	auto &second = recording("bob");
	REQUIRE(tells<Left>(first));
	CHECK(first.last<ClientBanned>().reason == "kick");
	CHECK(first.last<Left>().reason == "banned");
	CHECK(!first.client->joined());
	CHECK((first.client->connectionState() == ConnectionState::Disconnected));
	CHECK(first.last<RecordingStopped>().reason == "banned");
	REQUIRE(sees(second, "alice"));
	record(1s);
	REQUIRE(leave(second));
	checkContinuous(recordedBy(second).at(0), 700);
	CHECK(Figures(recordedBy(first).at(0)).hasVideo());
	CHECK(alice.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "an exception in the service ends the session it came from, and no other")
{
	auto &alice = publishing("alice");
	auto &viewer = recording("viewer");
	REQUIRE(sees(viewer, "alice"));
	int thrown = 0;
	server->onRoomEvent([&](const service::RoomEvent &event) {
		const auto *joined = std::get_if<service::UserJoined>(&event);
		if (!joined || joined->userId.str() != "mallory")
			return;
		++thrown;
		throw std::runtime_error("a fault of the service");
	});
	reconnectTries = 1;
	auto &mallory = agent("mallory");
	CHECK_FALSE(join(mallory));
	CHECK(thrown >= 1);
	const auto members = server->members(RoomId::number(100));
	REQUIRE(members);
	CHECK(members->size() == 2);
	// The others go on, and new ones come in.
	const auto heard = viewer.told.size();
	REQUIRE(alice.stream->muteVideo());
	alice.client->muteChanged();
	CHECK(tells<MuteChanged>(viewer, {}, heard));
	joined("late");
	CHECK(alice.failures() == "");
	CHECK(viewer.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "a wrong UserSig is refused, and no room is entered")
{
	ClientConfig config;
	config.server = server->url();
	config.sdkAppId = kApp;
	config.userId = UserId("bob");
	config.userSig = userSig("alice");
	auto &bob = agents.emplace_back(loop, config);
	const auto status = join(bob);
	REQUIRE(!status);
	CHECK(status.error().code == ErrorCode::SignalChannelSetupFailed);
	CHECK(bob.count<Joined>() == 0);
	CHECK((bob.client->connectionState() == ConnectionState::Disconnected));
}

TEST_CASE_FIXTURE(RoomFixture, "peers hear of everything within 100 ms")
{
	auto &viewer = joined("viewer");
	auto &alice = agent("alice");
	std::size_t seen = 0;
	const auto within = [&](const Agent::Told *told, const char *what) {
		REQUIRE_MESSAGE(told, what);
		const auto late = std::chrono::duration_cast<std::chrono::milliseconds>(told->time - doneAt).count();
		INFO(what, " came ", late, " ms after it was done");
		CHECK(late <= 100);
		seen = viewer.told.size();
	};
	const auto of = [](const auto &event) { return event.userId.str() == "alice"; };

	REQUIRE(join(alice));
	REQUIRE(tells<PeerJoin>(viewer, of));
	within(viewer.find<PeerJoin>(of), "peer-join");

	REQUIRE(publish(alice));
	REQUIRE(tells<StreamAdded>(viewer, of));
	within(viewer.find<StreamAdded>(of), "stream-added");
	REQUIRE(sees(viewer, "alice"));

	for (const bool muted : { true, false }) {
		for (const auto kind : { MediaKind::Audio, MediaKind::Video }) {
			const auto fits = [&](const MuteChanged &mute) {
				return mute.kind == kind && mute.muted == muted;
			};
			seen = viewer.told.size();
			auto &stream = *alice.stream;
			REQUIRE((kind == MediaKind::Audio ? (muted ? stream.muteAudio() : stream.unmuteAudio())
							  : (muted ? stream.muteVideo() : stream.unmuteVideo())));
			alice.client->muteChanged();
			doneAt = Clock::now(); // it has no answer
			REQUIRE(tells<MuteChanged>(viewer, fits, seen));
			within(viewer.find<MuteChanged>(fits, seen), muted ? "mute" : "unmute");
		}
	}

	REQUIRE(unpublish(alice));
	REQUIRE(tells<StreamRemoved>(viewer, of));
	within(viewer.find<StreamRemoved>(of), "stream-removed");

	REQUIRE(switchRole(alice, Role::Audience));
	REQUIRE(tells<PeerLeave>(viewer, of));
	within(viewer.find<PeerLeave>(of), "peer-leave, role");

	REQUIRE(switchRole(alice, Role::Anchor));
	REQUIRE(tells<PeerJoin>(viewer, of, seen));
	within(viewer.find<PeerJoin>(of, seen), "peer-join, role");

	REQUIRE(leave(alice));
	REQUIRE(tells<PeerLeave>(viewer, of, seen));
	within(viewer.find<PeerLeave>(of, seen), "peer-leave");
	CHECK(viewer.failures() == "");
}
