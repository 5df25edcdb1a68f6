// SPDX-License-Identifier: MIT
#include "protocol/codec.h"

#include "protocol/ability_codec.h"
#include "json/reader.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace trtc::protocol {

namespace {

using json::Value;

constexpr std::int64_t kMaxExact = std::int64_t { 1 } << 53; // what JavaScript counts exactly
constexpr std::size_t kMaxIdBytes = 64, kMaxTextBytes = 4096, kMaxTicketBytes = 16 * 1024;
constexpr std::size_t kMaxListItems = 5000;

// ---- pieces ------------------------------------------------------------------------------

Role toRole(const Value &value)
{
	const auto number = value.integer();
	if (number != static_cast<int>(Role::Anchor) && number != static_cast<int>(Role::Audience))
		value.fail("must be 20 (anchor) or 21 (audience)");
	return static_cast<Role>(number);
}

Role roleOr(const Value &object, std::string_view name, Role fallback)
{
	const auto value = object.find(name);
	return value ? toRole(*value) : fallback;
}

std::string toUserId(const Value &value)
{
	auto text = value.string(kMaxIdBytes);
	if (!UserId::valid(text))
		value.fail("is no user id (1 to 32 bytes of A-Z a-z 0-9 _ -)");
	return text;
}

/// Servers write ids as text or as numbers; for us they are text.
std::string idText(const Value &value)
{
	return value.isString() ? value.string(kMaxIdBytes) : std::to_string(value.integer(0));
}

std::string idTextOr(const Value &object, std::string_view name)
{
	const auto value = object.find(name);
	return value ? idText(*value) : std::string();
}

std::string userIdOr(const Value &object, std::string_view name)
{
	const auto value = object.find(name);
	return value ? toUserId(*value) : std::string();
}

/// Browsers report rates such as 29.97: rounded.
std::int64_t amountOr(const Value &object, std::string_view name, std::int64_t fallback)
{
	const auto value = object.find(name);
	if (!value)
		return fallback;
	const double number = value->number();
	if (number < 0 || number > 1e12)
		value->fail("must be 0 to 1e12");
	return std::llround(number);
}

std::string toSdp(const Value &data, std::string_view type)
{
	if (data.stringOr("type", std::string(type), kMaxWordBytes) != type)
		data.get("type").fail(fmt::format("must be \"{}\"", type));
	auto sdp = data.get("sdp").string(kMaxSdpBytes);
	if (sdp.empty())
		data.get("sdp").fail("is empty");
	return sdp;
}

PublishState toState(const Value &data)
{
	const auto state = data.find("state");
	if (!state)
		return {};
	return { state->booleanOr("audio", false), state->booleanOr("bigVideo", false),
		 state->booleanOr("smallVideo", false), state->booleanOr("auxVideo", false) };
}

ConstraintConfig toConstraint(const std::optional<Value> &value)
{
	ConstraintConfig config;
	if (!value)
		return config;
	const auto &object = *value;
	config.videoCodec = object.stringOr("videoCodec", "", kMaxWordBytes);
	config.audioCodec = object.stringOr("audioCodec", config.audioCodec, kMaxWordBytes);
	const std::pair<const char *, std::int64_t &> amounts[] = {
		{ "videoWidth", config.videoWidth },
		{ "videoHeight", config.videoHeight },
		{ "videoFps", config.videoFps },
		{ "videoBps", config.videoBps },
		{ "audioFs", config.audioFs },
		{ "audioChannel", config.audioChannel },
		{ "audioBps", config.audioBps },
		{ "smallVideoWidth", config.smallVideoWidth },
		{ "smallVideoHeight", config.smallVideoHeight },
		{ "smallVideoFps", config.smallVideoFps },
		{ "smallVideoBps", config.smallVideoBps },
		{ "auxVideoWidth", config.auxVideoWidth },
		{ "auxVideoHeight", config.auxVideoHeight },
		{ "auxVideoFps", config.auxVideoFps },
		{ "auxVideoBps", config.auxVideoBps },
	};
	for (const auto &[name, amount] : amounts)
		amount = amountOr(object, name, amount);
	return config;
}

SubscribeWishes toWishes(const Value &data)
{
	return { data.booleanOr("audio", false), data.booleanOr("bigVideo", false), data.booleanOr("auxVideo", false),
		 data.booleanOr("smallVideo", false) };
}

// ---- client to server --------------------------------------------------------------------

std::string toRoomName(const Value &value)
{
	return value.isString() ? value.string(256) : std::to_string(value.integer());
}

Command toJoin(const Value &data)
{
	Join join;
	join.roomId = toRoomName(data.get("roomId"));
	join.useStringRoomId = data.booleanOr("useStringRoomId", false);
	join.privateMapKey = data.stringOr("privateMapKey", "", kMaxTicketBytes);
	join.role = roleOr(data, "trtcRole", Role::Anchor);
	const auto scene = data.integerOr("trtcScene", static_cast<int>(Mode::Live));
	if (scene != static_cast<int>(Mode::Rtc) && scene != static_cast<int>(Mode::Live))
		data.get("trtcScene").fail("must be 1 (rtc) or 2 (live)");
	join.mode = static_cast<Mode>(scene);
	join.version = data.stringOr("version", "", kMaxTextBytes);
	join.ua = data.stringOr("ua", "", kMaxTextBytes);
	join.autoSubscribe = data.booleanOr("autoSubscribe", true);
	join.terminalType = static_cast<int>(data.integerOr("terminalType", 1, 0, 1000));
	join.netType = static_cast<int>(data.integerOr("netType", 0, 0, 1000));
	return join;
}

Command toSingleJoin(const Value &data)
{
	auto join = std::get<Join>(toJoin(data));
	join.ability = readAbility(data.get("ability"));
	return join;
}

std::uint32_t ssrcOr0(const Value &object, std::string_view name)
{
	return static_cast<std::uint32_t>(object.integerOr(name, 0, 0, 0xffffffff));
}

MuteState toMute(const std::optional<Value> &mute)
{
	if (!mute)
		return {};
	return { mute->booleanOr("audio", false), mute->booleanOr("bigVideo", false),
		 mute->booleanOr("auxVideo", false) };
}

Command toSinglePublish(const Value &data)
{
	return SinglePublish { ssrcOr0(data, "audioSsrc"),
			       ssrcOr0(data, "bigVideoSsrc"),
			       ssrcOr0(data, "smallVideoSsrc"),
			       ssrcOr0(data, "auxVideoSsrc"),
			       toState(data),
			       toMute(data.find("muteState")),
			       ssrcOr0(data, "bigVideoRtxSsrc"),
			       ssrcOr0(data, "smallVideoRtxSsrc"),
			       ssrcOr0(data, "auxVideoRtxSsrc") };
}

Command toSingleSubscribe(const Value &data)
{
	SingleSubscribe subscribe;
	subscribe.srcUserId = userIdOr(data, "srcUserId");
	subscribe.srcTinyId = idTextOr(data, "srcTinyId");
	if (subscribe.srcUserId.empty() && subscribe.srcTinyId.empty())
		data.fail("neither srcUserId nor srcTinyId says who");
	subscribe.wishes = toWishes(data);
	const auto ssrcs = data.get("ssrc");
	subscribe.audioSsrc = ssrcOr0(ssrcs, "audioSsrc");
	subscribe.bigVideoSsrc = ssrcOr0(ssrcs, "bigVideoSsrc");
	subscribe.auxVideoSsrc = ssrcOr0(ssrcs, "auxVideoSsrc");
	subscribe.bigVideoRtxSsrc = ssrcOr0(ssrcs, "bigVideoRtxSsrc");
	subscribe.auxVideoRtxSsrc = ssrcOr0(ssrcs, "auxVideoRtxSsrc");
	return subscribe;
}

/// Base64 of at most 1000 bytes, the SDK's limit; receivers would throw on anything else.
Command toCustomMessage(const Value &data)
{
	constexpr std::size_t kMaxBase64 = (1000 + 2) / 3 * 4;
	SendCustomMessage message;
	message.cmdId = static_cast<int>(data.get("cmdId").integer(1, 10));
	message.msg = data.get("msg").string(kMaxBase64);
	const auto padding = message.msg.find_last_not_of('=') + 1;
	const auto bad =
		message.msg.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	if (message.msg.size() % 4 != 0 || message.msg.size() - padding > 2 ||
	    (bad != std::string::npos && bad < padding))
		data.get("msg").fail("is not base64");
	message.ordered = data.booleanOr("ordered", true);
	message.streamSeq = data.integerOr("streamSeq", 0, 0, kMaxExact);
	return message;
}

Command toPublishChange(const Value &data)
{
	PublishChange change;
	change.action = data.get("action").string(kMaxWordBytes);
	if (change.action != "add" && change.action != "remove")
		data.get("action").fail("must be \"add\" or \"remove\"");
	change.trackId = data.stringOr("trackId", "", kMaxTextBytes);
	change.kind = data.stringOr("kind", "", kMaxWordBytes);
	change.sdp = toSdp(data, "offer");
	change.state = toState(data);
	return change;
}

Command toSubscribe(const Value &data)
{
	Subscribe subscribe;
	subscribe.sdp = toSdp(data, "offer");
	subscribe.srcUserId = userIdOr(data, "srcUserId");
	subscribe.srcTinyId = idTextOr(data, "srcTinyId");
	if (subscribe.srcUserId.empty() && subscribe.srcTinyId.empty())
		data.fail("neither srcUserId nor srcTinyId says who");
	subscribe.wishes = toWishes(data);
	return subscribe;
}

Command toUnsubscribe(const Value &data)
{
	Unsubscribe unsubscribe { idTextOr(data, "srcTinyId"), userIdOr(data, "srcUserId") };
	if (unsubscribe.srcUserId.empty() && unsubscribe.srcTinyId.empty())
		data.fail("neither srcUserId nor srcTinyId says who");
	return unsubscribe;
}

struct CommandParser {
	std::string_view cmd;
	Command (*parse)(const Value &data);
};

constexpr CommandParser kCommands[] = {
	{ "join", toJoin },
	{ "get_user_list", [](const Value &) -> Command { return GetUserList {}; } },
	{ "quality_report",
	  [](const Value &data) -> Command {
		  return QualityReport { data.integerOr("uint64_datetime", 0, 0, kMaxExact) };
	  } },
	{ "publish",
	  [](const Value &data) -> Command {
		  return Publish { toSdp(data, "offer"), data.booleanOr("screen", false), toState(data),
				   toConstraint(data.find("constraintConfig")) };
	  } },
	{ "publish_change", toPublishChange },
	{ "publish_state_change",
	  [](const Value &data) -> Command {
		  data.get("state");
		  return PublishStateChange { toState(data), toConstraint(data.find("constraintConfig")) };
	  } },
	{ "unpublish", [](const Value &) -> Command { return Unpublish {}; } },
	{ "update_constraint_config",
	  [](const Value &data) -> Command { return UpdateConstraintConfig { toConstraint(data) }; } },
	{ "mute_uplink", [](const Value &data) -> Command { return MuteUplink { toMute(data) }; } },
	{ "subscribe", toSubscribe },
	{ "subscribe_change",
	  [](const Value &data) -> Command {
		  return SubscribeChange { idText(data.get("srcTinyId")), toWishes(data) };
	  } },
	{ "unsubscribe", toUnsubscribe },
	{ "change_role",
	  [](const Value &data) -> Command {
		  return ChangeRole { toRole(data.get("role")), data.stringOr("privateMapKey", "", kMaxTicketBytes) };
	  } },
	{ "leave", [](const Value &) -> Command { return Leave {}; } },
	{ "join/v2", toSingleJoin },
	{ "rebuild_pc",
	  [](const Value &data) -> Command { return RebuildConnection { readAbility(data.get("ability")) }; } },
	{ "publish/v2", toSinglePublish },
	{ "subscribe/v3", toSingleSubscribe },
	{ "reconnect",
	  [](const Value &data) -> Command {
		  return Reconnect { toRoomName(data.get("roomId")), data.booleanOr("useStringRoomId", false),
				     data.stringOr("relayInnerIp", "", kMaxTextBytes) };
	  } },
	{ "ability_status_report", [](const Value &) -> Command { return AbilityReport {}; } },
	{ "channel_msg", toCustomMessage },
};

// ---- server to client --------------------------------------------------------------------

std::vector<Publisher> toPublishers(const std::optional<Value> &list)
{
	std::vector<Publisher> publishers;
	if (!list)
		return publishers;
	for (const auto &item : list->items(kMaxListItems))
		publishers.push_back({ toUserId(item.get("userId")), idTextOr(item, "srcTinyId"),
				       static_cast<unsigned>(item.integerOr("flag", 0, 0, 0xffffffff)) });
	return publishers;
}

std::vector<EndToEndDelay> toDelays(const std::optional<Value> &list)
{
	std::vector<EndToEndDelay> delays;
	if (!list)
		return delays;
	for (const auto &item : list->items(kMaxListItems))
		delays.push_back({ idTextOr(item, "srcTinyId"), amountOr(item, "audioDelay", 0),
				   amountOr(item, "videoDelay", 0) });
	return delays;
}

std::optional<Ability> toAbility(const std::optional<Value> &value)
{
	return value ? std::optional(readAbility(*value)) : std::nullopt;
}

Payload toUserList(const Value &data)
{
	UserList list;
	if (const auto users = data.find("userList"))
		for (const auto &item : users->items(kMaxListItems))
			list.users.push_back({ toUserId(item.get("userId")), idTextOr(item, "srcTinyId"),
					       roleOr(item, "role", Role::Anchor) });
	return list;
}

Payload toPayload(Event event, const Value &root, const Value &data)
{
	switch (event) {
	case Event::ClientBanned:
		return ClientBanned { data.stringOr("reason", "", kMaxTextBytes) };
	case Event::ChannelSetup:
		return ChannelSetup { idText(root.get("tinyId")), data.stringOr("clientIp", "", kMaxTextBytes),
				      data.stringOr("signalInnerIp", "", kMaxTextBytes),
				      data.integerOr("svrTime", 0, 0, kMaxExact) };
	case Event::JoinResult:
		return JoinResult { data.stringOr("relayOuterIp", "", kMaxTextBytes),
				    data.stringOr("relayInnerIp", "", kMaxTextBytes),
				    static_cast<int>(data.integerOr("relayPort", 0, 0, 65535)),
				    toPublishers(data.find("publishers")),
				    idTextOr(root, "tinyId"),
				    toAbility(data.find("ability")) };
	case Event::UplinkStats:
		return UplinkStats { amountOr(data, "expectAudPkg", 0), amountOr(data, "expectVidPkg", 0),
				     amountOr(data, "recvAudPkg", 0),	amountOr(data, "recvVidPkg", 0),
				     amountOr(data, "rtt", 0),		toDelays(data.find("delay")) };
	case Event::PublishedList:
		return PublishedList { toPublishers(data.find("userList")) };
	case Event::ChannelReconnect:
		return ChannelReconnect {};
	case Event::PublishResult:
	case Event::SubscribeResult:
	case Event::PublishChangeResult:
		return SdpAnswer { toSdp(data, "answer") };
	case Event::PeerJoin:
		return PeerJoin { toUserId(data.get("userId")), idTextOr(data, "srcTinyId"),
				  roleOr(data, "role", Role::Anchor) };
	case Event::PeerLeave:
		return PeerLeave { toUserId(data.get("userId")), idTextOr(data, "srcTinyId"),
				   static_cast<int>(data.integerOr("reason", 0, 0, 1000)) };
	case Event::UserList:
		return toUserList(data);
	case Event::RebuildResult:
		return RebuildAnswer { readAbility(data.get("ability")) };
	case Event::CustomMessage:
		return CustomMessage { idText(data.get("srcTinyId")),
				       static_cast<int>(data.get("cmdId").integer(0, 255)),
				       data.get("msg").string(kMaxTextBytes), data.booleanOr("ordered", true),
				       data.integerOr("streamSeq", 0, 0, kMaxExact) };
	case Event::SinglePublishResult:
	case Event::SingleSubscribeResult:
	case Event::AbilityReportResult:
	case Event::ConstraintResult:
	case Event::UnpublishResult:
	case Event::UnsubscribeResult:
	case Event::SubscribeChangeResult:
	case Event::MuteResult:
	case Event::ChangeRoleResult:
	case Event::PublishStateResult:
		return Ack {};
	}
	return Ack {}; // a number of the cloud's, or of a later version
}

/// `data`, or an empty object when the sender left it out.
Value dataOf(const Value &root)
{
	auto data = root.find("data");
	if (data && !data->isObject())
		data->fail("must be an object");
	return data ? *data : json::parse(R"({"data":{}})").value().get("data");
}

template <class T, class F>
Result<T> guarded(std::string_view text, F read)
{
	const auto root = json::parse(text, { kMaxMessageBytes, 64 });
	if (!root)
		return root.error();
	try {
		if (!root.value().isObject())
			root.value().fail("must be an object");
		return read(root.value());
	} catch (const Exception &error) {
		return error.error();
	}
}

} // namespace

Result<ClientMessage> parseClientMessage(std::string_view text)
{
	return guarded<ClientMessage>(text, [](const Value &root) {
		ClientMessage message;
		const auto cmd = root.get("cmd").string(kMaxWordBytes);
		message.seq = root.get("seq").integer(0, kMaxExact);
		message.userId = userIdOr(root, "userId");
		message.tinyId = idTextOr(root, "tinyId");
		const auto data = dataOf(root);
		message.command = Other { cmd };
		for (const auto &entry : kCommands)
			if (entry.cmd == cmd)
				message.command = entry.parse(data);
		return message;
	});
}

Result<ServerMessage> parseServerMessage(std::string_view text)
{
	return guarded<ServerMessage>(text, [](const Value &root) {
		constexpr auto kInt = std::numeric_limits<int>::max();
		ServerMessage message;
		message.event = static_cast<Event>(root.get("cmd").integer(0, kInt));
		message.code = static_cast<int>(root.integerOr("code", 0, std::numeric_limits<int>::min(), kInt));
		message.message = root.stringOr("message", "", kMaxTextBytes);
		message.seq = root.integerOr("seq", 0, 0, kMaxExact);
		const auto data = dataOf(root);
		message.payload = message.code == 0 ? toPayload(message.event, root, data) : Payload(Ack {});
		return message;
	});
}

} // namespace trtc::protocol
