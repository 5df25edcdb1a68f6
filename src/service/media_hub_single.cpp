// SPDX-License-Identifier: MIT
#include "service/media_hub.h"

#include "service/single_link.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

/// Clients with one connection for everything.
namespace trtc::service {

SingleLink *MediaHub::single(SessionId session) const
{
	const auto found = singles_.find(session);
	return found == singles_.end() ? nullptr : found->second.get();
}

std::size_t MediaHub::downlinks() const noexcept
{
	auto count = downlinks_.size();
	for (const auto &[session, link] : singles_)
		count += link->subscriptions();
	return count;
}

void MediaHub::answer(const StartSingle &effect, int code, const std::string &message, const protocol::Ability &ability)
{
	if (code != protocol::code::kOk)
		limitLog_.warn("connection",
			       fmt::format("connection of session {} refused: {}", effect.session, message));
	loop_.post([this, alive = std::weak_ptr(alive_), session = effect.session, seq = effect.seq, code, message,
		    ability] {
		if (!alive.expired())
			outcome_.singleAnswered(session, seq, code, message, ability);
	});
}

void MediaHub::answer(const StartSingleDownlink &effect, int code, const std::string &message)
{
	if (code != protocol::code::kOk)
		limitLog_.warn("subscription",
			       fmt::format("subscription of session {} refused: {}", effect.session, message));
	loop_.post([this, alive = std::weak_ptr(alive_), session = effect.session, seq = effect.seq,
		    publisher = effect.publisher, code, message] {
		if (!alive.expired())
			outcome_.downlinkAnswered(session, seq, publisher, code, message);
	});
}

void MediaHub::start(const StartSingle &effect, const Client &client)
{
	if (const auto reason = full())
		return answer(effect, protocol::code::kLimit, *reason, {});
	auto plan = planSingle(effect.ability);
	if (plan.refusal)
		return answer(effect, plan.refusal->code, plan.refusal->message, {});
	auto place = halfOpenUp_.enter(client.user, kHalfOpenUplinks);
	if (!place)
		return answer(effect, protocol::code::kLimit, halfOpenText(kHalfOpenUplinks, "connections"), {});
	// The link calls from its own code: what follows may destroy it, so it is posted.
	auto self = std::make_shared<std::weak_ptr<SingleLink>>();
	auto answered = std::make_shared<bool>(false);
	const auto current = [this, self, session = effect.session] {
		const auto held = self->lock();
		return held && held.get() == single(session);
	};
	SingleLink::Outcome outcome;
	outcome.answered = [this, alive = std::weak_ptr(alive_), session = effect.session, seq = effect.seq, answered,
			    current](const protocol::Ability &ability) {
		loop_.post([=, this] {
			if (alive.expired() || !current())
				return;
			*answered = true;
			outcome_.singleAnswered(session, seq, protocol::code::kOk, "", ability);
		});
	};
	outcome.failed = [this, alive = std::weak_ptr(alive_), session = effect.session, seq = effect.seq, answered,
			  current](const Error &error) {
		loop_.post([=, this] {
			if (alive.expired() || !current())
				return;
			spdlog::warn("connection of session {} failed: {}", session, error.message);
			if (*answered)
				outcome_.singleFailed(session);
			else
				outcome_.singleAnswered(session, seq, protocol::code::kMediaFailed, error.message, {});
		});
	};
	try {
		auto link = std::make_shared<SingleLink>(loop_, fmt::format("one:{}", effect.session),
							 addresses_.forClient(client.address), std::move(plan),
							 std::move(outcome), trace_, faults_);
		*self = link;
		link->holdUntilConnected(std::move(place));
		singles_[effect.session] = std::move(link);
	} catch (const Exception &error) {
		answer(effect, protocol::code::kMediaFailed, error.what(), {});
	}
}

void MediaHub::start(const StartSingleUplink &effect)
{
	auto *link = single(effect.session);
	if (!link)
		return; // it has failed; singleFailed() is on its way
	link->publish(effect.ssrcs, effect.repairs);
	uplinks_[effect.session] = link->uplink();
}

void MediaHub::start(const StartSingleDownlink &effect)
{
	auto *link = single(effect.session);
	const auto source = uplinks_.find(effect.publisher);
	if (!link)
		return answer(effect, protocol::code::kMediaFailed, "your connection failed: connect again");
	if (source == uplinks_.end())
		return answer(effect, protocol::code::kNoSuchUser,
			      "that user's media connection is gone; wait for the next published list");
	link->subscribe(effect.publisher, source->second, effect.wishes, effect.ssrcs, effect.repairs,
			[this, effect](int code, const std::string &message) { answer(effect, code, message); });
}

void MediaHub::stop(const StopSingle &effect)
{
	const auto found = singles_.find(effect.session);
	if (found == singles_.end())
		return;
	dropUplink(effect.session);
	add(ended_, found->second->stats());
	singles_.erase(found);
}

} // namespace trtc::service
