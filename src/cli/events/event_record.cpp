// SPDX-License-Identifier: MIT
#include "cli/events/event_record.h"

#include "glib/pointer.h"

#include <fmt/format.h>
#include <glib.h>

#include <algorithm>
#include <charconv>

namespace trtc::cli {

namespace {

constexpr std::string_view kStream = "userId streamType hasAudio hasVideo hasSmallVideo";

constexpr EventSpec kEvents[] = {
	{ "audio-volume", "userId volume" },
	{ "client-banned", "reason" },
	{ "command-result", "id command ok code name message users rooms bans wasPresent userCount streams commands "
			    "directory recordings rtt downlinksRTT upKbps downKbps "
			    "lossPercent localAudio localVideo remoteAudio remoteVideo" },
	{ "connection-state-changed", "prevState state" },
	{ "device-auto-recovered", "kind source lostMs" },
	{ "error", "code name message recoverable" },
	{ "events-lost", "count" },
	{ "expectation-failed", "expectation afterMs" },
	{ "expectation-met", "expectation afterMs" },
	{ "first-frame", "userId streamType kind sinceSubscribeMs width height codec" },
	{ "joined", "roomId userId role mode" },
	{ "left", "reason" },
	{ "message", "userId text base64 seiPayloadType isFromAuxiliary" },
	{ "mute-audio", "userId" },
	{ "mute-video", "userId" },
	{ "network-quality", "uplink downlink uplinkRtt uplinkLoss downlinkRtt downlinkLoss" },
	{ "peer-join", "userId role" },
	{ "peer-leave", "userId reason" },
	{ "plan", "command configFile options sources recordings" },
	{ "play-started", "userId streamType sinks" },
	{ "play-stopped", "userId streamType reason" },
	{ "published", "streamType audio video codec" },
	{ "recording-resumed", "userId streamType path gapMs" },
	{ "recording-started", "userId streamType path" },
	{ "recording-stopped", "userId streamType path durationMs bytes videoFrames audioPackets reason" },
	{ "role-changed", "roomId userId role prevRole address" },
	{ "role-switched", "role prevRole" },
	{ "room-created", "roomId userId address" },
	{ "room-disbanded", "roomId userCount" },
	{ "room-empty", "roomId userId reason address" },
	{ "service-ready", "url sdkAppId secretKeyFile" },
	{ "snapshot-saved", "userId path width height" },
	{ "source-ended", "source" },
	{ "source-lost", "kind source reason" },
	{ "stats", "rtt downlinksRTT upKbps downKbps lossPercent localAudio localVideo remoteAudio remoteVideo" },
	{ "stream-added", kStream },
	{ "stream-published", "roomId userId streamType audio video codec address" },
	{ "stream-reconnected", "userId local tries lostMs" },
	{ "stream-reconnecting", "userId local reason" },
	{ "stream-removed", kStream },
	{ "stream-subscribed", kStream },
	{ "stream-unpublished", "roomId userId streamType audio video reason address" },
	{ "stream-unsubscribed", kStream },
	{ "stream-updated", kStream },
	{ "summary", "exitCode reason durationMs recordings bytes bytesSent bytesReceived cpuSeconds maxRssKiB" },
	{ "unmute-audio", "userId" },
	{ "unmute-video", "userId" },
	{ "unpublished", "streamType audio video codec" },
	{ "user-banned", "roomId userId wasPresent" },
	{ "user-joined", "roomId userId role mode address" },
	{ "user-kicked", "roomId userId" },
	{ "user-left", "roomId userId reason address" },
	{ "user-unbanned", "roomId userId" },
};

EventRecord streamRecord(const char *name, const StreamInfo &info)
{
	return { name,
		 { { "userId", info.userId.str() },
		   { "streamType", toString(info.streamType) },
		   { "hasAudio", info.hasAudio },
		   { "hasVideo", info.hasVideo },
		   { "hasSmallVideo", info.hasSmallVideo } } };
}

EventRecord publishRecord(const char *name, StreamType type, bool audio, bool video, const std::string &codec)
{
	return { name,
		 { { "streamType", toString(type) }, { "audio", audio }, { "video", video }, { "codec", codec } } };
}

EventRecord qualityRecord(const NetworkQuality &quality)
{
	EventRecord record { "network-quality",
			     { { "uplink", std::int64_t { quality.uplink } },
			       { "downlink", std::int64_t { quality.downlink } } } };
	const auto add = [&](const char *name, const std::optional<int> &value) {
		if (value)
			record.fields.push_back({ name, std::int64_t { *value } });
	};
	add("uplinkRtt", quality.uplinkRtt);
	add("uplinkLoss", quality.uplinkLoss);
	add("downlinkRtt", quality.downlinkRtt);
	add("downlinkLoss", quality.downlinkLoss);
	return record;
}

/// Bytes that are no text, a NUL among them, go as base64: nothing of a message is lost.
EventRecord messageRecord(const SeiMessage &message)
{
	const auto *bytes = message.data.data();
	const auto size = message.data.size();
	EventRecord record { "message", { { "userId", message.userId.str() } } };
	if (g_utf8_validate_len(reinterpret_cast<const char *>(bytes), size, nullptr)) {
		record.fields.push_back({ "text", std::string(message.data.begin(), message.data.end()) });
	} else {
		const glib::CharPtr encoded(g_base64_encode(bytes, size));
		record.fields.push_back({ "base64", std::string(encoded.get()) });
	}
	record.fields.push_back({ "seiPayloadType", std::int64_t { message.seiPayloadType } });
	record.fields.push_back({ "isFromAuxiliary", message.isFromAuxiliary });
	return record;
}

} // namespace

FieldValue roomValue(const RoomId &room)
{
	std::int64_t number = 0;
	const auto &text = room.str();
	if (!room.isString() && std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc())
		return number;
	return text;
}

const FieldValue *EventRecord::find(std::string_view field) const noexcept
{
	const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field &f) { return f.name == field; });
	return found == fields.end() ? nullptr : &found->value;
}

std::string toText(const FieldValue &value)
{
	return std::visit(overloaded {
				  [](const std::string &text) { return text; },
				  [](std::int64_t number) { return std::to_string(number); },
				  [](double number) { return fmt::format("{:.3f}", number); },
				  [](bool flag) { return std::string(flag ? "true" : "false"); },
				  [](const std::vector<Fields> &) { return std::string(); },
			  },
			  value);
}

EventRecord toRecord(const Event &event)
{
	return std::visit(
		overloaded {
			[](const ConnectionStateChanged &e) -> EventRecord {
				return { "connection-state-changed",
					 { { "prevState", toString(e.prevState) }, { "state", toString(e.state) } } };
			},
			[](const Joined &e) -> EventRecord {
				return { "joined",
					 { { "roomId", roomValue(e.room) },
					   { "userId", e.userId.str() },
					   { "role", toString(e.role) },
					   { "mode", toString(e.mode) } } };
			},
			[](const Left &e) -> EventRecord {
				return { "left", { { "reason", e.reason } } };
			},
			[](const PeerJoin &e) -> EventRecord {
				return { "peer-join", { { "userId", e.userId.str() }, { "role", toString(e.role) } } };
			},
			[](const PeerLeave &e) -> EventRecord {
				return { "peer-leave", { { "userId", e.userId.str() }, { "reason", e.reason } } };
			},
			[](const StreamAdded &e) { return streamRecord("stream-added", e); },
			[](const StreamUpdated &e) { return streamRecord("stream-updated", e); },
			[](const StreamRemoved &e) { return streamRecord("stream-removed", e); },
			[](const StreamSubscribed &e) { return streamRecord("stream-subscribed", e); },
			[](const StreamUnsubscribed &e) { return streamRecord("stream-unsubscribed", e); },
			[](const FirstFrame &e) {
				EventRecord record { "first-frame",
						     { { "userId", e.userId.str() },
						       { "streamType", toString(e.streamType) },
						       { "kind", toString(e.kind) },
						       { "sinceSubscribeMs",
							 std::int64_t { e.sinceSubscribe.count() } } } };
				if (e.kind == MediaKind::Video) {
					record.fields.push_back({ "width", std::int64_t { e.width } });
					record.fields.push_back({ "height", std::int64_t { e.height } });
				}
				record.fields.push_back({ "codec", e.codec });
				return record;
			},
			[](const Published &e) {
				return publishRecord("published", e.streamType, e.audio, e.video, e.codec);
			},
			[](const Unpublished &e) {
				return publishRecord("unpublished", e.streamType, e.audio, e.video, e.codec);
			},
			[](const RoleSwitched &e) -> EventRecord {
				return { "role-switched",
					 { { "role", toString(e.role) }, { "prevRole", toString(e.prevRole) } } };
			},
			[](const StreamReconnecting &e) -> EventRecord {
				return {
					"stream-reconnecting",
					{ { "userId", e.userId.str() }, { "local", e.local }, { "reason", e.reason } }
				};
			},
			[](const StreamReconnected &e) -> EventRecord {
				return { "stream-reconnected",
					 { { "userId", e.userId.str() },
					   { "local", e.local },
					   { "tries", std::int64_t { e.tries } },
					   { "lostMs", std::int64_t { e.lost.count() } } } };
			},
			[](const MuteChanged &e) -> EventRecord {
				return { fmt::format("{}-{}", e.muted ? "mute" : "unmute", toString(e.kind)),
					 { { "userId", e.userId.str() } } };
			},
			[](const RecordingStarted &e) -> EventRecord {
				return { "recording-started",
					 { { "userId", e.userId.str() },
					   { "streamType", toString(e.streamType) },
					   { "path", e.path } } };
			},
			[](const RecordingStopped &e) -> EventRecord {
				return { "recording-stopped",
					 { { "userId", e.userId.str() },
					   { "streamType", toString(e.streamType) },
					   { "path", e.path },
					   { "durationMs", std::int64_t { e.duration.count() } },
					   { "bytes", whole(e.bytes) },
					   { "videoFrames", whole(e.videoFrames) },
					   { "audioPackets", whole(e.audioPackets) },
					   { "reason", e.reason } } };
			},
			[](const RecordingResumed &e) -> EventRecord {
				return { "recording-resumed",
					 { { "userId", e.userId.str() },
					   { "streamType", toString(e.streamType) },
					   { "path", e.path },
					   { "gapMs", std::int64_t { e.gap.count() } } } };
			},
			[](const PlayStarted &e) -> EventRecord {
				return { "play-started",
					 { { "userId", e.userId.str() },
					   { "streamType", toString(e.streamType) },
					   { "sinks", e.sinks } } };
			},
			[](const PlayStopped &e) -> EventRecord {
				return { "play-stopped",
					 { { "userId", e.userId.str() },
					   { "streamType", toString(e.streamType) },
					   { "reason", e.reason } } };
			},
			[](const SnapshotSaved &e) -> EventRecord {
				return { "snapshot-saved",
					 { { "userId", e.userId.str() },
					   { "path", e.path },
					   { "width", std::int64_t { e.width } },
					   { "height", std::int64_t { e.height } } } };
			},
			[](const AudioVolume &e) -> EventRecord {
				return { "audio-volume",
					 { { "userId", e.userId.str() }, { "volume", std::int64_t { e.volume } } } };
			},
			[](const NetworkQuality &e) { return qualityRecord(e); },
			[](const SeiMessage &e) { return messageRecord(e); },
			[](const ClientBanned &e) -> EventRecord {
				return { "client-banned", { { "reason", e.reason } } };
			},
			[](const SourceEnded &e) -> EventRecord {
				return { "source-ended", { { "source", e.source } } };
			},
			[](const SourceLost &e) -> EventRecord {
				return {
					"source-lost",
					{ { "kind", toString(e.kind) }, { "source", e.source }, { "reason", e.reason } }
				};
			},
			[](const DeviceRecovered &e) -> EventRecord {
				return { "device-auto-recovered",
					 { { "kind", toString(e.kind) },
					   { "source", e.source },
					   { "lostMs", std::int64_t { e.lost.count() } } } };
			},
			[](const Failed &e) { return errorRecord(e.error, e.recoverable); },
		},
		event);
}

EventRecord errorRecord(const Error &error, bool recoverable)
{
	return { "error",
		 { { "code", std::int64_t { static_cast<int>(error.code) } },
		   { "name", errorName(error.code) },
		   { "message", error.message },
		   { "recoverable", recoverable } } };
}

std::span<const EventSpec> eventTable() noexcept { return kEvents; }

} // namespace trtc::cli
