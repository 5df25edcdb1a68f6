// SPDX-License-Identifier: MIT
#include "cli/events/answer_text.h"

#include "cli/events/text_table.h"
#include "cli/events/units.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::cli {

namespace {

using Lines = std::vector<std::string>;
constexpr auto kRight = TextTable::Align::Right;

void append(Lines &to, Lines lines)
{
	to.insert(to.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
}

/// A count, or "" when it is not known.
std::string count(const FieldReader &fields, std::string_view name)
{
	return fields.has(name) ? fields.text(name) : std::string();
}

std::string bytes(const FieldReader &fields, std::string_view name)
{
	return fields.has(name) ? bytesText(fields.whole(name)) : std::string();
}

std::string size(const FieldReader &fields)
{
	return fields.has("frameWidth") ? fmt::format("{}x{}", fields.text("frameWidth"), fields.text("frameHeight"))
					: std::string();
}

std::string yes(bool flag) { return flag ? "yes" : "no"; }

Lines commandTable(const std::vector<Fields> &commands)
{
	TextTable table({ {}, {} });
	for (const auto &each : commands) {
		const FieldReader command(each);
		table.add({ command.text("usage"), command.text("help") });
	}
	return table.lines();
}

/// Of an agent, which knows names and roles, and of a service, which knows all.
Lines userTable(const std::vector<Fields> &users)
{
	TextTable table(
		{ { "user" }, { "role" }, { "mode" }, { "address" }, { "connection" }, { "sends" }, { "muted" } });
	for (const auto &each : users) {
		const FieldReader user(each);
		const bool known = user.has("connected");
		table.add({ user.text("userId"), user.text("role"), user.text("mode"), user.text("address"),
			    known ? user.flag("connected") ? "open" : "lost" : "",
			    known ? mediaText(user, "audio", "video", "smallVideo", "auxVideo") : "",
			    user.flag("audioMuted") || user.flag("videoMuted")
				    ? mediaText(user, "audioMuted", "videoMuted")
				    : "" });
	}
	return table.lines();
}

Lines roomTable(const std::vector<Fields> &rooms)
{
	TextTable table({ { "room" }, { "users", kRight }, { "anchors", kRight }, { "on air", kRight } });
	for (const auto &each : rooms) {
		const FieldReader room(each);
		table.add({ room.room(), count(room, "userCount"), count(room, "anchorCount"),
			    count(room, "publisherCount") });
	}
	return table.lines();
}

Lines banTable(const std::vector<Fields> &bans)
{
	TextTable table({ { "user" }, { "room" } });
	for (const auto &each : bans) {
		const FieldReader ban(each);
		table.add({ ban.text("userId"), ban.room() });
	}
	return table.lines();
}

Lines streamTable(const std::vector<Fields> &streams)
{
	TextTable table({ { "user" }, { "stream" }, { "sends" }, { "subscribed" } });
	for (const auto &each : streams) {
		const FieldReader stream(each);
		table.add({ stream.text("userId"), stream.text("streamType"),
			    mediaText(stream, "hasAudio", "hasVideo", "hasSmallVideo"),
			    stream.has("subscribed") ? yes(stream.flag("subscribed")) : "" });
	}
	return table.lines();
}

Lines recordingTable(const std::vector<Fields> &recordings)
{
	TextTable table({ { "user" },
			  { "stream" },
			  { "duration", kRight },
			  { "pictures", kRight },
			  { "size", kRight },
			  { "file" } });
	for (const auto &each : recordings) {
		const FieldReader recording(each);
		table.add({ recording.text("userId"), recording.text("streamType"), recording.duration("durationMs"),
			    count(recording, "videoFrames"), bytes(recording, "bytes"), recording.text("path") });
	}
	return table.lines();
}

Lines sentTable(const FieldReader &stats)
{
	TextTable table({ { "sent" }, { "size" }, { "pictures", kRight }, { "packets", kRight }, { "bytes", kRight } });
	const auto *audio = stats.list("localAudio");
	for (const auto &each : audio ? *audio : std::vector<Fields> {}) {
		const FieldReader sent(each);
		table.add({ "audio", "", "", count(sent, "packetsSent"), bytes(sent, "bytesSent") });
	}
	const auto *video = stats.list("localVideo");
	for (const auto &each : video ? *video : std::vector<Fields> {}) {
		const FieldReader sent(each);
		const auto *kind = sent.flag("small")			    ? "small video"
				   : sent.text("streamType") == "auxiliary" ? "auxiliary video"
									    : "video";
		table.add({ kind, size(sent), count(sent, "framesSent"), count(sent, "packetsSent"),
			    bytes(sent, "bytesSent") });
	}
	const bool nothing = (!audio || audio->empty()) && (!video || video->empty());
	return nothing ? Lines {} : table.lines();
}

Lines receivedTable(const FieldReader &stats)
{
	TextTable table({ { "received from" },
			  { "" },
			  { "size" },
			  { "pictures", kRight },
			  { "packets", kRight },
			  { "lost", kRight },
			  { "delay", kRight },
			  { "bytes", kRight } });
	bool any = false;
	const auto add = [&](const Fields &each, const char *kind) {
		const FieldReader got(each);
		table.add({ got.text("userId"), got.text("streamType") == "auxiliary" ? "auxiliary video" : kind,
			    size(got), count(got, "framesReceived"), count(got, "packetsReceived"),
			    count(got, "packetsLost"), got.duration("end2EndDelay"), bytes(got, "bytesReceived") });
		any = true;
	};
	for (const auto &[list, kind] : { std::pair("remoteAudio", "audio"), std::pair("remoteVideo", "video") })
		if (const auto *all = stats.list(list))
			for (const auto &each : *all)
				add(each, kind);
	return any ? table.lines() : Lines {};
}

/// "up 1.2 Mbit/s, down 950 kbit/s, loss 0.3 %, round trip 12.3 ms"
std::string rates(const FieldReader &stats)
{
	auto out = fmt::format("up {}, down {}", bitrateText(stats.number("upKbps").value_or(0)),
			       bitrateText(stats.number("downKbps").value_or(0)));
	if (const auto loss = stats.number("lossPercent"))
		out += fmt::format(", loss {:.1f} %", *loss);
	if (const auto trip = stats.number("rtt"))
		out += fmt::format(", round trip {:.1f} ms", *trip);
	return out;
}

/// A list of an answer: its name in the answer, its table, and what is said when it is empty.
struct ListShape {
	std::string_view field;
	Lines (*table)(const std::vector<Fields> &);
	const char *item;
	const char *none;
};
constexpr ListShape kLists[] = {
	{ "users", userTable, "user", "no users" },
	{ "rooms", roomTable, "room", "no rooms" },
	{ "bans", banTable, "ban", "no bans" },
	{ "streams", streamTable, "stream", "no streams" },
};

std::string doneText(const FieldReader &answer)
{
	if (answer.has("userCount"))
		return fmt::format("done, {} removed", countText(answer.whole("userCount"), "user"));
	if (answer.has("wasPresent"))
		return answer.flag("wasPresent") ? "done, the user was in the room"
						 : "done, the user was not in the room";
	if (answer.has("directory"))
		return fmt::format("recording into {}", answer.text("directory"));
	if (const auto *files = answer.list("recordings"))
		return files->empty() ? "done, nothing was recorded" : "done";
	return "done";
}

} // namespace

std::string mediaText(const FieldReader &fields, std::string_view audio, std::string_view video,
		      std::string_view smallVideo, std::string_view auxVideo)
{
	Lines kinds;
	const std::pair<std::string_view, const char *> all[] = {
		{ audio, "audio" }, { video, "video" }, { smallVideo, "small video" }, { auxVideo, "auxiliary video" }
	};
	for (const auto &[field, name] : all)
		if (!field.empty() && fields.flag(field))
			kinds.emplace_back(name);
	return kinds.empty() ? "nothing" : fmt::format("{}", fmt::join(kinds, ", "));
}

Prose statsText(const FieldReader &stats)
{
	Prose prose { rates(stats), sentTable(stats) };
	append(prose.block, receivedTable(stats));
	if (const auto *trips = stats.list("downlinksRTT"))
		for (const auto &each : *trips) {
			const FieldReader trip(each);
			prose.block.push_back(fmt::format("round trip to the service on the link of {}: {:.1f} ms",
							  trip.text("userId"), trip.number("rtt").value_or(0)));
		}
	return prose;
}

Prose answerText(const FieldReader &answer)
{
	const auto id = answer.text("id"), command = answer.text("command");
	const auto head = fmt::format("{}{}{}", id.empty() ? "" : "@" + id, id.empty() || command.empty() ? "" : " ",
				      command.empty() && id.empty() ? "command" : command);
	if (!answer.flag("ok"))
		return { fmt::format("{} failed: {} ({})", head, answer.text("message"), answer.text("name")), {} };
	if (const auto *commands = answer.list("commands"))
		return { fmt::format("{}:", head), commandTable(*commands) };
	for (const auto &shape : kLists)
		if (const auto *items = answer.list(shape.field)) {
			const auto count = static_cast<std::int64_t>(items->size());
			return { fmt::format("{}: {}", head,
					     items->empty() ? shape.none : countText(count, shape.item)),
				 items->empty() ? Lines {} : shape.table(*items) };
		}
	if (answer.has("upKbps")) {
		auto prose = statsText(answer);
		return { fmt::format("{}: {}", head, prose.sentence), std::move(prose.block) };
	}
	const auto *files = answer.list("recordings");
	return { fmt::format("{}: {}", head, doneText(answer)),
		 files && !files->empty() ? recordingTable(*files) : Lines {} };
}

Prose summaryText(const FieldReader &fields)
{
	Prose prose { fmt::format("ended after {}: {}, exit code {}", fields.duration("durationMs"),
				  fields.words("reason"), fields.text("exitCode")),
		      {} };
	prose.block.push_back(fmt::format(
		"sent {}, received {}, recorded {}; CPU time {:.1f} s, memory {}", bytesText(fields.whole("bytesSent")),
		bytesText(fields.whole("bytesReceived")), bytesText(fields.whole("bytes")),
		fields.number("cpuSeconds").value_or(0), bytesText(fields.whole("maxRssKiB") * 1024)));
	if (const auto *recordings = fields.list("recordings"); recordings && !recordings->empty())
		append(prose.block, recordingTable(*recordings));
	return prose;
}

Prose planProse(const FieldReader &plan)
{
	const auto file = plan.text("configFile");
	Prose prose { fmt::format("plan of {}, configuration file: {}", plan.text("command"),
				  file.empty() ? "none" : file),
		      {} };
	const auto table = [&](std::string_view list, std::vector<TextTable::Column> columns,
			       const std::vector<std::string_view> &names) {
		const auto *items = plan.list(list);
		if (!items || items->empty())
			return;
		TextTable text(std::move(columns));
		for (const auto &item : *items) {
			Lines cells;
			for (const auto name : names)
				cells.push_back(FieldReader(item).text(name));
			text.add(std::move(cells));
		}
		append(prose.block, text.lines());
	};
	table("options", { { "option" }, { "value" }, { "from" } }, { "option", "value", "from" });
	table("sources", { { "stream" }, { "kind" }, { "source" }, { "codec" }, { "pipeline" } },
	      { "streamType", "kind", "source", "codec", "pipeline" });
	table("recordings", { { "recordings" } }, { "path" });
	return prose;
}

} // namespace trtc::cli
