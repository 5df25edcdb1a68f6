// SPDX-License-Identifier: MIT
#include <trtc/config.h>
#include <trtc/error.h>

#include "base/quote.h"
#include "base/utf8.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace trtc {

namespace {

enum class Argument { None, Optional, Needed };
struct NamedSource {
	std::string_view name;
	SourceSpec::Kind kind;
	Argument argument;
};
constexpr NamedSource kSources[] = {
	{ "none", SourceSpec::Kind::None, Argument::None },
	{ "test", SourceSpec::Kind::Test, Argument::Optional },
	{ "file", SourceSpec::Kind::File, Argument::Needed },
	{ "v4l2", SourceSpec::Kind::V4l2, Argument::Optional },
	{ "alsa", SourceSpec::Kind::Alsa, Argument::Optional },
	{ "screen", SourceSpec::Kind::Screen, Argument::Optional },
	{ "pipeline", SourceSpec::Kind::Pipeline, Argument::Needed },
};

// The names of GStreamer's videotestsrc and audiotestsrc, as far as they show or sound like something.
constexpr std::string_view kTestPictures[] = { "smpte",	     "smpte75",	 "smpte100", "snow",	   "black",
					       "white",	     "red",	 "green",    "blue",	   "ball",
					       "checkers-8", "circular", "blink",    "zone-plate", "gamut",
					       "bar",	     "pinwheel", "spokes",   "gradient",   "colors" };
constexpr std::string_view kTestSounds[] = { "sine",	"square",      "saw",	     "triangle",
					     "silence", "white-noise", "pink-noise", "ticks" };

struct NamedVideoProfile {
	std::string_view name;
	VideoProfile profile;
};
// The SDK's setVideoProfile() names.
constexpr NamedVideoProfile kVideoProfiles[] = {
	{ "120p", { 160, 120, 15, 200 } },     { "120p_2", { 160, 120, 15, 100 } },
	{ "180p", { 320, 180, 15, 350 } },     { "180p_2", { 320, 180, 15, 150 } },
	{ "240p", { 320, 240, 15, 400 } },     { "240p_2", { 320, 240, 15, 200 } },
	{ "360p", { 640, 360, 15, 800 } },     { "360p_2", { 640, 360, 15, 400 } },
	{ "480p", { 640, 480, 15, 900 } },     { "480p_2", { 640, 480, 15, 500 } },
	{ "720p", { 1280, 720, 15, 1500 } },   { "1080p", { 1920, 1080, 15, 2000 } },
	{ "1440p", { 2560, 1440, 30, 4860 } }, { "4K", { 3840, 2160, 30, 9000 } },
};

// The SDK's setScreenProfile() names.
constexpr NamedVideoProfile kScreenProfiles[] = {
	{ "480p", { 640, 480, 5, 900 } },     { "480p_2", { 640, 480, 30, 1000 } },
	{ "720p", { 1280, 720, 5, 1200 } },   { "720p_2", { 1280, 720, 30, 3000 } },
	{ "1080p", { 1920, 1080, 5, 1600 } }, { "1080p_2", { 1920, 1080, 30, 4000 } },
};

struct NamedAudioProfile {
	std::string_view name;
	AudioProfile profile;
};
// The SDK's setAudioProfile() names.
constexpr NamedAudioProfile kAudioProfiles[] = {
	{ "standard", { 48000, 1, 40 } },
	{ "standard-stereo", { 48000, 2, 64 } },
	{ "high", { 48000, 1, 128 } },
	{ "high-stereo", { 48000, 2, 192 } },
};

/// Takes digits and the mark behind them off the front of @p text; nothing if they are not there.
std::optional<int> takeNumber(std::string_view &text, std::string_view mark)
{
	int value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	const auto digits = static_cast<std::size_t>(end - text.data());
	if (error != std::errc() || value < 0 || text.substr(digits, mark.size()) != mark)
		return {};
	text.remove_prefix(digits + mark.size());
	return value;
}

bool within(int value, int low, int high) noexcept { return value >= low && value <= high; }

/// @p what: "video profile"
VideoProfile parseProfile(std::string_view text, std::span<const NamedVideoProfile> profiles, std::string_view what)
{
	for (const auto &named : profiles) {
		if (named.name == text)
			return named.profile;
	}
	auto rest = text;
	const auto width = takeNumber(rest, "x");
	const auto height = width ? takeNumber(rest, "@") : std::nullopt;
	const auto fps = height ? takeNumber(rest, ",") : std::nullopt;
	const auto kbps = fps ? takeNumber(rest, "k") : std::nullopt;
	if (!kbps || !rest.empty()) {
		std::string names;
		for (const auto &named : profiles)
			names += fmt::format("{}, ", named.name);
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("{} {} is unknown: use {}or WxH@FPS,KBPSk (as 640x480@15,500k)", what,
					    inQuotes(text), names));
	}
	if (!within(*width, 16, 4096) || !within(*height, 16, 4096) || *width % 2 != 0 || *height % 2 != 0 ||
	    !within(*fps, 1, 60) || !within(*kbps, 32, 50000))
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("{} {} is out of range: width and height are even and 16 to 4096, "
					    "frames a second 1 to 60, kbit/s 32 to 50000",
					    what, inQuotes(text)));
	return { *width, *height, *fps, *kbps };
}

/// A path without its kind of source in front, as it should be written; else "".
std::string meantPath(std::string_view text)
{
	if (text.empty() || text.find("://") != std::string_view::npos)
		return {};
	if (text.starts_with("/dev/video"))
		return fmt::format("v4l2:{}", text);
	const auto dot = text.rfind('.');
	const auto ending = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
	const bool named = dot != 0 && ending.size() >= 2 && ending.size() <= 4 &&
			   std::all_of(ending.begin(), ending.end(), [](unsigned char c) { return std::isalnum(c); });
	const std::string path(text);
	const bool there = ::access(path.c_str(), F_OK) == 0;
	return named || there || text.find('/') != std::string_view::npos
		       ? fmt::format("file:{}", utf8::harmless(path, 60))
		       : std::string();
}

} // namespace

SourceSpec SourceSpec::parse(std::string_view text)
{
	for (const auto &row : kSources) {
		if (text == row.name && row.argument != Argument::Needed)
			return { row.kind, {} };
		if (row.argument != Argument::None && text.size() > row.name.size() + 1 && text.starts_with(row.name) &&
		    text[row.name.size()] == ':')
			return { row.kind, std::string(text.substr(row.name.size() + 1)) };
		if (row.argument == Argument::Needed && (text == row.name || text == fmt::format("{}:", row.name)))
			throw Exception(ErrorCode::InvalidParameter,
					fmt::format("source {} is incomplete: name the {}", inQuotes(text),
						    row.kind == Kind::File
							    ? "file after the colon, as in file:film.mkv"
							    : "elements after the colon, as in pipeline:videotestsrc"));
	}
	if (const auto better = meantPath(text); !better.empty())
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("source {} is unknown: did you mean {}?", inQuotes(text), better));
	throw Exception(
		ErrorCode::InvalidParameter,
		fmt::format("source {} is unknown: use none, test[:PATTERN], file:PATH, v4l2[:CAMERA], alsa[:DEVICE], "
			    "screen[:DISPLAY] or pipeline:DESCRIPTION",
			    inQuotes(text)));
}

SourceSpec SourceSpec::parse(std::string_view text, MediaKind kind)
{
	auto spec = parse(text);
	if (kind == MediaKind::Audio && (spec.kind == Kind::V4l2 || spec.kind == Kind::Screen))
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("source {} gives no sound: use alsa, test, file:PATH or "
					    "pipeline:DESCRIPTION for audio",
					    inQuotes(text)));
	if (kind == MediaKind::Video && spec.kind == Kind::Alsa)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("source {} gives no picture: use v4l2, screen, test, file:PATH or "
					    "pipeline:DESCRIPTION for video",
					    inQuotes(text)));
	if (spec.kind == Kind::Test && !spec.argument.empty()) {
		const bool video = kind == MediaKind::Video;
		const std::span<const std::string_view> names =
			video ? std::span<const std::string_view>(kTestPictures) : kTestSounds;
		if (std::find(names.begin(), names.end(), spec.argument) == names.end())
			throw Exception(ErrorCode::InvalidParameter,
					fmt::format("test {} {} is unknown: use test alone, or test: with one of {}",
						    video ? "picture" : "sound", inQuotes(spec.argument),
						    fmt::join(names, ", ")));
	}
	return spec;
}

std::string SourceSpec::str() const
{
	for (const auto &row : kSources) {
		if (row.kind == kind)
			return argument.empty() ? std::string(row.name) : fmt::format("{}:{}", row.name, argument);
	}
	return "none";
}

VideoProfile VideoProfile::parse(std::string_view text) { return parseProfile(text, kVideoProfiles, "video profile"); }

VideoProfile VideoProfile::parseScreen(std::string_view text)
{
	return parseProfile(text, kScreenProfiles, "screen profile");
}

VideoProfile smallVideoProfile(const VideoProfile &big, VideoProfile wish) noexcept
{
	static constexpr int kMaxPixels = 640 * 480, kMinSide = 16;
	if (wish.width * wish.height > kMaxPixels) {
		wish.width = 320;
		wish.height = 240;
	}
	const auto scale = std::min(1.0, std::sqrt(static_cast<double>(wish.width) * wish.height /
						   (static_cast<double>(big.width) * big.height)));
	const auto scaled = [scale](int side) {
		const auto half = static_cast<int>(std::lround(side * scale / 2)); // encoders want even sizes
		return std::min(std::max(2 * half, kMinSide), side);
	};
	wish.width = scaled(big.width);
	wish.height = scaled(big.height);
	wish.fps = std::min(wish.fps, big.fps);
	wish.kbps = std::min(wish.kbps, big.kbps);
	return wish;
}

AudioProfile AudioProfile::parse(std::string_view text)
{
	for (const auto &named : kAudioProfiles) {
		if (named.name == text)
			return named.profile;
	}
	auto rest = text;
	const auto kbps = takeNumber(rest, "k");
	if (!kbps || !rest.empty())
		throw Exception(
			ErrorCode::InvalidParameter,
			fmt::format("audio profile {} is unknown: use standard, standard-stereo, high, high-stereo "
				    "or KBPSk (as 64k)",
				    inQuotes(text)));
	if (!within(*kbps, 6, 510))
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("audio profile {} is out of range: kbit/s 6 to 510", inQuotes(text)));
	AudioProfile profile;
	profile.kbps = *kbps;
	return profile;
}

} // namespace trtc
