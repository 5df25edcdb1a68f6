// SPDX-License-Identifier: MIT
// The Matroska writer with real coded frames, read back by GStreamer, by `measure` and by hand.
#include "media/sinks/h264.h"
#include "media/sinks/matroska_writer.h"
#include "support/clip.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

using namespace trtc;
using namespace trtc::media;
using namespace trtc::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string readAll(const std::string &path)
{
	std::ifstream in(path, std::ios::binary);
	return { std::istreambuf_iterator<char>(in), {} };
}

void writeAll(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// One element of a file: RFC 8794 by hand, so that writer and reader do not share a mistake.
struct Element {
	std::uint64_t id = 0, at = 0, data = 0, size = 0;
};

std::uint64_t vint(const std::string &bytes, std::uint64_t &at, bool keepMark)
{
	const auto first = static_cast<unsigned char>(bytes.at(at));
	unsigned length = 1;
	while (length <= 8 && !(first & (0x100u >> length)))
		++length;
	REQUIRE(length <= 8);
	std::uint64_t value = keepMark ? first : first & (0xffu >> length);
	for (unsigned i = 1; i < length; ++i)
		value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
	at += length;
	return value;
}

std::vector<Element> children(const std::string &bytes, std::uint64_t at, std::uint64_t end)
{
	std::vector<Element> found;
	while (at < end) {
		Element element;
		element.at = at;
		element.id = vint(bytes, at, true);
		element.size = vint(bytes, at, false);
		element.data = at;
		at += element.size;
		REQUIRE_MESSAGE(at <= end, "element ", element.id, " at ", element.at, " is longer than what holds it");
		found.push_back(element);
	}
	return found;
}

std::optional<Element> child(const std::string &bytes, const Element &parent, std::uint64_t id)
{
	for (const auto &element : children(bytes, parent.data, parent.data + parent.size))
		if (element.id == id)
			return element;
	return std::nullopt;
}

std::uint64_t number(const std::string &bytes, const std::optional<Element> &element)
{
	REQUIRE(element);
	std::uint64_t value = 0;
	for (std::uint64_t i = 0; i < element->size; ++i)
		value = value << 8 | static_cast<unsigned char>(bytes[element->data + i]);
	return value;
}

/// Every element of a finished file is where it says; every cue points at a cluster of its time.
void checkStructure(const std::string &path, std::size_t cues)
{
	const auto bytes = readAll(path);
	const auto top = children(bytes, 0, bytes.size());
	REQUIRE(top.size() == 2);
	const auto &segment = top[1];
	CHECK(segment.id == 0x18538067);
	CHECK(segment.data + segment.size == bytes.size());
	std::size_t found = 0;
	std::uint64_t lastCue = 0;
	for (const auto &element : children(bytes, segment.data, segment.data + segment.size)) {
		if (element.id == 0x114D9B74) { // SeekHead
			for (const auto &seek : children(bytes, element.data, element.data + element.size)) {
				const auto target = segment.data + number(bytes, child(bytes, seek, 0x53AC));
				auto at = target;
				CHECK(vint(bytes, at, true) == number(bytes, child(bytes, seek, 0x53AB)));
			}
		} else if (element.id == 0x1C53BB6B) { // Cues
			for (const auto &point : children(bytes, element.data, element.data + element.size)) {
				const auto time = number(bytes, child(bytes, point, 0xB3));
				CHECK(time >= lastCue);
				lastCue = time;
				const auto positions = child(bytes, point, 0xB7);
				REQUIRE(positions);
				Element cluster;
				cluster.at = cluster.data =
					segment.data + number(bytes, child(bytes, *positions, 0xF1));
				CHECK(vint(bytes, cluster.data, true) == 0x1F43B675);
				cluster.size = vint(bytes, cluster.data, false);
				CHECK(number(bytes, child(bytes, cluster, 0xE7)) == time);
				++found;
			}
		}
	}
	CHECK(found == cues);
}

std::string mkvinfo(const std::string &path)
{
	const auto run = runTool({ "mkvinfo", "--ui-language", "en_US", path });
	return run.status == 0 ? run.out : "";
}

} // namespace

TEST_CASE("matroska: picture and sound, whole, with length and index")
{
	for (const char *codec : { "h264", "vp8" }) {
		CAPTURE(codec);
		const TempDir folder;
		const auto path = folder / "a.mkv";
		MatroskaWriter writer(path);
		for (const auto &frame : mixed(clip(codec).video, clip(codec).audio))
			CHECK(writer.write(frame, frame.time));
		CHECK(writer.videoFrames() == 45);
		CHECK(writer.audioPackets() == clip(codec).audio.size());
		writer.finish();
		writer.finish();
		CHECK(!writer.write(clip(codec).video.front(), 4s));
		CHECK(writer.bytes() == fs::file_size(path));
		CHECK(writer.duration() >= 2900ms);
		CHECK(writer.duration() <= 3100ms);
		checkStructure(path, 1);
		const Figures figures(path);
		INFO(figures.report());
		CHECK(figures.number("video.frames") == 45);
		CHECK(figures.number("video.missing") == 0);
		CHECK(figures.number("video.framesWithCode") == 45);
		CHECK(std::abs(figures.number("avOffsetMs.median")) <= 10);
		CHECK(figures.number("audio.maxGapMs") < 30);
		const auto back = demux(path, codec, true);
		CHECK(back.error == "");
		REQUIRE(back.video.size() == 45);
		for (std::size_t i = 0; i < 45; ++i)
			CHECK(std::chrono::abs(back.video[i].time - clip(codec).video[i].time) <= 500us);
		if (const auto info = mkvinfo(path); !info.empty()) {
			CHECK(info.find("Duration: 00:00:0") != std::string::npos);
			CHECK(info.find("Duration: 00:00:00.0") == std::string::npos);
			CHECK(info.find("A_OPUS") != std::string::npos);
			CHECK(info.find("rror") == std::string::npos);
		}
	}
}

TEST_CASE("matroska: one track alone")
{
	const TempDir folder;
	{
		MatroskaWriter writer(folder / "audio.mkv");
		for (const auto &frame : clip().audio)
			CHECK(writer.write(frame, frame.time));
		writer.finish();
	}
	const Figures sound(folder / "audio.mkv");
	CHECK(!sound.hasVideo());
	CHECK(sound.number("audio.seconds") > 2.9);
	{
		MatroskaWriter writer(folder / "video.mkv");
		for (const auto &frame : clip().video)
			CHECK(writer.write(frame, frame.time));
		writer.finish();
	}
	const Figures picture(folder / "video.mkv");
	CHECK(!picture.hasAudio());
	CHECK(picture.number("video.frames") == 45);
	checkStructure(folder / "video.mkv", 1);
}

TEST_CASE("matroska: a track that comes late joins the file")
{
	for (const bool lateAudio : { true, false }) {
		CAPTURE(lateAudio);
		const TempDir folder;
		const auto path = folder / "a.mkv";
		MatroskaWriter writer(path);
		std::vector<EncodedFrame> video, audio;
		for (const auto &frame : clip().video)
			video.push_back(later(frame, lateAudio ? 0s : 7s));
		for (const auto &frame : clip().audio)
			audio.push_back(later(frame, lateAudio ? 7s : 0s));
		for (const auto &frame : mixed(video, audio))
			CHECK(writer.write(frame, frame.time));
		writer.finish();
		const Figures figures(path);
		INFO(figures.report());
		CHECK(figures.number("video.frames") == 45);
		CHECK(figures.number("audio.seconds") > 2.9);
		CHECK(figures.number(lateAudio ? "audio.firstMs" : "video.firstMs") >= 6900);
		CHECK(figures.number(lateAudio ? "video.firstMs" : "audio.firstMs") < 100);
		checkStructure(path, lateAudio ? 2 : 2);
	}
}

TEST_CASE("matroska: a minute of silence of one track holds up nothing")
{
	for (const bool silentAudio : { true, false }) {
		CAPTURE(silentAudio);
		const TempDir folder;
		const auto path = folder / "a.mkv";
		std::vector<EncodedFrame> frames;
		for (const int round : { 0, 21 }) { // the one, and again a minute later
			const auto &source = silentAudio ? clip().audio : clip().video;
			for (const auto &frame : source)
				frames.push_back(later(frame, round * 3s));
		}
		for (int round = 0; round < 22; ++round) // the other all the time
			for (const auto &frame : silentAudio ? clip().video : clip().audio)
				frames.push_back(later(frame, round * 3s));
		std::stable_sort(frames.begin(), frames.end(),
				 [](const auto &a, const auto &b) { return a.time < b.time; });
		MatroskaWriter writer(path);
		for (const auto &frame : frames)
			REQUIRE(writer.write(frame, frame.time));
		writer.finish();
		CHECK(writer.duration() > 65s);
		const auto back = demux(path, "h264", true);
		CHECK(back.error == "");
		CHECK(back.video.size() == (silentAudio ? 22u : 2u) * clip().video.size());
		CHECK(back.audio.size() == (silentAudio ? 2u : 22u) * clip().audio.size());
		const auto &gapped = silentAudio ? back.audio : back.video;
		CHECK(std::any_of(gapped.begin(), gapped.end(),
				  [](const auto &frame) { return frame.time >= 62900ms; }));
		CHECK(std::none_of(gapped.begin(), gapped.end(),
				   [](const auto &frame) { return frame.time > 3100ms && frame.time < 62900ms; }));
	}
}

TEST_CASE("matroska: the picture changes its size")
{
	const TempDir folder;
	const auto path = folder / "a.mkv";
	MatroskaWriter writer(path);
	for (const auto &frame : clip("h264", "320x240").video)
		CHECK(writer.write(frame, frame.time));
	for (const auto &frame : clip("h264", "640x480").video)
		CHECK(writer.write(frame, frame.time + 3s));
	writer.finish();
	checkStructure(path, 2);
	const Figures figures(path);
	INFO(figures.report());
	CHECK(figures.number("video.frames") == 90);
	CHECK(figures.number("video.framesWithCode") == 90);
	CHECK(figures.track("video").get("sizes").integer() == 2);
}

TEST_CASE("matroska: frames before zero, and what cannot begin a track")
{
	const TempDir folder;
	const auto path = folder / "a.mkv";
	MatroskaWriter writer(path);
	const auto &video = clip().video;
	CHECK(!writer.write(video[1], 0s)); // no keyframe
	auto bare = video[0];
	bare.data =
		std::make_shared<const std::vector<std::uint8_t>>(std::vector<std::uint8_t> { 0, 0, 0, 1, 0x65, 1, 2 });
	CHECK(!writer.write(bare, 0s)); // no parameter sets
	auto empty = video[0];
	empty.data = std::make_shared<const std::vector<std::uint8_t>>();
	CHECK(!writer.write(empty, 0s));
	empty.data = nullptr;
	CHECK(!writer.write(empty, 0s));
	for (const auto &frame : mixed(clip().video, clip().audio))
		CHECK(writer.write(frame, frame.time - 100ms));
	writer.finish();
	const auto back = demux(path, "h264", true);
	CHECK(back.error == "");
	CHECK(back.video.size() == 45);
	CHECK(back.video.front().time == 0s);
	CHECK(back.audio.front().time == 0s);
}

namespace {

/// @p frame with @p extra more bytes at the end of its NAL unit of @p type.
EncodedFrame inflated(EncodedFrame frame, unsigned type, std::size_t extra)
{
	std::vector<std::uint8_t> out;
	for (const auto &unit : h264::nalUnits(*frame.data)) {
		out.insert(out.end(), { 0, 0, 0, 1 });
		out.insert(out.end(), unit.begin(), unit.end());
		if ((unit[0] & 0x1fu) == type)
			out.insert(out.end(), extra, 0x55);
	}
	REQUIRE(out.size() >= frame.data->size());
	frame.data = std::make_shared<const std::vector<std::uint8_t>>(std::move(out));
	return frame;
}

} // namespace

TEST_CASE("matroska: parameter sets that no header has room for are an error, and the file stays readable")
{
	unsigned type = 0;
	std::size_t extra = 0;
	SUBCASE("an SPS of 5 kB") { type = 7, extra = 5000; }
	SUBCASE("a PPS of 5 kB") { type = 8, extra = 5000; }
	SUBCASE("just more than the space") { type = 7, extra = 4010; }
	SUBCASE("an SPS that 16 bits cannot count") { type = 7, extra = 65536; }
	SUBCASE("a PPS that 16 bits cannot count") { type = 8, extra = 65536; }
	const TempDir folder;
	const auto path = folder / "a.mkv";
	MatroskaWriter writer(path);
	for (std::size_t i = 0; i < 50; ++i)
		CHECK(writer.write(clip().audio[i], clip().audio[i].time));
	try {
		writer.write(inflated(clip().video[0], type, extra), 1s);
		FAIL_CHECK("it was taken");
	} catch (const Exception &exception) {
		CHECK(exception.error().code == ErrorCode::MediaFailed);
		INFO(exception.error().message);
		CHECK(exception.error().message.find(path) != std::string::npos);
		CHECK(exception.error().message.find("parameter set") != std::string::npos);
	}
	// Sound goes on, and a picture with usable sets may still come.
	for (const auto &frame : mixed(clip().video, clip().audio))
		CHECK(writer.write(frame, frame.time + 2s));
	writer.finish();
	checkStructure(path, 2);
	const auto back = demux(path, "h264", true);
	CHECK(back.error == "");
	CHECK(back.video.size() == clip().video.size());
}

TEST_CASE("matroska: large parameter sets that fit leave room for the sound")
{
	const TempDir folder;
	const auto path = folder / "a.mkv";
	MatroskaWriter writer(path);
	CHECK(writer.write(inflated(clip().video[0], 7, 2500), 0s));
	for (const auto &frame : mixed(clip().video, clip().audio))
		CHECK(writer.write(frame, frame.time + 100ms));
	writer.finish();
	checkStructure(path, 2);
}

TEST_CASE("matroska: cut at any byte, all that was before the cut is there")
{
	const TempDir folder;
	const auto path = folder / "a.mkv", cutPath = folder / "cut.mkv";
	struct Mark {
		std::uint64_t end;
		std::size_t video, audio;
	};
	std::vector<Mark> marks;
	MatroskaWriter writer(path);
	for (int round = 0; round < 3; ++round)
		for (const auto &frame : mixed(clip().video, clip().audio)) {
			CHECK(writer.write(frame, frame.time + round * 3s));
			marks.push_back({ writer.bytes(), static_cast<std::size_t>(writer.videoFrames()),
					  static_cast<std::size_t>(writer.audioPackets()) });
		}
	const auto crashed = readAll(path); // as a crash leaves it
	writer.finish();
	const auto finished = readAll(path); // as a copy that was broken off
	int decoded = 0;
	for (const auto *bytes : { &crashed, &finished }) {
		const bool whole = bytes == &finished;
		CAPTURE(whole);
		const auto first = marks[1].end; // both tracks have begun
		for (std::size_t i = 0; i <= 40; ++i) {
			// Odd steps, so that cuts fall into headers, sizes and payloads.
			const auto cut = first + (marks.back().end - first) * i / 40 + (i % 7) * (i < 40);
			CAPTURE(cut);
			const auto mark =
				std::find_if(marks.rbegin(), marks.rend(), [&](const Mark &m) { return m.end <= cut; });
			writeAll(cutPath, bytes->substr(0, cut));
			const auto back = demux(cutPath, "h264", true);
			// The parser holds the last picture back until the end, which it gets.
			CHECK(back.video.size() >= mark->video);
			CHECK(back.audio.size() >= mark->audio);
			if (i % 13 == 12) {
				const auto figures = Figures::of(cutPath);
				REQUIRE(figures);
				CHECK(figures->number("video.frames") >= static_cast<double>(mark->video));
				++decoded;
			}
		}
	}
	CHECK(decoded == 6);
}
