// SPDX-License-Identifier: MIT
// The signalling channel breaks, and nothing else does: links, publications, subscriptions and recordings go on.
#include "integration/relay.h"
#include "integration/room_support.h"

using namespace trtc;
using namespace trtc::test;

namespace {

struct ResumeFixture : RoomFixture {
	ResumeFixture()
	{
		reconnectTries = 30;
		makeRelay();
	}
	~ResumeFixture()
	{
		agents.clear();
		relay.reset();
	}
	void makeRelay() { relay = std::make_unique<Relay>(loop, server->url(), edit); }
	/// A service that waits no longer than that for who was lost.
	void waitOnly(std::chrono::seconds grace)
	{
		service::ServerConfig config;
		config.port = 0;
		config.secretKey = kKey;
		config.limits.resumeGrace = grace;
		relay.reset();
		server = std::make_unique<service::Server>(loop, config);
		makeRelay();
	}
	std::string states(const Agent &agent, std::size_t from) const
	{
		std::string text;
		for (auto i = from; i < agent.told.size(); ++i)
			if (const auto *changed = std::get_if<ConnectionStateChanged>(&agent.told[i].event))
				text += std::string(text.empty() ? "" : " ") + toString(changed->state);
		return text;
	}
	/// What was told, but for the figures that come with the clock.
	std::size_t news(const Agent &agent, std::size_t from) const
	{
		return static_cast<std::size_t>(std::count_if(
			agent.told.begin() + static_cast<std::ptrdiff_t>(from), agent.told.end(),
			[](const auto &told) { return !std::holds_alternative<NetworkQuality>(told.event); }));
	}
	bool state(Agent &agent, ConnectionState state, std::size_t from)
	{
		return tells<ConnectionStateChanged>(
			agent, [state](const auto &changed) { return changed.state == state; }, from);
	}
	bool comesBack(Agent &agent, std::size_t from)
	{
		return state(agent, ConnectionState::Reconnecting, from) &&
		       state(agent, ConnectionState::Connected, from);
	}

	/// What the relay does; given to relays made from then on.
	Relay::Edit edit;
	std::unique_ptr<Relay> relay;
};

} // namespace

TEST_CASE_FIXTURE(ResumeFixture,
		  "the WebSockets are cut: both ends are back, no packet is missing, nobody else is told")
{
	bool halfOpen = false;
	SUBCASE("at both ends") {}
	SUBCASE("half open: the service does not know") { halfOpen = true; }
	auto &watcher = joined("watcher");
	auto &alice = joined("alice", Role::Anchor, relay->url());
	REQUIRE(publish(alice));
	auto &bob = recording("bob", Role::Audience, relay->url());
	REQUIRE(sees(bob, "alice"));
	REQUIRE(sees(watcher, "alice"));
	record(1s);
	const auto aliceTold = alice.told.size(), bobTold = bob.told.size(), watcherTold = watcher.told.size();
	relay->cut(halfOpen);
	REQUIRE(comesBack(alice, aliceTold));
	REQUIRE(comesBack(bob, bobTold));
	if (halfOpen) {
		REQUIRE(waitFor([&] { return relay->closedByService.size() == 2; }));
		CHECK(relay->closedByService == std::vector<unsigned short> { 4014, 4014 });
	}
	record(2s);
	CHECK(states(alice, aliceTold) == "RECONNECTING CONNECTED");
	CHECK(states(bob, bobTold) == "RECONNECTING CONNECTED");
	CHECK(news(alice, aliceTold) == 2);
	CHECK(news(bob, bobTold) == 2);
	CHECK(news(watcher, watcherTold) == 0);
	CHECK(relay->opened() == 4);
	CHECK(bob.client->joined());
	CHECK(alice.client->published());

	// Verbs work on the new channel.
	REQUIRE(unpublish(alice));
	REQUIRE(tells<StreamRemoved>(bob, {}, bobTold));
	REQUIRE(leave(bob));
	REQUIRE(bob.count<RecordingStopped>() == 1);
	checkContinuous(recordedBy(bob).at(0), 2800);
	CHECK(alice.failures() == "");
	CHECK(bob.failures() == "");
}

TEST_CASE_FIXTURE(ResumeFixture, "cut while publishing and subscribing: what had no answer is asked for again")
{
	auto &bob = joined("bob", Role::Audience, relay->url());
	int cuts = 0;
	const auto bobTold = bob.told.size();
	std::vector<std::string> lost;
	relay.reset();
	edit = [&](bool toService, std::string text) {
		for (const auto *verb : { "\"publish\"", "\"subscribe\"" }) {
			if (!toService || text.find(verb) == std::string::npos ||
			    std::find(lost.begin(), lost.end(), verb) != lost.end())
				continue;
			lost.emplace_back(verb);
			++cuts;
			loop.post([this] { relay->cut(); });
			return std::string();
		}
		return text;
	};
	makeRelay();
	// bob's way is gone with the old relay: he is back when there is no way back to it.
	auto &carol = joined("carol", Role::Audience, relay->url());
	auto &alice = joined("alice", Role::Anchor, relay->url());
	REQUIRE(publish(alice));
	REQUIRE(sees(carol, "alice"));
	CHECK(cuts == 2);
	CHECK(alice.count<Published>() == 1);
	CHECK(alice.failures() == "");
	CHECK(carol.failures() == "");
	CHECK(carol.count<StreamRemoved>() == 0);
	CHECK(states(bob, bobTold).find("RECONNECTING") == 0);
}

TEST_CASE_FIXTURE(ResumeFixture, "too late: the others hear of a timeout, then the room is entered anew")
{
	waitOnly(1s);
	auto &watcher = joined("watcher");
	auto &alice = joined("alice", Role::Anchor, relay->url());
	REQUIRE(publish(alice));
	REQUIRE(sees(watcher, "alice"));
	const auto aliceTold = alice.told.size(), watcherTold = watcher.told.size();
	relay->closed = true;
	relay->cut();
	REQUIRE(tells<PeerLeave>(watcher, {}, watcherTold));
	CHECK(watcher.last<PeerLeave>().reason == "timeout");
	REQUIRE(tells<StreamRemoved>(watcher, {}, watcherTold));
	CHECK(states(alice, aliceTold) == "RECONNECTING");
	CHECK(alice.count<Unpublished>() == 0); // she does not know
	const auto gone = watcher.told.size();
	relay->closed = false;
	REQUIRE(comesBack(alice, aliceTold));
	REQUIRE(sees(watcher, "alice", gone));
	CHECK(states(alice, aliceTold) == "RECONNECTING CONNECTED");
	CHECK(alice.count<Published>() == 2);
	REQUIRE(alice.count<Failed>() == 1);
	CHECK(alice.last<Failed>().recoverable);
	CHECK(alice.count<Left>() == 0);
}

TEST_CASE_FIXTURE(ResumeFixture,
		  "somebody joins with the name of who is lost: one of them is left, and the lost one hears of it")
{
	auto &watcher = joined("watcher");
	auto &alice = joined("alice", Role::Anchor, relay->url());
	REQUIRE(publish(alice));
	REQUIRE(sees(watcher, "alice"));
	const auto watcherTold = watcher.told.size();
	relay->closed = true;
	relay->cut();
	REQUIRE(state(alice, ConnectionState::Reconnecting, 0));
	auto &second = joined("alice");
	REQUIRE(tells<PeerJoin>(watcher, {}, watcherTold));
	CHECK(watcher.last<PeerLeave>().reason == "kicked");
	CHECK(watcher.client->users().size() == 1);
	relay->closed = false;
	REQUIRE(tells<ClientBanned>(alice));
	CHECK(alice.last<ClientBanned>().reason == "kick");
	REQUIRE(publish(second));
	REQUIRE(sees(watcher, "alice", watcherTold));
	CHECK(second.failures() == "");
}

TEST_CASE_FIXTURE(ResumeFixture, "messages are lost: the lists put it right")
{
	relay.reset();
	int lost = 0;
	bool once = true;
	edit = [&](bool toService, std::string text) {
		const bool peer = text.find("\"cmd\":4134") != std::string::npos ||
				  text.find("\"cmd\":4135") != std::string::npos;
		const bool list = text.find("\"cmd\":23") != std::string::npos &&
				  text.find("\"alice\"") != std::string::npos && std::exchange(once, false);
		if (toService || (!peer && !list))
			return text;
		++lost;
		return std::string();
	};
	makeRelay();
	auto &bob = joined("bob", Role::Audience, relay->url());
	auto &alice = joined("alice");
	REQUIRE(publish(alice));
	// The list of her publication is lost; the next one comes in two seconds.
	REQUIRE(sees(bob, "alice"));
	CHECK(bob.count<PeerJoin>() == 1);
	CHECK(lost == 2);
	REQUIRE(unpublish(alice));
	REQUIRE(tells<StreamRemoved>(bob));
	CHECK(bob.count<PeerLeave>() == 0);
	auto &carol = joined("carol"); // publishes nothing: only the list of users names her
	REQUIRE(waitFor([&] { return bob.count<PeerJoin>() == 2; }, 11s + kWatchdog));
	REQUIRE(leave(carol));
	REQUIRE(leave(alice));
	REQUIRE(waitFor([&] { return bob.count<PeerLeave>() == 2; }, 11s + kWatchdog));
	CHECK(bob.last<PeerLeave>().reason == "left");
	CHECK(lost == 5);
	CHECK(bob.client->users().empty());
	CHECK(bob.failures() == "");
}
