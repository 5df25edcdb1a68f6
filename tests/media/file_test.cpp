// SPDX-License-Identifier: MIT
// Files as sources: passed on as they are, or made into what a room takes.
#include "media/pair_support.h"
#include "support/clip.h"

#include "media/sinks/h264.h"
#include "media/sources/film_facts.h"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <set>

using namespace trtc;
using namespace trtc::test;

namespace {

/// Takes what a Capture gives, without a network.
struct Taker final : webrtc::Sender {
	void push(GstBuffer *buffer) override
	{
		std::string bytes(gst_buffer_get_size(buffer), '\0');
		gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
		const std::lock_guard lock(mutex);
		buffers.push_back(std::move(bytes));
		times.push_back(GST_BUFFER_PTS(buffer));
		gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()>) override {}
	std::size_t mLine() const noexcept override { return 0; }
	std::size_t count()
	{
		const std::lock_guard lock(mutex);
		return buffers.size();
	}
	std::mutex mutex;
	std::vector<std::string> buffers;
	std::vector<GstClockTime> times;
};

struct FileFixture : LoopFixture, media::Capture::Listener {
	virtual ~FileFixture()
	{
		if (capture)
			capture->stop();
	}
	void onCaptureFailed(const Error &error) override { failed.push_back(error); }
	void onCaptureEnded(const std::string &source) override { ended.push_back(source); }
	static LocalStreamConfig of(const std::string &path, bool audio = true, bool video = true)
	{
		LocalStreamConfig config;
		config.videoProfile = { 320, 240, 15, 300 };
		if (video)
			config.video = { SourceSpec::Kind::File, path };
		if (audio)
			config.audio = { SourceSpec::Kind::File, path };
		return config;
	}
	void play(const LocalStreamConfig &config)
	{
		capture = media::Capture::create(loop, config, *this);
		capture->start(sound, picture);
	}
	/// The error of opening it.
	Error refused(const LocalStreamConfig &config)
	{
		try {
			media::Capture::create(loop, config, *this);
		} catch (const Exception &exception) {
			return exception.error();
		}
		return { ErrorCode::Unknown, "it was taken" };
	}

	TempDir folder;
	std::shared_ptr<Taker> sound = std::make_shared<Taker>(), picture = std::make_shared<Taker>();
	std::unique_ptr<media::Capture> capture;
	std::vector<Error> failed;
	std::vector<std::string> ended;
};

/// NAL units with pictures in them: parameter sets are put in again and again.
std::vector<std::string> slices(const std::string &unit)
{
	std::vector<std::string> found;
	const std::vector<std::uint8_t> bytes(unit.begin(), unit.end());
	for (const auto &nal : media::h264::nalUnits(bytes))
		if (const unsigned type = nal[0] & 0x1fu; type == 1 || type == 5)
			found.emplace_back(nal.begin(), nal.end());
	return found;
}

std::vector<std::string> slices(const std::vector<std::string> &units)
{
	std::vector<std::string> all;
	for (const auto &unit : units)
		for (auto &slice : slices(unit))
			all.push_back(std::move(slice));
	return all;
}

std::string textOf(const media::EncodedFrame &frame) { return { frame.data->begin(), frame.data->end() }; }

} // namespace

TEST_CASE_FIXTURE(FileFixture, "file: H.264 and Opus go out byte for byte, in time, once")
{
	const auto path = makeClip(folder, "a.mkv", { "size=320x240", "seconds=2", "key=15" });
	const auto inside = demux(path, "h264", true);
	play(of(path));
	CHECK((capture->videoCodec() == VideoCodec::H264));
	REQUIRE(waitFor([&] { return !ended.empty(); }));
	CHECK(ended == std::vector { path });
	CHECK(failed.empty());
	std::vector<std::string> wantedSlices, wantedSound;
	for (const auto &frame : inside.video)
		for (auto &slice : slices(textOf(frame)))
			wantedSlices.push_back(std::move(slice));
	for (const auto &frame : inside.audio)
		wantedSound.push_back(textOf(frame));
	CHECK((slices(picture->buffers) == wantedSlices));
	CHECK((sound->buffers == wantedSound));
	CHECK(wantedSlices.size() >= 30);
	// Each access unit leaves when it is due, and both tracks have one clock.
	const auto span = static_cast<double>(picture->times.back() - picture->times.front()) / 1e6;
	CHECK(std::abs(span - 29 * 1000.0 / 15) < 2);
	CHECK(std::abs(static_cast<double>(picture->times.front()) - static_cast<double>(sound->times.front())) / 1e6 <
	      40);
}

TEST_CASE_FIXTURE(FileFixture, "file: with --loop it begins again, and time goes on")
{
	const auto path = makeClip(folder, "a.mkv", { "size=320x240", "seconds=1", "key=8" });
	auto config = of(path);
	config.loop = true;
	play(config);
	REQUIRE(waitFor([&] { return picture->count() >= 35 && sound->count() >= 110; }));
	capture->stop();
	CHECK(ended.empty());
	CHECK(failed.empty());
	for (const auto &taker : { picture, sound })
		CHECK(std::is_sorted(taker->times.begin(), taker->times.end()));
	const auto all = slices(picture->buffers);
	std::set<std::string> inside;
	for (const auto &frame : demux(path, "h264", false).video)
		for (auto &slice : slices(textOf(frame)))
			inside.insert(std::move(slice));
	CHECK(std::set<std::string>(all.begin(), all.end()) == inside); // the same again
	// Between the end and the next beginning there is no long pause.
	GstClockTime gap = 0;
	for (std::size_t i = 1; i < picture->times.size(); ++i)
		gap = std::max(gap, picture->times[i] - picture->times[i - 1]);
	CHECK(gap < 150 * GST_MSECOND);
}

TEST_CASE_FIXTURE(FileFixture, "file: the whole H.264 track is counted, unless the time is too short")
{
	const auto path = makeClip(folder, "a.mkv", { "size=320x240", "seconds=4", "key=40" });
	const auto facts = media::scanH264(path, 20s);
	CHECK(facts.whole);
	CHECK(facts.pictures == 60);
	CHECK(facts.outOfOrder == 0);
	CHECK(facts.untimed == 0);
	CHECK(facts.cutOff == 0);
	CHECK(facts.edits == 1);
	CHECK(facts.sequences == 1);
	REQUIRE(facts.sequence);
	CHECK(facts.sequence->width == 320);
	CHECK(facts.startsWithKeyframe);
	CHECK(std::abs(std::chrono::duration<double>(facts.longestGroup).count() - 40 / 15.0) < 0.002);
	CHECK(std::abs(std::chrono::duration<double>(facts.duration).count() - 4) < 0.1);
	CHECK(facts.bytes > 1000);
	CHECK_FALSE(media::scanH264(path, 0ms).whole);
}

TEST_CASE_FIXTURE(FileFixture, "file: only the picture of a file with sound, and only the sound")
{
	const auto path = makeClip(folder, "a.mkv", { "size=320x240", "seconds=1" });
	play(of(path, false, true));
	CHECK(!capture->hasAudio());
	REQUIRE(waitFor([&] { return !ended.empty(); }));
	CHECK(picture->count() == 15);
	CHECK(sound->count() == 0);
	ended.clear();
	picture->buffers.clear();
	play(of(path, true, false));
	REQUIRE(waitFor([&] { return !ended.empty(); }));
	CHECK(picture->count() == 0);
	CHECK(sound->count() >= 50);
}

TEST_CASE_FIXTURE(FileFixture, "file: VP8 and Vorbis are made into H.264 and Opus that play")
{
	const auto clip = makeClip(folder, "a.mkv", { "size=320x240", "seconds=3", "video=vp8" });
	const auto path = folder / "a.webm";
	const auto made = runTool({ "gst-launch-1.0",
				    "-q",
				    "filesrc",
				    "location=" + clip,
				    "!",
				    "matroskademux",
				    "name=d",
				    "d.video_0",
				    "!",
				    "queue",
				    "max-size-time=0",
				    "!",
				    "m.",
				    "d.audio_0",
				    "!",
				    "queue",
				    "max-size-time=0",
				    "!",
				    "opusdec",
				    "!",
				    "audioconvert",
				    "!",
				    "vorbisenc",
				    "!",
				    "m.",
				    "webmmux",
				    "name=m",
				    "!",
				    "filesink",
				    "location=" + path });
	if (made.status != 0) {
		MESSAGE("skipped, no way to make a webm file: ", made.err);
		return;
	}
	PairFixture pair;
	struct Files final : media::Recorder::Listener {
		void onRecordingStarted(const RecordingStarted &event) override { path = event.path; }
		void onRecordingStopped(const RecordingStopped &) override {}
		void onRecordingFailed(const Error &error) override { FAIL(error.message); }
		std::string path;
	} listener;
	const auto recorder = media::Recorder::create(
		pair.loop, { folder / "out", RoomId::number(1), UserId("bob"), StreamType::Main }, listener);
	pair.start(of(path), [&](const media::EncodedFrame &frame) { recorder->write(frame); });
	REQUIRE(pair.waitFor([&] { return !pair.ended.empty(); }, 12s));
	CHECK(pair.captureFailed.empty());
	pair.pass(300ms);
	recorder->stop("leave");
	const Figures figures(listener.path);
	INFO(figures.report());
	CHECK(figures.track("video").get("codec").string(64) == "h264");
	CHECK(figures.track("audio").get("codec").string(64) == "opus");
	CHECK(figures.number("video.framesWithCode") >= 35);
	CHECK(figures.number("audio.nonSilentSeconds") >= 2);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 60);
}

TEST_CASE_FIXTURE(FileFixture, "file: what cannot be played is said when it is opened, with its name")
{
	std::ofstream(folder / "empty.mkv").flush();
	std::ofstream(folder / "text.mkv") << "this is no film, however long it may be\n";
	const auto silent = makeClip(folder, "silent.mkv", { "size=320x240", "seconds=1", "audio=none" });
	const auto blind = makeClip(folder, "blind.mkv", { "size=320x240", "seconds=1", "video=none" });
	const struct {
		LocalStreamConfig config;
		ErrorCode code;
	} rows[] = {
		{ of(folder / "missing.mkv"), ErrorCode::DeviceNotFound },
		{ of(folder.str()), ErrorCode::DeviceNotFound },
		{ of(folder / "empty.mkv"), ErrorCode::InitializeFailed },
		{ of(folder / "text.mkv"), ErrorCode::InitializeFailed },
		{ of(silent), ErrorCode::InitializeFailed },
		{ of(blind), ErrorCode::InitializeFailed },
		{ of(silent, true, false), ErrorCode::InitializeFailed },
	};
	for (const auto &row : rows) {
		const auto &path =
			row.config.video.argument.empty() ? row.config.audio.argument : row.config.video.argument;
		const auto error = refused(row.config);
		INFO(path, ": ", error.message);
		CHECK(error.code == row.code);
		CHECK(error.message.find(path) != std::string::npos);
	}
	CHECK(refused(of(silent, false, true)).code == ErrorCode::Unknown);
	CHECK(refused(of(blind, true, false)).code == ErrorCode::Unknown);
}
