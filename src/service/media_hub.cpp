// SPDX-License-Identifier: MIT
#include "service/media_hub.h"

#include "base/descriptors.h"
#include "base/task_limit.h"
#include "service/links.h"
#include "service/single_link.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace trtc::service {

namespace {

/// A viewer may subscribe to everybody in a full room at once.
constexpr std::size_t kHalfOpenDownlinks = 64;

} // namespace

std::string MediaHub::halfOpenText(std::size_t most, const char *what)
{
	return fmt::format(
		"{} {} of this user are being connected, the limit: wait until one of them is up, or check that UDP "
		"reaches the service",
		most, what);
}

MediaHub::MediaHub(MainLoop &loop, MediaAddresses addresses, Outcome outcome, Trace *trace)
	: loop_(loop), addresses_(std::move(addresses)), outcome_(std::move(outcome)), trace_(trace)
{
	faultTimer_ = loop_.every(std::chrono::minutes(1), [this] { tellFaults(); });
}

MediaHub::~MediaHub() = default;

std::optional<std::string> MediaHub::full() const
{
	// Measured: eight each, with the pipes of its threads. The rest is for sockets and files.
	constexpr std::size_t kDescriptorsEach = 10, kOthers = 256;
	const auto limit = descriptorLimit();
	const auto most = limit > kOthers ? (limit - kOthers) / kDescriptorsEach : 0;
	if (uplinks_.size() + downlinks_.size() + singles_.size() >= most)
		return fmt::format("this service has {} media connections, the limit of its {} file descriptors: its "
				   "administrator can raise the limit (ulimit -Hn, LimitNOFILE=)",
				   most, limit);
	// GLib ends the process when a thread cannot be started, so one connection more must not take the last ones. Measured: 5
	// threads before it is up, 10 for a subscription, 16 for a publication with four tracks. The rest is for TLS handshakes and
	// threads of GLib's own.
	constexpr std::size_t kTasksEach = 16, kOtherTasks = 48;
	if (const auto room = taskRoom(); room && room->left < kTasksEach + kOtherTasks)
		return fmt::format(
			"this service has room for {} more threads only ({}): its administrator can raise the "
			"limit (TasksMax=, --pids-limit)",
			room->left, room->limit);
	return std::nullopt;
}

void MediaHub::failed(const StartUplink &effect, int code, const std::string &message)
{
	limitLog_.warn("publication", fmt::format("publication of session {} refused: {}", effect.session, message));
	loop_.post([this, alive = std::weak_ptr(alive_), effect, code, message] {
		if (!alive.expired())
			outcome_.uplinkAnswered(effect.session, effect.seq, effect.replyEvent, code, message);
	});
}

void MediaHub::failed(const StartDownlink &effect, int code, const std::string &message)
{
	limitLog_.warn("subscription", fmt::format("subscription of session {} refused: {}", effect.session, message));
	loop_.post([this, alive = std::weak_ptr(alive_), effect, code, message] {
		if (!alive.expired())
			outcome_.downlinkAnswered(effect.session, effect.seq, effect.publisher, code, message);
	});
}

void MediaHub::start(const StartUplink &effect, const Client &client)
{
	if (effect.replyEvent != protocol::Event::PublishResult) {
		failed(effect, protocol::code::kNotSupported,
		       "publish_change needs a browser with transceivers (unified plan)");
		return;
	}
	if (const auto reason = full())
		return failed(effect, protocol::code::kLimit, *reason);
	auto plan = negotiateUplink(effect.sdp, effect.preferredCodec);
	if (plan.refusal) {
		failed(effect, plan.refusal->code, plan.refusal->message);
		return;
	}
	// The one it replaces is no longer half-open.
	dropUplink(effect.session);
	auto place = halfOpenUp_.enter(client.user, kHalfOpenUplinks);
	if (!place)
		return failed(effect, protocol::code::kLimit, halfOpenText(kHalfOpenUplinks, "publications"));
	LinkOutcome outcome;
	// The peer connection calls from its own code: what follows may destroy it, so it is posted.
	auto answered = std::make_shared<bool>(false);
	const auto current = [this](SessionId session, const std::weak_ptr<Uplink> &link) {
		const auto held = link.lock();
		const auto found = uplinks_.find(session);
		return held && found != uplinks_.end() && found->second == held;
	};
	auto self = std::make_shared<std::weak_ptr<Uplink>>();
	outcome.answered = [this, alive = std::weak_ptr(alive_), effect, answered, self,
			    current](const std::string &sdp) {
		loop_.post([=, this] {
			if (alive.expired() || !current(effect.session, *self))
				return;
			*answered = true;
			outcome_.uplinkAnswered(effect.session, effect.seq, effect.replyEvent, protocol::code::kOk,
						sdp);
		});
	};
	outcome.failed = [this, alive = std::weak_ptr(alive_), effect, answered, self, current](const Error &error) {
		loop_.post([=, this] {
			if (alive.expired() || !current(effect.session, *self))
				return;
			spdlog::warn("uplink of session {} failed: {}", effect.session, error.message);
			dropUplink(effect.session);
			if (*answered)
				outcome_.uplinkFailed(effect.session);
			else
				outcome_.uplinkAnswered(effect.session, effect.seq, effect.replyEvent,
							protocol::code::kMediaFailed, error.message);
		});
	};
	try {
		auto link = std::make_shared<Uplink>(loop_, fmt::format("up:{}", effect.session),
						     addresses_.forClient(client.address), std::move(plan),
						     std::move(outcome), trace_, faults_);
		*self = link;
		link->holdUntilConnected(std::move(place));
		uplinks_[effect.session] = std::move(link);
	} catch (const Exception &error) {
		failed(effect, protocol::code::kMediaFailed, error.what());
	}
}

void MediaHub::start(const StartDownlink &effect, const Client &client)
{
	const auto source = uplinks_.find(effect.publisher);
	if (source == uplinks_.end()) {
		failed(effect, protocol::code::kNoSuchUser,
		       "that user's media connection is gone; wait for the next published list");
		return;
	}
	if (const auto reason = full())
		return failed(effect, protocol::code::kLimit, *reason);
	auto plan = negotiateDownlink(effect.sdp, source->second->videoCodec(), source->second->videoFormat());
	if (plan.refusal) {
		failed(effect, plan.refusal->code, plan.refusal->message);
		return;
	}
	dropDownlink({ effect.session, effect.publisher });
	auto place = halfOpenDown_.enter(client.user, kHalfOpenDownlinks);
	if (!place)
		return failed(effect, protocol::code::kLimit, halfOpenText(kHalfOpenDownlinks, "subscriptions"));
	LinkOutcome outcome;
	auto answered = std::make_shared<bool>(false);
	const DownlinkKey key { effect.session, effect.publisher };
	auto self = std::make_shared<std::weak_ptr<Downlink>>();
	const auto current = [this, key](const std::weak_ptr<Downlink> &link) {
		const auto held = link.lock();
		const auto found = downlinks_.find(key);
		return held && found != downlinks_.end() && found->second == held;
	};
	outcome.answered = [this, alive = std::weak_ptr(alive_), effect, answered, self,
			    current](const std::string &sdp) {
		loop_.post([=, this] {
			if (alive.expired() || !current(*self))
				return;
			*answered = true;
			outcome_.downlinkAnswered(effect.session, effect.seq, effect.publisher, protocol::code::kOk,
						  sdp);
		});
	};
	outcome.failed = [this, alive = std::weak_ptr(alive_), effect, answered, self, current,
			  key](const Error &error) {
		loop_.post([=, this] {
			if (alive.expired() || !current(*self))
				return;
			spdlog::warn("downlink of session {} failed: {}", effect.session, error.message);
			dropDownlink(key);
			if (*answered)
				outcome_.downlinkFailed(effect.session, effect.publisher);
			else
				outcome_.downlinkAnswered(effect.session, effect.seq, effect.publisher,
							  protocol::code::kMediaFailed, error.message);
		});
	};
	try {
		auto link =
			std::make_shared<Downlink>(loop_, fmt::format("down:{}<{}", effect.session, effect.publisher),
						   addresses_.forClient(client.address), std::move(plan),
						   source->second, effect.wishes, std::move(outcome), trace_, faults_);
		*self = link;
		link->holdUntilConnected(std::move(place));
		downlinks_[key] = std::move(link);
	} catch (const Exception &error) {
		failed(effect, protocol::code::kMediaFailed, error.what());
	}
}

void MediaHub::change(const ChangeDownlink &effect)
{
	if (auto *link = single(effect.session))
		link->wish(effect.publisher, effect.wishes);
	if (const auto found = downlinks_.find({ effect.session, effect.publisher }); found != downlinks_.end())
		found->second->wish(effect.wishes);
}

void MediaHub::flow(const UplinkFlow &effect)
{
	const auto found = uplinks_.find(effect.session);
	if (found == uplinks_.end())
		return;
	found->second->flow(effect);
	for (const auto &[key, link] : downlinks_)
		if (key.second == effect.session)
			link->sourceChanged();
	for (const auto &[session, link] : singles_)
		link->sourceChanged(effect.session);
}

void MediaHub::stop(const StopUplink &effect) { dropUplink(effect.session); }

void MediaHub::stop(const StopDownlink &effect)
{
	if (auto *link = single(effect.session))
		link->unsubscribe(effect.publisher);
	dropDownlink({ effect.session, effect.publisher });
}

void MediaHub::add(Sums &sums, const webrtc::PeerConnection::Stats &stats)
{
	for (const auto &line : stats.lines) {
		(line.sending ? sums.bytesForwarded : sums.bytesReceived) += line.bytes;
		(line.sending ? sums.packetsForwarded : sums.packetsReceived) += line.packets;
		sums.packetsLost += line.lost;
	}
}

MediaHub::Sums MediaHub::sums() const
{
	auto sums = ended_;
	for (const auto &[session, link] : uplinks_)
		add(sums, link->stats());
	for (const auto &[key, link] : downlinks_)
		add(sums, link->stats());
	for (const auto &[session, link] : singles_)
		add(sums, link->stats());
	return sums;
}

void MediaHub::dropUplink(SessionId session)
{
	const auto found = uplinks_.find(session);
	if (found == uplinks_.end())
		return;
	add(ended_, found->second->stats());
	// The tracks of a client with one connection come as long as that does.
	found->second->flow({ session, false, false, false, false });
	uplinks_.erase(found);
}

void MediaHub::dropDownlink(const DownlinkKey &key)
{
	const auto found = downlinks_.find(key);
	if (found == downlinks_.end())
		return;
	add(ended_, found->second->stats());
	downlinks_.erase(found);
}

/// One line a minute, whatever comes.
void MediaHub::tellFaults()
{
	const auto &now = *faults_;
	const std::uint64_t sum = now.unknownStream + now.payloadType + now.malformed + now.late + now.encryptionFailed;
	if (const auto more = sum - std::exchange(faultsTold_, sum))
		spdlog::warn("{} packets of clients were dropped in the last minute, see trtc_packets_dropped_total in "
			     "/metrics",
			     more);
}

std::string MediaHub::videoCodec(SessionId session) const
{
	const auto found = uplinks_.find(session);
	return found == uplinks_.end() ? std::string() : found->second->videoCodec();
}

protocol::UplinkStats MediaHub::takeStats(SessionId session)
{
	const auto found = uplinks_.find(session);
	return found == uplinks_.end() ? protocol::UplinkStats {} : found->second->takeStats();
}

} // namespace trtc::service
