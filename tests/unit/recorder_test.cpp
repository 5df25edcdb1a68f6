// SPDX-License-Identifier: MIT
// The recorder: when a file begins, what it is called, how it ends.
#include "media/recorder.h"
#include "support/clip.h"
#include "support/loop_fixture.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sys/resource.h>

using namespace trtc;
using namespace trtc::media;
using namespace trtc::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

void writeAll(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

struct RecorderFixture : LoopFixture, Recorder::Listener {
	void onRecordingStarted(const RecordingStarted &event) override { started.push_back(event); }
	void onRecordingStopped(const RecordingStopped &event) override { stopped.push_back(event); }
	void onRecordingFailed(const Error &error) override
	{
		CHECK(stopped.size() == started.size()); // told before
		failed.push_back(error);
	}
	std::unique_ptr<Recorder> recorder(const std::string &room = "a.. b|c")
	{
		return Recorder::create(loop, { folder.str(), RoomId::string(room), UserId("bob"), StreamType::Main },
					*this);
	}

	TempDir folder;
	virtual ~RecorderFixture() = default;
	std::vector<RecordingStarted> started;
	std::vector<RecordingStopped> stopped;
	std::vector<Error> failed;
};

} // namespace

TEST_CASE_FIXTURE(RecorderFixture, "recorder: nothing came, no file")
{
	const auto one = recorder("room");
	for (std::size_t i = 1; i < 10; ++i)
		one->write(clip().video[i]); // no keyframe
	one->stop("leave");
	CHECK(folder.files().empty());
	CHECK(started.empty());
	CHECK(stopped.empty());
	CHECK(failed.empty());
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: the file begins with the earliest frame of either kind")
{
	const auto one = recorder("room");
	// The sound arrives first but belongs 300 ms behind the picture; both are far from zero.
	for (std::size_t i = 0; i < 10; ++i)
		one->write(later(clip().audio[i], 1h + 300ms));
	CHECK(started.size() == 1);
	for (std::size_t i = 0; i < 45; ++i)
		one->write(later(clip().video[i], 1h));
	for (std::size_t i = 10; i < clip().audio.size(); ++i)
		one->write(later(clip().audio[i], 1h + 300ms));
	one->stop("leave");
	one->stop("again");
	REQUIRE(stopped.size() == 1);
	CHECK(stopped[0].reason == "leave");
	CHECK(stopped[0].videoFrames == 45);
	CHECK(stopped[0].audioPackets == clip().audio.size());
	CHECK(stopped[0].bytes == fs::file_size(stopped[0].path));
	CHECK(stopped[0].duration >= 3200ms);
	const Figures figures(stopped[0].path);
	CHECK(figures.number("video.firstMs") == 0);
	CHECK(std::abs(figures.number("audio.firstMs") - 300) <= 20);
	one->write(clip().video[0]); // after the end: nothing
	CHECK(stopped[0].bytes == fs::file_size(stopped[0].path));
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: sound whose times step back does not go back in the file")
{
	const auto one = recorder("room");
	for (std::size_t i = 0; i < 45; ++i)
		one->write(clip().video[i]);
	for (std::size_t i = 0; i < clip().audio.size(); ++i)
		one->write(later(clip().audio[i], i < 50 ? 200ms : 70ms));
	one->stop("leave");
	REQUIRE(stopped.size() == 1);
	const auto inside = demux(stopped[0].path, "h264", true);
	REQUIRE(inside.audio.size() == clip().audio.size()); // none is left out
	for (std::size_t i = 1; i < inside.audio.size(); ++i)
		CHECK(inside.audio[i].time >= inside.audio[i - 1].time);
	CHECK(inside.audio[49].time - inside.audio[0].time > 970ms);
	CHECK(inside.audio.back().time - inside.audio[0].time < 2900ms); // it is where it belongs again
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: one kind alone does not wait for the other for ever")
{
	const auto one = recorder("room");
	one->write(clip().video[0]);
	REQUIRE(started.size() == 1);
	const auto before = fs::file_size(started[0].path);
	REQUIRE(waitFor([&] { return fs::file_size(started[0].path) > before; }, 2s));
	one->stop("leave");
	CHECK(stopped[0].videoFrames == 1);
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: names are safe, and never taken twice")
{
	std::vector<std::unique_ptr<Recorder>> all;
	for (int i = 0; i < 3; ++i) {
		all.push_back(recorder());
		all.back()->write(clip().video[0]);
	}
	REQUIRE(folder.files().size() == 3);
	for (const auto &event : started) {
		CHECK(fs::path(event.path).parent_path() == folder.str());
		CHECK(fs::path(event.path).filename().string().starts_with("a___b_c-bob-main-"));
	}
	all.clear(); // closes
	CHECK(stopped.empty());
	for (const auto &path : folder.files())
		CHECK(demux(path, "h264", false).video.size() == 1);
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: a name of one's own never overwrites a file")
{
	writeAll(folder / "bob 1.mkv", "precious");
	writeAll(folder / "film.mkv", "precious");
	std::vector<std::unique_ptr<Recorder>> all;
	for (const auto *name : { "{user} {n}", "{user} {n}", "film", "film", "{room}!" }) {
		all.push_back(Recorder::create(loop,
					       { folder.str(), RoomId::string("a|b"), UserId("bob"), StreamType::Main,
						 RecordName::parse(name) },
					       *this));
		all.back()->write(clip().video[0]);
	}
	std::vector<std::string> names;
	for (const auto &event : started)
		names.push_back(fs::path(event.path).filename());
	CHECK(names == std::vector<std::string> { "bob 2.mkv", "bob 3.mkv", "film-2.mkv", "film-3.mkv", "a_b!.mkv" });
	for (const auto *old : { "bob 1.mkv", "film.mkv" })
		CHECK(fs::file_size(folder / old) == 8);
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: a directory that cannot be is said at once")
{
	writeAll(folder / "file", "x");
	const auto make = [&](const std::string &path) {
		try {
			Recorder::create(loop, { path, RoomId::number(1), UserId("bob"), StreamType::Main }, *this);
		} catch (const Exception &exception) {
			CHECK(exception.error().message.find(path) != std::string::npos);
			return exception.error().code;
		}
		return ErrorCode::Unknown;
	};
	CHECK(make(folder / "file/under") == ErrorCode::OutputFailed);
	CHECK(make("/proc/no") == ErrorCode::OutputFailed);
	CHECK(make(folder / "new/deep") == ErrorCode::Unknown);
	CHECK(fs::is_directory(folder / "new/deep"));
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: the disk is full: told once, and what was written plays")
{
	// A limit on the size of files stands in for a full disk: write() fails in the middle in the same way.
	std::signal(SIGXFSZ, SIG_IGN);
	struct Limit {
		explicit Limit(rlim_t bytes)
		{
			getrlimit(RLIMIT_FSIZE, &old);
			const rlimit now { bytes, old.rlim_max };
			setrlimit(RLIMIT_FSIZE, &now);
		}
		~Limit() { setrlimit(RLIMIT_FSIZE, &old); }
		rlimit old {};
	};
	std::size_t half = 0;
	for (const auto &frame : mixed(clip().video, clip().audio))
		half += frame.data->size() / 2;
	std::string path;
	{
		const auto one = recorder("room");
		{
			const Limit limit(half);
			for (const auto &frame : mixed(clip().video, clip().audio))
				one->write(frame);
			one->stop("leave");
		}
		REQUIRE(failed.size() == 1);
		CHECK(failed[0].code == ErrorCode::OutputFailed);
		REQUIRE(stopped.size() == 1);
		CHECK(stopped[0].reason == "disk");
		path = stopped[0].path;
		CHECK(failed[0].message.find(path) != std::string::npos);
		CHECK(stopped[0].videoFrames > 5);
	}
	CHECK(fs::file_size(path) <= half);
	const Figures figures(path);
	CHECK(figures.number("video.frames") >= static_cast<double>(stopped[0].videoFrames));
	CHECK(figures.number("video.missing") == 0);
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: a picture that no file can hold ends this recording, with an error")
{
	struct Bystander final : Recorder::Listener {
		virtual ~Bystander() = default;
		void onRecordingStarted(const RecordingStarted &) override {}
		void onRecordingStopped(const RecordingStopped &event) override { last = event; }
		void onRecordingFailed(const Error &error) override { FAIL_CHECK(error.message); }
		std::optional<RecordingStopped> last;
	} bystander;
	const auto one = recorder("room");
	const auto other = Recorder::create(
		loop, { folder.str(), RoomId::string("room"), UserId("eve"), StreamType::Main }, bystander);
	for (std::size_t i = 0; i < 50; ++i) {
		one->write(clip().audio[i]);
		other->write(clip().audio[i]);
	}
	auto bad = clip().video[0];
	std::vector<std::uint8_t> bytes { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f };
	bytes.insert(bytes.end(), 5000, 0x55);
	bytes.insert(bytes.end(), { 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 1, 2, 3 });
	bad.data = std::make_shared<const std::vector<std::uint8_t>>(bytes);
	one->write(bad);
	drain();
	CHECK(waitFor([&] { return !failed.empty(); }, 2s)); // the gathering may hold it back
	REQUIRE(failed.size() == 1);
	CHECK(failed[0].code == ErrorCode::MediaFailed);
	REQUIRE(stopped.size() == 1);
	CHECK(stopped[0].reason == "failed");
	CHECK(failed[0].message.find(stopped[0].path) != std::string::npos);
	// It is over for this one; the file with the sound is whole at once.
	for (const auto &frame : mixed(clip().video, clip().audio))
		one->write(frame);
	one->stop("leave");
	CHECK(failed.size() == 1);
	CHECK(stopped.size() == 1);
	const auto back = demux(stopped[0].path, "", true);
	CHECK(back.error == "");
	CHECK(back.audio.size() == 50);
	// The other one never notices.
	for (const auto &frame : mixed(clip().video, clip().audio))
		other->write(later(frame, 2s));
	other->stop("leave");
	REQUIRE(bystander.last);
	CHECK(bystander.last->reason == "leave");
	CHECK(bystander.last->videoFrames == clip().video.size());
}

TEST_CASE_FIXTURE(RecorderFixture, "recorder: a file that was removed is told")
{
	const auto one = recorder("room");
	for (const auto &frame : mixed(clip().video, clip().audio))
		one->write(frame);
	REQUIRE(started.size() == 1);
	fs::remove(started[0].path);
	one->stop("leave");
	REQUIRE(failed.size() == 1);
	CHECK((failed[0].code == ErrorCode::OutputFailed));
	CHECK(failed[0].message == "recording " + started[0].path + " was removed while it was written");
	REQUIRE(stopped.size() == 1);
	CHECK(stopped[0].reason == "disk");
	CHECK_FALSE(fs::exists(started[0].path));
}

namespace {

/// Frames of a clip whose times begin @p shift later; from a keyframe on, as after a new connection.
std::vector<EncodedFrame> shifted(std::vector<EncodedFrame> frames, std::chrono::nanoseconds shift)
{
	for (auto &frame : frames)
		frame.time += shift;
	return frames;
}

struct GapFixture : RecorderFixture {
	void onRecordingResumed(const RecordingResumed &event) override { resumed.push_back(event); }
	void write(Recorder &one, std::chrono::nanoseconds shift, const std::string &codec = "h264",
		   const std::string &size = "320x240")
	{
		for (const auto &frame : shifted(mixed(clip(codec, size).video, clip(codec, size).audio), shift))
			one.write(frame);
	}
	std::vector<RecordingResumed> resumed;
};

} // namespace

TEST_CASE_FIXTURE(GapFixture, "recorder: after a short gap it goes on in the same file, the gap is in the timeline")
{
	const auto one = recorder("room");
	write(*one, 1h);
	one->interrupt(4s);
	CHECK(stopped.empty());
	one->resume();
	one->write(later(clip().video[3], 1h + 7s)); // a picture without those before it
	write(*one, 1h + 8s);
	one->stop("leave");
	REQUIRE(started.size() == 1);
	REQUIRE(resumed.size() == 1);
	CHECK(resumed[0].path == started[0].path);
	CHECK(resumed[0].gap >= 4900ms);
	CHECK(resumed[0].gap <= 5200ms);
	REQUIRE(stopped.size() == 1);
	CHECK(stopped[0].videoFrames == 90);
	CHECK(stopped[0].duration >= 10900ms);
	CHECK(stopped[0].duration <= 11200ms);
	const Figures figures(stopped[0].path);
	INFO(figures.report());
	CHECK(figures.number("video.frames") == 90);
	CHECK(figures.number("video.maxGapMs") >= 4900);
	CHECK(figures.number("video.maxGapMs") <= 5200);
	CHECK(figures.number("audio.maxGapMs") >= 4800);
	CHECK(figures.number("audio.maxGapMs") <= 5200);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 40);
	CHECK(std::abs(figures.number("avOffsetMs.max")) <= 40);
}

TEST_CASE_FIXTURE(GapFixture, "recorder: after a long gap the next part begins, under the same name")
{
	const auto one = recorder("room");
	write(*one, 1h);
	one->interrupt(9900ms); // so long there was nothing when somebody noticed
	REQUIRE(waitFor([&] { return stopped.size() == 1; }));
	CHECK(stopped[0].reason == "connection-lost");
	CHECK(stopped[0].videoFrames == 45);
	one->resume();
	write(*one, 1h + 20s);
	one->stop("leave");
	REQUIRE(started.size() == 2);
	REQUIRE(stopped.size() == 2);
	CHECK(resumed.empty());
	const auto first = fs::path(started[0].path).stem().string();
	CHECK(fs::path(started[1].path).stem().string() == first + "-2");
	CHECK(stopped[1].videoFrames == 45);
	CHECK(stopped[1].duration <= 3300ms); // its time line is its own
	const Figures figures(stopped[1].path);
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.frames") == 45);
}

TEST_CASE_FIXTURE(GapFixture, "recorder: what does not fit the file begins the next part")
{
	std::string codec = "h264", size = "320x240";
	SUBCASE("another codec") { codec = "vp8"; }
	SUBCASE("another size") { size = "160x120"; }
	const auto one = recorder("room");
	write(*one, 1h);
	one->interrupt(0ms);
	one->resume();
	write(*one, 1h + 5s, codec, size);
	one->stop("leave");
	REQUIRE(stopped.size() == 2);
	CHECK(stopped[0].reason == "format-changed");
	CHECK(stopped[1].reason == "leave");
	CHECK(stopped[0].path != stopped[1].path);
	CHECK(Figures(stopped[0].path).number("video.frames") == 45);
	CHECK(Figures(stopped[1].path).number("video.frames") == 45);
}

TEST_CASE_FIXTURE(GapFixture, "recorder: an interruption before the first frame and after the end is none")
{
	const auto one = recorder("room");
	one->interrupt(20s);
	write(*one, 1h);
	CHECK(resumed.empty());
	one->interrupt(1s);
	one->stop("leave");
	one->interrupt(1s);
	one->resume();
	drain();
	CHECK(stopped.size() == 1);
	CHECK(folder.files().size() == 1);
}

TEST_CASE_FIXTURE(GapFixture, "recorder: a disk that fails between two parts ends the recording, no part follows")
{
	const auto one = recorder("room");
	write(*one, 1h);
	REQUIRE(started.size() == 1);
	one->interrupt(0ms);
	one->resume();
	fs::remove(started[0].path);
	write(*one, 1h + 5s, "h264", "160x120"); // another size: the first part ends, and fails
	write(*one, 1h + 9s, "h264", "160x120");
	one->stop("leave");
	CHECK(started.size() == 1);
	REQUIRE(failed.size() == 1);
	CHECK(failed[0].code == ErrorCode::OutputFailed);
	REQUIRE(stopped.size() == 1);
	CHECK(stopped[0].reason == "disk");
	CHECK(folder.files().empty());
}
