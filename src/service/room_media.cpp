// SPDX-License-Identifier: MIT
#include "service/room_rules.h"

#include <fmt/format.h>

/// Uplinks and downlinks: who may send what to whom.
namespace trtc::service {

using protocol::Event;
namespace code = protocol::code;

namespace {

UplinkFlow flowEffect(const Session &session)
{
	const auto flow = session.publication->flow();
	return { session.id, flow.audio, flow.bigVideo, flow.smallVideo, flow.auxVideo };
}

/// A name a client sent, as far as a message may repeat it.
std::string named(const std::string &userId)
{
	return UserId::valid(userId) ? "user " + userId : std::string("that user");
}

} // namespace

// ---- endings ------------------------------------------------------------------------------

void RoomService::Impl::endDownlink(Session &subscriber, SessionId publisher, int code, const std::string &waiting,
				    Effects &out) const
{
	const auto found = subscriber.subscriptions.find(publisher);
	if (found == subscriber.subscriptions.end())
		return;
	const Subscription old = found->second;
	subscriber.subscriptions.erase(found);
	out.emplace_back(StopDownlink { subscriber.id, publisher });
	// 4102 is matched by seq, so a client that has turned to something else cannot mistake this answer.
	if (!old.answered)
		refuse(out, subscriber, old.seq, old.replyEvent, code, waiting);
}

void RoomService::Impl::endDownlinksOf(const Session &publisher, Effects &out) const
{
	for (const auto &[name, member] : publisher.room->members)
		endDownlink(
			*member, publisher.id, code::kNoSuchUser,
			fmt::format(
				"user {} has stopped publishing: wait until the published list names the user again",
				publisher.who.userId.str()),
			out);
}

void RoomService::Impl::dropPendingChange(const Session &session, Publication &publication, Effects &out) const
{
	// The SDK takes a 4098 by its number alone: a refusal of an old publish would be heard as the answer of the
	// next one. So a publish that is overtaken stays without reply; 4128 is matched by seq and gets one.
	if (publication.pending && publication.pending->replyEvent == Event::PublishChangeResult)
		refuse(out, session, publication.pending->seq, Event::PublishChangeResult, code::kBadRequest,
		       "a later command replaced this change: send the newest state");
	publication.pending.reset();
}

bool RoomService::Impl::endPublication(Session &session, const char *told, Effects &out)
{
	if (!session.publication)
		return false;
	const bool visible = session.visible();
	endDownlinksOf(session, out);
	out.emplace_back(StopUplink { session.id });
	dropPendingChange(session, *session.publication, out);
	session.publication.reset();
	tellStreams(session, told, out);
	return visible;
}

void RoomService::Impl::publicationChanged(Session &session, const protocol::PublishState &flowBefore,
					   unsigned flagsBefore, const char *told, Effects &out) const
{
	const Publication &publication = *session.publication;
	if (publication.flow() != flowBefore)
		out.emplace_back(flowEffect(session));
	if (publication.flags() == flagsBefore)
		return;
	// Off the list the SDK closes the downlinks without a word.
	if (!publication.visible())
		endDownlinksOf(session, out);
	pushList(out, *session.room);
	tellStreams(session, told, out);
}

// ---- publishing ---------------------------------------------------------------------------

Publication *RoomService::Impl::publicationOf(Effects &out, Session &session, std::int64_t seq, Event event) const
{
	if (!inRoom(out, session, seq, event))
		return nullptr;
	if (session.publication)
		return &*session.publication;
	refuse(out, session, seq, event, code::kBadRequest, "you publish nothing: publish first");
	return nullptr;
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Publish &publish, Effects &out)
{
	if (!inRoom(out, session, seq, Event::PublishResult))
		return;
	if (session.role != Role::Anchor)
		return refuse(out, session, seq, Event::PublishResult, code::kNotPermitted,
			      "an audience may not publish: change role to anchor first");
	if (!session.publication && session.room->uplinks() >= limits.maxAnchorsPerRoom)
		return refuse(out, session, seq, Event::PublishResult, code::kLimit,
			      fmt::format("{} anchors publish in this room, its limit: wait until one stops, or raise "
					  "--max-anchors",
					  limits.maxAnchorsPerRoom));

	if (refuseMorePublications(session, seq, Event::PublishResult, out))
		return;

	protocol::PublishState permitted;
	if (!permitSending(session, {}, publish.state, seq, Event::PublishResult, permitted, out))
		return;

	// A second publish means that the client has a new connection; the old one sends no more.
	if (endPublication(session, stream_reason::kRepublished, out))
		pushList(out, *session.room);

	Publication &publication = session.publication.emplace();
	publication.permitted = permitted;
	publication.pending = PendingOffer { seq, Event::PublishResult, publish.state };
	const std::string &codec = publish.constraint.videoCodec;
	publication.codec = codec == "H264" || codec == "VP8" ? codec : "";
	out.emplace_back(StartUplink { session.id, seq, Event::PublishResult, publish.sdp, publication.codec });
}

bool RoomService::Impl::refuseMorePublications(const Session &session, std::int64_t seq, Event event,
					       Effects &out) const
{
	const auto count = elsewhere(session).publications;
	if (count < limits.maxPublicationsPerUser)
		return false;
	refuse(out, session, seq, event, code::kLimit,
	       fmt::format("user {} publishes in {} other rooms, the limit of one user: unpublish in one, or raise "
			   "--max-publications-per-user",
			   session.who.userId.str(), count));
	return true;
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::PublishChange &change, Effects &out)
{
	Publication *publication = publicationOf(out, session, seq, Event::PublishChangeResult);
	if (!publication)
		return;
	if (!publication->answered)
		return refuse(out, session, seq, Event::PublishChangeResult, code::kBadRequest,
			      "your publish has no answer yet: wait for it before changing it");
	protocol::PublishState permitted;
	if (!permitSending(session, publication->shown(), change.state, seq, Event::PublishChangeResult, permitted,
			   out))
		return;
	dropPendingChange(session, *publication, out);
	publication->permitted = permitted;
	publication->pending = PendingOffer { seq, Event::PublishChangeResult, change.state };
	out.emplace_back(StartUplink { session.id, seq, Event::PublishChangeResult, change.sdp, publication->codec });
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::PublishStateChange &change, Effects &out)
{
	Publication *publication = publicationOf(out, session, seq, Event::PublishStateResult);
	if (!publication)
		return;
	const auto flow = publication->flow();
	const auto flags = publication->flags();
	protocol::PublishState permitted;
	if (!permitSending(session, publication->shown(), change.state, seq, Event::PublishStateResult, permitted, out))
		return;
	publication->state = change.state;
	publication->permitted = permitted;
	if (publication->pending)
		publication->pending->state = change.state;
	reply(out, session, seq, Event::PublishStateResult, {}, publication->unseen());
	publicationChanged(session, flow, flags, stream_reason::kUnpublished, out);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Unpublish &, Effects &out)
{
	if (!inRoom(out, session, seq, Event::UnpublishResult))
		return;
	// Publishing nothing is success: the SDK says unpublish before every new try of an uplink.
	const bool listChanged = endPublication(session, stream_reason::kUnpublished, out);
	reply(out, session, seq, Event::UnpublishResult);
	if (listChanged)
		pushList(out, *session.room);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::UpdateConstraintConfig &, Effects &out)
{
	// The figures are a hint to an encoder in the cloud; what is forwarded does not depend on them. SDK v5 sends them
	// before it publishes, too.
	if (inRoom(out, session, seq, Event::ConstraintResult))
		reply(out, session, seq, Event::ConstraintResult);
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::MuteUplink &mute, Effects &out)
{
	Publication *publication = publicationOf(out, session, seq, Event::MuteResult);
	if (!publication)
		return;
	const auto flow = publication->flow();
	const auto flags = publication->flags();
	publication->mute = mute.mute;
	reply(out, session, seq, Event::MuteResult);
	publicationChanged(session, flow, flags, stream_reason::kUnpublished, out);
}

Effects RoomService::Impl::uplinkAnswered(Session &session, std::int64_t seq, Event replyEvent, int code,
					  const std::string &text)
{
	Effects out;
	Publication *publication = session.publication ? &*session.publication : nullptr;
	if (!publication || !publication->pending || publication->pending->seq != seq ||
	    publication->pending->replyEvent != replyEvent)
		return out; // ended or overtaken meanwhile
	const PendingOffer offer = *publication->pending;
	publication->pending.reset();

	if (code != code::kOk) {
		refuse(out, session, seq, replyEvent, code, text);
		// A refused change leaves what was there before; a refused publish leaves nothing.
		if (!publication->answered && endPublication(session, stream_reason::kMediaFailed, out))
			pushList(out, *session.room);
		return out;
	}
	const auto flow = publication->flow();
	const auto flags = publication->flags();
	publication->answered = true;
	publication->state = offer.state;
	reply(out, session, seq, replyEvent, protocol::SdpAnswer { text }, publication->unseen());
	publicationChanged(session, flow, flags, stream_reason::kUnpublished, out);
	return out;
}

Effects RoomService::Impl::uplinkFailed(Session &session)
{
	Effects out;
	if (!session.publication)
		return out;
	// A publisher with an answer is told nothing: no message says so, its own connection fails too, and the SDK
	// then publishes again. One that still waits gets its answer.
	if (const auto &pending = session.publication->pending) {
		refuse(out, session, pending->seq, pending->replyEvent, code::kMediaFailed,
		       "the service could not set up your uplink: check that UDP reaches the service, then publish "
		       "again");
		session.publication->pending.reset();
	}
	if (endPublication(session, stream_reason::kMediaFailed, out))
		pushList(out, *session.room);
	return out;
}

// ---- subscribing --------------------------------------------------------------------------

Session *RoomService::Impl::publisherOf(Effects &out, const Session &session, std::int64_t seq, Event event,
					const std::string &userId, const std::string &tinyId) const
{
	if (!inRoom(out, session, seq, event))
		return nullptr;
	Session *publisher = session.room->member(userId, tinyId);
	if (publisher == &session) {
		refuse(out, session, seq, event, code::kBadRequest,
		       "you cannot subscribe to yourself: name another user of the published list");
		return nullptr;
	}
	if (!publisher || !publisher->visible()) {
		refuse(out, session, seq, event, code::kNoSuchUser,
		       fmt::format(
			       "{} publishes nothing in this room: subscribe when the published list names the user",
			       named(userId)));
		return nullptr;
	}
	return publisher;
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Subscribe &subscribe, Effects &out)
{
	const Session *publisher =
		publisherOf(out, session, seq, Event::SubscribeResult, subscribe.srcUserId, subscribe.srcTinyId);
	if (!publisher)
		return;
	protocol::SubscribeWishes granted;
	if (!permitReceiving(session, {}, subscribe.wishes, seq, Event::SubscribeResult, granted, out))
		return;
	endDownlink(session, publisher->id, code::kBadRequest,
		    "a later subscription to the same user replaced this one: use its answer", out);
	session.subscriptions[publisher->id] = {
		seq, Event::SubscribeResult, false, granted, granted, subscribe.wishes
	};
	out.emplace_back(StartDownlink { session.id, seq, publisher->id, subscribe.sdp, granted });
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::SubscribeChange &change, Effects &out)
{
	if (!inRoom(out, session, seq, Event::SubscribeChangeResult))
		return;
	const Session *publisher = session.room->member("", change.srcTinyId);
	const auto found = publisher ? session.subscriptions.find(publisher->id) : session.subscriptions.end();
	if (found == session.subscriptions.end())
		return refuse(out, session, seq, Event::SubscribeChangeResult, code::kNoSuchUser,
			      "you are not subscribed to that user: subscribe first");
	Subscription &subscription = found->second;
	protocol::SubscribeWishes granted;
	if (!permitReceiving(session, subscription.wishes, change.wishes, seq, Event::SubscribeChangeResult, granted,
			     out))
		return;
	subscription.asked = change.wishes;
	subscription.wishes = granted;
	reply(out, session, seq, Event::SubscribeChangeResult);
	if (subscription.answered && subscription.wishes != subscription.started) {
		subscription.started = subscription.wishes;
		out.emplace_back(ChangeDownlink { session.id, publisher->id, subscription.wishes });
	}
}

void RoomService::Impl::on(Session &session, std::int64_t seq, const protocol::Unsubscribe &unsubscribe, Effects &out)
{
	if (!inRoom(out, session, seq, Event::UnsubscribeResult))
		return;
	if (const Session *publisher = session.room->member(unsubscribe.srcUserId, unsubscribe.srcTinyId))
		endDownlink(session, publisher->id, code::kBadRequest,
			    "you unsubscribed before the answer: subscribe again to get one", out);
	reply(out, session, seq, Event::UnsubscribeResult);
}

Effects RoomService::Impl::downlinkAnswered(Session &session, std::int64_t seq, SessionId publisher, int code,
					    const std::string &text)
{
	Effects out;
	const auto found = session.subscriptions.find(publisher);
	if (found == session.subscriptions.end() || found->second.answered || found->second.seq != seq)
		return out; // ended or overtaken meanwhile
	Subscription &subscription = found->second;
	subscription.answered = true;
	if (code != code::kOk) {
		refuse(out, session, seq, subscription.replyEvent, code, text);
		endDownlink(session, publisher, code, "", out);
		return out;
	}
	reply(out, session, seq, subscription.replyEvent,
	      subscription.replyEvent == Event::SubscribeResult ? protocol::Payload(protocol::SdpAnswer { text })
								: protocol::Payload());
	if (subscription.wishes != subscription.started) { // changed while the connection was being made
		subscription.started = subscription.wishes;
		out.emplace_back(ChangeDownlink { session.id, publisher, subscription.wishes });
	}
	return out;
}

Effects RoomService::Impl::downlinkFailed(Session &session, SessionId publisher)
{
	Effects out;
	// A subscriber with an answer is told nothing: its own connection fails too, and the SDK subscribes again.
	endDownlink(
		session, publisher, code::kMediaFailed,
		"the service could not set up your downlink: check that UDP reaches the service, then subscribe again",
		out);
	return out;
}

} // namespace trtc::service
