// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <set>

namespace trtc::signalling {

namespace {

constexpr unsigned kPublishBits =
	protocol::flag::kBigVideo | protocol::flag::kSmallVideo | protocol::flag::kAuxVideo | protocol::flag::kAudio;

/// Empty for names we cannot carry; they are noise.
std::optional<UserId> userIdOf(const std::string &text)
{
	if (UserId::valid(text))
		return UserId(text);
	spdlog::debug("a user with an invalid name is ignored");
	return {};
}

RemotePublication publicationOf(const UserId &user, unsigned flags)
{
	RemotePublication out;
	out.userId = user;
	out.audio = flags & protocol::flag::kAudio;
	out.video = flags & protocol::flag::kBigVideo;
	out.smallVideo = flags & protocol::flag::kSmallVideo;
	out.auxVideo = flags & protocol::flag::kAuxVideo;
	out.audioMuted = flags & protocol::flag::kAudioMuted;
	out.videoMuted = flags & protocol::flag::kVideoMuted;
	return out;
}

} // namespace

void TrtcDriver::askForUsers(int triesLeft)
{
	userListRetry_.reset();
	request(protocol::GetUserList {}, protocol::Event::UserList, limits_.userListAnswer,
		[this, triesLeft](const protocol::ServerMessage *reply) {
			if (reply || triesLeft == 0)
				return; // a list is taken whoever asked for it
			userListRetry_ =
				loop_.after(limits_.userListRetry, [this, triesLeft] { askForUsers(triesLeft - 1); });
		});
}

/// @p publishers is complete: whoever is missing publishes nothing any more.
void TrtcDriver::onPublishers(const std::vector<protocol::Publisher> &publishers)
{
	std::set<UserId> present;
	bool self = false;
	for (const auto &entry : publishers) {
		const auto user = userIdOf(entry.userId);
		if (!user || (entry.flags & kPublishBits) == 0)
			continue;
		if (*user == config_.userId)
			self = true;
		else
			present.insert(*user);
	}
	// The one sign of an uplink that failed at the service's end: there is no message for it, and a peer connection
	// does not notice that nobody listens.
	if (uplink_ && !self && uplink_->listed) {
		forget(uplink_->request);
		uplink_.reset();
		emit(LinkFailed {
			kUplink,
			{ ErrorCode::MediaFailed,
			  "the room service ended the publication: its media connection failed at the service" } });
		if (ended_)
			return;
	} else if (uplink_ && self) {
		uplink_->listed = true;
	}
	std::vector<UserId> gone;
	for (const auto &[user, publisher] : publishers_) {
		if (!present.count(user))
			gone.push_back(user);
	}
	for (const auto &user : gone) {
		publicationGone(user);
		if (ended_)
			return;
	}
	for (const auto &entry : publishers) {
		if (!UserId::valid(entry.userId) || !present.count(UserId(entry.userId)))
			continue;
		const UserId user(entry.userId);
		userSeen(user, entry.tinyId, Role::Anchor);
		if (ended_)
			return;
		const auto known = publishers_.find(user);
		const bool changed = known == publishers_.end() || known->second.flags != entry.flags;
		if (known != publishers_.end()) {
			const auto told = [&](unsigned bit, int muted, int unmuted) {
				if ((known->second.flags ^ entry.flags) & bit)
					note(entry.flags & bit ? muted : unmuted, entry.userId);
			};
			told(protocol::flag::kVideoMuted, report_event::kRemoteMuteVideo,
			     report_event::kRemoteUnmuteVideo);
			told(protocol::flag::kAudioMuted, report_event::kRemoteMuteAudio,
			     report_event::kRemoteUnmuteAudio);
		}
		publishers_[user] = entry;
		if (changed)
			emit(publicationOf(user, entry.flags));
		if (ended_)
			return;
	}
	chooseVideos();
}

/// @p users is complete: whoever is missing has left.
void TrtcDriver::onUsers(const std::vector<protocol::User> &users)
{
	std::set<UserId> present;
	for (const auto &entry : users) {
		if (const auto user = userIdOf(entry.userId); user && *user != config_.userId)
			present.insert(*user);
	}
	std::vector<UserId> gone;
	for (const auto &[user, known] : users_) {
		if (!present.count(user))
			gone.push_back(user);
	}
	for (const auto &user : gone) {
		onPeerLeave(user.str(), "left");
		if (ended_)
			return;
	}
	for (const auto &entry : users) {
		if (!UserId::valid(entry.userId) || entry.userId == config_.userId.str())
			continue;
		userSeen(UserId(entry.userId), entry.tinyId, entry.role);
		if (ended_)
			return;
	}
}

void TrtcDriver::onPeerJoin(const protocol::PeerJoin &peer)
{
	if (const auto user = userIdOf(peer.userId); user && *user != config_.userId)
		userSeen(*user, peer.tinyId, peer.role);
}

void TrtcDriver::onPeerLeave(const std::string &userId, const char *reason)
{
	const auto user = userIdOf(userId);
	if (!user || !users_.count(*user))
		return;
	publicationGone(*user);
	if (ended_)
		return;
	users_.erase(*user);
	emit(PeerLeft { *user, reason });
}

void TrtcDriver::onUplinkStats(const protocol::UplinkStats &stats)
{
	UplinkReport report { stats.expectAudPkg + stats.expectVidPkg, stats.recvAudPkg + stats.recvVidPkg, {} };
	// A service that does not know says 0; that fast is nobody.
	if (stats.rttMs > 0)
		report.roundTrip = std::chrono::milliseconds(stats.rttMs);
	for (const auto &delay : stats.delays)
		for (const auto &[user, publisher] : publishers_)
			if (!delay.tinyId.empty() && publisher.tinyId == delay.tinyId)
				report.delays.push_back({ user, std::chrono::milliseconds(delay.audioMs),
							  std::chrono::milliseconds(delay.videoMs) });
	emit(report);
}

void TrtcDriver::userSeen(const UserId &user, const std::string &tinyId, Role role)
{
	const bool isNew = !users_.count(user);
	users_[user] = { tinyId, role };
	if (isNew)
		emit(PeerJoined { user, role });
}

void TrtcDriver::publicationGone(const UserId &user)
{
	if (!publishers_.erase(user))
		return;
	// The service has ended the downlink with the publication; nothing is left to unsubscribe.
	if (const auto link = downlinks_.find(user); link != downlinks_.end()) {
		forget(link->second.request);
		downlinks_.erase(link);
	}
	emit(publicationOf(user, 0));
}

} // namespace trtc::signalling
