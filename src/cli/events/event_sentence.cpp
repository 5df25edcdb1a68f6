// SPDX-License-Identifier: MIT
#include "cli/events/event_sentence.h"

#include "cli/events/answer_text.h"
#include "cli/events/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace trtc::cli {

namespace {

using Reader = FieldReader;

/// A sentence without a block.
template <class... Arguments>
Prose say(fmt::format_string<Arguments...> text, Arguments &&...arguments)
{
	return { fmt::format(text, std::forward<Arguments>(arguments)...), {} };
}

/// `: WHY`, unless there is nothing to say.
std::string because(const std::string &why) { return why.empty() ? why : ": " + why; }

/// "ann", "ann (auxiliary)".
std::string owner(const Reader &fields)
{
	return fields.text("streamType") == "auxiliary" ? fields.text("userId") + " (auxiliary)"
							: fields.text("userId");
}

/// "H.264 640x480, Opus", from what is known.
std::string tracks(const Reader &fields)
{
	std::string out;
	if (fields.flag("video")) {
		const auto codec = codecText(fields.text("codec"));
		out = codec.empty() ? "video" : codec;
	}
	if (fields.flag("audio"))
		out += out.empty() ? "Opus" : ", Opus";
	return out.empty() ? "nothing" : out;
}

std::string ours(const Reader &fields) { return fields.text("streamType") == "auxiliary" ? "auxiliary stream " : ""; }

// ---- connection and room

Prose connectionChanged(const Reader &fields)
{
	const auto state = fields.text("state");
	const bool again = fields.text("prevState") == "RECONNECTING";
	if (state == "CONNECTING")
		return say("connecting to the service");
	if (state == "CONNECTED")
		return say("connected to the service{}", again ? " again" : "");
	if (state == "RECONNECTING")
		return say("connection to the service lost, reconnecting");
	return say("disconnected from the service");
}

Prose joined(const Reader &fields)
{
	return say("joined room {} as {}: {}, mode {}", fields.room(), fields.text("userId"), fields.text("role"),
		   fields.text("mode"));
}

Prose left(const Reader &fields)
{
	const auto reason = fields.words("reason");
	return say("left the room{}", reason == "leave" ? "" : because(reason));
}

Prose peerJoin(const Reader &fields) { return say("{} joined as {}", fields.text("userId"), fields.text("role")); }

Prose peerLeave(const Reader &fields)
{
	const auto reason = fields.text("reason");
	if (reason == "role-change")
		return say("{} is audience now", fields.text("userId"));
	return say("{} left{}", fields.text("userId"), reason == "left" ? "" : because(fields.words("reason")));
}

Prose roleSwitched(const Reader &fields)
{
	return say("role is {} now, was {}", fields.text("role"), fields.text("prevRole"));
}

Prose clientBanned(const Reader &fields)
{
	const auto reason = fields.text("reason");
	if (reason == "kick")
		return say("removed from the room, by its administrator or because this user entered it again");
	if (reason == "banned")
		return say("banned from the room by its administrator");
	if (reason == "room-disband")
		return say("removed from the room: its administrator disbanded it");
	return say("removed from the room{}", because(fields.words("reason")));
}

// ---- streams

Prose streamAdded(const Reader &fields)
{
	return say("{} is on air: {}", owner(fields), mediaText(fields, "hasAudio", "hasVideo", "hasSmallVideo"));
}

Prose streamUpdated(const Reader &fields)
{
	return say("{} now sends: {}", owner(fields), mediaText(fields, "hasAudio", "hasVideo", "hasSmallVideo"));
}

Prose streamRemoved(const Reader &fields) { return say("{} is off air", owner(fields)); }

Prose streamSubscribed(const Reader &fields)
{
	return say("subscribed to {}: {}", owner(fields), mediaText(fields, "hasAudio", "hasVideo", "hasSmallVideo"));
}

Prose streamUnsubscribed(const Reader &fields) { return say("unsubscribed from {}", owner(fields)); }

Prose firstFrame(const Reader &fields)
{
	const auto codec = codecText(fields.text("codec")), after = fields.duration("sinceSubscribeMs");
	if (fields.text("kind") == "video")
		return say("first picture of {} after {}: {} {}x{}", owner(fields), after, codec, fields.text("width"),
			   fields.text("height"));
	return say("first sound of {} after {}: {}", owner(fields), after, codec);
}

Prose published(const Reader &fields) { return say("{}on air: {}", ours(fields), tracks(fields)); }

Prose unpublished(const Reader &fields) { return say("{}off air: {}", ours(fields), tracks(fields)); }

Prose streamReconnecting(const Reader &fields)
{
	const auto whose =
		fields.flag("local") ? std::string("our own streams") : "streams of " + fields.text("userId");
	return say("{} interrupted, reconnecting{}", whose, because(fields.text("reason")));
}

Prose streamReconnected(const Reader &fields)
{
	const auto whose =
		fields.flag("local") ? std::string("our own streams") : "streams of " + fields.text("userId");
	const auto tries = fields.whole("tries");
	return say("{} are back after {}, {} {}", whose, fields.duration("lostMs"), tries,
		   tries == 1 ? "try" : "tries");
}

template <bool muted>
Prose muteChanged(const Reader &fields, const char *kind)
{
	return say("{} {} {}", fields.text("userId"), muted ? "muted" : "unmuted", kind);
}

Prose message(const Reader &fields)
{
	const auto from =
		fields.flag("isFromAuxiliary") ? fields.text("userId") + " (auxiliary)" : fields.text("userId");
	if (fields.has("base64"))
		return say("message from {}, not text, base64: {}", from, fields.text("base64"));
	return say("message from {}: {}", from, fields.text("text"));
}

// ---- recording, playing, sources

Prose recordingStarted(const Reader &fields)
{
	return say("recording of {} started: {}", owner(fields), fields.text("path"));
}

Prose recordingStopped(const Reader &fields)
{
	const auto pictures = fields.whole("videoFrames");
	const auto content =
		pictures > 0 ? countText(pictures, "picture") : countText(fields.whole("audioPackets"), "sound packet");
	const auto reason = fields.words("reason");
	return say("recording of {} ended: {}, {}, {}, {}{}", owner(fields), fields.duration("durationMs"), content,
		   bytesText(fields.whole("bytes")), fields.text("path"),
		   reason.empty() || reason == "leave" ? "" : " (" + reason + ")");
}

Prose recordingResumed(const Reader &fields)
{
	return say("recording of {} continues after a gap of {}: {}", owner(fields), fields.duration("gapMs"),
		   fields.text("path"));
}

Prose playStarted(const Reader &fields) { return say("playing {}: {}", owner(fields), fields.text("sinks")); }

Prose playStopped(const Reader &fields)
{
	const auto reason = fields.words("reason");
	return say("stopped playing {}{}", owner(fields), reason == "stopped" ? "" : because(reason));
}

Prose snapshotSaved(const Reader &fields)
{
	return say("snapshot of {} saved: {}, {}x{}", fields.text("userId"), fields.text("path"), fields.text("width"),
		   fields.text("height"));
}

Prose sourceEnded(const Reader &fields) { return say("source {} ended", fields.text("source")); }

Prose sourceLost(const Reader &fields)
{
	return say("{} source {} lost{}", fields.text("kind"), fields.text("source"), because(fields.text("reason")));
}

Prose deviceRecovered(const Reader &fields)
{
	return say("{} source {} is back after {}", fields.text("kind"), fields.text("source"),
		   fields.duration("lostMs"));
}

// ---- figures

std::string qualityWord(std::int64_t level)
{
	static constexpr const char *kWords[] = {
		"unknown", "excellent", "good", "average", "poor", "very poor", "down"
	};
	return level >= 0 && level < std::ssize(kWords) ? kWords[level] : std::to_string(level);
}

/// "excellent (20 ms, 3 % loss)"
std::string direction(const Reader &fields, std::string_view level, std::string_view rtt, std::string_view loss)
{
	std::string figures;
	if (fields.has(rtt))
		figures = fields.text(rtt) + " ms";
	if (fields.has(loss))
		figures += fmt::format("{}{} % loss", figures.empty() ? "" : ", ", fields.text(loss));
	return qualityWord(fields.whole(level)) + (figures.empty() ? "" : " (" + figures + ")");
}

Prose networkQuality(const Reader &fields)
{
	return say("network: uplink {}, downlink {}", direction(fields, "uplink", "uplinkRtt", "uplinkLoss"),
		   direction(fields, "downlink", "downlinkRtt", "downlinkLoss"));
}

Prose audioVolume(const Reader &fields)
{
	return say("volume of {}: {} %", fields.text("userId"), fields.text("volume"));
}

Prose stats(const Reader &fields)
{
	auto prose = statsText(fields);
	prose.sentence = "stats: " + prose.sentence;
	return prose;
}

// ---- outcome

Prose error(const Reader &fields)
{
	return say("error: {} ({} {})", fields.text("message"), fields.text("name"), fields.text("code"));
}

Prose expectationMet(const Reader &fields)
{
	return say("expectation met after {}: {}", fields.duration("afterMs"), fields.text("expectation"));
}

Prose expectationFailed(const Reader &fields)
{
	return say("expectation not met after {}: {}", fields.duration("afterMs"), fields.text("expectation"));
}

// ---- serve

Prose serviceReady(const Reader &fields)
{
	return say("service ready at {}: sdkAppId {}, secret key in {}", fields.text("url"), fields.text("sdkAppId"),
		   fields.text("secretKeyFile"));
}

std::string from(const Reader &fields)
{
	return fields.has("address") ? " from " + fields.text("address") : std::string();
}

Prose roomCreated(const Reader &fields) { return say("room {} created by {}", fields.room(), fields.text("userId")); }

Prose roomEmpty(const Reader &fields) { return say("room {} is empty", fields.room()); }

Prose userJoined(const Reader &fields)
{
	return say("{} joined room {} as {}{}", fields.text("userId"), fields.room(), fields.text("role"),
		   from(fields));
}

Prose userLeft(const Reader &fields)
{
	const auto reason = fields.words("reason");
	return say("{} left room {}{}", fields.text("userId"), fields.room(), reason == "left" ? "" : because(reason));
}

Prose roleChanged(const Reader &fields)
{
	return say("{} is {} now in room {}", fields.text("userId"), fields.text("role"), fields.room());
}

Prose streamPublished(const Reader &fields)
{
	return say("{} is on air in room {}: {}", owner(fields), fields.room(), tracks(fields));
}

Prose streamUnpublished(const Reader &fields)
{
	const auto reason = fields.words("reason");
	return say("{} is off air in room {}{}", owner(fields), fields.room(),
		   reason == "unpublished" ? "" : because(reason));
}

Prose userKicked(const Reader &fields)
{
	return say("{} was kicked out of room {}", fields.text("userId"), fields.room());
}

Prose userBanned(const Reader &fields)
{
	return say("{} is banned from room {}{}", fields.text("userId"), fields.room(),
		   fields.flag("wasPresent") ? " and was removed from it" : "");
}

Prose userUnbanned(const Reader &fields)
{
	return say("{} may enter room {} again", fields.text("userId"), fields.room());
}

Prose roomDisbanded(const Reader &fields)
{
	return say("room {} was disbanded, {} removed", fields.room(), countText(fields.whole("userCount"), "user"));
}

Prose eventsLost(const Reader &fields)
{
	return say("{} not written: the reader of stdout is too slow", countText(fields.whole("count"), "event"));
}

struct Sentence {
	std::string_view event;
	SentenceWriter write;
};

/// Sorted by name.
constexpr Sentence kSentences[] = {
	{ "audio-volume", audioVolume },
	{ "client-banned", clientBanned },
	{ "command-result", answerText },
	{ "connection-state-changed", connectionChanged },
	{ "device-auto-recovered", deviceRecovered },
	{ "error", error },
	{ "events-lost", eventsLost },
	{ "expectation-failed", expectationFailed },
	{ "expectation-met", expectationMet },
	{ "first-frame", firstFrame },
	{ "joined", joined },
	{ "left", left },
	{ "message", message },
	{ "mute-audio", [](const Reader &fields) { return muteChanged<true>(fields, "audio"); } },
	{ "mute-video", [](const Reader &fields) { return muteChanged<true>(fields, "video"); } },
	{ "network-quality", networkQuality },
	{ "peer-join", peerJoin },
	{ "peer-leave", peerLeave },
	{ "plan", planProse },
	{ "play-started", playStarted },
	{ "play-stopped", playStopped },
	{ "published", published },
	{ "recording-resumed", recordingResumed },
	{ "recording-started", recordingStarted },
	{ "recording-stopped", recordingStopped },
	{ "role-changed", roleChanged },
	{ "role-switched", roleSwitched },
	{ "room-created", roomCreated },
	{ "room-disbanded", roomDisbanded },
	{ "room-empty", roomEmpty },
	{ "service-ready", serviceReady },
	{ "snapshot-saved", snapshotSaved },
	{ "source-ended", sourceEnded },
	{ "source-lost", sourceLost },
	{ "stats", stats },
	{ "stream-added", streamAdded },
	{ "stream-published", streamPublished },
	{ "stream-reconnected", streamReconnected },
	{ "stream-reconnecting", streamReconnecting },
	{ "stream-removed", streamRemoved },
	{ "stream-subscribed", streamSubscribed },
	{ "stream-unpublished", streamUnpublished },
	{ "stream-unsubscribed", streamUnsubscribed },
	{ "stream-updated", streamUpdated },
	{ "summary", summaryText },
	{ "unmute-audio", [](const Reader &fields) { return muteChanged<false>(fields, "audio"); } },
	{ "unmute-video", [](const Reader &fields) { return muteChanged<false>(fields, "video"); } },
	{ "unpublished", unpublished },
	{ "user-banned", userBanned },
	{ "user-joined", userJoined },
	{ "user-kicked", userKicked },
	{ "user-left", userLeft },
	{ "user-unbanned", userUnbanned },
};

} // namespace

SentenceWriter sentenceOf(std::string_view event) noexcept
{
	const auto *const found = std::lower_bound(std::begin(kSentences), std::end(kSentences), event,
						   [](const Sentence &a, std::string_view b) { return a.event < b; });
	return found != std::end(kSentences) && found->event == event ? found->write : nullptr;
}

} // namespace trtc::cli
