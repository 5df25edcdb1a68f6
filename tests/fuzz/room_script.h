// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"
#include "support/room_ledger.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

/// Plays a script of what clients, the network and the clock do to RoomService, and keeps a second, simpler book from the
/// effects alone; aborts when the two disagree. One step a line, "PLAYER STEP REST", players a to p:
///
///     ao NAME     a socket with a verified UserSig         am JSON   one message, through the codec
///     ar NAME ROOM TICKET   the same with rc=1             ax        left, the socket is closed
///     al          the socket is lost                       ak        removed by an administrator
///     au          its uplink fails                         adb       its downlink of b's picture fails
///     as          its one connection fails                 at MS     time passes, at most a minute, and a tick
///     aT MS       the same without a tick: the loop is late   ah S    at most 16 hours, and one tick: the machine slept
///     a+  a-      the oldest offer is answered, refused    aw        everybody out of the room, by an administrator
///
/// ROOM is one of numbers unless it begins with a letter, TICKET the number of a visit or nothing.
///
/// Lines that say nothing of this kind are skipped. Not reentrant.
namespace trtc::fuzz {

class RoomScript {
public:
	RoomScript();
	void play(std::string_view script);

private:
	static constexpr std::size_t kPlayers = 16;
	struct Offer {
		service::SessionId session;
		std::int64_t seq;
		protocol::Event replyEvent;
		service::SessionId publisher; ///< 0: an uplink
	};

	void step(std::string_view line);
	void open(std::size_t player, std::string_view name);
	void comeBack(std::size_t player, std::string_view words);
	service::Identity visitor(std::string_view name) const; ///< the next one
	void lose(service::SessionId id);
	void waive(service::SessionId id);
	void administer(service::SessionId id, bool everybody);
	void say(service::SessionId id, std::string_view text);
	void answer(bool good);
	void wait(std::string_view text, unsigned scale, bool looks);
	void carryOut(const service::Effects &effects);
	void carryOut(const service::Send &send);
	void carryOut(const service::CloseSession &close);
	void carryOut(const service::StartUplink &start);
	void carryOut(const service::StopUplink &stop);
	void carryOut(const service::StartDownlink &start);
	void carryOut(const service::ChangeDownlink &change);
	void carryOut(const service::StopDownlink &stop);
	void carryOut(const service::UplinkFlow &flow);
	void carryOut(const service::StartSingle &start);
	void carryOut(const service::StopSingle &stop);
	void carryOut(const service::StartSingleUplink &start);
	void carryOut(const service::StartSingleDownlink &start);
	void carryOut(const service::Tell &tell);
	void gone(service::SessionId id);

	service::RoomService service_;
	service::TimePoint now_ { std::chrono::hours(1) };
	service::SessionId next_ = 1;
	std::array<service::SessionId, kPlayers> players_ {}; ///< 0: no socket
	std::set<service::SessionId> open_, lost_;	      ///< sessions that live; of them: without a socket
	std::map<service::SessionId, UserId> names_;
	using Dues = std::map<std::tuple<service::SessionId, int, std::int64_t>, int>;
	Dues owed_;   ///< replies still due
	Dues waived_; ///< replies that may come or not: the socket they were asked for on was lost
	std::set<service::SessionId> uplinks_, singles_;
	std::set<std::pair<service::SessionId, service::SessionId>> downlinks_;
	std::deque<Offer> offers_;
	service::RoomLedger ledger_;
};

} // namespace trtc::fuzz
