// SPDX-License-Identifier: MIT
#include "service/room_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

/// SDK v5: clients with one connection for everything, and their custom messages.
namespace trtc::service {

using namespace std::chrono_literals;
using protocol::Event;
namespace code = protocol::code;

namespace {

/// The SDK's own limits, a user and second.
constexpr unsigned kMessagesPerSecond = 30;
constexpr std::size_t kMessageBytesPerSecond = 8 * 1024;

std::size_t decodedSize(const std::string &base64)
{
	const auto padding = base64.size() - (base64.find_last_not_of('=') + 1);
	return base64.size() / 4 * 3 - std::min<std::size_t>(padding, 2);
}

/// Tracks and what repairs them.
template <std::size_t N>
std::vector<std::uint32_t> all(const std::array<std::uint32_t, N> &tracks, const std::array<std::uint32_t, N> &repairs)
{
	std::vector<std::uint32_t> ssrcs(tracks.begin(), tracks.end());
	std::copy_if(repairs.begin(), repairs.end(), std::back_inserter(ssrcs), [](auto ssrc) { return ssrc != 0; });
	return ssrcs;
}

/// None of them 0, all different: two tracks of one number could not be told apart.
bool distinct(std::vector<std::uint32_t> ssrcs)
{
	std::sort(ssrcs.begin(), ssrcs.end());
	return ssrcs.front() != 0 && std::adjacent_find(ssrcs.begin(), ssrcs.end()) == ssrcs.end();
}

} // namespace

void RoomService::Impl::endSingle(Session &session, const char *told, Effects &out)
{
	std::vector<SessionId> publishers;
	for (const auto &[publisher, subscription] : session.subscriptions)
		publishers.push_back(publisher);
	for (const auto publisher : publishers)
		endDownlink(session, publisher, code::kMediaFailed,
			    "your connection was replaced before the answer: subscribe again", out);
	const bool listChanged = endPublication(session, told, out);
	if (const auto old = std::exchange(session.single, std::nullopt)) {
		out.emplace_back(StopSingle { session.id });
		if (!old->answered)
			refuse(out, session, old->seq, old->replyEvent, code::kBadRequest,
			       "a later connection replaced this one: use its answer");
	}
	if (listChanged)
		pushList(out, *session.room);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::RebuildConnection &rebuild, Effects &out)
{
	if (!inRoom(out, session, seq, Event::RebuildResult))
		return;
	if (session.single && !session.single->answered && session.single->replyEvent == Event::JoinResult)
		return refuse(out, session, seq, Event::RebuildResult, code::kBadRequest,
			      "your join has no answer yet: wait for it before replacing the connection");
	endSingle(session, stream_reason::kRepublished, out);
	session.single = SingleConnection { seq, Event::RebuildResult, false, {} };
	out.emplace_back(StartSingle { session.id, seq, rebuild.ability });
}

Effects RoomService::Impl::singleAnswered(Session &session, std::int64_t seq, int code, const std::string &message,
					  const protocol::Ability &ability)
{
	Effects out;
	if (!session.single || session.single->answered || session.single->seq != seq)
		return out; // ended or overtaken meanwhile
	const auto event = session.single->replyEvent;
	if (code != code::kOk) {
		session.single.reset();
		out.emplace_back(StopSingle { session.id });
		refuse(out, session, seq, event, code, message);
		if (event == Event::JoinResult)
			removeFromRoom(session, 0, leave_reason::kMediaFailed, out);
		return out;
	}
	session.single->answered = true;
	if (event == Event::RebuildResult) {
		reply(out, session, seq, event, protocol::RebuildAnswer { ability });
		return out;
	}
	auto result = joinResult(session);
	result.ability = ability;
	tellJoined(session, out);
	reply(out, session, seq, event, std::move(result));
	return out;
}

Effects RoomService::Impl::singleFailed(Session &session)
{
	Effects out;
	// Nothing is said: the client's own end fails too, and it makes the connection anew.
	if (session.single && session.single->answered)
		endSingle(session, stream_reason::kMediaFailed, out);
	return out;
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::SinglePublish &publish, Effects &out)
{
	constexpr auto kEvent = Event::SinglePublishResult;
	if (!inRoom(out, session, seq, kEvent))
		return;
	if (!session.single || !session.single->answered)
		return refuse(out, session, seq, kEvent, code::kBadRequest,
			      "no connection to publish on: join with join/v2, or send rebuild_pc");
	if (session.role != Role::Anchor)
		return refuse(out, session, seq, kEvent, code::kNotPermitted,
			      "an audience may not publish: change role to anchor first");
	if (!session.publication && session.room->uplinks() >= limits.maxAnchorsPerRoom)
		return refuse(out, session, seq, kEvent, code::kLimit,
			      fmt::format("{} anchors publish in this room, its limit: wait until one stops, or raise "
					  "--max-anchors",
					  limits.maxAnchorsPerRoom));
	if (!session.publication && refuseMorePublications(session, seq, kEvent, out))
		return;
	const std::array<std::uint32_t, 4> ssrcs { publish.audioSsrc, publish.bigVideoSsrc, publish.smallVideoSsrc,
						   publish.auxVideoSsrc };
	const std::array<std::uint32_t, 4> repairs { 0, publish.bigVideoRtxSsrc, publish.smallVideoRtxSsrc,
						     publish.auxVideoRtxSsrc };
	if (!distinct(all(ssrcs, repairs)))
		return refuse(out, session, seq, kEvent, code::kBadRequest,
			      "each of the four tracks needs an SSRC of its own");

	protocol::PublishState permitted;
	if (!permitSending(session, session.publication ? session.publication->shown() : protocol::PublishState {},
			   publish.state, seq, kEvent, permitted, out))
		return;

	if (session.publication && !session.publication->single &&
	    endPublication(session, stream_reason::kRepublished, out))
		pushList(out, *session.room);
	// Said again for every track that comes: the connection stays, only the state is another one.
	const bool fresh = !session.publication;
	auto &publication = fresh ? session.publication.emplace() : *session.publication;
	const bool others = session.single->ssrcs != ssrcs || session.single->repairs != repairs;
	session.single->ssrcs = ssrcs;
	session.single->repairs = repairs;
	if (others || fresh)
		out.emplace_back(StartSingleUplink { session.id, ssrcs, repairs });
	const auto flow = publication.flow();
	const auto flags = publication.flags();
	publication.answered = publication.single = true;
	publication.state = publish.state;
	publication.permitted = permitted;
	publication.mute = publish.mute;
	reply(out, session, seq, kEvent, {}, publication.unseen());
	publicationChanged(session, flow, flags, stream_reason::kUnpublished, out);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::SingleSubscribe &subscribe, Effects &out)
{
	constexpr auto kEvent = Event::SingleSubscribeResult;
	const Session *publisher = publisherOf(out, session, seq, kEvent, subscribe.srcUserId, subscribe.srcTinyId);
	if (!publisher)
		return;
	if (!session.single || !session.single->answered)
		return refuse(out, session, seq, kEvent, code::kBadRequest,
			      "no connection to subscribe on: join with join/v2, or send rebuild_pc");
	const std::array<std::uint32_t, 3> ssrcs { subscribe.audioSsrc, subscribe.bigVideoSsrc,
						   subscribe.auxVideoSsrc },
		repairs { 0, subscribe.bigVideoRtxSsrc, subscribe.auxVideoRtxSsrc };
	const auto everything = all(ssrcs, repairs);
	if (!distinct(everything))
		return refuse(out, session, seq, kEvent, code::kBadRequest,
			      "each of the three tracks needs an SSRC of its own");
	for (const auto &[id, other] : session.subscriptions)
		if (id != publisher->id && std::find_first_of(everything.begin(), everything.end(), other.ssrcs.begin(),
							      other.ssrcs.end()) != everything.end())
			return refuse(out, session, seq, kEvent, code::kBadRequest,
				      "an SSRC belongs to another subscription of this connection");
	protocol::SubscribeWishes granted;
	if (!permitReceiving(session, {}, subscribe.wishes, seq, kEvent, granted, out))
		return;
	endDownlink(session, publisher->id, code::kBadRequest,
		    "a later subscription to the same user replaced this one: use its answer", out);
	session.subscriptions[publisher->id] = { seq, kEvent, false, granted, granted, subscribe.wishes, everything };
	out.emplace_back(StartSingleDownlink { session.id, seq, publisher->id, granted, ssrcs, repairs });
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Reconnect &, Effects &out)
{
	refuse(out, session, seq, Event::ChannelReconnect, code::kSessionUnknown,
	       "this service has no session for this lost connection: join the room again");
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::AbilityReport &, Effects &out)
{
	reply(out, session, seq, Event::AbilityReportResult);
}

void RoomService::Impl::on(Session &session, std::int64_t, const protocol::SendCustomMessage &message, Effects &out)
{
	// No answer is foreseen: what may not be sent is dropped, as by the SDK itself.
	if (!session.room || session.role != Role::Anchor || !maySend(session).any())
		return;
	auto &budget = session.messages;
	if (session.lastSeen - budget.since >= 1s)
		budget = { session.lastSeen, 0, 0 };
	const auto size = decodedSize(message.msg);
	if (budget.count + 1 > kMessagesPerSecond || budget.bytes + size > kMessageBytesPerSecond)
		return;
	++budget.count;
	budget.bytes += size;
	pushToOthers(out, session, Event::CustomMessage,
		     protocol::CustomMessage { session.tinyId, message.cmdId, message.msg, message.ordered,
					       message.streamSeq });
}

} // namespace trtc::service
