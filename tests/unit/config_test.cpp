// SPDX-License-Identifier: MIT
#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>

#include <doctest/doctest.h>

#include <string>

using namespace trtc;

namespace {

template <class T>
std::string refusal(std::string_view text)
{
	try {
		(void)T::parse(text);
	} catch (const Exception &exception) {
		CHECK(exception.error().code == ErrorCode::InvalidParameter);
		return exception.what();
	}
	return {};
}

} // namespace

TEST_CASE("sources: every kind, with its argument as it is")
{
	using Kind = SourceSpec::Kind;
	const struct {
		const char *text;
		SourceSpec spec;
	} rows[] = {
		{ "none", {} },
		{ "test", { Kind::Test, "" } },
		{ "test:ball", { Kind::Test, "ball" } },
		{ "file:a b:c.mkv", { Kind::File, "a b:c.mkv" } },
		{ "v4l2", { Kind::V4l2, "" } },
		{ "v4l2:/dev/video2", { Kind::V4l2, "/dev/video2" } },
		{ "v4l2:HD Webcam: front", { Kind::V4l2, "HD Webcam: front" } },
		{ "alsa", { Kind::Alsa, "" } },
		{ "alsa:plughw:Loopback,1", { Kind::Alsa, "plughw:Loopback,1" } },
		{ "screen", { Kind::Screen, "" } },
		{ "screen::1.0", { Kind::Screen, ":1.0" } },
		{ "pipeline:videotestsrc ! a,b=c", { Kind::Pipeline, "videotestsrc ! a,b=c" } },
	};
	for (const auto &row : rows) {
		CAPTURE(row.text);
		CHECK(SourceSpec::parse(row.text) == row.spec);
		CHECK(row.spec.str() == row.text);
	}
	for (const auto *bad : { "", "test:", "v4l2:", "alsa:", "screen:", "None", "files", "v4l" }) {
		CAPTURE(bad);
		CHECK(refusal<SourceSpec>(bad).find("none, test[:PATTERN], file:PATH, v4l2[:CAMERA]") !=
		      std::string::npos);
	}
	CHECK(refusal<SourceSpec>("films/a.mp4").find("did you mean file:films/a.mp4?") != std::string::npos);
	for (const auto *bad : { "file", "file:", "pipeline", "pipeline:" }) {
		CAPTURE(bad);
		CHECK(refusal<SourceSpec>(bad).find("is incomplete: name the") != std::string::npos);
	}
	CHECK(refusal<SourceSpec>("camera\n").find("\"camera?\"") != std::string::npos);
}

TEST_CASE("sources: a camera gives no sound, a microphone no picture")
{
	const auto refused = [](const char *text, MediaKind kind) -> std::string {
		try {
			(void)SourceSpec::parse(text, kind);
		} catch (const Exception &exception) {
			CHECK((exception.error().code == ErrorCode::InvalidParameter));
			return exception.what();
		}
		return {};
	};
	CHECK(refused("v4l2", MediaKind::Audio).find("gives no sound: use alsa") != std::string::npos);
	CHECK(refused("screen", MediaKind::Audio).find("gives no sound") != std::string::npos);
	CHECK(refused("alsa:hw:0", MediaKind::Video).find("gives no picture: use v4l2") != std::string::npos);
	CHECK(refused("test:balls", MediaKind::Video)
		      .find("test picture \"balls\" is unknown: use test alone, or test: "
			    "with one of smpte") == 0);
	CHECK(refused("test:sine", MediaKind::Video).find("test picture \"sine\"") == 0);
	CHECK(refused("test:ball", MediaKind::Audio).find("test sound \"ball\"") == 0);
	CHECK(refused("test:ball", MediaKind::Video).empty());
	CHECK(refused("test:ticks", MediaKind::Audio).empty());
	for (const auto *both : { "none", "test", "file:x", "pipeline:x" }) {
		CAPTURE(both);
		CHECK(refused(both, MediaKind::Audio).empty());
		CHECK(refused(both, MediaKind::Video).empty());
	}
	CHECK(refused("v4l2", MediaKind::Video).empty());
	CHECK(refused("alsa", MediaKind::Audio).empty());
}

TEST_CASE("video profiles: the SDK's names")
{
	struct Row {
		const char *name;
		VideoProfile profile;
	};
	for (const auto &row : {
		     Row { "120p", { 160, 120, 15, 200 } },
		     Row { "120p_2", { 160, 120, 15, 100 } },
		     Row { "180p", { 320, 180, 15, 350 } },
		     Row { "180p_2", { 320, 180, 15, 150 } },
		     Row { "240p", { 320, 240, 15, 400 } },
		     Row { "240p_2", { 320, 240, 15, 200 } },
		     Row { "360p", { 640, 360, 15, 800 } },
		     Row { "360p_2", { 640, 360, 15, 400 } },
		     Row { "480p", { 640, 480, 15, 900 } },
		     Row { "480p_2", { 640, 480, 15, 500 } },
		     Row { "720p", { 1280, 720, 15, 1500 } },
		     Row { "1080p", { 1920, 1080, 15, 2000 } },
		     Row { "1440p", { 2560, 1440, 30, 4860 } },
		     Row { "4K", { 3840, 2160, 30, 9000 } },
	     }) {
		CAPTURE(row.name);
		CHECK(VideoProfile::parse(row.name) == row.profile);
	}
	CHECK(VideoProfile {} == VideoProfile::parse("480p_2")); // the SDK's default is ours
}

TEST_CASE("video profiles: WxH@FPS,KBPSk and its ranges")
{
	CHECK(VideoProfile::parse("320x240@10,300k") == VideoProfile { 320, 240, 10, 300 });
	CHECK(VideoProfile::parse("16x16@1,32k") == VideoProfile { 16, 16, 1, 32 });
	CHECK(VideoProfile::parse("4096x4096@60,50000k") == VideoProfile { 4096, 4096, 60, 50000 });
	for (const auto *bad : { "14x16@1,32k", "4098x16@1,32k", "17x16@1,32k", "16x17@1,32k", "16x16@0,32k",
				 "16x16@61,32k", "16x16@1,31k", "16x16@1,50001k" }) {
		CAPTURE(bad);
		CHECK(refusal<VideoProfile>(bad).find("out of range") != std::string::npos);
	}
	for (const auto *bad : { "", "480", "4k", "640x480", "640x480@15", "640x480@15,500", "640x480@15,500kk",
				 "-640x480@15,500k", "640x480@15,99999999999999k", "640 x480@15,500k", "x@,k" }) {
		CAPTURE(bad);
		CHECK(refusal<VideoProfile>(bad).find("unknown") != std::string::npos);
	}
}

TEST_CASE("screen profiles")
{
	CHECK(VideoProfile::parseScreen("1080p") == VideoProfile { 1920, 1080, 5, 1600 });
	CHECK(VideoProfile::parseScreen("1080p") == LocalStreamConfig {}.auxiliaryProfile);
	CHECK(VideoProfile::parseScreen("720p_2") == VideoProfile { 1280, 720, 30, 3000 });
	CHECK(VideoProfile::parseScreen("640x360@10,300k") == VideoProfile { 640, 360, 10, 300 });
	std::string message;
	try {
		VideoProfile::parseScreen("360p");
	} catch (const Exception &error) {
		message = error.error().message;
	}
	CHECK(message.find("screen profile \"360p\" is unknown: use 480p") == 0);
}

TEST_CASE("audio profiles")
{
	CHECK(AudioProfile::parse("standard") == AudioProfile { 48000, 1, 40 });
	CHECK(AudioProfile::parse("standard-stereo") == AudioProfile { 48000, 2, 64 });
	CHECK(AudioProfile::parse("high") == AudioProfile { 48000, 1, 128 });
	CHECK(AudioProfile::parse("high-stereo") == AudioProfile { 48000, 2, 192 });
	CHECK(AudioProfile::parse("6k") == AudioProfile { 48000, 1, 6 });
	CHECK(AudioProfile::parse("510k") == AudioProfile { 48000, 1, 510 });
	CHECK(AudioProfile {} == AudioProfile::parse("standard"));
	CHECK(refusal<AudioProfile>("5k").find("out of range") != std::string::npos);
	CHECK(refusal<AudioProfile>("511k").find("out of range") != std::string::npos);
	for (const auto *bad : { "", "64", "k", "low", "64kbps" }) {
		CAPTURE(bad);
		CHECK(refusal<AudioProfile>(bad).find("unknown") != std::string::npos);
	}
}

TEST_CASE("recording names")
{
	const RecordName::Values values { "8888", "ann", "main", "20240501T120000Z" };
	CHECK(RecordName {}.expand(values, 1) == "8888-ann-main-20240501T120000Z");
	CHECK(RecordName {}.expand(values, 2) == "8888-ann-main-20240501T120000Z-2");
	CHECK((RecordName::parse("{room}-{user}-{type}-{time}") == RecordName {}));
	const auto numbered = RecordName::parse("take {n} of {user}");
	CHECK(numbered.expand(values, 1) == "take 1 of ann");
	CHECK(numbered.expand(values, 12) == "take 12 of ann");
	CHECK(RecordName::parse("{n}{n}").expand(values, 3) == "33");
	CHECK(RecordName::parse("film").expand(values, 1) == "film");
	CHECK(RecordName::parse("film").expand(values, 4) == "film-4");
	struct Row {
		std::string text, reason;
	};
	const Row rows[] = {
		{ "", "it is empty" },
		{ "{title}", "the field {title} does not exist" },
		{ "{}", "the field {} does not exist" },
		{ "{room", "a { has no }" },
		{ "room}", "a } has no {" },
		{ "{{room}}", "the field {{room} does not exist" },
		{ "a/b", "contains a slash" },
		{ "../{room}", "contains a slash" },
		{ "a\nb", "control character" },
		{ std::string(241, 'x'), "241 bytes long, the limit is 240" },
		{ "{room}{room}{room}{room}", "256 bytes long" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.text);
		CHECK(refusal<RecordName>(row.text).find(row.reason) != std::string::npos);
	}
	CHECK(RecordName::parse(std::string(240, 'x')).expand(values, 1).size() == 240);
}

TEST_CASE("connection states have the SDK's names")
{
	CHECK(std::string(toString(ConnectionState::Disconnected)) == "DISCONNECTED");
	CHECK(std::string(toString(ConnectionState::Connecting)) == "CONNECTING");
	CHECK(std::string(toString(ConnectionState::Connected)) == "CONNECTED");
	CHECK(std::string(toString(ConnectionState::Reconnecting)) == "RECONNECTING");
}

TEST_CASE("small video: about the pixels that were asked for, in the shape of the big one")
{
	const VideoProfile wish { 160, 120, 15, 100 };
	CHECK((smallVideoProfile({ 640, 480, 15, 500 }, wish) == wish));
	CHECK((smallVideoProfile({ 1280, 720, 15, 1200 }, wish) == VideoProfile { 184, 104, 15, 100 }));
	CHECK((smallVideoProfile({ 720, 1280, 15, 1200 }, wish) == VideoProfile { 104, 184, 15, 100 }));
	// Up to 640x480 as it is, above 320x240.
	CHECK((smallVideoProfile({ 1280, 960, 30, 2000 }, { 640, 480, 30, 500 }) ==
	       VideoProfile { 640, 480, 30, 500 }));
	CHECK((smallVideoProfile({ 1280, 960, 30, 2000 }, { 640, 482, 30, 500 }) ==
	       VideoProfile { 320, 240, 30, 500 }));
	// Never more than the big one.
	CHECK((smallVideoProfile({ 64, 48, 5, 50 }, wish) == VideoProfile { 64, 48, 5, 50 }));
	// Never too narrow for an encoder.
	CHECK((smallVideoProfile({ 4096, 16, 15, 500 }, wish).height == 16));
}
