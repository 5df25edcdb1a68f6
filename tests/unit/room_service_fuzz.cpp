// SPDX-License-Identifier: MIT
#include "room_service_support.h"

#include "support/room_ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <tuple>

/// A random walk of clients that obey no rule, the same walk for the same seed. A second, simpler book is kept from
/// the effects alone, and after each step it must make sense.
using namespace trtc;
using namespace trtc::service;
using namespace trtc::service::test;

namespace {

constexpr std::size_t kPlayers = 20;
constexpr int kSteps = 50'000;
/// Few names and rooms, so that players meet and kick each other.
constexpr std::size_t kNames = 12;
constexpr std::array<const char *, 4> kRooms = { "1", "2", "3", "0" };

/// The event of the reply a command is owed, 0 for none.
int owedFor(const protocol::Command &command)
{
	// in the order of protocol::Command
	constexpr std::array<int, std::variant_size_v<protocol::Command>> kReplies = {
		20,   4137, 0, 4098, 4128, 4112, 4100, 772,  4108, 4102, 4106,
		4104, 4110, 0, 4150, 4146, 4156, 514,  4158, 0,	   0,
	};
	const auto *other = std::get_if<protocol::Other>(&command);
	return other && other->cmd == "start_mcu_mix" ? 781 : kReplies[command.index()];
}

struct Offer {
	SessionId session;
	std::int64_t seq;
	Event replyEvent;
	SessionId publisher; ///< 0: an uplink
};

Limits tightLimits()
{
	Limits limits;
	limits.maxRooms = 2;
	limits.maxUsersPerRoom = 8;
	limits.maxAnchorsPerRoom = 3;
	limits.maxKept = 4;
	limits.maxKeptPerUser = 1;
	return limits;
}

struct Walk : RoomFixture {
	explicit Walk(unsigned someSeed) : RoomFixture(tightLimits()), seed(someSeed), random(someSeed) {}

	struct Socket {
		std::string name, asked, room; ///< room asked for last; room it is in, "" for none
		bool live = true;	       ///< we have not said leave
		bool lost = false;	       ///< the session lives on without it
	};

	unsigned seed;
	std::mt19937 random;
	int step = 0, tickAt = -1;
	SessionId nextId = 1;
	std::array<SessionId, kPlayers> players {}; ///< 0: no socket
	std::map<SessionId, Socket> sockets;	    ///< open ones, and lost ones of sessions that live
	std::map<std::string, std::string> tinyIds;
	std::set<SessionId> uplinks, answered;		      ///< answered: has an uplink with an answer
	std::set<SessionId> singles;			      ///< have one connection for everything
	std::set<std::pair<SessionId, std::int64_t>> joining; ///< joins that wait for that connection
	std::map<SessionId, std::int64_t> newest;	      ///< seq of the last `publish` that was carried out
	std::set<std::pair<SessionId, SessionId>> downlinks;
	std::set<std::tuple<SessionId, int, std::int64_t>> owed;   ///< replies still due
	std::set<std::tuple<SessionId, int, std::int64_t>> waived; ///< asked for on a socket that was lost then
	std::vector<Offer> offers;				   ///< also of what has gone: late answers
	RoomLedger ledger;					   ///< of what the operator is told
	std::map<std::string, int> seen;			   ///< that the walk got somewhere

	// No std distribution: their results differ between libraries.
	std::size_t pick(std::size_t below) { return random() % below; }
	bool chance() { return pick(2) == 0; }
	std::string name() { return "u" + std::to_string(pick(kNames)); }
	std::string number() { return chance() ? "" : tinyIds[name()]; }
	protocol::PublishState state() { return { chance(), chance(), chance(), chance() }; }
	protocol::SubscribeWishes wishes() { return { chance(), chance(), chance(), chance() }; }

	void hold(bool holds, const char *what) const
	{
		if (!holds)
			FAIL("seed " << seed << ", step " << step << ": " << std::string(what));
	}
	bool joined(SessionId id) const { return sockets.contains(id) && !sockets.at(id).room.empty(); }
	bool together(SessionId a, SessionId b) const
	{
		return joined(a) && joined(b) && sockets.at(a).room == sockets.at(b).room;
	}

	void gone(SessionId id)
	{
		sockets.erase(id);
		std::erase_if(joining, [id](const auto &join) { return join.first == id; });
		std::replace(players.begin(), players.end(), id, SessionId { 0 });
		for (auto *dues : { &owed, &waived })
			std::erase_if(*dues, [id](const auto &due) { return std::get<0>(due) == id; });
	}

	void checkList(SessionId to, const std::vector<protocol::Publisher> &list) const
	{
		for (const auto &user : list) {
			hold((user.flags & 15U) != 0, "a listed user publishes nothing");
			hold(std::any_of(answered.begin(), answered.end(),
					 [&](SessionId id) {
						 return together(id, to) && sockets.at(id).name == user.userId;
					 }),
			     "a listed user is not there or has no uplink");
		}
	}

	void carryOut(const Send &send)
	{
		const auto &[to, message] = send;
		hold(sockets.contains(to), "a message to a closed session");
		hold(!sockets.at(to).lost, "a message to a lost session");
		if (message.seq != 0) {
			const std::tuple due { to, static_cast<int>(message.event), message.seq };
			hold(owed.erase(due) + waived.erase(due) == 1, "a reply nobody waits for");
			++seen[message.code == 0 ? "reply" : "refusal"];
		}
		if (message.event == Event::JoinResult && message.code != 0 && joining.erase({ to, message.seq }) != 0)
			sockets[to].room.clear(); // it was in for as long as its connection was being made
		if (message.code != 0)
			return;
		if (message.event == Event::JoinResult) {
			joining.erase({ to, message.seq });
			sockets[to].room = sockets[to].asked;
			checkList(to, std::get<protocol::JoinResult>(message.payload).publishers);
		} else if (message.event == Event::PublishResult) {
			answered.insert(to);
			++seen["published"];
		} else if (message.event == Event::SinglePublishResult) {
			answered.insert(to);
			++seen["single published"];
		} else if (message.event == Event::PublishedList) {
			++seen["list"];
		} else if (message.event == Event::ClientBanned) {
			++seen[std::get<protocol::ClientBanned>(message.payload).reason];
		}
	}
	void carryOut(const CloseSession &close)
	{
		hold(sockets.contains(close.session), "closed twice");
		hold(close.code == 1000 ? !sockets.at(close.session).live : close.code >= 4000,
		     "a live client closed with 1000");
		if (sockets.at(close.session).lost)
			++seen["not back"];
		gone(close.session);
	}
	void carryOut(const StartUplink &start)
	{
		hold(joined(start.session), "an uplink outside a room");
		if (start.replyEvent == Event::PublishResult) {
			hold(uplinks.insert(start.session).second, "an uplink started over a running one");
			newest[start.session] = start.seq;
		} else
			hold(answered.contains(start.session), "a changed uplink that does not run");
		offers.push_back({ start.session, start.seq, start.replyEvent, 0 });
	}
	void carryOut(const StopUplink &stop)
	{
		hold(uplinks.erase(stop.session) == 1, "stopped an uplink that does not run");
		answered.erase(stop.session);
	}
	void carryOut(const StartDownlink &start)
	{
		hold(start.session != start.publisher, "a downlink to oneself");
		hold(together(start.session, start.publisher), "a downlink across rooms");
		hold(answered.contains(start.publisher), "a downlink of nothing");
		hold(downlinks.insert({ start.session, start.publisher }).second,
		     "a downlink started over a running one");
		offers.push_back({ start.session, start.seq, Event::SubscribeResult, start.publisher });
		++seen["downlink"];
	}
	void carryOut(const ChangeDownlink &change)
	{
		hold(downlinks.contains({ change.session, change.publisher }), "changed a downlink that does not run");
		++seen["change"];
	}
	void carryOut(const StopDownlink &stop)
	{
		hold(downlinks.erase({ stop.session, stop.publisher }) == 1, "stopped a downlink that does not run");
	}
	void carryOut(const StartSingle &start)
	{
		hold(singles.insert(start.session).second, "a connection made over a running one");
		auto &socket = sockets.at(start.session);
		const bool join = socket.room.empty();
		if (join) {
			socket.room = socket.asked;
			joining.insert({ start.session, start.seq });
		}
		offers.push_back({ start.session, start.seq, Event::RebuildResult, 0 });
		++seen[join ? "single join" : "rebuild"];
	}
	void carryOut(const StopSingle &stop)
	{
		hold(singles.erase(stop.session) == 1, "stopped a connection that does not run");
	}
	void carryOut(const StartSingleUplink &start)
	{
		hold(singles.contains(start.session), "an uplink on no connection");
		uplinks.insert(start.session);
	}
	void carryOut(const StartSingleDownlink &start)
	{
		hold(singles.contains(start.session), "a downlink on no connection");
		hold(start.session != start.publisher, "a downlink to oneself");
		hold(together(start.session, start.publisher), "a downlink across rooms");
		hold(answered.contains(start.publisher), "a downlink of nothing");
		hold(downlinks.insert({ start.session, start.publisher }).second,
		     "a downlink started over a running one");
		offers.push_back({ start.session, start.seq, Event::SingleSubscribeResult, start.publisher });
		++seen["single downlink"];
	}
	void carryOut(const Tell &tell)
	{
		const auto *fault = ledger.take(tell);
		hold(*fault == 0, fault);
		++seen["told"];
	}
	void carryOut(const UplinkFlow &flow) { hold(answered.contains(flow.session), "a flow without uplink"); }

	void carryOut(const Effects &effects)
	{
		for (const auto &effect : effects)
			std::visit([this](const auto &item) { carryOut(item); }, effect);

		// What holds between steps. Of several lists in one step only the last one must be true.
		std::map<SessionId, const protocol::PublishedList *> last;
		for (const auto &effect : effects)
			if (const auto *send = std::get_if<Send>(&effect))
				if (const auto *list = std::get_if<protocol::PublishedList>(&send->message.payload))
					last[send->to] = list;
		for (const auto &[to, list] : last)
			if (sockets.contains(to))
				checkList(to, list->users);
		for (const auto &[session, publisher] : downlinks)
			hold(together(session, publisher) && answered.contains(publisher),
			     "a downlink survived one of its ends");
		for (SessionId id : uplinks)
			hold(joined(id), "an uplink survived its user");
		for (SessionId id : singles)
			hold(joined(id), "a connection survived its user");
		for (const auto &[session, event, asked] : owed)
			hold(event == 4098 || event == 4102 || event == 4128 || event == 20 || event == 4150 ||
				     event == 4156,
			     "a command without reply");
		std::size_t members = 0;
		for (const auto &[id, socket] : sockets)
			members += socket.room.empty() ? 0U : 1U;
		hold(service.users() == members, "the count of users is wrong");
		const auto lost = std::count_if(sockets.begin(), sockets.end(),
						[](const auto &entry) { return entry.second.lost; });
		const auto *fault = ledger.compare(service, joining.size());
		hold(*fault == 0, fault);
		hold(service.kept() == static_cast<std::size_t>(lost), "the count of lost ones is wrong");
		hold(service.kept() <= 4, "too many are kept");
		hold(service.publishers() <= answered.size(), "the count of publishers is wrong");
		hold(service.rooms() <= 2, "too many rooms");
		hold(uplinks.size() <= 6, "too many uplinks");
	}

	/// The number of a user that @p id watches, if there is one.
	std::string watched(SessionId id)
	{
		const auto found = downlinks.lower_bound({ id, 0 });
		return found == downlinks.end() || found->first != id ? number() : tinyIds[sockets[found->second].name];
	}

	protocol::Command command(SessionId id)
	{
		Socket &socket = sockets[id];
		switch (pick(27)) {
		case 25:
		case 26:
			return protocol::SubscribeChange { watched(id), wishes() };
		case 20:
		case 21:
			return protocol::SinglePublish { 1, chance() ? 2U : 1U, 3, 4, state(), {} };
		case 22:
		case 23:
			return protocol::SingleSubscribe { name(), "", wishes(), 1, 2, pick(8) == 0 ? 2U : 3U };
		case 24:
			return pick(3) == 0 ? protocol::Command(protocol::RebuildConnection {})
			       : chance()   ? protocol::Command(protocol::SendCustomMessage { 1, "AAAA", true, 1 })
			       : chance()   ? protocol::Command(protocol::Reconnect {})
					    : protocol::AbilityReport {};
		case 0:
		case 1:
		case 2: {
			protocol::Join join;
			join.roomId = kRooms[pick(kRooms.size())];
			join.useStringRoomId = pick(4) == 0;
			join.role = pick(3) == 0 ? Role::Audience : Role::Anchor;
			join.mode = pick(4) == 0 ? Mode::Rtc : Mode::Live;
			if (chance())
				join.ability = protocol::Ability {};
			if (socket.room.empty())
				socket.asked = (join.useStringRoomId ? "string " : "number ") + join.roomId;
			return join;
		}
		case 3:
			return protocol::GetUserList {};
		case 4:
			return protocol::QualityReport {};
		case 5:
		case 6:
		case 7:
			return protocol::Publish { "offer", false, state(), {} };
		case 8:
			return protocol::PublishChange { "add", "", "audio", "offer", state() };
		case 9:
			return protocol::PublishStateChange { state(), {} };
		case 10:
			return pick(3) == 0 ? protocol::Command(protocol::Unpublish {})
					    : protocol::UpdateConstraintConfig {};
		case 11:
			return protocol::MuteUplink { { chance(), chance(), chance() } };
		case 12:
		case 13:
		case 14:
		case 15:
			return protocol::Subscribe { "offer", pick(8) == 0 ? "" : name(), pick(8) == 0 ? number() : "",
						     wishes() };
		case 16:
			return protocol::SubscribeChange { chance() ? watched(id) : number(), wishes() };
		case 17:
			return protocol::Unsubscribe { number(), name() };
		case 18:
			return protocol::ChangeRole { pick(3) == 0 ? Role::Audience : Role::Anchor, "" };
		default:
			if (pick(4) != 0)
				return protocol::Other { chance() ? "start_mcu_mix" : "noise" };
			socket.live = false;
			return protocol::Leave {};
		}
	}

	Effects answerOne()
	{
		const std::size_t at = pick(offers.size());
		const Offer offer = offers[at];
		offers[at] = offers.back();
		offers.pop_back();
		const int code = pick(8) == 0 ? code::kBadSdp : 0;
		// Nobody is sent the answer, and yet the uplink is there.
		if (offer.replyEvent == Event::PublishResult && code == 0 && uplinks.contains(offer.session) &&
		    sockets.at(offer.session).lost && newest[offer.session] == offer.seq)
			answered.insert(offer.session);
		if (offer.replyEvent == Event::RebuildResult) {
			// Lost, it is not told that it got in, or never did.
			if (sockets.contains(offer.session) && sockets.at(offer.session).lost &&
			    joining.erase({ offer.session, offer.seq }) != 0 && code != 0 &&
			    singles.contains(offer.session))
				sockets[offer.session].room.clear();
			return service.singleAnswered(offer.session, offer.seq, code, "answer", {});
		}
		return offer.publisher == 0
			       ? service.uplinkAnswered(offer.session, offer.seq, offer.replyEvent, code, "answer")
			       : service.downlinkAnswered(offer.session, offer.seq, offer.publisher, code, "answer");
	}

	/// rc=1 with right and wrong words.
	Effects comeBack(SessionId &player)
	{
		const std::string user = name();
		const auto who = identity(nextId, user, 1);
		const Comeback comeback { kRooms[pick(kRooms.size())], pick(4) == 0,
					  chance() ? ticket(pick(nextId)) : "undefined" };
		if (const auto found = service.resumable(who, comeback)) {
			hold(sockets.contains(*found) && sockets.at(*found).name == user, "somebody else's session");
			hold(joined(*found), "a session in no room");
			return back(*found);
		}
		player = nextId++;
		sockets[player].name = user;
		return service.reopened(player, who, comeback, now);
	}
	Effects back(SessionId id)
	{
		++seen["back"];
		sockets[id].lost = false;
		return service.resumed(id, "", now);
	}
	Effects lose(SessionId id)
	{
		for (auto due = owed.begin(); due != owed.end();) {
			const auto next = std::next(due);
			if (std::get<0>(*due) == id)
				waived.insert(owed.extract(due));
			due = next;
		}
		sockets[id].lost = true;
		return service.lost(id, now);
	}

	Effects takeStep()
	{
		if (step == tickAt)
			return service.tick(now);
		SessionId &player = players[pick(kPlayers)];
		const SessionId id = player;
		if (id == 0) {
			if (pick(5) == 0)
				return comeBack(player);
			player = nextId++;
			const std::string user = name();
			sockets[player].name = user;
			auto effects = open(player, user, 1);
			tinyIds[user] = tinyIdOf(effects, player);
			return effects;
		}
		if (sockets[id].lost)
			return pick(3) == 0 ? back(id) : Effects {};
		switch (pick(100)) {
		case 7:
			return lose(id);
		case 0:
			gone(id);
			return service.closed(id);
		case 1:
			return service.uplinkFailed(id);
		case 2:
			return service.downlinkFailed(id, players[pick(kPlayers)]);
		case 8:
			return service.singleFailed(id);
		case 3:
			return service.uplinkStats(id, {});
		case 4:
			now += std::chrono::milliseconds(pick(3000));
			return service.tick(now);
		case 5:
			if (pick(20) == 0) { // those who say nothing in the steps before the tick go
				now += tightLimits().heartbeatTimeout;
				tickAt = step + 30;
			}
			return {};
		case 6:
			return say(nextId + pick(5), protocol::Leave {}); // nobody
		default:
			break;
		}
		if (!offers.empty() && pick(3) == 0)
			return answerOne();
		auto next = command(id);
		if (const int event = owedFor(next))
			owed.insert({ id, event, seq + 1 });
		return say(id, std::move(next));
	}

	void run()
	{
		for (step = 0; step < kSteps; ++step)
			carryOut(takeStep());
		while (!offers.empty())
			carryOut(answerOne());
		// A 4098 may stay out when a later command overtook the publish; nothing else may.
		for (const auto &[session, event, asked] : owed)
			hold(event == 4098, "an offer without reply");
		while (!sockets.empty()) {
			const SessionId id = sockets.begin()->first;
			gone(id);
			carryOut(service.closed(id));
		}
		hold(service.rooms() == 0 && service.users() == 0 && service.publishers() == 0,
		     "something is left of an empty service");
		hold(uplinks.empty() && downlinks.empty() && singles.empty(), "a connection nobody stopped");
	}
};

} // namespace

TEST_CASE("a random walk of disobedient clients keeps the rules")
{
	for (unsigned seed : { 1U, 2U, 3U }) {
		Walk walk(seed);
		walk.run();
		// the walk went through the interesting places
		for (const std::string what :
		     { "reply", "refusal", "published", "list", "downlink", "change", "kick", "user_time_out", "back",
		       "told", "not back", "single join", "rebuild", "single published", "single downlink" }) {
			CAPTURE(seed);
			CAPTURE(what);
			CHECK(walk.seen[what] > 20);
		}
	}
}
