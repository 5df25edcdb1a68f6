// SPDX-License-Identifier: MIT
#include "fuzz/room_script.h"

#include "protocol/codec.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <variant>

namespace trtc::fuzz {

using namespace trtc::service;

namespace {

constexpr std::size_t kMaxSteps = 400;
constexpr std::size_t kMaxOffers = 64;

void hold(bool holds, const char *what)
{
	if (holds)
		return;
	std::fprintf(stderr, "the room service breaks its promise: %s\n", what);
	std::abort();
}

/// Small, so that a short script reaches every limit.
Limits tightLimits()
{
	Limits limits;
	limits.maxRooms = 2;
	limits.maxUsersPerRoom = 4;
	limits.maxAnchorsPerRoom = 2;
	return limits;
}

} // namespace

RoomScript::RoomScript() : service_(tightLimits()) {}

void RoomScript::play(std::string_view script)
{
	for (std::size_t steps = 0; !script.empty() && steps < kMaxSteps; ++steps) {
		const auto end = std::min(script.find('\n'), script.size());
		step(script.substr(0, end));
		script.remove_prefix(std::min(end + 1, script.size()));
	}
	while (!offers_.empty())
		answer(true);
	for (auto &id : players_)
		if (const auto session = std::exchange(id, 0)) {
			open_.erase(session);
			carryOut(service_.closed(session));
		}
	hold(service_.users() == 0 && service_.rooms() == 0 && service_.publishers() == 0,
	     "something is left of an empty service");
	hold(uplinks_.empty() && downlinks_.empty(), "a connection nobody stopped");
}

void RoomScript::step(std::string_view line)
{
	if (line.size() < 2 || line[0] < 'a' || line[0] >= static_cast<char>('a' + kPlayers))
		return;
	const auto player = static_cast<std::size_t>(line[0] - 'a');
	const auto id = players_[player];
	const auto rest = line.substr(std::min<std::size_t>(3, line.size()));
	switch (line[1]) {
	case 'o':
	case 'r':
		return open(player, rest, line[1] == 'r');
	case 't':
		return wait(rest);
	case '+':
	case '-':
		return answer(line[1] == '+');
	default:
		break;
	}
	if (id == 0)
		return;
	switch (line[1]) {
	case 'm':
		return say(id, rest);
	case 'x':
		gone(id);
		return carryOut(service_.closed(id));
	case 'u':
		return carryOut(service_.uplinkFailed(id));
	case 'd':
		if (line.size() > 2 && line[2] >= 'a' && line[2] < static_cast<char>('a' + kPlayers))
			carryOut(service_.downlinkFailed(id, players_[static_cast<std::size_t>(line[2] - 'a')]));
		return;
	default:
		return;
	}
}

void RoomScript::open(std::size_t player, std::string_view name, bool again)
{
	if (players_[player] != 0 || !UserId::valid(name))
		return;
	const auto id = players_[player] = next_++;
	open_.insert(id);
	const Identity who { UserId(std::string(name)), 1400000001, "198.51.100.7" };
	carryOut(again ? service_.reopened(id, who, {}, now_) : service_.opened(id, who, now_, 1700000000000));
}

void RoomScript::say(SessionId id, std::string_view text)
{
	const auto message = protocol::parseClientMessage(text);
	if (!message)
		return;
	if (const int event = protocol::replyEventFor(message.value().command))
		++owed_[{ id, event, message.value().seq }];
	else if (std::holds_alternative<protocol::Other>(message.value().command))
		for (const int cloud :
		     { 1286, 1288, 777, 779, 781, 783, 8209, 8211, 8213, 8196, 8198, 8200, 4160, 8220 })
			++owed_[{ id, cloud, message.value().seq }];
	carryOut(service_.received(id, message.value(), now_));
}

void RoomScript::answer(bool good)
{
	if (offers_.empty())
		return;
	const auto offer = offers_.front();
	offers_.pop_front();
	const int code = good ? protocol::code::kOk : protocol::code::kBadSdp;
	if (offer.replyEvent == protocol::Event::RebuildResult) {
		protocol::Ability ability;
		ability.iceUfrag = "ufrag";
		ability.icePwd = "a password of twenty-two";
		std::replace(ability.icePwd.begin(), ability.icePwd.end(), ' ', '+');
		std::replace(ability.icePwd.begin(), ability.icePwd.end(), '-', '+');
		ability.fingerprintHash = "sha-256";
		ability.fingerprint = "AB:CD";
		ability.setup = "active";
		return carryOut(service_.singleAnswered(offer.session, offer.seq, code, "answer", ability));
	}
	carryOut(offer.publisher == 0
			 ? service_.uplinkAnswered(offer.session, offer.seq, offer.replyEvent, code, "answer")
			 : service_.downlinkAnswered(offer.session, offer.seq, offer.publisher, code, "answer"));
}

void RoomScript::wait(std::string_view milliseconds)
{
	unsigned value = 0;
	std::from_chars(milliseconds.data(), milliseconds.data() + milliseconds.size(), value);
	now_ += std::chrono::milliseconds(std::min(value, 60'000U));
	carryOut(service_.tick(now_));
}

void RoomScript::gone(SessionId id)
{
	open_.erase(id);
	std::replace(players_.begin(), players_.end(), id, SessionId { 0 });
	std::erase_if(owed_, [id](const auto &due) { return std::get<0>(due.first) == id; });
}

void RoomScript::carryOut(const Effects &effects)
{
	for (const auto &effect : effects)
		std::visit([this](const auto &item) { carryOut(item); }, effect);
	for (const auto &[session, publisher] : downlinks_)
		hold(uplinks_.contains(publisher), "a downlink survived its publisher");
	if (offers_.size() > kMaxOffers)
		offers_.erase(offers_.begin(), offers_.end() - kMaxOffers);
}

void RoomScript::carryOut(const Send &send)
{
	const auto &[to, message] = send;
	hold(open_.contains(to), "a message to a closed session");
	const auto back = protocol::parseServerMessage(protocol::encode(message));
	hold(bool(back) && back.value().event == message.event && back.value().code == message.code,
	     "a message that cannot be read back");
	if (message.seq != 0) {
		const auto due = owed_.find({ to, static_cast<int>(message.event), message.seq });
		hold(due != owed_.end() && due->second > 0, "a reply nobody waits for");
		if (--due->second == 0)
			owed_.erase(due);
	}
	if (const auto *list = std::get_if<protocol::PublishedList>(&message.payload))
		for (const auto &user : list->users)
			hold((user.flags & 15U) != 0, "a listed user publishes nothing");
}

void RoomScript::carryOut(const CloseSession &close)
{
	hold(open_.contains(close.session), "closed twice");
	hold(close.code == 1000 || close.code >= 4000, "a code that leaves the SDK disconnected for good");
	gone(close.session);
}

void RoomScript::carryOut(const StartUplink &start)
{
	if (start.replyEvent == protocol::Event::PublishResult)
		hold(uplinks_.insert(start.session).second, "an uplink started over a running one");
	offers_.push_back({ start.session, start.seq, start.replyEvent, 0 });
}

void RoomScript::carryOut(const StopUplink &stop)
{
	hold(uplinks_.erase(stop.session) == 1, "stopped an uplink that does not run");
}

void RoomScript::carryOut(const StartDownlink &start)
{
	hold(start.session != start.publisher, "a downlink to oneself");
	hold(uplinks_.contains(start.publisher), "a downlink of nothing");
	hold(downlinks_.insert({ start.session, start.publisher }).second, "a downlink started over a running one");
	offers_.push_back({ start.session, start.seq, protocol::Event::SubscribeResult, start.publisher });
}

void RoomScript::carryOut(const ChangeDownlink &change)
{
	hold(downlinks_.contains({ change.session, change.publisher }), "changed a downlink that does not run");
}

void RoomScript::carryOut(const StopDownlink &stop)
{
	hold(downlinks_.erase({ stop.session, stop.publisher }) == 1, "stopped a downlink that does not run");
}

void RoomScript::carryOut(const StartSingle &start)
{
	hold(singles_.insert(start.session).second, "a connection made over a running one");
	offers_.push_back({ start.session, start.seq, protocol::Event::RebuildResult, 0 });
}

void RoomScript::carryOut(const StopSingle &stop)
{
	hold(singles_.erase(stop.session) == 1, "stopped a connection that does not run");
}

void RoomScript::carryOut(const StartSingleUplink &start)
{
	hold(singles_.contains(start.session), "an uplink on no connection");
	uplinks_.insert(start.session);
}

void RoomScript::carryOut(const StartSingleDownlink &start)
{
	hold(singles_.contains(start.session), "a downlink on no connection");
	hold(start.session != start.publisher, "a downlink to oneself");
	hold(uplinks_.contains(start.publisher), "a downlink of nothing");
	hold(downlinks_.insert({ start.session, start.publisher }).second, "a downlink started over a running one");
	offers_.push_back({ start.session, start.seq, protocol::Event::SingleSubscribeResult, start.publisher });
}

void RoomScript::carryOut(const UplinkFlow &flow) { hold(uplinks_.contains(flow.session), "a flow without uplink"); }

} // namespace trtc::fuzz
