// SPDX-License-Identifier: MIT
// Endings in every state: leaving, losing the service, destroying the client.
#include "integration/room_support.h"

using namespace trtc;
using namespace trtc::test;

TEST_CASE_FIXTURE(RoomFixture, "leaving while joining: the join fails, the leave is done, once each")
{
	auto &bob = agent("bob");
	int joins = 0;
	std::optional<Status> joined;
	bob.client->join({ RoomId::number(100), Role::Anchor, {} }, [&](const Status &status) {
		++joins;
		joined = status;
	});
	REQUIRE(leave(bob));
	REQUIRE(joined.has_value());
	CHECK(!*joined);
	CHECK(joined->error().code == ErrorCode::InvalidOperation);
	CHECK(joins == 1);
	CHECK(bob.count<Joined>() == 0);
	CHECK((bob.client->connectionState() == ConnectionState::Disconnected));
	// And it can join again.
	REQUIRE(join(bob));
	CHECK(bob.count<Joined>() == 1);
}

TEST_CASE_FIXTURE(RoomFixture, "leaving in the middle of a publish")
{
	auto &viewer = joined("viewer");
	auto &alice = joined("alice");
	alice.stream = std::make_unique<LocalStream>(loop, testPicture());
	alice.stream->initialize();
	std::optional<Status> published;
	alice.client->publish(*alice.stream, [&](const Status &status) { published = status; });
	REQUIRE(leave(alice));
	REQUIRE(published.has_value());
	CHECK(!*published);
	REQUIRE(tells<PeerLeave>(viewer));
	CHECK(viewer.count<StreamAdded>() == viewer.count<StreamRemoved>());
	// The stream is free again.
	REQUIRE(join(alice));
	REQUIRE(publish(alice));
	REQUIRE(sees(viewer, "alice"));
	CHECK(viewer.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "leaving while on air closes the viewers' files")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1s);
	REQUIRE(leave(alice));
	CHECK(alice.count<Unpublished>() == 1);
	REQUIRE(tells<RecordingStopped>(bob));
	CHECK(bob.last<RecordingStopped>().reason == "stream-removed");
	checkContinuous(recordedBy(bob).at(0), 700);
	CHECK(bob.failures() == "");
	CHECK(bob.client->joined());
}

TEST_CASE_FIXTURE(RoomFixture, "a client destroyed in the middle of anything: the others hear of it")
{
	auto &viewer = recording("viewer", Role::Anchor);
	enum Moment { Joining, Publishing, OnAir, Subscribing, Moments };
	for (int moment = Joining; moment < Moments; ++moment) {
		CAPTURE(moment);
		const auto seen = viewer.told.size();
		auto &alice = agent("alice");
		bool told = false;
		const auto note = [&told](const Status &) { told = true; };
		if (moment == Joining) {
			alice.client->join({ RoomId::number(100), Role::Anchor, {} }, note);
			loop.iterate();
		} else {
			REQUIRE(join(alice));
			REQUIRE(tells<PeerJoin>(viewer, {}, seen));
		}
		if (moment == Publishing || moment == OnAir) {
			alice.stream = std::make_unique<LocalStream>(loop, testPicture());
			alice.stream->initialize();
			alice.client->publish(*alice.stream, note);
		}
		if (moment == OnAir)
			REQUIRE(sees(viewer, "alice", seen));
		if (moment == Subscribing) {
			auto &carol = agent("carol");
			REQUIRE(join(carol));
			REQUIRE(publish(carol));
			REQUIRE(tells<StreamAdded>(alice));
		}
		const bool before = told;
		alice.client.reset();
		alice.stream.reset();
		if (moment != Joining)
			REQUIRE(tells<PeerLeave>(viewer, {}, seen));
		drain();
		CHECK(told == before); // nothing is told after the end
	}
	const auto files = recordedBy(viewer);
	REQUIRE(!files.empty());
	CHECK(Figures(files.front()).hasVideo());
	CHECK(viewer.client->joined());
}

TEST_CASE_FIXTURE(RoomFixture, "a client destroyed from inside its own callbacks by way of the loop")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	bob.hook = [&, record = bob.hook](const Event &event) {
		record(event);
		if (std::holds_alternative<FirstFrame>(event))
			loop.post([&] { bob.client.reset(); });
	};
	REQUIRE(waitFor([&] { return bob.client == nullptr; }));
	REQUIRE(recordings.files().size() == 1);
	CHECK(alice.failures() == "");
}

TEST_CASE_FIXTURE(RoomFixture, "leave called from inside the first event of every kind")
{
	publishing("alice");
	for (std::size_t index = 0; index < 6; ++index) {
		CAPTURE(index);
		auto &bob = agent("bob" + std::to_string(index));
		bob.recordInto(recordings.str());
		bool asked = false, done = false;
		bob.hook = [&, inner = bob.hook](const Event &event) {
			inner(event);
			if (asked || bob.told.size() <= index + 1)
				return;
			asked = true;
			bob.client->leave([&](const Status &) { done = true; });
		};
		bob.client->join({ RoomId::number(100), Role::Audience, {} }, [](const Status &) {});
		REQUIRE(waitFor([&] { return done; }));
		CHECK(bob.count<Left>() == 1);
		CHECK(!bob.client->joined());
		bob.hook = nullptr;
	}
}

TEST_CASE_FIXTURE(RoomFixture, "the service stops: connection lost, the file is closed and plays")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	record(1500ms);
	bool stopped = false;
	server->stop([&] { stopped = true; });
	REQUIRE(tells<Left>(bob));
	REQUIRE(tells<Left>(alice));
	REQUIRE(waitFor([&] { return stopped; }));
	for (auto *agent : { &alice, &bob }) {
		CHECK(agent->last<Left>().reason == "connection-lost");
		CHECK(agent->count<Left>() == 1);
		const auto failed = agent->last<Failed>();
		CHECK(failed.error.code == ErrorCode::ConnectionLost);
		CHECK(!failed.recoverable);
		CHECK((agent->client->connectionState() == ConnectionState::Disconnected));
	}
	CHECK(alice.count<Unpublished>() == 1);
	CHECK(bob.last<RecordingStopped>().reason == "connection-lost");
	checkContinuous(recordedBy(bob).at(0), 1200);
}

TEST_CASE_FIXTURE(RoomFixture, "the service vanishes without a word")
{
	auto &alice = publishing("alice");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "alice"));
	server.reset();
	REQUIRE(tells<Left>(bob));
	REQUIRE(tells<Left>(alice));
	CHECK(bob.last<Left>().reason == "connection-lost");
	CHECK(Figures(recordedBy(bob).at(0)).hasVideo());
	// Nobody is there: a join says so.
	const auto status = join(bob);
	REQUIRE(!status);
	CHECK(status.error().code == ErrorCode::ConnectFailed);
}
