// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc.h"
#include "signalling/drivers/trtc_errors.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

namespace trtc::signalling {

namespace {

constexpr std::string_view kDownlinkPrefix = "down:";
constexpr int kRoleRetries = 1;

LinkId downlinkId(const UserId &user) { return std::string(kDownlinkPrefix) + user.str(); }

/// In a row; then the big one stays.
constexpr int kSmallTries = 10;

protocol::SubscribeWishes wishesOf(const SubscribeOptions &options, bool small)
{
	protocol::SubscribeWishes out;
	out.audio = options.audio;
	out.bigVideo = options.video && !small;
	out.smallVideo = options.video && small;
	out.auxVideo = options.auxiliary;
	return out;
}

protocol::ConstraintConfig constraintOf(const PublishInfo &info)
{
	static constexpr std::int64_t kKilo = 1000;
	protocol::ConstraintConfig out;
	if (info.video) {
		out.videoCodec = info.codec == VideoCodec::H264 ? "H264" : "VP8";
		out.videoWidth = info.videoProfile.width;
		out.videoHeight = info.videoProfile.height;
		out.videoFps = info.videoProfile.fps;
		out.videoBps = info.videoProfile.kbps * kKilo;
	}
	if (info.small) {
		out.smallVideoWidth = info.smallProfile.width;
		out.smallVideoHeight = info.smallProfile.height;
		out.smallVideoFps = info.smallProfile.fps;
		out.smallVideoBps = info.smallProfile.kbps * kKilo;
	}
	if (info.auxiliary) {
		if (out.videoCodec.empty())
			out.videoCodec = info.codec == VideoCodec::H264 ? "H264" : "VP8";
		out.auxVideoWidth = info.auxiliaryProfile.width;
		out.auxVideoHeight = info.auxiliaryProfile.height;
		out.auxVideoFps = info.auxiliaryProfile.fps;
		out.auxVideoBps = info.auxiliaryProfile.kbps * kKilo;
	}
	out.audioFs = info.audioProfile.sampleRate;
	out.audioChannel = info.audioProfile.channels;
	out.audioBps = info.audioProfile.kbps * kKilo;
	return out;
}

protocol::PublishState stateOf(const PublishInfo &info)
{
	return { info.audio, info.video, info.small, info.auxiliary };
}

const std::string *answerIn(const protocol::ServerMessage &reply)
{
	const auto *answer = std::get_if<protocol::SdpAnswer>(&reply.payload);
	return answer ? &answer->sdp : nullptr;
}

} // namespace

// ---- uplink -------------------------------------------------------------------------------

void TrtcDriver::run(const StartPublish &command)
{
	if (uplink_)
		forget(uplink_->request);
	uplink_ = Uplink { command.info };
	// The listener is not called inside its own call.
	loop_.post([this, weak = std::weak_ptr(alive_)] {
		if (!weak.expired() && uplink_ && !uplink_->request)
			needUplinkOffer();
	});
}

void TrtcDriver::needUplinkOffer()
{
	// All four from the start: later changes of tracks carry no SDP.
	const auto &self = config_.userId;
	emit(NeedOffer { kUplink,
			 true,
			 { { 0, self, StreamType::Main, MediaKind::Audio, false },
			   { 1, self, StreamType::Main, MediaKind::Video, false },
			   { 2, self, StreamType::Main, MediaKind::Video, true },
			   { 3, self, StreamType::Auxiliary, MediaKind::Video, false } } });
}

void TrtcDriver::run(const Offer &command)
{
	if (command.link == kUplink)
		return offerUplink(command.sdp);
	if (const auto name = std::string_view(command.link); name.substr(0, kDownlinkPrefix.size()) == kDownlinkPrefix)
		offerDownlink(UserId(std::string(name.substr(kDownlinkPrefix.size()))), command.sdp);
}

void TrtcDriver::offerUplink(const std::string &sdp)
{
	if (!uplink_)
		return;
	protocol::Publish publish;
	publish.sdp = sdp;
	publish.state = stateOf(uplink_->info);
	publish.screen = uplink_->info.auxiliary && !uplink_->info.audio && !uplink_->info.video;
	publish.constraint = constraintOf(uplink_->info);
	uplink_->request = request(
		publish, protocol::Event::PublishResult, limits_.publishAnswer,
		[this](const protocol::ServerMessage *reply) { uplinkAnswered(reply); }, true);
}

void TrtcDriver::uplinkAnswered(const protocol::ServerMessage *reply)
{
	if (!uplink_)
		return;
	if (!reply && !std::exchange(uplink_->retried, true))
		return needUplinkOffer();
	if (!reply) {
		// An answer may still come: the service must not keep what we gave up.
		write(protocol::Unpublish {});
		uplink_.reset();
		return emit(LinkFailed { kUplink, unanswered("publish") });
	}
	if (const auto *sdp = answerIn(*reply); sdp && reply->code == protocol::code::kOk) {
		// The service has accepted it, with a but.
		if (!reply->message.empty())
			spdlog::warn("{}: {}", host_, printable(reply->message));
		return emit(RemoteAnswer { kUplink, *sdp });
	}
	uplink_.reset();
	emit(LinkFailed { kUplink,
			  refused("publish", *reply,
				  reply->code == protocol::code::kLimit ? ErrorCode::Refused : ErrorCode::Unknown) });
}

void TrtcDriver::run(const LinkConnected &command)
{
	if (const std::string_view name = command.link; name.starts_with(kDownlinkPrefix))
		note(report_event::kDownlinkConnected, name.substr(kDownlinkPrefix.size()));
	if (command.link != kUplink || !uplink_)
		return;
	uplink_->connected = true;
	note(report_event::kUplinkConnected);
	notePublication(uplink_->info, true);
	sendMute();
}

void TrtcDriver::run(const Mute &command)
{
	const auto before = std::exchange(mute_, command);
	if (!uplink_ || !uplink_->connected)
		return;
	if (before.audio != command.audio)
		note(command.audio ? report_event::kMuteAudio : report_event::kUnmuteAudio);
	if (before.video != command.video)
		note(command.video ? report_event::kMuteVideo : report_event::kUnmuteVideo);
	sendMute();
}

void TrtcDriver::sendMute() { write(protocol::MuteUplink { { mute_.audio, mute_.video, false } }); }

void TrtcDriver::run(const ChangePublish &command)
{
	if (!uplink_)
		return later(
			PublishChangeDone { Error { ErrorCode::InvalidOperation, "nothing is published anymore" } });
	uplink_->info = command.info;
	request(protocol::PublishStateChange { stateOf(command.info), constraintOf(command.info) },
		protocol::Event::PublishStateResult, limits_.stateAnswer, [this](const protocol::ServerMessage *reply) {
			constexpr const char *kVerb = "change what is published";
			if (!reply)
				return emit(PublishChangeDone { unanswered(kVerb) });
			if (reply->code != protocol::code::kOk)
				return emit(PublishChangeDone { refused(kVerb, *reply, ErrorCode::Unknown) });
			emit(PublishChangeDone { Unit {} });
		});
}

void TrtcDriver::run(const StopPublish &)
{
	const bool sent = uplink_ && uplink_->request;
	if (uplink_ && uplink_->connected)
		notePublication(uplink_->info, false);
	if (uplink_)
		forget(uplink_->request);
	uplink_.reset();
	if (!sent)
		return later(UnpublishDone { Unit {} });
	// Whatever the answer: the publication is over.
	request(protocol::Unpublish {}, protocol::Event::UnpublishResult, limits_.unpublishAnswer,
		[this](const protocol::ServerMessage *) { emit(UnpublishDone { Unit {} }); });
}

// ---- downlinks ----------------------------------------------------------------------------

void TrtcDriver::run(const StartSubscribe &command)
{
	const auto publisher = publishers_.find(command.userId);
	if (publisher == publishers_.end())
		return later(LinkFailed { downlinkId(command.userId),
					  { ErrorCode::RemoteStreamNotExist,
					    fmt::format("{} publishes nothing", command.userId.str()) } });
	auto &link = downlinks_[command.userId];
	forget(link.request);
	link = {};
	link.tinyId = publisher->second.tinyId;
	link.wishes = command.options;
	note(report_event::kSubscribe, command.userId.str());
	loop_.post([this, weak = std::weak_ptr(alive_), user = command.userId] {
		if (weak.expired())
			return;
		if (const auto found = downlinks_.find(user); found != downlinks_.end() && !found->second.request)
			needDownlinkOffer(user);
	});
}

void TrtcDriver::needDownlinkOffer(const UserId &user)
{
	emit(NeedOffer { downlinkId(user),
			 false,
			 { { 0, user, StreamType::Main, MediaKind::Audio, false },
			   { 1, user, StreamType::Main, MediaKind::Video, false },
			   { 2, user, StreamType::Auxiliary, MediaKind::Video, false } } });
}

void TrtcDriver::offerDownlink(const UserId &user, const std::string &sdp)
{
	const auto found = downlinks_.find(user);
	if (found == downlinks_.end())
		return;
	protocol::Subscribe subscribe;
	subscribe.sdp = sdp;
	subscribe.srcUserId = user.str();
	subscribe.srcTinyId = found->second.tinyId;
	found->second.small = wantsSmall(user, found->second.wishes);
	subscribe.wishes = wishesOf(found->second.wishes, found->second.small);
	found->second.request =
		request(subscribe, protocol::Event::SubscribeResult, limits_.subscribeAnswer,
			[this, user](const protocol::ServerMessage *reply) { downlinkAnswered(user, reply); });
}

void TrtcDriver::downlinkAnswered(const UserId &user, const protocol::ServerMessage *reply)
{
	const auto found = downlinks_.find(user);
	if (found == downlinks_.end())
		return;
	if (!reply && !std::exchange(found->second.retried, true))
		return needDownlinkOffer(user);
	const auto verb = fmt::format("subscribe to {}", user.str());
	if (reply) {
		if (const auto *sdp = answerIn(*reply); sdp && reply->code == protocol::code::kOk) {
			found->second.answered = true;
			return emit(RemoteAnswer { downlinkId(user), *sdp });
		}
	} else {
		write(protocol::Unsubscribe { found->second.tinyId, user.str() });
	}
	downlinks_.erase(found);
	emit(LinkFailed { downlinkId(user),
			  reply ? refused(verb.c_str(), *reply, ErrorCode::Unknown) : unanswered(verb.c_str()) });
}

void TrtcDriver::run(const ChangeSubscribe &command)
{
	const auto found = downlinks_.find(command.userId);
	if (found == downlinks_.end())
		return later(SubscribeChangeDone {
			command.userId, Error { ErrorCode::RemoteStreamNotExist,
						fmt::format("{} publishes nothing", command.userId.str()) } });
	found->second.wishes = command.options;
	found->second.choices = 0;
	const bool small = wantsSmall(command.userId, command.options);
	const bool before = std::exchange(found->second.small, small);
	request(protocol::SubscribeChange { found->second.tinyId, wishesOf(command.options, small) },
		protocol::Event::SubscribeChangeResult, limits_.changeAnswer,
		[this, user = command.userId, before](const protocol::ServerMessage *reply) {
			const auto verb = fmt::format("change the subscription of {}", user.str());
			if (reply && reply->code == protocol::code::kOk)
				return emit(SubscribeChangeDone { user, Unit {} });
			if (const auto link = downlinks_.find(user); link != downlinks_.end())
				link->second.small = before;
			emit(SubscribeChangeDone { user, reply ? refused(verb.c_str(), *reply, ErrorCode::Unknown)
							       : unanswered(verb.c_str()) });
		});
}

void TrtcDriver::run(const StopSubscribe &command)
{
	const auto found = downlinks_.find(command.userId);
	if (found == downlinks_.end() || !found->second.request) {
		downlinks_.erase(command.userId);
		return later(UnsubscribeDone { command.userId, Unit {} });
	}
	const auto tinyId = found->second.tinyId;
	if (found->second.wishes.video || found->second.wishes.auxiliary)
		note(report_event::kUnsubscribeVideo, command.userId.str());
	if (found->second.wishes.audio)
		note(report_event::kUnsubscribeAudio, command.userId.str());
	forget(found->second.request);
	downlinks_.erase(found);
	request(protocol::Unsubscribe { tinyId, command.userId.str() }, protocol::Event::UnsubscribeResult,
		limits_.changeAnswer, [this, user = command.userId](const protocol::ServerMessage *reply) {
			const auto verb = fmt::format("unsubscribe from {}", user.str());
			// A publisher that left meanwhile is unsubscribed as well.
			if (reply && (reply->code == protocol::code::kOk || reply->code == protocol::code::kNoSuchUser))
				emit(UnsubscribeDone { user, Unit {} });
			else
				emit(UnsubscribeDone { user, reply ? refused(verb.c_str(), *reply, ErrorCode::Unknown)
								   : unanswered(verb.c_str()) });
		});
}

// ---- big or small video -------------------------------------------------------------------

bool TrtcDriver::wantsSmall(const UserId &user, const SubscribeOptions &wishes) const
{
	const auto publisher = publishers_.find(user);
	return wishes.small && wishes.video && publisher != publishers_.end() &&
	       (publisher->second.flags & protocol::flag::kSmallVideo);
}

void TrtcDriver::run(const PreferSmall &command)
{
	const auto found = downlinks_.find(command.userId);
	if (found == downlinks_.end())
		return;
	found->second.wishes.small = command.small;
	found->second.choices = 0;
}

/// By the SDK's rule with each published list: small where it is wished for and there, else big.
void TrtcDriver::chooseVideos()
{
	for (auto &[user, link] : downlinks_) {
		const bool small = wantsSmall(user, link.wishes);
		if (small == link.small || !link.answered || link.choosing || link.choices >= kSmallTries)
			continue;
		link.choosing = true;
		note(small ? report_event::kSubscribeSmall : report_event::kUnsubscribeSmall, user.str());
		request(protocol::SubscribeChange { link.tinyId, wishesOf(link.wishes, small) },
			protocol::Event::SubscribeChangeResult, limits_.changeAnswer,
			[this, name = user, small, subscription = link.request](const protocol::ServerMessage *reply) {
				const auto found = downlinks_.find(name);
				if (found == downlinks_.end() || found->second.request != subscription)
					return;
				found->second.choosing = false;
				if (reply && reply->code == protocol::code::kOk) {
					found->second.small = small;
					found->second.choices = 0;
				} else if (++found->second.choices >= kSmallTries) {
					spdlog::warn("{} does not switch to the {} video of {}", host_,
						     small ? "small" : "big", name.str());
				}
			});
	}
}

// ---- role ---------------------------------------------------------------------------------

void TrtcDriver::run(const SwitchRole &command)
{
	if (!command.privateMapKey.empty())
		options_.privateMapKey = command.privateMapKey;
	switchRole(command.role, kRoleRetries);
}

void TrtcDriver::switchRole(Role role, int triesLeft)
{
	request(protocol::ChangeRole { role, options_.privateMapKey }, protocol::Event::ChangeRoleResult,
		limits_.roleAnswer, [this, role, triesLeft](const protocol::ServerMessage *reply) {
			if (!reply && triesLeft > 0)
				return switchRole(role, triesLeft - 1);
			if (!reply)
				return emit(RoleDone { unanswered("change the role") });
			if (reply->code != protocol::code::kOk)
				return emit(
					RoleDone { refused("change the role", *reply, ErrorCode::SwitchRoleFailed) });
			// The service ends the publication of an audience by itself.
			if (role == Role::Audience) {
				if (uplink_)
					forget(uplink_->request);
				uplink_.reset();
			}
			emit(RoleDone { Unit {} });
		});
}

} // namespace trtc::signalling
