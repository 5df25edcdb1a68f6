// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"
#include "cli/control/command_line.h"
#include "cli/events/event_text.h"
#include "cli/events/stats_record.h"
#include "cli/serve/room_event_record.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;
using namespace std::chrono_literals;

namespace {

const UserId kAnn("ann");
const std::string kTime = "    1.234s  ";
const std::string kBelow = "              ";

std::string text(const EventRecord &record) { return formatText(record, 1234ms); }

/// The sentence alone.
std::string told(const EventRecord &record) { return proseOf(record).sentence; }
std::string told(const Event &event) { return told(toRecord(event)); }
std::string told(const service::RoomEvent &event) { return told(toRecord(event)); }

/// The lines below the sentence, without the indentation.
std::vector<std::string> block(const EventRecord &record) { return proseOf(record).block; }

StreamInfo info(StreamType type = StreamType::Main) { return { kAnn, type, true, true, false }; }

EventRecord answer(const std::string &line, Fields extra, Status status = Unit {})
{
	return commandResult(splitCommand(line), { std::move(status), std::move(extra) });
}

service::AboutRoom at(RoomId room) { return { 1400000001, std::move(room), kAnn, "198.51.100.7" }; }

/// A value for any field of the event table.
FieldValue sample(const std::string &field)
{
	static const std::set<std::string> kLists { "users",	   "rooms",	  "bans",	  "streams",
						    "commands",	   "recordings",  "localAudio",	  "localVideo",
						    "remoteAudio", "remoteVideo", "downlinksRTT", "options",
						    "sources" };
	static const std::set<std::string> kTexts { "userId",  "reason", "text",	"message", "path",
						    "source",  "sinks",	 "name",	"url",	   "codec",
						    "address", "kind",	 "expectation", "role" };
	if (kLists.contains(field))
		return std::vector<Fields> {};
	if (kTexts.contains(field))
		return "a-" + field;
	return std::int64_t { 7 };
}

} // namespace

TEST_CASE("every event of the program has a sentence of its own")
{
	for (const auto &spec : eventTable()) {
		CAPTURE(std::string(spec.name));
		CHECK(hasSentence(spec.name));
		std::istringstream words { std::string(spec.fields) };
		EventRecord record { std::string(spec.name), {} };
		for (std::string field; words >> field;)
			record.fields.push_back({ field, sample(field) });
		// With all fields, and with none, as from another version.
		for (const auto &each : { record, EventRecord { record.name, {} } }) {
			const auto sentence = told(each);
			CAPTURE(sentence);
			CHECK(sentence.size() >= std::string(" left").size());
			CHECK(sentence.find('=') == std::string::npos);
			CHECK(sentence.find('{') == std::string::npos);
			CHECK(sentence.find(record.name + ": ") ==
			      (record.name == "error" || record.name == "stats" ? 0 : std::string::npos));
		}
	}
	CHECK_FALSE(hasSentence("wonder"));
	CHECK_FALSE(hasSentence(""));
	CHECK_FALSE(hasSentence("zzz"));
}

TEST_CASE("sentences: the room and its users")
{
	CHECK(told(ConnectionStateChanged { ConnectionState::Disconnected, ConnectionState::Connecting }) ==
	      "connecting to the service");
	CHECK(told(ConnectionStateChanged { ConnectionState::Connecting, ConnectionState::Connected }) ==
	      "connected to the service");
	CHECK(told(ConnectionStateChanged { ConnectionState::Reconnecting, ConnectionState::Connected }) ==
	      "connected to the service again");
	CHECK(told(ConnectionStateChanged { ConnectionState::Connected, ConnectionState::Reconnecting }) ==
	      "connection to the service lost, reconnecting");
	CHECK(told(ConnectionStateChanged { ConnectionState::Connected, ConnectionState::Disconnected }) ==
	      "disconnected from the service");
	CHECK(told(Joined { RoomId::number(8888), kAnn, Role::Anchor, Mode::Live }) ==
	      "joined room 8888 as ann: anchor, mode live");
	CHECK(told(Joined { RoomId::string("8888"), kAnn, Role::Audience, Mode::Live }) ==
	      "joined room \"8888\" as ann: audience, mode live");
	CHECK(told(Left { "leave" }) == "left the room");
	CHECK(told(Left { "connection-lost" }) == "left the room: connection lost");
	CHECK(told(PeerJoin { kAnn, Role::Anchor }) == "ann joined as anchor");
	CHECK(told(PeerLeave { kAnn, "left" }) == "ann left");
	CHECK(told(PeerLeave { kAnn, "timeout" }) == "ann left: timeout");
	CHECK(told(PeerLeave { kAnn, "role-change" }) == "ann is audience now");
	CHECK(told(RoleSwitched { Role::Anchor, Role::Audience }) == "role is anchor now, was audience");
	CHECK(told(ClientBanned { "banned" }) == "banned from the room by its administrator");
	CHECK(told(MuteChanged { kAnn, MediaKind::Audio, true }) == "ann muted audio");
	CHECK(told(MuteChanged { kAnn, MediaKind::Video, false }) == "ann unmuted video");
	CHECK(told(SeiMessage { kAnn, { 'h', 'i' }, 243, false }) == "message from ann: hi");
	CHECK(told(SeiMessage { kAnn, { 0xff }, 243, true }) == "message from ann (auxiliary), not text, base64: /w==");
}

TEST_CASE("sentences: streams, recordings, sources")
{
	CHECK(told(StreamAdded { info() }) == "ann is on air: audio, video");
	CHECK(told(StreamAdded { info(StreamType::Auxiliary) }) == "ann (auxiliary) is on air: audio, video");
	CHECK(told(StreamUpdated { { kAnn, StreamType::Main, true, false, false } }) == "ann now sends: audio");
	CHECK(told(StreamRemoved { info() }) == "ann is off air");
	CHECK(told(StreamSubscribed { info() }) == "subscribed to ann: audio, video");
	CHECK(told(StreamUnsubscribed { info() }) == "unsubscribed from ann");
	CHECK(told(FirstFrame { kAnn, StreamType::Main, MediaKind::Video, 87ms, 640, 480, "h264" }) ==
	      "first picture of ann after 87 ms: H.264 640x480");
	CHECK(told(FirstFrame { kAnn, StreamType::Main, MediaKind::Audio, 1200ms, 0, 0, "opus" }) ==
	      "first sound of ann after 1.2 s: Opus");
	CHECK(told(Published { StreamType::Main, true, true, "h264" }) == "on air: H.264, Opus");
	CHECK(told(Published { StreamType::Auxiliary, false, true, "vp8" }) == "auxiliary stream on air: VP8");
	CHECK(told(Unpublished { StreamType::Main, true, false, "" }) == "off air: Opus");
	CHECK(told(StreamReconnecting { kAnn, true, "it broke" }) ==
	      "our own streams interrupted, reconnecting: it broke");
	CHECK(told(StreamReconnected { kAnn, false, 1, 8100ms }) == "streams of ann are back after 8.1 s, 1 try");
	CHECK(told(RecordingStarted { kAnn, StreamType::Main, "r/a.mkv" }) == "recording of ann started: r/a.mkv");
	CHECK(told(RecordingStopped { kAnn, StreamType::Main, "r/a.mkv", 12345ms, 1'234'567, 184, 250, "leave" }) ==
	      "recording of ann ended: 12.3 s, 184 pictures, 1.2 MB, r/a.mkv");
	CHECK(told(RecordingStopped { kAnn, StreamType::Main, "r/a.mkv", 500ms, 999, 0, 1, "stream-removed" }) ==
	      "recording of ann ended: 500 ms, 1 sound packet, 999 bytes, r/a.mkv (stream removed)");
	CHECK(told(RecordingResumed { kAnn, StreamType::Main, "r/a.mkv", 8400ms }) ==
	      "recording of ann continues after a gap of 8.4 s: r/a.mkv");
	CHECK(told(PlayStarted { kAnn, StreamType::Main, "window,sound" }) == "playing ann: window,sound");
	CHECK(told(PlayStopped { kAnn, StreamType::Main, "window-closed" }) == "stopped playing ann: window closed");
	CHECK(told(SnapshotSaved { kAnn, "a.png", 640, 480 }) == "snapshot of ann saved: a.png, 640x480");
	CHECK(told(SourceEnded { "file:a.mp4" }) == "source file:a.mp4 ended");
	CHECK(told(SourceLost { MediaKind::Video, "v4l2", "unplugged" }) == "video source v4l2 lost: unplugged");
	CHECK(told(DeviceRecovered { MediaKind::Video, "v4l2", 62'000ms }) ==
	      "video source v4l2 is back after 1 min 2 s");
	CHECK(told(AudioVolume { kAnn, 45 }) == "volume of ann: 45 %");
	CHECK(told(NetworkQuality { 1, 6, 20, {}, 3, {} }) ==
	      "network: uplink excellent (20 ms, 3 % loss), downlink down");
	CHECK(told(NetworkQuality {}) == "network: uplink unknown, downlink unknown");
	CHECK(told(Failed { { ErrorCode::Refused, "the service says no" }, true }) ==
	      "error: the service says no (REFUSED 36870)");
}

TEST_CASE("sentences: the rooms of a service")
{
	using namespace service;
	const auto room = at(RoomId::number(100));
	CHECK(told(RoomCreated { room }) == "room 100 created by ann");
	CHECK(told(UserJoined { room, Role::Audience, Mode::Live }) ==
	      "ann joined room 100 as audience from 198.51.100.7");
	CHECK(told(UserLeft { at(RoomId::string("100")), "left" }) == "ann left room \"100\"");
	CHECK(told(UserLeft { at(RoomId::string("studio")), "connection-lost" }) ==
	      "ann left room studio: connection lost");
	CHECK(told(RoleChanged { room, Role::Anchor, Role::Audience }) == "ann is anchor now in room 100");
	CHECK(told(StreamPublished { room, StreamType::Main, true, true, "H264" }) ==
	      "ann is on air in room 100: H.264, Opus");
	CHECK(told(StreamUnpublished { room, StreamType::Auxiliary, false, true, "role-change" }) ==
	      "ann (auxiliary) is off air in room 100: role change");
	CHECK(told(RoomEmpty { room, "left" }) == "room 100 is empty");
	CHECK(told(EventRecord { "user-banned",
				 { { "roomId", std::int64_t { 1 } }, { "userId", "ann" }, { "wasPresent", true } } }) ==
	      "ann is banned from room 1 and was removed from it");
	CHECK(told(EventRecord { "events-lost", { { "count", std::int64_t { 3 } } } }) ==
	      "3 events not written: the reader of stdout is too slow");
}

TEST_CASE("room events as records: the fields of the contract, a number room as a number")
{
	using namespace service;
	const auto record = toRecord(
		RoomEvent { StreamPublished { at(RoomId::number(100)), StreamType::Main, true, true, "H264" } });
	std::string names;
	for (const auto &field : record.fields)
		names += field.name + ' ';
	CHECK(names == "roomId userId streamType audio video codec address ");
	CHECK(std::get<std::int64_t>(*record.find("roomId")) == 100);
	CHECK(toText(*record.find("codec")) == "h264");
	CHECK(std::get<std::string>(
		      *toRecord(RoomEvent { RoomCreated { at(RoomId::string("100")) } }).find("roomId")) == "100");
	// Every kind has its name and fields in the table.
	const RoomEvent all[] = { RoomCreated {}, RoomEmpty {},	      UserJoined {},	   UserLeft {},
				  RoleChanged {}, StreamPublished {}, StreamUnpublished {} };
	const auto table = eventTable();
	for (const auto &event : all) {
		const auto each = toRecord(event);
		const auto spec = std::find_if(table.begin(), table.end(),
					       [&](const EventSpec &s) { return s.name == each.name; });
		REQUIRE(spec != table.end());
		std::string fields;
		for (const auto &field : each.fields)
			fields += (fields.empty() ? "" : " ") + field.name;
		CHECK(fields == spec->fields);
	}
}

TEST_CASE("answers: what a person needs, lists as tables")
{
	CHECK(told(answer("mute audio", {})) == "mute audio: done");
	CHECK(told(answer("@7 mute audio", {})) == "@7 mute audio: done");
	CHECK(told(answer("mute", {}, Error { ErrorCode::InvalidParameter, "mute takes 1 argument" })) ==
	      "mute failed: mute takes 1 argument (INVALID_PARAMETER)");
	CHECK(told(answer("ban ann@1", { { "wasPresent", false } })) ==
	      "ban ann@1: done, the user was not in the room");
	CHECK(told(answer("disband 1", { { "userCount", std::int64_t { 2 } } })) == "disband 1: done, 2 users removed");
	const CommandShape shapes[] = { { "mute", "audio|video", "stop sending", 1, 1 },
					{ "leave", "", "leave the room", 0, 0 } };
	const auto help = commandResult(splitCommand("help"), helpOutcome(shapes));
	CHECK(text(help) == kTime + "help:\n" + kBelow + "mute audio|video  stop sending\n" + kBelow +
				    "leave             leave the room\n");
	const auto users =
		answer("users",
		       { { "users", std::vector<Fields> { { { "userId", "ann" }, { "role", "anchor" } },
							  { { "userId", "bernadette" }, { "role", "audience" } } } } });
	CHECK(told(users) == "users: 2 users");
	CHECK(block(users) ==
	      std::vector<std::string> { "user        role", "ann         anchor", "bernadette  audience" });
	CHECK(text(answer("users", { { "users", std::vector<Fields> {} } })) == kTime + "users: no users\n");
	const auto members = answer("users 1", { { "users", std::vector<Fields> { { { "userId", "ann" },
										    { "role", "anchor" },
										    { "mode", "live" },
										    { "address", "127.0.0.1" },
										    { "connected", true },
										    { "audio", true },
										    { "video", true },
										    { "audioMuted", true } } } } });
	CHECK(block(members) ==
	      std::vector<std::string> { "user  role    mode  address    connection  sends         muted",
					 "ann   anchor  live  127.0.0.1  open        audio, video  audio" });
	const auto rooms = answer(
		"rooms",
		{ { "rooms", std::vector<Fields> { { { "roomId", std::int64_t { 100 } },
						     { "room", "100" },
						     { "userCount", std::int64_t { 12 } },
						     { "anchorCount", std::int64_t { 1 } },
						     { "publisherCount", std::int64_t { 0 } } },
						   { { "roomId", "100" }, { "userCount", std::int64_t { 3 } } } } } });
	CHECK(told(rooms) == "rooms: 2 rooms");
	CHECK(block(rooms) == std::vector<std::string> { "room   users  anchors  on air",
							 "100       12        1       0", "\"100\"      3" });
	const auto streams = answer("streams", { { "streams", std::vector<Fields> { { { "userId", "ann" },
										      { "streamType", "main" },
										      { "hasAudio", true },
										      { "hasVideo", false },
										      { "subscribed", true } } } } });
	CHECK(told(streams) == "streams: 1 stream");
	CHECK(block(streams) ==
	      std::vector<std::string> { "user  stream  sends  subscribed", "ann   main    audio  yes" });
	const auto stop =
		answer("record stop",
		       { { "recordings", std::vector<Fields> { { { "userId", "ann" },
								 { "streamType", "main" },
								 { "path", "r/a.mkv" },
								 { "durationMs", std::int64_t { 12345 } },
								 { "bytes", std::int64_t { 1'234'567 } },
								 { "videoFrames", std::int64_t { 184 } } } } } });
	CHECK(told(stop) == "record stop: done");
	CHECK(block(stop) == std::vector<std::string> { "user  stream  duration  pictures    size  file",
							"ann   main      12.3 s       184  1.2 MB  r/a.mkv" });
	CHECK(told(answer("record start", { { "directory", "r" }, { "recordings", std::vector<Fields> {} } })) ==
	      "record start: recording into r");
}

TEST_CASE("figures as a table")
{
	Stats stats;
	stats.rtt = 12.34;
	stats.localAudio = { 10'000, 100 };
	LocalVideoStats video;
	video.bytesSent = 1'500'000;
	video.packetsSent = 1400;
	video.framesSent = 184;
	video.frameWidth = 640;
	video.frameHeight = 480;
	stats.localVideo.push_back(video);
	Traffic traffic;
	traffic.upKbps = 1234;
	traffic.downKbps = 12;
	traffic.lossPercent = 0.31;
	const EventRecord record { "stats", statsFields(stats, traffic, kAnn) };
	CHECK(told(record) == "stats: up 1.2 Mbit/s, down 12 kbit/s, loss 0.3 %, round trip 12.3 ms");
	CHECK(block(record) == std::vector<std::string> { "sent   size     pictures  packets   bytes",
							  "audio                         100   10 kB",
							  "video  640x480       184     1400  1.5 MB" });
	auto reply = answer("stats", record.fields);
	CHECK(told(reply) == "stats: up 1.2 Mbit/s, down 12 kbit/s, loss 0.3 %, round trip 12.3 ms");
	CHECK(block(reply) == block(record));
}

TEST_CASE("the summary as a short block")
{
	const EventRecord record { "summary",
				   { { "exitCode", std::int64_t { 0 } },
				     { "reason", "leave" },
				     { "durationMs", std::int64_t { 65'000 } },
				     { "recordings", std::vector<Fields> { { { "userId", "ann" },
									     { "durationMs", std::int64_t { 1000 } },
									     { "path", "x.mkv" } } } },
				     { "bytes", std::int64_t { 5000 } },
				     { "bytesSent", std::int64_t { 2'000'000 } },
				     { "bytesReceived", std::int64_t { 10 } },
				     { "cpuSeconds", 0.25 },
				     { "maxRssKiB", std::int64_t { 40'000 } } } };
	CHECK(told(record) == "ended after 1 min 5 s: leave, exit code 0");
	CHECK(block(record) == std::vector<std::string> {
				       "sent 2.0 MB, received 10 bytes, recorded 5 kB; CPU time 0.2 s, memory 41.0 MB",
				       "user  duration  file", "ann      1.0 s  x.mkv" });
}

TEST_CASE("text for people: nothing in it steers a terminal")
{
	CHECK(text({ "left", {} }) == kTime + "left the room\n");
	CHECK(text({ "error", { { "message", "a\x1b[2J b\n" }, { "name", "N" }, { "code", std::int64_t { 1 } } } }) ==
	      kTime + "error: a?[2J b? (N 1)\n");
	// From every field of every event, in the sentence and in tables.
	const std::string evil = "\x1b[2J\r\n\x07\xc2\x9b"
				 "31m\xe2\x80\xae";
	const std::vector<Fields> list {
		{ { "userId", evil }, { "role", evil }, { "usage", evil }, { "path", evil }, { "roomId", evil } }
	};
	for (const auto &spec : eventTable()) {
		std::istringstream words { std::string(spec.fields) };
		EventRecord record { std::string(spec.name), {} };
		for (std::string field; words >> field;)
			record.fields.push_back({ field, std::holds_alternative<std::vector<Fields>>(sample(field))
								 ? FieldValue(list)
								 : FieldValue(evil) });
		auto unknown = record;
		unknown.name = "unheard-of";
		auto done = record;
		done.fields.insert(done.fields.begin(), { "ok", true });
		for (const auto &each : { record, unknown, done }) {
			const auto out = text(each);
			CAPTURE(out);
			CHECK(std::none_of(out.begin(), out.end(),
					   [](char c) { return (c > 0 && c < ' ' && c != '\n') || c == 0x7f; }));
			CHECK(out.find("\xc2\x9b") == std::string::npos);
			CHECK(out.find("\xe2\x80\xae") == std::string::npos);
			// No line that pretends to be an event of its own.
			std::istringstream lines(out);
			std::size_t count = 0;
			for (std::string line; std::getline(lines, line); ++count)
				CHECK(line.starts_with(count == 0 ? kTime : kBelow));
		}
	}
}

TEST_CASE("an event of another version is told by its fields")
{
	CHECK(text({ "wonder", { { "userId", "ann" }, { "count", std::int64_t { 3 } } } }) ==
	      kTime + "wonder: userId ann, count 3\n");
	CHECK(text({ "wonder", { { "items", std::vector<Fields> { { { "path", "x" } } } } } }) ==
	      kTime + "wonder\n" + kBelow + "items: path x\n");
}

TEST_CASE("colours mark what matters, change no letter, and are off unless asked for")
{
	const auto stripped = [](std::string line) {
		for (auto at = line.find("\x1b["); at != std::string::npos; at = line.find("\x1b["))
			line.erase(at, line.find('m', at) - at + 1);
		return line;
	};
	const EventRecord failed { "error", { { "message", std::string("no \x1b[2J way") } } };
	const EventRecord refused { "command-result", { { "command", "x" }, { "ok", false } } };
	const EventRecord done { "command-result", { { "command", "x" }, { "ok", true } } };
	const EventRecord plain { "published", { { "audio", true } } };
	const EventRecord joined { "user-joined", { { "userId", "ann" } } };
	for (const auto &record : { failed, refused, done, plain, joined, EventRecord { "leaving", {} } }) {
		const auto line = text(record);
		const auto coloured = formatText(record, 1234ms, true);
		CHECK(line.find('\x1b') == std::string::npos);
		CHECK(stripped(coloured) == line);
		CHECK(coloured.starts_with("\x1b[2m    1.234s\x1b[0m"));
	}
	const auto coloured = [](const EventRecord &record) { return formatText(record, 1234ms, true); };
	CHECK(coloured(failed).find("\x1b[31merror: no") != std::string::npos);
	CHECK(coloured(failed).find("\x1b[2J") == std::string::npos);
	CHECK(coloured(refused).find("\x1b[31mx failed") != std::string::npos);
	CHECK(coloured(done).find("\x1b[32mx: done\x1b[0m\n") != std::string::npos);
	CHECK(coloured(plain).find("  on air: Opus\n") != std::string::npos);
	CHECK(coloured(joined).find("\x1b[36mann joined") != std::string::npos);
}
