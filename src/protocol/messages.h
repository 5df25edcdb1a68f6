// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/ability.h"

#include <trtc/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The TRTC web room protocol as C++ values: what trtc-js-sdk 4.15.22 says (client to server,
/// `cmd` is a string) and hears (server to client, `cmd` is a number). docs/protocol.md has the table.
namespace trtc::protocol {

/// Server-to-client numbers.
enum class Event : int {
	ClientBanned = 9,
	ChannelSetup = 19,
	JoinResult = 20,
	UplinkStats = 22,
	PublishedList = 23,
	ChannelReconnect = 514,
	ConstraintResult = 772,
	PublishResult = 4098,
	UnpublishResult = 4100,
	SubscribeResult = 4102,
	UnsubscribeResult = 4104,
	SubscribeChangeResult = 4106,
	MuteResult = 4108,
	ChangeRoleResult = 4110,
	PublishStateResult = 4112,
	PublishChangeResult = 4128,
	PeerJoin = 4134,
	PeerLeave = 4135,
	UserList = 4137,
	CustomMessage = 4140,
	SinglePublishResult = 4146,
	RebuildResult = 4150,
	SingleSubscribeResult = 4156,
	AbilityReportResult = 4158,
};

/// Server codes. 0 is success; 1028 and 77393 latch in the SDK and are used for nothing else.
namespace code {
inline constexpr int kOk = 0;
inline constexpr int kBadUserSig = -100018;	  ///< public service's value
inline constexpr int kBadPrivateMapKey = -100006; ///< public service's value
inline constexpr int kNoH264Encode = 1028;
inline constexpr int kNoH264Decode = 77393;
// ours, outside every range the SDK knows
inline constexpr int kBadRequest = -200001;	///< malformed or out of range
inline constexpr int kNotPermitted = -200002;	///< role or right missing
inline constexpr int kNoSuchUser = -200003;	///< that user publishes nothing
inline constexpr int kNotJoined = -200004;	///< the command needs a room
inline constexpr int kLimit = -200005;		///< room, user or anchor limit
inline constexpr int kBadSdp = -200006;		///< the offer cannot be answered
inline constexpr int kNoCommonCodec = -200007;	///< no codec both sides have
inline constexpr int kMediaFailed = -200008;	///< the service's own connection failed
inline constexpr int kNotSupported = -200009;	///< a cloud feature we do not have
inline constexpr int kSessionUnknown = -200010; ///< rc=1 for a forgotten session
} // namespace code

/// Bits of `flag` in the published-user list.
namespace flag {
inline constexpr unsigned kBigVideo = 1, kSmallVideo = 2, kAuxVideo = 4, kAudio = 8, kVideoMuted = 16, kAudioMuted = 64;
}

// ---- shared pieces ------------------------------------------------------------------------

/// Which senders have a track (`state`).
struct PublishState {
	bool audio = false, bigVideo = false, smallVideo = false, auxVideo = false;
	bool any() const noexcept { return audio || bigVideo || smallVideo || auxVideo; }
	bool operator==(const PublishState &) const = default;
};

/// `constraintConfig`: a hint about what will be sent. Rates in bit/s, audioFs in Hz.
struct ConstraintConfig {
	std::string videoCodec; ///< "H264", "VP8" or ""
	std::int64_t videoWidth = 0, videoHeight = 0, videoFps = 0, videoBps = 0;
	std::string audioCodec = "opus";
	std::int64_t audioFs = 48000, audioChannel = 1, audioBps = 40000;
	std::int64_t smallVideoWidth = 0, smallVideoHeight = 0, smallVideoFps = 0, smallVideoBps = 0;
	std::int64_t auxVideoWidth = 0, auxVideoHeight = 0, auxVideoFps = 0, auxVideoBps = 0;
};

/// `mute_uplink`: true means muted.
struct MuteState {
	bool audio = false, bigVideo = false, auxVideo = false;
	bool operator==(const MuteState &) const = default;
};

/// What a subscriber wishes; not what exists.
struct SubscribeWishes {
	bool audio = false, bigVideo = false, auxVideo = false, smallVideo = false;
	bool any() const noexcept { return audio || bigVideo || auxVideo || smallVideo; }
	bool operator==(const SubscribeWishes &) const = default;
};

struct Publisher {
	std::string userId, tinyId; ///< tinyId is `srcTinyId`, always text on our side
	unsigned flags = 0;
	bool operator==(const Publisher &) const = default;
};

struct User {
	std::string userId, tinyId;
	Role role = Role::Anchor;
	bool operator==(const User &) const = default;
};

// ---- client to server ---------------------------------------------------------------------

struct Join {
	std::string roomId;
	bool useStringRoomId = false;
	std::string privateMapKey;
	Role role = Role::Anchor;
	Mode mode = Mode::Live;
	std::string version, ua;
	bool autoSubscribe = true;
	int terminalType = 1, netType = 0;
	/// Set: `join/v2`, the client wants one connection for everything.
	std::optional<Ability> ability = std::nullopt;
};
struct GetUserList {};
/// Stream types of the reports (`uint32_video_stream_type`).
inline constexpr int kReportBig = 2, kReportSmall = 3, kReportAuxiliary = 7;

/// Figures of a `quality_report`: rates in bit/s or frames/s and counts, over the time since the report before. What is not known is
/// 0, or not there.
struct ReportedAudio {
	std::int64_t bitrate = 0;
	std::int64_t packets = 0, lost = 0; ///< downlink: what was expected, and what of it was lost
};
struct ReportedVideo {
	int streamType = kReportBig;
	std::int64_t width = 0, height = 0, bitrate = 0, fps = 0;
	std::int64_t encodedFps = 0;	    ///< uplink
	std::int64_t packets = 0, lost = 0; ///< downlink
};
struct ReportedDownlink {
	std::string userId, tinyId;
	std::int64_t rttMs = 0;
	std::optional<ReportedAudio> audio;
	std::vector<ReportedVideo> video;
};
struct ReportedEvent {
	int id = 0;
	std::int64_t dateMs = 0; ///< Unix epoch
	std::string userId;	 ///< "": our own
};
/// Heartbeat. The figures are opaque to the service, which does not read them.
struct QualityReport {
	std::int64_t dateMs = 0;		 ///< Unix epoch, ms
	std::optional<ReportedAudio> audio = {}; ///< of the uplink, empty when there is none
	std::vector<ReportedVideo> video = {};
	std::int64_t bitrate = 0, rttMs = 0;
	std::vector<ReportedDownlink> downlinks = {};
	std::vector<ReportedEvent> events = {};
};
struct Publish {
	std::string sdp; ///< offer
	bool screen = false;
	PublishState state;
	ConstraintConfig constraint;
};
/// Browsers without transceivers (plan-b); carries a new offer.
struct PublishChange {
	std::string action, trackId, kind, sdp;
	PublishState state;
};
struct PublishStateChange {
	PublishState state;
	ConstraintConfig constraint;
};
struct Unpublish {};
struct UpdateConstraintConfig {
	ConstraintConfig constraint;
};
struct MuteUplink {
	MuteState mute;
};
struct Subscribe {
	std::string sdp; ///< offer
	std::string srcUserId, srcTinyId;
	SubscribeWishes wishes;
};
struct SubscribeChange {
	std::string srcTinyId;
	SubscribeWishes wishes;
};
struct Unsubscribe {
	std::string srcTinyId, srcUserId;
};
struct ChangeRole {
	Role role = Role::Audience;
	std::string privateMapKey;
};
struct Leave {};
/// `rebuild_pc`: the one connection is made anew; publication and subscriptions follow.
struct RebuildConnection {
	Ability ability;
};
/// `publish/v2`: no SDP, since the connection is there.
struct SinglePublish {
	std::uint32_t audioSsrc = 0, bigVideoSsrc = 0, smallVideoSsrc = 0, auxVideoSsrc = 0;
	PublishState state;
	MuteState mute;
	std::uint32_t bigVideoRtxSsrc = 0, smallVideoRtxSsrc = 0, auxVideoRtxSsrc = 0; ///< 0: not said
};
/// `subscribe/v3`: the client says with which SSRCs the tracks are to come.
struct SingleSubscribe {
	std::string srcUserId, srcTinyId;
	SubscribeWishes wishes;
	std::uint32_t audioSsrc = 0, bigVideoSsrc = 0, auxVideoSsrc = 0;
	std::uint32_t bigVideoRtxSsrc = 0, auxVideoRtxSsrc = 0; ///< 0: not said
};
/// `reconnect`: a new socket instead of a lost one; v5's `rc=1`.
struct Reconnect {
	std::string roomId;
	bool useStringRoomId = false;
	std::string relayInnerIp; ///< as in the join result
};
/// `ability_status_report`: diagnostics for the vendor.
struct AbilityReport {};
/// `channel_msg`: to everybody in the room, as event 4140.
struct SendCustomMessage {
	int cmdId = 1;	 ///< 1 to 10
	std::string msg; ///< base64
	bool ordered = true;
	std::int64_t streamSeq = 0;
};
/// A command we do not carry out: a cloud feature (answered with a non-zero code in its own
/// event when the SDK waits for one) or noise.
struct Other {
	std::string cmd;
};

using Command = std::variant<Join, GetUserList, QualityReport, Publish, PublishChange, PublishStateChange, Unpublish,
			     UpdateConstraintConfig, MuteUplink, Subscribe, SubscribeChange, Unsubscribe, ChangeRole,
			     Leave, RebuildConnection, SinglePublish, SingleSubscribe, Reconnect, AbilityReport,
			     SendCustomMessage, Other>;

struct ClientMessage {
	std::int64_t seq = 0;	    ///< from 1, +1 a message
	std::string userId, tinyId; ///< tinyId empty until event 19 came
	Command command;
};

// ---- server to client ---------------------------------------------------------------------

struct ClientBanned {
	std::string reason; ///< "kick", "banned", "room_disband", "user_time_out"
};
struct ChannelSetup {
	std::string tinyId, clientIp, signalInnerIp;
	std::int64_t svrTimeMs = 0; ///< Unix epoch, ms
};
struct JoinResult {
	std::string relayOuterIp, relayInnerIp;
	int relayPort = 0;
	std::vector<Publisher> publishers;
	std::string tinyId = {}; ///< SDK v5 takes it from here, v4 from event 19
	std::optional<Ability> ability = std::nullopt;
};
/// Of one remote user, from capture to play, as far as a service knows it.
struct EndToEndDelay {
	std::string tinyId;
	std::int64_t audioMs = 0, videoMs = 0;
};
struct UplinkStats {
	std::int64_t expectAudPkg = 0, expectVidPkg = 0, recvAudPkg = 0, recvVidPkg = 0, rttMs = 0;
	std::vector<EndToEndDelay> delays = {};
};
struct PublishedList {
	std::vector<Publisher> users;
};
struct ChannelReconnect {};
/// 4098, 4102, 4128: `{type:"answer", sdp}`.
struct SdpAnswer {
	std::string sdp;
};
/// Every reply that carries no more than code, message and seq.
struct Ack {};
struct PeerJoin {
	std::string userId, tinyId;
	Role role = Role::Anchor;
};
struct PeerLeave {
	std::string userId, tinyId;
	int reason = 0; ///< 0 left, 1 timeout, 2 kicked, 3 role change
};
struct UserList {
	std::vector<User> users;
};
struct RebuildAnswer {
	Ability ability;
};
struct CustomMessage {
	std::string tinyId; ///< the sender's, as `srcTinyId`
	int cmdId = 1;
	std::string msg; ///< base64
	bool ordered = true;
	std::int64_t streamSeq = 0;
};

using Payload = std::variant<Ack, ClientBanned, ChannelSetup, JoinResult, UplinkStats, PublishedList, ChannelReconnect,
			     SdpAnswer, PeerJoin, PeerLeave, UserList, RebuildAnswer, CustomMessage>;

struct ServerMessage {
	Event event = Event::JoinResult;
	int code = 0;
	std::string message;
	std::int64_t seq = 0; ///< 0 on pushes
	Payload payload;      ///< Ack when code is not 0
};

} // namespace trtc::protocol
