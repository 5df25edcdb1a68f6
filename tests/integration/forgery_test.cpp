// SPDX-License-Identifier: MIT
// Somebody between agent and service changes one digit of a DTLS fingerprint: that connection carries no media.
#include "integration/relay.h"
#include "integration/room_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

struct ForgeryFixture : RoomFixture {
	/// Forges what goes that way and holds @p part, as long as `forging`.
	std::string between(bool toService, std::string part)
	{
		relay = std::make_unique<Relay>(
			loop, server->url(), [this, toService, part](bool way, std::string text) {
				if (!forging || way != toService || text.find(part) == std::string::npos)
					return text;
				auto changed = forged(text);
				forgeries += changed != text;
				return changed;
			});
		return relay->url();
	}
	~ForgeryFixture()
	{
		agents.clear();
		relay.reset();
	}

	std::unique_ptr<Relay> relay;
	bool forging = true;
	int forgeries = 0;
};

} // namespace

TEST_CASE_FIXTURE(ForgeryFixture, "the way through the relay works when nothing is changed")
{
	forging = false;
	auto &alice = joined("alice", Role::Anchor, between(true, "\"publish\""));
	REQUIRE(publish(alice));
	auto &bob = joined("bob", Role::Audience, relay->url());
	REQUIRE(sees(bob, "alice"));
	CHECK(forgeries == 0);
}

TEST_CASE_FIXTURE(ForgeryFixture, "a forged publish offer: the service drops the connection, nobody gets media")
{
	auto &carol = publishing("carol");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "carol"));
	auto &alice = joined("alice", Role::Anchor, between(true, "\"publish\""));
	const auto seen = bob.told.size();
	const auto status = publish(alice);
	REQUIRE(forgeries > 0);
	// Its own end is satisfied with the service's certificate; that the service hangs up is an error all the same.
	if (status)
		REQUIRE(tells<Failed>(alice,
				      [](const auto &failed) { return failed.error.code == ErrorCode::MediaFailed; }));
	else
		CHECK(status.error().code == ErrorCode::MediaFailed);
	CHECK(!alice.client->published());
	CHECK(alice.client->joined());
	CHECK(!bob.find<FirstFrame>({}, seen));
	record(500ms);
	CHECK(!bob.find<FirstFrame>({}, seen));
	REQUIRE(leave(bob));
	checkContinuous(recordedBy(bob).at(0), 500);
	CHECK(carol.failures() == "");
	// An honest way works at once.
	forging = false;
	REQUIRE(publish(alice));
}

TEST_CASE_FIXTURE(ForgeryFixture, "a forged publish answer: the agent drops the connection")
{
	auto &carol = publishing("carol");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "carol"));
	auto &alice = joined("alice", Role::Anchor, between(false, "\"cmd\":4098"));
	const auto seen = bob.told.size();
	const auto status = publish(alice);
	CHECK(forgeries == 1);
	REQUIRE(!status);
	CHECK(status.error().code == ErrorCode::MediaFailed);
	INFO(status.error().message);
	CHECK(status.error().message.find("certificate") != std::string::npos);
	CHECK(!alice.client->published());
	CHECK(alice.client->joined());
	record(500ms);
	CHECK(!bob.find<FirstFrame>({}, seen));
	REQUIRE(leave(bob));
	checkContinuous(recordedBy(bob).at(0), 500);
	CHECK(carol.failures() == "");
	forging = false;
	REQUIRE(publish(alice));
}

TEST_CASE_FIXTURE(ForgeryFixture, "a forged subscribe answer: the agent drops the connection, no frame comes out of it")
{
	auto &carol = publishing("carol");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "carol"));
	auto &alice = joined("alice", Role::Anchor, between(false, "\"cmd\":4102"));
	REQUIRE(tells<Failed>(alice));
	CHECK(forgeries >= 1);
	const auto failed = alice.last<Failed>();
	CHECK(failed.error.code == ErrorCode::MediaFailed);
	INFO(failed.error.message);
	CHECK(failed.error.message.find("certificate") != std::string::npos);
	CHECK(failed.recoverable);
	CHECK(alice.count<FirstFrame>() == 0);
	CHECK(alice.count<StreamSubscribed>() == 0);
	forging = false;
	REQUIRE(run([&](auto done) { alice.client->subscribe(UserId("carol"), {}, done); }));
	REQUIRE(sees(alice, "carol"));
	REQUIRE(leave(bob));
	checkContinuous(recordedBy(bob).at(0), 200);
	CHECK(carol.failures() == "");
}

TEST_CASE_FIXTURE(ForgeryFixture, "a forged subscribe offer: the service sends no media into that connection")
{
	auto &carol = publishing("carol");
	auto &bob = recording("bob");
	REQUIRE(sees(bob, "carol"));
	auto &alice = joined("alice", Role::Anchor, between(true, "\"subscribe\""));
	REQUIRE(waitFor([&] { return forgeries > 0; }));
	record(1500ms);
	CHECK(alice.count<FirstFrame>() == 0);
	CHECK(alice.client->joined());
	REQUIRE(leave(bob));
	checkContinuous(recordedBy(bob).at(0), 1200);
	CHECK(carol.failures() == "");
}
