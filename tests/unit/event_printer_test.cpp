// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"
#include "cli/events/event_printer.h"
#include "cli/exit_code.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;
using namespace std::chrono_literals;

namespace {

const Stamp kStamp { std::chrono::system_clock::time_point(1714564800250ms), 1234ms };
const std::string kHead = R"(,"time":"2024-05-01T12:00:00.250Z","elapsedMs":1234)";
const UserId kAnn("ann");

struct Row {
	Event event;
	const char *name, *fields;
};

StreamInfo info() { return { kAnn, StreamType::Main, true, false, false }; }

const std::vector<Row> &rows()
{
	static const std::string kStream =
		R"("userId":"ann","streamType":"main","hasAudio":true,"hasVideo":false,"hasSmallVideo":false)";
	static const std::vector<Row> kRows {
		{ ConnectionStateChanged { ConnectionState::Connecting, ConnectionState::Connected },
		  "connection-state-changed", R"("prevState":"CONNECTING","state":"CONNECTED")" },
		{ Joined { RoomId::number(8888), kAnn, Role::Anchor, Mode::Live }, "joined",
		  R"("roomId":8888,"userId":"ann","role":"anchor","mode":"live")" },
		{ Joined { RoomId::string("8888"), kAnn, Role::Audience, Mode::Rtc }, "joined",
		  R"("roomId":"8888","userId":"ann","role":"audience","mode":"rtc")" },
		{ Left { "leave" }, "left", R"("reason":"leave")" },
		{ PeerJoin { kAnn, Role::Anchor }, "peer-join", R"("userId":"ann","role":"anchor")" },
		{ PeerLeave { kAnn, "timeout" }, "peer-leave", R"("userId":"ann","reason":"timeout")" },
		{ StreamAdded { info() }, "stream-added", kStream.c_str() },
		{ StreamUpdated { info() }, "stream-updated", kStream.c_str() },
		{ StreamRemoved { info() }, "stream-removed", kStream.c_str() },
		{ StreamSubscribed { info() }, "stream-subscribed", kStream.c_str() },
		{ StreamUnsubscribed { info() }, "stream-unsubscribed", kStream.c_str() },
		{ FirstFrame { kAnn, StreamType::Main, MediaKind::Video, 87ms, 640, 480, "h264" }, "first-frame",
		  R"("userId":"ann","streamType":"main","kind":"video","sinceSubscribeMs":87,"width":640,"height":480,"codec":"h264")" },
		{ FirstFrame { kAnn, StreamType::Auxiliary, MediaKind::Audio, 5ms, 0, 0, "opus" }, "first-frame",
		  R"("userId":"ann","streamType":"auxiliary","kind":"audio","sinceSubscribeMs":5,"codec":"opus")" },
		{ Published { StreamType::Main, true, false, "" }, "published",
		  R"("streamType":"main","audio":true,"video":false,"codec":"")" },
		{ Unpublished { StreamType::Main, true, true, "vp8" }, "unpublished",
		  R"("streamType":"main","audio":true,"video":true,"codec":"vp8")" },
		{ RoleSwitched { Role::Anchor, Role::Audience }, "role-switched",
		  R"("role":"anchor","prevRole":"audience")" },
		{ MuteChanged { kAnn, MediaKind::Audio, true }, "mute-audio", R"("userId":"ann")" },
		{ MuteChanged { kAnn, MediaKind::Video, true }, "mute-video", R"("userId":"ann")" },
		{ MuteChanged { kAnn, MediaKind::Audio, false }, "unmute-audio", R"("userId":"ann")" },
		{ MuteChanged { kAnn, MediaKind::Video, false }, "unmute-video", R"("userId":"ann")" },
		{ StreamReconnecting { kAnn, true, "it broke" }, "stream-reconnecting",
		  R"("userId":"ann","local":true,"reason":"it broke")" },
		{ StreamReconnected { kAnn, false, 2, 8100ms }, "stream-reconnected",
		  R"("userId":"ann","local":false,"tries":2,"lostMs":8100)" },
		{ RecordingResumed { kAnn, StreamType::Main, "r/a.mkv", 8400ms }, "recording-resumed",
		  R"("userId":"ann","streamType":"main","path":"r/a.mkv","gapMs":8400)" },
		{ RecordingStarted { kAnn, StreamType::Main, "r/a.mkv" }, "recording-started",
		  R"("userId":"ann","streamType":"main","path":"r/a.mkv")" },
		{ RecordingStopped { kAnn, StreamType::Main, "r/a.mkv", 5000ms, 123456789012, 75, 250, "leave" },
		  "recording-stopped",
		  R"("userId":"ann","streamType":"main","path":"r/a.mkv","durationMs":5000,"bytes":123456789012,"videoFrames":75,"audioPackets":250,"reason":"leave")" },
		{ SeiMessage { kAnn, { 'h', 0xc3, 0xa9, '"' }, 243, false }, "message",
		  R"("userId":"ann","text":"hé\"","seiPayloadType":243,"isFromAuxiliary":false)" },
		{ SeiMessage { kAnn, { 'h', 0 }, 5, true }, "message",
		  R"("userId":"ann","base64":"aAA=","seiPayloadType":5,"isFromAuxiliary":true)" },
		{ SeiMessage { kAnn, { 0xff }, 5, true }, "message",
		  R"("userId":"ann","base64":"/w==","seiPayloadType":5,"isFromAuxiliary":true)" },
		{ NetworkQuality { 1, 6, 20, {}, 3, {} }, "network-quality",
		  R"("uplink":1,"downlink":6,"uplinkRtt":20,"uplinkLoss":3)" },
		{ NetworkQuality {}, "network-quality", R"("uplink":0,"downlink":0)" },
		{ ClientBanned { "kick" }, "client-banned", R"("reason":"kick")" },
		{ SourceEnded { "file:a.mp4" }, "source-ended", R"("source":"file:a.mp4")" },
		{ Failed { { ErrorCode::Refused, "say \"no\"\n" }, true }, "error",
		  R"("code":36870,"name":"REFUSED","message":"say \"no\"\n","recoverable":true)" },
	};
	return kRows;
}

} // namespace

TEST_CASE("every event as one line of JSON")
{
	for (const auto &row : rows()) {
		CAPTURE(row.name);
		CHECK(formatJson(toRecord(row.event), kStamp) ==
		      std::string(R"({"event":")") + row.name + '"' + kHead + ',' + row.fields + "}\n");
	}
}

TEST_CASE("the event table is sorted and knows every event and every field")
{
	const auto table = eventTable();
	CHECK(std::adjacent_find(table.begin(), table.end(), [](const EventSpec &a, const EventSpec &b) {
		      return a.name >= b.name;
	      }) == table.end());
	for (const auto &row : rows()) {
		const auto record = toRecord(row.event);
		const auto spec = std::find_if(table.begin(), table.end(),
					       [&](const EventSpec &s) { return s.name == record.name; });
		REQUIRE(spec != table.end());
		std::istringstream words { std::string(spec->fields) };
		const std::set<std::string> known { std::istream_iterator<std::string>(words), {} };
		for (const auto &field : record.fields) {
			CAPTURE(field.name);
			CHECK(known.count(field.name) == 1);
		}
	}
}

TEST_CASE("the summary adds the recordings up")
{
	const auto record = summaryRecord(ExitCode::Removed, "CLIENT_BANNED", 900ms,
					  { { { "bytes", std::int64_t { 5 } } }, { { "bytes", std::int64_t { 7 } } } });
	CHECK(toText(*record.find("exitCode")) == "10");
	CHECK(toText(*record.find("reason")) == "CLIENT_BANNED");
	CHECK(toText(*record.find("durationMs")) == "900");
	CHECK(toText(*record.find("bytes")) == "12");
	CHECK(std::get<std::int64_t>(*record.find("maxRssKiB")) > 0);
	CHECK(std::get<double>(*record.find("cpuSeconds")) >= 0);
}

TEST_CASE("lines go out whole, and a reader that went away is noticed")
{
	int ends[2];
	REQUIRE(::pipe(ends) == 0);
	EventPrinter printer(EventFormat::Json, ends[1], std::chrono::steady_clock::now());
	printer.print({ "left", { { "reason", "leave" } } });
	char buffer[512];
	const auto got = ::read(ends[0], buffer, sizeof(buffer));
	const std::string line(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
	CHECK(line.starts_with(R"({"event":"left","time":")"));
	CHECK(line.ends_with("\"reason\":\"leave\"}\n"));
	CHECK(printer.failure() == 0);

	const auto old = std::signal(SIGPIPE, SIG_IGN);
	::close(ends[0]);
	printer.print({ "left", {} });
	CHECK(printer.failure() == EPIPE);
	std::signal(SIGPIPE, old);
	::close(ends[1]);
}

TEST_CASE("every error has the exit code of the contract")
{
	struct Code {
		ErrorCode error;
		int exit;
	};
	const Code codes[] = {
		{ ErrorCode::InvalidParameter, 2 }, { ErrorCode::InvalidOperation, 2 },
		{ ErrorCode::NotSupported, 2 },	    { ErrorCode::DeviceNotFound, 5 },
		{ ErrorCode::InitializeFailed, 5 }, { ErrorCode::SignalChannelSetupFailed, 3 },
		{ ErrorCode::JoinRoomFailed, 3 },   { ErrorCode::RemoteStreamNotExist, 6 },
		{ ErrorCode::ClientBanned, 10 },    { ErrorCode::NotSupportedH264, 6 },
		{ ErrorCode::SwitchRoleFailed, 3 }, { ErrorCode::ApiCallTimeout, 4 },
		{ ErrorCode::Unknown, 1 },	    { ErrorCode::ConnectFailed, 4 },
		{ ErrorCode::ConnectionLost, 7 },   { ErrorCode::MediaFailed, 6 },
		{ ErrorCode::OutputFailed, 9 },	    { ErrorCode::Internal, 1 },
		{ ErrorCode::Refused, 3 },	    { ErrorCode::ExpectationFailed, 8 },
	};
	for (const auto &row : codes) {
		CAPTURE(errorName(row.error));
		CHECK(static_cast<int>(exitCodeFor(row.error)) == row.exit);
	}
	const auto table = exitCodeTable();
	CHECK(table.size() == 12);
	CHECK(std::is_sorted(table.begin(), table.end(), [](const auto &a, const auto &b) { return a.code < b.code; }));
}
