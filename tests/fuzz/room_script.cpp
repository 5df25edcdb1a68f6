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

constexpr std::uint32_t kSdkAppId = 1400000001;
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
	limits.maxKept = 3;
	limits.maxKeptPerUser = 2;
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
	for (const auto id : players_)
		if (id != 0) {
			gone(id);
			carryOut(service_.closed(id));
		}
	now_ += tightLimits().resumeGrace + std::chrono::seconds(1);
	carryOut(service_.tick(now_));
	hold(open_.empty(), "who did not come back is still there");
	hold(service_.users() == 0 && service_.rooms() == 0 && service_.publishers() == 0,
	     "something is left of an empty service");
	hold(uplinks_.empty() && downlinks_.empty() && singles_.empty(), "a connection nobody stopped");
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
		return open(player, rest);
	case 'r':
		return comeBack(player, rest);
	case 't':
		return wait(rest, 1, true);
	case 'T':
		return wait(rest, 1, false);
	case 'h':
		return wait(rest, 1000, true);
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
	case 'l':
		return lose(id);
	case 'k':
	case 'w':
		return administer(id, line[1] == 'w');
	case 'u':
		return carryOut(service_.uplinkFailed(id));
	case 's':
		if (singles_.contains(id))
			carryOut(service_.singleFailed(id));
		return;
	case 'd':
		if (line.size() > 2 && line[2] >= 'a' && line[2] < static_cast<char>('a' + kPlayers))
			carryOut(service_.downlinkFailed(id, players_[static_cast<std::size_t>(line[2] - 'a')]));
		return;
	default:
		return;
	}
}

Identity RoomScript::visitor(std::string_view name) const
{
	return { UserId(std::string(name)), kSdkAppId, "198.51.100.7",
		 std::string(kTicketPrefix) + std::to_string(next_) };
}

void RoomScript::open(std::size_t player, std::string_view name)
{
	if (players_[player] != 0 || !UserId::valid(name))
		return;
	const auto who = visitor(name);
	const auto id = players_[player] = next_++;
	open_.insert(id);
	names_.emplace(id, who.userId);
	carryOut(service_.opened(id, who, now_, 1700000000000));
}

void RoomScript::comeBack(std::size_t player, std::string_view words)
{
	const auto word = [&words] {
		const auto end = std::min(words.find(' '), words.size());
		const auto found = words.substr(0, end);
		words.remove_prefix(std::min(end + 1, words.size()));
		return found;
	};
	const auto name = word(), room = word(), ticket = word();
	if (players_[player] != 0 || !UserId::valid(name))
		return;
	const auto who = visitor(name);
	const Comeback comeback { std::string(room), !room.empty() && room[0] >= 'A',
				  ticket.empty() ? "undefined" : std::string(kTicketPrefix) + std::string(ticket) };
	if (const auto found = service_.resumable(who, comeback)) {
		hold(open_.contains(*found), "a visit that is over");
		hold(names_.at(*found) == who.userId, "somebody else's visit");
		std::replace(players_.begin(), players_.end(), *found, SessionId { 0 });
		players_[player] = *found;
		waive(*found);
		lost_.erase(*found);
		return carryOut(service_.resumed(*found, who.clientIp, now_));
	}
	const auto id = players_[player] = next_++;
	open_.insert(id);
	names_.emplace(id, who.userId);
	carryOut(service_.reopened(id, who, comeback, now_));
}

void RoomScript::waive(SessionId id)
{
	for (auto &[due, count] : owed_)
		if (std::get<0>(due) == id)
			waived_[due] += count;
	std::erase_if(owed_, [id](const auto &due) { return std::get<0>(due.first) == id; });
}

void RoomScript::lose(SessionId id)
{
	waive(id);
	lost_.insert(id);
	std::replace(players_.begin(), players_.end(), id, SessionId { 0 });
	carryOut(service_.lost(id, now_));
}

void RoomScript::administer(SessionId id, bool everybody)
{
	const auto &user = names_.at(id);
	Effects effects;
	for (const auto &info : service_.listRooms(kSdkAppId)) {
		const auto members = service_.listMembers(kSdkAppId, info.room);
		hold(members && !members->empty(), "a room without anybody");
		if (std::none_of(members->begin(), members->end(),
				 [&](const auto &member) { return member.userId == user; }))
			continue;
		if (everybody)
			hold(service_.disband(kSdkAppId, info.room, effects) == members->size(),
			     "somebody was not counted");
		else
			hold(service_.kick(kSdkAppId, info.room, user, effects), "a member who is not there");
	}
	carryOut(effects);
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

/// @p scale: milliseconds; @p looks: there is a tick at the end of it.
void RoomScript::wait(std::string_view text, unsigned scale, bool looks)
{
	unsigned value = 0;
	std::from_chars(text.data(), text.data() + text.size(), value);
	now_ += std::chrono::milliseconds(std::uint64_t { std::min(value, 60'000U) } * scale);
	if (looks)
		carryOut(service_.tick(now_));
}

void RoomScript::gone(SessionId id)
{
	open_.erase(id);
	lost_.erase(id);
	std::replace(players_.begin(), players_.end(), id, SessionId { 0 });
	for (auto *dues : { &owed_, &waived_ })
		std::erase_if(*dues, [id](const auto &due) { return std::get<0>(due.first) == id; });
}

void RoomScript::carryOut(const Effects &effects)
{
	for (const auto &effect : effects)
		std::visit([this](const auto &item) { carryOut(item); }, effect);
	for (const auto &[session, publisher] : downlinks_)
		hold(uplinks_.contains(publisher), "a downlink survived its publisher");
	hold(ledger_.users() <= service_.users(), "told of users that are not there");
	// Users whose join has no answer yet are not told of.
	const auto *fault = ledger_.compare(service_, service_.users() - ledger_.users());
	hold(*fault == 0, fault);
	hold(service_.kept() == lost_.size(), "the count of lost ones is wrong");
	if (offers_.size() > kMaxOffers)
		offers_.erase(offers_.begin(), offers_.end() - kMaxOffers);
}

void RoomScript::carryOut(const Send &send)
{
	const auto &[to, message] = send;
	hold(open_.contains(to), "a message to a closed session");
	hold(!lost_.contains(to), "a message to a lost session");
	const auto back = protocol::parseServerMessage(protocol::encode(message));
	hold(bool(back) && back.value().event == message.event && back.value().code == message.code,
	     "a message that cannot be read back");
	if (message.seq != 0) {
		const Dues::key_type key { to, static_cast<int>(message.event), message.seq };
		auto &dues = owed_.contains(key) ? owed_ : waived_;
		const auto due = dues.find(key);
		hold(due != dues.end() && due->second > 0, "a reply nobody waits for");
		if (--due->second == 0)
			dues.erase(due);
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

void RoomScript::carryOut(const Tell &tell)
{
	const auto *fault = ledger_.take(tell);
	hold(*fault == 0, fault);
}

void RoomScript::carryOut(const UplinkFlow &flow) { hold(uplinks_.contains(flow.session), "a flow without uplink"); }

} // namespace trtc::fuzz
