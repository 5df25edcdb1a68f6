// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/messages.h"

#include <cstdint>
#include <map>
#include <string>

namespace trtc::service {

/// How often somebody was not let in, or a media connection not made, by reason; the words are labels of a metric. Thread-bound.
class Refusals {
public:
	void count(const std::string &reason) { ++byReason_[reason]; }
	/// Counts an answer that is a refusal.
	void take(const protocol::ServerMessage &answer);
	const std::map<std::string, std::uint64_t> &byReason() const noexcept { return byReason_; }

private:
	/// Every reason from the start, so that a first refusal is a step and no new line.
	std::map<std::string, std::uint64_t> byReason_ { { "connections", 0 }, { "connections-per-address", 0 },
							 { "work", 0 },	       { "codec", 0 },
							 { "limit", 0 },       { "malformed", 0 },
							 { "media", 0 },       { "permission", 0 },
							 { "rate", 0 },	       { "request", 0 },
							 { "sdk-app-id", 0 },  { "stopping", 0 },
							 { "user-id", 0 },     { "user-sig", 0 } };
};

} // namespace trtc::service
