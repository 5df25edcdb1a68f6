// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/ability.h"
#include "service/negotiation.h"
#include "webrtc/peer_connection.h"

#include <trtc/error.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The one connection of an SDK v5 client, in descriptions that nobody but webrtcbin sees: the client says what it can
/// (protocol::Ability) and writes descriptions of its own. Pure, reentrant.
///
/// Our m-lines: 0 to 3 are what the client sends (audio, big, small, auxiliary), then three for each user it hears and sees (audio,
/// main, auxiliary). They only grow; those of a subscription that has ended serve the next one.
namespace trtc::service {

inline constexpr std::size_t kSingleUplinkLines = 4, kSingleLinesPerUser = 3;
/// Users one client may be subscribed to: as many as may publish in a room.
inline constexpr std::size_t kMaxSingleUsers = 50;

/// What is used of a client's abilities.
struct SinglePlan {
	protocol::Ability client;
	webrtc::sdp::RtpMap audio;
	webrtc::sdp::RtpMap send; ///< the video codec the client is to send
	int sendRepair = 0;	  ///< the number of what it sends again (RTX); 0: nothing
	/// What the client can receive: H264, VP8, or one of them.
	std::vector<webrtc::sdp::RtpMap> receive;
	std::vector<int> receiveRepairs; ///< for each of them
	std::optional<Refusal> refusal;	 ///< set: nothing else is
};

SinglePlan planSingle(const protocol::Ability &client);
/// The offer for webrtcbin, with lines for so many users.
std::string singleOffer(const SinglePlan &plan, std::size_t users);
/// Our half of that.
std::vector<webrtc::AnswerLine> singleLines(const SinglePlan &plan, std::size_t users);
/// The plan of the client's publication: slots and m-lines.
Negotiated singleUplink(const SinglePlan &plan);
/// The plan of its subscription to one user on the lines of place @p user (0 and up). @p videoCodec: what that user sends.
/// Refused when the client cannot decode it.
Negotiated singleDownlink(const SinglePlan &plan, std::size_t user, const std::array<std::uint32_t, 3> &ssrcs,
			  const std::array<std::uint32_t, 3> &repairs, const std::string &videoCodec);
/// Our abilities, of webrtcbin's answer to singleOffer().
Result<protocol::Ability> singleAbility(const SinglePlan &plan, const std::string &answer);

} // namespace trtc::service
