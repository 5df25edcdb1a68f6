// SPDX-License-Identifier: MIT
#include "service/single_link.h"

#include "protocol/messages.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::service {

namespace {

namespace code = protocol::code;

} // namespace

SingleLink::SingleLink(MainLoop &loop, std::string name, webrtc::IceConfig ice, SinglePlan plan, Outcome outcome,
		       Trace *trace, std::shared_ptr<webrtc::PacketFaults> faults)
	: loop_(loop), plan_(std::move(plan)), outcome_(std::move(outcome)), faults_(std::move(faults))
{
	webrtc::PeerConnection::Config config;
	config.name = std::move(name);
	config.ice = std::move(ice);
	config.latency = kUplinkLatency;
	config.trace = trace;
	config.faults = faults_;
	connection_ = webrtc::PeerConnection::create(loop_, std::move(config), *this);
	uplink_ = std::make_shared<Uplink>(loop_, *connection_, singleUplink(plan_));
	connection_->answer(singleOffer(plan_, 0), singleLines(plan_, 0));
}

SingleLink::~SingleLink()
{
	subscriptions_.clear();
	connection_->close();
}

void SingleLink::publish(const std::array<std::uint32_t, kSlots> &ssrcs,
			 const std::array<std::uint32_t, kSlots> &repairs)
{
	// A client may say new ones as often as it likes.
	for (const auto ssrc : std::exchange(published_, ssrcs))
		if (ssrc && std::find(ssrcs.begin(), ssrcs.end(), ssrc) == ssrcs.end())
			connection_->forgetSsrc(ssrc);
	for (std::size_t slot = 0; slot < kSlots; ++slot)
		if (ssrcs[slot])
			connection_->expectSsrc(ssrcs[slot], slot, plan_.sendRepair ? repairs[slot] : 0);
}

void SingleLink::subscribe(SessionId publisher, std::weak_ptr<Uplink> source, const protocol::SubscribeWishes &wishes,
			   const std::array<std::uint32_t, 3> &ssrcs, const std::array<std::uint32_t, 3> &repairs,
			   Done done)
{
	unsubscribe(publisher);
	if (subscriptions_.size() >= kMaxSingleUsers)
		return done(code::kLimit,
			    fmt::format("you are subscribed to {} users, the limit: unsubscribe from one first",
					kMaxSingleUsers));
	Subscription subscription;
	subscription.source = std::move(source);
	subscription.wishes = wishes;
	subscription.ssrcs = ssrcs;
	subscription.repairs = repairs;
	subscription.done = std::move(done);
	subscriptions_[publisher] = std::move(subscription);
	serve();
}

void SingleLink::wish(SessionId publisher, const protocol::SubscribeWishes &wishes)
{
	const auto found = subscriptions_.find(publisher);
	if (found == subscriptions_.end())
		return;
	found->second.wishes = wishes;
	if (found->second.downlink)
		found->second.downlink->wish(wishes);
}

void SingleLink::unsubscribe(SessionId publisher)
{
	const auto found = subscriptions_.find(publisher);
	if (found == subscriptions_.end())
		return;
	if (found->second.downlink)
		free_.push_back(found->second.place);
	subscriptions_.erase(found);
}

/// Gives idle lines to those who wait, and has more lines made when there are not enough.
void SingleLink::serve()
{
	if (!connected_)
		return;
	std::vector<SessionId> waiting;
	for (const auto &[publisher, subscription] : subscriptions_)
		if (!subscription.downlink)
			waiting.push_back(publisher);
	std::size_t without = 0;
	for (const auto publisher : waiting) {
		const auto found = subscriptions_.find(publisher);
		if (found == subscriptions_.end())
			continue; // what one was told made the owner end another
		if (free_.empty()) {
			++without;
			continue;
		}
		const auto place = free_.back();
		free_.pop_back();
		start(found->second, place);
	}
	if (without == 0 || asked_ != places_)
		return; // webrtcbin is at it already
	asked_ = places_ + without;
	connection_->answerMore(singleOffer(plan_, asked_), singleLines(plan_, asked_));
}

void SingleLink::sourceChanged(SessionId publisher)
{
	if (const auto found = subscriptions_.find(publisher); found != subscriptions_.end() && found->second.downlink)
		found->second.downlink->sourceChanged();
}

void SingleLink::start(Subscription &subscription, std::size_t place)
{
	const auto done = std::exchange(subscription.done, nullptr);
	const auto source = subscription.source.lock();
	auto plan = singleDownlink(plan_, place, subscription.ssrcs, subscription.repairs,
				   source ? source->videoCodec() : "");
	if (plan.refusal) {
		free_.push_back(place);
		const auto refusal = *plan.refusal;
		std::erase_if(subscriptions_, [&](const auto &entry) { return &entry.second == &subscription; });
		return done(refusal.code, refusal.message);
	}
	for (const auto mLine : plan.mLineOf)
		if (mLine)
			connection_->retune(*mLine, plan.lines[*mLine]);
	subscription.place = place;
	subscription.downlink = std::make_unique<Downlink>(loop_, *connection_, std::move(plan), subscription.source,
							   subscription.wishes, faults_);
	done(code::kOk, "");
}

void SingleLink::onLocalDescription(const std::string &sdp)
{
	if (!answered_) {
		auto ability = singleAbility(plan_, sdp);
		if (!ability)
			return outcome_.failed(ability.error());
		answered_ = true;
		return outcome_.answered(ability.value());
	}
	for (; places_ < asked_; ++places_)
		free_.push_back(places_);
	serve();
}

void SingleLink::onTrack(const std::shared_ptr<webrtc::Track> &track)
{
	// Its SSRC can have been forgotten since.
	if ((track->kind() == MediaKind::Audio) != (track->mLine() == 0)) {
		spdlog::warn("a track with an unannounced SSRC is ignored");
		return;
	}
	uplink_->onTrack(track);
}

void SingleLink::onConnected()
{
	connected_ = true;
	place_.reset();
	watch_.emplace(loop_, *connection_, outcome_.failed);
	watch_->start(true); // who neither publishes nor hears anybody owes nothing
	serve();
}

} // namespace trtc::service
