// SPDX-License-Identifier: MIT
#include "protocol/codec.h"

#include "protocol/ability_codec.h"
#include "json/writer.h"

#include <algorithm>
#include <iterator>

namespace trtc::protocol {

namespace {

using json::Writer;

template <class... F>
struct overloaded : F... {
	using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

void writeState(Writer &out, const PublishState &state)
{
	out.key("state").beginObject();
	out.member("audio", state.audio).member("bigVideo", state.bigVideo);
	out.member("smallVideo", state.smallVideo).member("auxVideo", state.auxVideo).endObject();
}

void writeConstraintFields(Writer &out, const ConstraintConfig &config)
{
	out.member("videoCodec", config.videoCodec).member("videoWidth", config.videoWidth);
	out.member("videoHeight", config.videoHeight)
		.member("videoBps", config.videoBps)
		.member("videoFps", config.videoFps);
	out.member("audioCodec", config.audioCodec).member("audioFs", config.audioFs);
	out.member("audioChannel", config.audioChannel).member("audioBps", config.audioBps);
	out.member("smallVideoWidth", config.smallVideoWidth).member("smallVideoHeight", config.smallVideoHeight);
	out.member("smallVideoFps", config.smallVideoFps).member("smallVideoBps", config.smallVideoBps);
	out.member("auxVideoWidth", config.auxVideoWidth).member("auxVideoHeight", config.auxVideoHeight);
	out.member("auxVideoFps", config.auxVideoFps).member("auxVideoBps", config.auxVideoBps);
}

void writeConstraint(Writer &out, const ConstraintConfig &config)
{
	out.key("constraintConfig").beginObject();
	writeConstraintFields(out, config);
	out.endObject();
}

void writeWishes(Writer &out, const SubscribeWishes &wishes)
{
	out.member("audio", wishes.audio).member("bigVideo", wishes.bigVideo);
	out.member("auxVideo", wishes.auxVideo).member("smallVideo", wishes.smallVideo);
}

void writeMute(Writer &out, const MuteState &mute)
{
	out.member("audio", mute.audio).member("bigVideo", mute.bigVideo).member("auxVideo", mute.auxVideo);
}

void writePublishers(Writer &out, const char *name, const std::vector<Publisher> &publishers)
{
	out.key(name).beginArray();
	for (const auto &publisher : publishers)
		out.beginObject()
			.member("userId", publisher.userId)
			.member("srcTinyId", publisher.tinyId)
			.member("flag", publisher.flags)
			.endObject();
	out.endArray();
}

void writeUpstream(Writer &out, const QualityReport &report)
{
	out.key("msg_up_stream_info").beginObject();
	out.key("msg_audio_status").beginObject();
	if (report.audio)
		out.member("uint32_audio_codec_bitrate", report.audio->bitrate);
	out.endObject();
	out.key("msg_video_status").beginArray();
	for (const auto &video : report.video) {
		out.beginObject().member("uint32_video_stream_type", video.streamType);
		out.member("uint32_video_width", video.width).member("uint32_video_height", video.height);
		out.member("uint32_video_codec_fps", video.fps).member("uint32_video_enc_fps", video.encodedFps);
		out.member("uint32_video_codec_bitrate", video.bitrate).endObject();
	}
	out.endArray();
	out.key("msg_network_status").beginObject().member("uint32_bitrate", report.bitrate);
	out.member("uint32_rtt", report.rttMs).endObject().endObject();
}

void writeDownstream(Writer &out, const ReportedDownlink &downlink)
{
	out.beginObject().key("msg_user_info").beginObject();
	out.member("str_identifier", downlink.userId).member("uint64_tinyid", downlink.tinyId).endObject();
	out.key("msg_network_status").beginObject().member("uint32_rtt", downlink.rttMs).endObject();
	if (const auto &audio = downlink.audio) {
		out.key("msg_audio_status").beginObject().member("uint32_audio_codec_bitrate", audio->bitrate);
		out.member("uint32_audio_total_bitrate", audio->bitrate);
		out.member("uint32_audio_receive", audio->packets);
		out.member("uint32_audio_origin_lost", audio->lost).endObject();
	}
	out.key("msg_video_status").beginArray();
	for (const auto &video : downlink.video) {
		out.beginObject().member("uint32_video_stream_type", video.streamType);
		out.member("uint32_video_width", video.width).member("uint32_video_height", video.height);
		out.member("uint32_video_receive_fps", video.fps).member("uint32_video_codec_bitrate", video.bitrate);
		out.member("uint32_video_receive", video.packets);
		out.member("uint32_video_origin_lost", video.lost).endObject();
	}
	out.endArray().endObject();
}

/// The SDK's report; figures that we do not have are left out.
void writeReport(Writer &out, const ClientMessage &message, const QualityReport &report)
{
	out.member("str_sdk_version", "4.15.22").member("uint64_datetime", report.dateMs);
	out.key("msg_user_info").beginObject();
	out.member("str_identifier", message.userId).member("uint64_tinyid", message.tinyId).endObject();
	out.key("msg_device_info").beginObject();
	out.member("uint32_terminal_type", 15).member("str_device_name", "").member("str_os_version", "");
	out.member("uint32_net_type", 0).endObject();
	writeUpstream(out, report);
	out.key("msg_down_stream_info").beginArray();
	for (const auto &downlink : report.downlinks)
		writeDownstream(out, downlink);
	out.endArray();
	out.key("msg_event_msg").beginArray();
	for (const auto &event : report.events) {
		out.beginObject().member("uint32_event_id", event.id).member("uint64_date", event.dateMs);
		if (!event.userId.empty())
			out.member("str_userid", event.userId);
		out.endObject();
	}
	out.endArray();
}

void writeJoin(Writer &out, const Join &join)
{
	out.member("roomId", join.roomId).member("useStringRoomId", join.useStringRoomId);
	out.member("privateMapKey", join.privateMapKey);
	out.member("trtcRole", static_cast<int>(join.role)).member("trtcScene", static_cast<int>(join.mode));
	out.member("sdpSemantics", "unified-plan").member("version", join.version).member("ua", join.ua);
	out.member("autoSubscribe", join.autoSubscribe);
	out.member("terminalType", join.terminalType).member("netType", join.netType).member("receiveMix", true);
	if (join.ability)
		writeAbility(out.key("ability"), *join.ability);
}

void writeOffer(Writer &out, const std::string &sdp) { out.member("type", "offer").member("sdp", sdp); }

const char *commandName(const Command &command)
{
	return std::visit(overloaded {
				  [](const Join &join) { return join.ability ? "join/v2" : "join"; },
				  [](const GetUserList &) { return "get_user_list"; },
				  [](const QualityReport &) { return "quality_report"; },
				  [](const Publish &) { return "publish"; },
				  [](const PublishChange &) { return "publish_change"; },
				  [](const PublishStateChange &) { return "publish_state_change"; },
				  [](const Unpublish &) { return "unpublish"; },
				  [](const UpdateConstraintConfig &) { return "update_constraint_config"; },
				  [](const MuteUplink &) { return "mute_uplink"; },
				  [](const Subscribe &) { return "subscribe"; },
				  [](const SubscribeChange &) { return "subscribe_change"; },
				  [](const Unsubscribe &) { return "unsubscribe"; },
				  [](const ChangeRole &) { return "change_role"; },
				  [](const Leave &) { return "leave"; },
				  [](const RebuildConnection &) { return "rebuild_pc"; },
				  [](const SinglePublish &) { return "publish/v2"; },
				  [](const SingleSubscribe &) { return "subscribe/v3"; },
				  [](const Reconnect &) { return "reconnect"; },
				  [](const AbilityReport &) { return "ability_status_report"; },
				  [](const SendCustomMessage &) { return "channel_msg"; },
				  [](const Other &other) { return other.cmd.c_str(); },
			  },
			  command);
}

void writeCommandData(Writer &out, const ClientMessage &message)
{
	std::visit(
		overloaded {
			[&](const Join &join) { writeJoin(out, join); },
			[](const GetUserList &) {},
			[&](const QualityReport &report) { writeReport(out, message, report); },
			[&](const Publish &publish) {
				writeOffer(out, publish.sdp);
				out.member("screen", publish.screen);
				writeState(out, publish.state);
				writeConstraint(out, publish.constraint);
			},
			[&](const PublishChange &change) {
				out.member("action", change.action)
					.member("trackId", change.trackId)
					.member("kind", change.kind);
				writeOffer(out, change.sdp);
				writeState(out, change.state);
			},
			[&](const PublishStateChange &change) {
				writeState(out, change.state);
				writeConstraint(out, change.constraint);
			},
			[](const Unpublish &) {},
			[&](const UpdateConstraintConfig &update) { writeConstraintFields(out, update.constraint); },
			[&](const MuteUplink &mute) { writeMute(out, mute.mute); },
			[&](const Subscribe &subscribe) {
				writeOffer(out, subscribe.sdp);
				out.member("srcUserId", subscribe.srcUserId).member("srcTinyId", subscribe.srcTinyId);
				writeWishes(out, subscribe.wishes);
			},
			[&](const SubscribeChange &change) {
				writeWishes(out, change.wishes);
				out.member("srcTinyId", change.srcTinyId);
			},
			[&](const Unsubscribe &unsubscribe) {
				out.member("srcTinyId", unsubscribe.srcTinyId)
					.member("srcUserId", unsubscribe.srcUserId);
			},
			[&](const ChangeRole &change) {
				out.member("role", static_cast<int>(change.role))
					.member("privateMapKey", change.privateMapKey);
			},
			[](const Leave &) {},
			[&](const RebuildConnection &rebuild) { writeAbility(out.key("ability"), rebuild.ability); },
			[&](const SinglePublish &publish) {
				out.member("audioSsrc", publish.audioSsrc).member("bigVideoSsrc", publish.bigVideoSsrc);
				out.member("smallVideoSsrc", publish.smallVideoSsrc);
				out.member("auxVideoSsrc", publish.auxVideoSsrc);
				out.member("bigVideoRtxSsrc", publish.bigVideoRtxSsrc);
				out.member("smallVideoRtxSsrc", publish.smallVideoRtxSsrc);
				out.member("auxVideoRtxSsrc", publish.auxVideoRtxSsrc);
				writeState(out, publish.state);
				out.key("muteState").beginObject();
				writeMute(out, publish.mute);
				out.endObject();
			},
			[&](const SingleSubscribe &subscribe) {
				out.member("srcUserId", subscribe.srcUserId).member("srcTinyId", subscribe.srcTinyId);
				writeWishes(out, subscribe.wishes);
				out.key("ssrc").beginObject().member("audioSsrc", subscribe.audioSsrc);
				out.member("bigVideoSsrc", subscribe.bigVideoSsrc);
				out.member("bigVideoRtxSsrc", subscribe.bigVideoRtxSsrc);
				out.member("auxVideoSsrc", subscribe.auxVideoSsrc);
				out.member("auxVideoRtxSsrc", subscribe.auxVideoRtxSsrc).endObject();
			},
			[&](const Reconnect &again) {
				out.member("roomId", again.roomId).member("useStringRoomId", again.useStringRoomId);
				out.member("relayInnerIp", again.relayInnerIp);
			},
			[](const AbilityReport &) {},
			[&](const SendCustomMessage &message_) {
				out.member("cmdId", message_.cmdId).member("msg", message_.msg);
				out.member("ordered", message_.ordered).member("reliable", true);
				out.member("streamSeq", message_.streamSeq);
			},
			[](const Other &) {},
		},
		message.command);
}

void writePayload(Writer &out, const Payload &payload)
{
	std::visit(overloaded {
			   [](const Ack &) {},
			   [&](const ClientBanned &banned) { out.member("reason", banned.reason); },
			   [&](const ChannelSetup &setup) {
				   out.member("clientIp", setup.clientIp).member("signalInnerIp", setup.signalInnerIp);
				   out.member("svrTime", setup.svrTimeMs);
			   },
			   [&](const JoinResult &result) {
				   out.member("relayOuterIp", result.relayOuterIp)
					   .member("relayInnerIp", result.relayInnerIp);
				   out.member("relayPort", result.relayPort);
				   writePublishers(out, "publishers", result.publishers);
				   if (result.ability)
					   writeAbility(out.key("ability"), *result.ability);
			   },
			   [&](const UplinkStats &stats) {
				   out.member("expectAudPkg", stats.expectAudPkg)
					   .member("expectVidPkg", stats.expectVidPkg);
				   out.member("recvAudPkg", stats.recvAudPkg).member("recvVidPkg", stats.recvVidPkg);
				   out.member("rtt", stats.rttMs).key("delay").beginArray();
				   for (const auto &delay : stats.delays)
					   out.beginObject()
						   .member("srcTinyId", delay.tinyId)
						   .member("videoDelay", delay.videoMs)
						   .member("audioDelay", delay.audioMs)
						   .endObject();
				   out.endArray();
			   },
			   [&](const PublishedList &list) { writePublishers(out, "userList", list.users); },
			   [](const ChannelReconnect &) {},
			   [&](const SdpAnswer &answer) { out.member("type", "answer").member("sdp", answer.sdp); },
			   [&](const PeerJoin &peer) {
				   out.member("userId", peer.userId).member("srcTinyId", peer.tinyId);
				   out.member("role", static_cast<int>(peer.role));
			   },
			   [&](const PeerLeave &peer) {
				   out.member("userId", peer.userId)
					   .member("srcTinyId", peer.tinyId)
					   .member("reason", peer.reason);
			   },
			   [&](const UserList &list) {
				   out.key("userList").beginArray();
				   for (const auto &user : list.users)
					   out.beginObject()
						   .member("userId", user.userId)
						   .member("srcTinyId", user.tinyId)
						   .member("role", static_cast<int>(user.role))
						   .endObject();
				   out.endArray();
			   },
			   [&](const RebuildAnswer &answer) { writeAbility(out.key("ability"), answer.ability); },
			   [&](const CustomMessage &message) {
				   out.member("srcTinyId", message.tinyId).member("cmdId", message.cmdId);
				   out.member("msg", message.msg).member("ordered", message.ordered);
				   out.member("streamSeq", message.streamSeq);
			   },
		   },
		   payload);
}

int otherReplyEvent(const std::string &cmd)
{
	static constexpr std::pair<std::string_view, int> kReplies[] = {
		{ "start_publishing", 1286 },
		{ "stop_publishing", 1288 },
		{ "start_push_user_cdn", 777 },
		{ "stop_push_user_cdn", 779 },
		{ "start_mcu_mix", 781 },
		{ "stop_mcu_mix", 783 },
		{ "connect_other_room", 8209 },
		{ "disconnect_other_room", 8211 },
		{ "update_other_room_forward_mode", 8213 },
		{ "start_publish_cdn_stream", 8196 },
		{ "update_publish_cdn_stream", 8198 },
		{ "stop_publish_cdn_stream", 8200 },
		{ "switch_room", 4160 },
		{ "abstract_cmd", 8220 },
	};
	const auto *found = std::find_if(std::begin(kReplies), std::end(kReplies),
					 [&](const auto &entry) { return entry.first == cmd; });
	return found == std::end(kReplies) ? 0 : found->second;
}

} // namespace

std::string encode(const ClientMessage &message)
{
	Writer out;
	out.beginObject().member("cmd", commandName(message.command)).key("data").beginObject();
	writeCommandData(out, message);
	out.endObject().member("userId", message.userId);
	if (!message.tinyId.empty())
		out.member("tinyId", message.tinyId);
	return out.member("seq", message.seq).endObject().take();
}

std::string encode(const ServerMessage &message)
{
	Writer out;
	out.beginObject().member("cmd", static_cast<int>(message.event)).member("code", message.code);
	out.member("message", message.message);
	if (message.seq != 0)
		out.member("seq", message.seq);
	if (const auto *setup = std::get_if<ChannelSetup>(&message.payload))
		out.member("tinyId", setup->tinyId);
	if (const auto *result = std::get_if<JoinResult>(&message.payload); result && !result->tinyId.empty())
		out.member("tinyId", result->tinyId);
	// Always an object: the SDK throws inside its handler when `data` is missing.
	out.key("data").beginObject();
	if (message.code == 0)
		writePayload(out, message.payload);
	return out.endObject().endObject().take();
}

int replyEventFor(const Command &command)
{
	const auto number = [](Event event) { return static_cast<int>(event); };
	return std::visit(overloaded {
				  [&](const Join &) { return number(Event::JoinResult); },
				  [&](const GetUserList &) { return number(Event::UserList); },
				  [&](const QualityReport &) { return 0; },
				  [&](const Publish &) { return number(Event::PublishResult); },
				  [&](const PublishChange &) { return number(Event::PublishChangeResult); },
				  [&](const PublishStateChange &) { return number(Event::PublishStateResult); },
				  [&](const Unpublish &) { return number(Event::UnpublishResult); },
				  [&](const UpdateConstraintConfig &) { return number(Event::ConstraintResult); },
				  [&](const MuteUplink &) { return number(Event::MuteResult); },
				  [&](const Subscribe &) { return number(Event::SubscribeResult); },
				  [&](const SubscribeChange &) { return number(Event::SubscribeChangeResult); },
				  [&](const Unsubscribe &) { return number(Event::UnsubscribeResult); },
				  [&](const ChangeRole &) { return number(Event::ChangeRoleResult); },
				  [&](const Leave &) { return 0; },
				  [&](const RebuildConnection &) { return number(Event::RebuildResult); },
				  [&](const SinglePublish &) { return number(Event::SinglePublishResult); },
				  [&](const SingleSubscribe &) { return number(Event::SingleSubscribeResult); },
				  [&](const Reconnect &) { return number(Event::ChannelReconnect); },
				  [&](const AbilityReport &) { return number(Event::AbilityReportResult); },
				  [&](const SendCustomMessage &) { return 0; },
				  [&](const Other &other) { return otherReplyEvent(other.cmd); },
			  },
			  command);
}

std::string scheduleAnswer(std::string_view host)
{
	Writer out;
	out.beginObject().member("code", 0).member("msg", "").key("data").beginObject();
	out.key("domains").beginArray().value(host).endArray();
	out.key("iceServers").beginArray().endArray();
	out.key("config").beginObject().member("loggerDomain", host).endObject();
	// Cameras may give more than 1920x1080.
	out.key("trtcAutoConf").beginObject().member("2k4k", 1).endObject();
	return out.endObject().endObject().take();
}

} // namespace trtc::protocol
