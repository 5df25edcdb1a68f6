// SPDX-License-Identifier: MIT
#include "cli/agent/stdin_commands.h"

#include "base/refuse.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace trtc::cli {

namespace {

using Arguments = CommandArguments;
using Reply = CommandHost::Reply;

MediaKind parseKind(const std::string &text)
{
	if (text == "audio")
		return MediaKind::Audio;
	if (text == "video")
		return MediaKind::Video;
	refuse(fmt::format("\"{}\" is not a kind of media: use audio or video", printable(text, 40)));
}

void runHelp(CommandHost &, Arguments, Reply reply) { reply(helpOutcome(shapesOf(commandTable()))); }

void runLeave(CommandHost &host, Arguments, Reply reply) { host.leave(std::move(reply)); }

void runMessage(CommandHost &host, Arguments arguments, Reply reply) { host.message(arguments[0], std::move(reply)); }

void runMute(CommandHost &host, Arguments arguments, Reply reply)
{
	host.setMuted(parseKind(arguments[0]), true, std::move(reply));
}

void runPlay(CommandHost &host, Arguments arguments, Reply reply) { host.play(UserId(arguments[0]), std::move(reply)); }

void runPublish(CommandHost &host, Arguments, Reply reply) { host.publish(std::move(reply)); }

void runSnapshot(CommandHost &host, Arguments arguments, Reply reply)
{
	if (arguments[0] == "--all")
		refuse("snapshot --all needs a period: snapshot --every DURATION --all DIR");
	host.snapshot(UserId(arguments[0]), arguments[1], std::move(reply));
}

void runSnapshotEvery(CommandHost &host, Arguments arguments, Reply reply)
{
	constexpr auto kShortest = std::chrono::seconds(1);
	constexpr auto kLongest = std::chrono::hours(1000);
	const auto period = parseDuration(arguments[0]);
	if (period < kShortest || period > kLongest)
		refuse(fmt::format("snapshot --every {} is not allowed: use 1s to 1000h", printable(arguments[0], 40)));
	const bool all = arguments[1] == "--all";
	host.snapshotEvery(period, all ? std::optional<UserId>() : UserId(arguments[1]), arguments[2],
			   std::move(reply));
}

void runSnapshotStop(CommandHost &host, Arguments, Reply reply) { host.stopSnapshots(std::move(reply)); }

void runStop(CommandHost &host, Arguments arguments, Reply reply) { host.stop(UserId(arguments[0]), std::move(reply)); }
void runRecordStart(CommandHost &host, Arguments arguments, Reply reply)
{
	host.startRecording(arguments.empty() ? "" : arguments[0], std::move(reply));
}

void runRecordStop(CommandHost &host, Arguments, Reply reply) { host.stopRecording(std::move(reply)); }

void runStats(CommandHost &host, Arguments, Reply reply) { host.stats(std::move(reply)); }

void runReplace(CommandHost &host, Arguments arguments, Reply reply)
{
	const bool auxiliary = arguments[0] == "aux";
	if (!auxiliary && arguments[0] != "audio" && arguments[0] != "video")
		refuse(fmt::format("\"{}\" is not a track: use audio, video or aux", printable(arguments[0], 40)));
	const auto kind = auxiliary ? MediaKind::Video : parseKind(arguments[0]);
	host.replace(auxiliary ? StreamType::Auxiliary : StreamType::Main, kind, SourceSpec::parse(arguments[1], kind),
		     std::move(reply));
}

void runStreams(CommandHost &host, Arguments, Reply reply) { host.streams(std::move(reply)); }

void runSubscribe(CommandHost &host, Arguments arguments, Reply reply)
{
	SubscribeOptions options;
	if (arguments.size() > 1)
		options = { false, false, false, false };
	for (const auto &what : arguments.subspan(1)) {
		if (what == "audio")
			options.audio = true;
		else if (what == "video")
			options.video = true;
		else if (what == "small")
			options.video = options.small = true;
		else if (what == "aux")
			options.auxiliary = true;
		else
			refuse(fmt::format("\"{}\" cannot be subscribed: use audio, video, small or aux",
					   printable(what, 40)));
	}
	host.subscribe(UserId(arguments[0]), options, std::move(reply));
}

void runSwitchRole(CommandHost &host, Arguments arguments, Reply reply)
{
	if (arguments[0] == "anchor")
		host.switchRole(Role::Anchor, std::move(reply));
	else if (arguments[0] == "audience")
		host.switchRole(Role::Audience, std::move(reply));
	else
		refuse(fmt::format("\"{}\" is not a role: use anchor or audience", printable(arguments[0], 40)));
}

void runUnmute(CommandHost &host, Arguments arguments, Reply reply)
{
	host.setMuted(parseKind(arguments[0]), false, std::move(reply));
}

void runUnpublish(CommandHost &host, Arguments, Reply reply) { host.unpublish(std::move(reply)); }

void runUnsubscribe(CommandHost &host, Arguments arguments, Reply reply)
{
	host.unsubscribe(UserId(arguments[0]), std::move(reply));
}

void runUpdatePrivateMapKey(CommandHost &host, Arguments arguments, Reply reply)
{
	host.updatePrivateMapKey(arguments[0], std::move(reply));
}

void runUsers(CommandHost &host, Arguments, Reply reply) { host.users(std::move(reply)); }

constexpr std::string_view kLikeLeave = "same as leave";

constexpr Command kCommands[] = {
	{ "exit", "", kLikeLeave, 0, 0, runLeave },
	{ "help", "", "list the commands", 0, 0, runHelp },
	{ "leave", "", "leave the room, close every recording and exit", 0, 0, runLeave },
	{ "message", "TEXT", "send TEXT inside the published H.264 video; viewers get the event message", 1, 1,
	  runMessage, true },
	{ "mute", "audio|video", "stop sending one track without unpublishing it", 1, 1, runMute },
	{ "play", "USER", "play a user's streams", 1, 1, runPlay },
	{ "publish", "", "publish the sources of --video, --audio and --auxiliary", 0, 0, runPublish },
	{ "quit", "", kLikeLeave, 0, 0, runLeave },
	{ "record start", "[DIR]", "record every subscribed user into DIR (default the directory of --record)", 0, 1,
	  runRecordStart, true },
	{ "record stop", "", "stop recording and close every file", 0, 0, runRecordStop },
	{ "replace", "audio|video|aux SOURCE",
	  "change the source of a track without renegotiation; add a track, or remove it with none", 2, 2, runReplace,
	  true },
	{ "snapshot", "USER FILE", "save a user's next keyframe as a .png or .jpg file", 2, 2, runSnapshot, true },
	{ "snapshot --every", "DURATION USER|--all DIR",
	  "save a picture of a user, or of every user, to DIR/USER-STREAM.jpg at this interval", 3, 3, runSnapshotEvery,
	  true },
	{ "snapshot --stop", "", "stop snapshot --every", 0, 0, runSnapshotStop },
	{ "stats", "", "show statistics of sent and received media", 0, 0, runStats },
	{ "stop", "USER", "stop playing a user's streams", 1, 1, runStop },
	{ "streams", "", "list the streams of other users", 0, 0, runStreams },
	{ "subscribe", "USER [audio|video|small|aux]...", "receive a user's streams, or only the named parts", 1, 5,
	  runSubscribe },
	{ "switch-role", "anchor|audience", "change the role of this agent", 1, 1, runSwitchRole },
	{ "unmute", "audio|video", "resume sending a muted track", 1, 1, runUnmute },
	{ "unpublish", "", "stop publishing", 0, 0, runUnpublish },
	{ "unsubscribe", "USER", "stop receiving a user's streams", 1, 1, runUnsubscribe },
	{ "update-private-map-key", "KEY", "set the PrivateMapKey for the next switch-role and for rejoining", 1, 1,
	  runUpdatePrivateMapKey, false, true },
	{ "users", "", "list the other users in the room (in live mode only anchors)", 0, 0, runUsers },
};

} // namespace

std::span<const Command> commandTable() noexcept { return kCommands; }

} // namespace trtc::cli
