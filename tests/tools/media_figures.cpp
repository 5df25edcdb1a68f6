// SPDX-License-Identifier: MIT
#include "media_figures.h"

#include <json-glib/json-glib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>

namespace trtc::measure {

namespace {

constexpr double kApartMs = 500;
constexpr double kDark = 24;	     // mean luma; black is 16, and a codec may miss it by a few
constexpr double kMoves = 0.5;	     // mean absolute difference; a still picture re-encoded stays under 0.2
constexpr double kQuiet = 1e-5;	     // mean square of -50 dBFS
constexpr double kBeepShare = 0.3;   // of the loudest, and at least
constexpr double kBeepLeast = 0.05;  // this much of full scale
constexpr double kBeepPauseMs = 200; // quiet before a beep
constexpr double kPairMs = 450;
constexpr std::size_t kMostListed = 100; // of gaps and onsets, so that hours stay readable

double round3(double value) { return std::round(value * 1000) / 1000; }

} // namespace

VideoFigures::Thumb VideoFigures::thumb(const media::LumaView &picture, double timeMs)
{
	Thumb result { timeMs, {} };
	for (int row = 0; row < kThumbRows; ++row)
		for (int column = 0; column < kThumbColumns; ++column) {
			const int x0 = column * picture.width / kThumbColumns, y0 = row * picture.height / kThumbRows;
			const int x1 = std::max((column + 1) * picture.width / kThumbColumns, x0 + 1);
			const int y1 = std::max((row + 1) * picture.height / kThumbRows, y0 + 1);
			int sum = 0;
			for (int y = y0; y < y1; ++y)
				for (int x = x0; x < x1; ++x)
					sum += picture.y[static_cast<std::ptrdiff_t>(y) * picture.stride + x];
			result.luma[static_cast<std::size_t>(row * kThumbColumns + column)] =
				static_cast<std::uint8_t>(sum / ((x1 - x0) * (y1 - y0)));
		}
	return result;
}

void VideoFigures::compare(const Thumb &now)
{
	// The youngest that is old enough; those before it are of no more use.
	std::size_t use = recent_.size();
	while (use > 0 && now.timeMs - recent_[use - 1].timeMs < kApartMs)
		--use;
	if (use == 0)
		return;
	recent_.erase(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(use - 1));
	long sum = 0;
	for (std::size_t i = 0; i < now.luma.size(); ++i)
		sum += std::abs(now.luma[i] - recent_.front().luma[i]);
	const double difference = static_cast<double>(sum) / static_cast<double>(now.luma.size());
	differences_ += difference;
	++compared_;
	if (difference > kMoves)
		++moving_;
}

void VideoFigures::add(const media::LumaView &picture, double timeMs)
{
	const std::pair size(picture.width, picture.height);
	if (sizes_.empty() || sizes_.back() != size)
		sizes_.push_back(size);
	const Thumb now = thumb(picture, timeMs);
	const double luma =
		std::accumulate(now.luma.begin(), now.luma.end(), 0.0) / static_cast<double>(now.luma.size());
	frames_.push_back({ timeMs, media::isFlash(picture), media::readFrame(picture), luma });
	compare(now);
	recent_.push_back(now);
}

std::vector<double> VideoFigures::flashes() const
{
	std::vector<double> times;
	for (std::size_t i = 0; i < frames_.size(); ++i)
		if (frames_[i].flash && (i == 0 || !frames_[i - 1].flash))
			times.push_back(frames_[i].timeMs);
	return times;
}

std::vector<std::pair<double, double>> VideoFigures::darkSpans() const
{
	std::vector<std::pair<double, double>> spans;
	for (std::size_t i = 0; i < frames_.size(); ++i) {
		if (frames_[i].luma >= kDark)
			continue;
		if (i > 0 && frames_[i - 1].luma < kDark)
			spans.back().second = frames_[i].timeMs;
		else
			spans.emplace_back(frames_[i].timeMs, frames_[i].timeMs);
	}
	return spans;
}

/// Goertzel's filter: the power at one frequency, without the rest of the spectrum.
void AudioFigures::addToTone(double sample)
{
	const double factor = 2 * std::cos(2 * std::numbers::pi * toneHz_ / rate_);
	const double now = sample + factor * window_.before - window_.beforeThat;
	window_.beforeThat = window_.before;
	window_.before = now;
	window_.power += sample * sample;
	if (++window_.samples < rate_ / 10)
		return;
	const auto count = static_cast<double>(window_.samples);
	if (window_.power / count > kQuiet) {
		tonePower_ += 2 *
			      (window_.before * window_.before + window_.beforeThat * window_.beforeThat -
			       factor * window_.before * window_.beforeThat) /
			      (count * count);
		power_ += window_.power / count;
	}
	window_ = {};
}

void AudioFigures::add(const std::int16_t *samples, std::size_t frames, unsigned channels, unsigned rate, double timeMs)
{
	if (frames == 0 || channels == 0 || rate == 0)
		return;
	if (timeMs < 0)
		timeMs = endMs_;
	if (firstMs_ < 0)
		firstMs_ = timeMs;
	else
		maxGapMs_ = std::max(maxGapMs_, timeMs - endMs_);
	rate_ = rate;
	channels_ = channels;
	const std::size_t piece = std::max(rate / 1000, 1u);
	for (std::size_t at = 0; at < frames; at += piece) {
		const std::size_t end = std::min(at + piece, frames);
		double peak = 0, power = 0;
		for (std::size_t i = at * channels; i < end * channels; ++i) {
			const double value = samples[i] / 32768.0;
			peak = std::max(peak, std::abs(value));
			power += value * value;
			if (toneHz_ > 0 && i % channels == 0)
				addToTone(value);
		}
		pieces_.push_back({ timeMs + static_cast<double>(at) * 1000 / rate, static_cast<float>(peak),
				    static_cast<float>(power / static_cast<double>((end - at) * channels)) });
	}
	endMs_ = timeMs + static_cast<double>(frames) * 1000 / rate;
	seconds_ += static_cast<double>(frames) / rate;
}

double AudioFigures::nonSilentSeconds() const
{
	double seconds = 0;
	for (std::size_t at = 0; at < pieces_.size(); at += 100) {
		const std::size_t end = std::min<std::size_t>(at + 100, pieces_.size());
		double power = 0;
		for (std::size_t i = at; i < end; ++i)
			power += pieces_[i].power;
		if (power / static_cast<double>(end - at) > kQuiet)
			seconds += static_cast<double>(end - at) / 1000;
	}
	return std::min(seconds, seconds_);
}

double AudioFigures::peak() const
{
	float most = 0;
	for (const Piece &piece : pieces_)
		most = std::max(most, piece.peak);
	return most;
}

std::vector<double> AudioFigures::beeps() const
{
	std::vector<double> times;
	const double threshold = std::max(kBeepShare * peak(), kBeepLeast);
	// What is loud from the first sample on began before the file did.
	double lastLoud = firstMs_;
	for (const Piece &piece : pieces_) {
		if (piece.peak <= threshold)
			continue;
		if (piece.timeMs - lastLoud >= kBeepPauseMs)
			times.push_back(piece.timeMs);
		lastLoud = piece.timeMs;
	}
	return times;
}

std::vector<Pair> pairUp(const std::vector<double> &flashes, const std::vector<double> &beeps)
{
	std::vector<Pair> pairs;
	for (const double flash : flashes) {
		const auto nearest = std::min_element(beeps.begin(), beeps.end(), [flash](double a, double b) {
			return std::abs(a - flash) < std::abs(b - flash);
		});
		if (nearest != beeps.end() && std::abs(*nearest - flash) <= kPairMs)
			pairs.push_back({ flash, *nearest - flash });
	}
	return pairs;
}

double median(std::vector<double> values)
{
	if (values.empty())
		return 0;
	std::sort(values.begin(), values.end());
	const std::size_t middle = values.size() / 2;
	return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

namespace {

/// JsonBuilder with fewer words.
class Json {
public:
	Json() : builder_(json_builder_new()) {}
	~Json() { g_object_unref(builder_); }
	Json(const Json &) = delete;
	Json &operator=(const Json &) = delete;

	Json &key(const char *name) { return json_builder_set_member_name(builder_, name), *this; }
	void put(const char *name, double value) { key(name), json_builder_add_double_value(builder_, round3(value)); }
	void put(const char *name, std::size_t value) { key(name), add(static_cast<gint64>(value)); }
	void put(const char *name, const std::string &value)
	{
		key(name), json_builder_add_string_value(builder_, value.c_str());
	}
	void flag(const char *name, bool value) { key(name), json_builder_add_boolean_value(builder_, value); }
	void null(const char *name) { key(name), json_builder_add_null_value(builder_); }
	void add(gint64 value) { json_builder_add_int_value(builder_, value); }
	void add(double value) { json_builder_add_double_value(builder_, round3(value)); }
	Json &open() { return json_builder_begin_object(builder_), *this; }
	void close() { json_builder_end_object(builder_); }
	void list(const char *name) { key(name), json_builder_begin_array(builder_); }
	void endList() { json_builder_end_array(builder_); }
	std::string text(bool pretty)
	{
		JsonNode *root = json_builder_get_root(builder_);
		gchar *raw = json_to_string(root, pretty);
		std::string result = raw;
		g_free(raw);
		json_node_unref(root);
		return result;
	}

private:
	JsonBuilder *builder_;
};

void putTimes(Json &json, const char *name, const std::vector<double> &times)
{
	json.list(name);
	for (std::size_t i = 0; i < std::min(times.size(), kMostListed); ++i)
		json.add(times[i]);
	json.endList();
}

struct Span {
	double firstMs = 0, endMs = 0;
};

/// The last frame counts with the usual distance, or a track would seem shorter than it is.
Span spanOf(const VideoFigures &video)
{
	const auto &frames = video.frames();
	if (frames.empty())
		return {};
	std::vector<double> steps;
	for (std::size_t i = 1; i < frames.size(); ++i)
		steps.push_back(frames[i].timeMs - frames[i - 1].timeMs);
	return { frames.front().timeMs, frames.back().timeMs + median(steps) };
}

/// Running numbers: what is missing between the first and the last, what came twice.
void putNumbers(Json &json, const VideoFigures &video)
{
	std::vector<std::uint32_t> numbers;
	std::size_t backwards = 0;
	std::uint64_t firstClock = 0, lastClock = 0;
	for (const auto &frame : video.frames())
		if (frame.code) {
			if (numbers.empty())
				firstClock = frame.code->wallClockMs;
			else if (frame.code->frameNumber < numbers.back())
				++backwards;
			lastClock = frame.code->wallClockMs;
			numbers.push_back(frame.code->frameNumber);
		}
	json.put("framesWithCode", numbers.size());
	if (numbers.empty()) {
		json.null("firstFrame");
		json.null("lastFrame");
	} else {
		json.put("firstFrame", std::size_t { numbers.front() });
		json.put("lastFrame", std::size_t { numbers.back() });
	}
	const std::size_t all = numbers.size();
	std::sort(numbers.begin(), numbers.end());
	numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
	std::size_t missing = 0, listed = 0;
	json.list("gaps");
	for (std::size_t i = 1; i < numbers.size(); ++i) {
		const std::uint32_t lost = numbers[i] - numbers[i - 1] - 1;
		missing += lost;
		if (lost == 0 || listed++ >= kMostListed)
			continue;
		json.open();
		json.put("from", std::size_t { numbers[i - 1] } + 1);
		json.put("to", std::size_t { numbers[i] } - 1);
		json.close();
	}
	json.endList();
	json.put("missing", missing);
	json.put("duplicates", all - numbers.size());
	json.put("backwards", backwards);
	json.put("wallClockFirstMs", static_cast<std::size_t>(firstClock));
	json.put("wallClockLastMs", static_cast<std::size_t>(lastClock));
	json.put("wallClockSpanMs", static_cast<double>(lastClock) - static_cast<double>(firstClock));
}

void putVideo(Json &json, const VideoFigures &video, double expectFps)
{
	const Span span = spanOf(video);
	double maxGap = 0, medianGap = 0;
	std::vector<double> gaps;
	for (std::size_t i = 1; i < video.frames().size(); ++i)
		gaps.push_back(video.frames()[i].timeMs - video.frames()[i - 1].timeMs);
	if (!gaps.empty()) {
		std::sort(gaps.begin(), gaps.end());
		maxGap = gaps.back();
		medianGap = gaps[gaps.size() / 2];
	}
	json.open();
	json.put("frames", video.frames().size());
	putNumbers(json, video);
	json.put("flashes", video.flashes().size());
	putTimes(json, "flashesMs", video.flashes());
	json.put("firstMs", span.firstMs);
	json.put("durationMs", span.endMs - span.firstMs);
	json.put("fps", span.endMs > span.firstMs
				? static_cast<double>(video.frames().size()) * 1000 / (span.endMs - span.firstMs)
				: 0.0);
	if (expectFps > 0) {
		const double expected = (span.endMs - span.firstMs) * expectFps / 1000;
		json.put("expectedFrames", expected);
		json.put("frameShare", expected > 0 ? static_cast<double>(video.frames().size()) / expected : 0.0);
	}
	json.put("maxGapMs", maxGap);
	json.put("medianGapMs", medianGap);
	const auto [darkest, brightest] =
		std::minmax_element(video.frames().begin(), video.frames().end(),
				    [](const auto &a, const auto &b) { return a.luma < b.luma; });
	json.put("lumaMin", video.frames().empty() ? 0.0 : darkest->luma);
	json.put("lumaMax", video.frames().empty() ? 0.0 : brightest->luma);
	json.list("darkMs");
	const auto dark = video.darkSpans();
	for (std::size_t i = 0; i < std::min(dark.size(), kMostListed); ++i) {
		json.open();
		json.put("from", dark[i].first);
		json.put("to", dark[i].second);
		json.close();
	}
	json.endList();
	json.flag("moves", video.moves());
	json.put("movingShare", video.movingShare());
	json.put("meanDifference", video.meanDifference());
	json.close();
}

void putAudio(Json &json, const AudioFigures &audio)
{
	json.open();
	json.put("seconds", audio.seconds());
	json.put("nonSilentSeconds", audio.nonSilentSeconds());
	json.put("peak", audio.peak());
	if (audio.toneHz() > 0)
		json.put("toneShare", audio.toneShare());
	json.put("beeps", audio.beeps().size());
	putTimes(json, "beepsMs", audio.beeps());
	json.put("firstMs", std::max(audio.firstMs(), 0.0));
	json.put("maxGapMs", audio.maxGapMs());
	json.close();
}

void putOffset(Json &json, const VideoFigures &video, const AudioFigures &audio)
{
	std::vector<double> offsets;
	for (const Pair &pair : pairUp(video.flashes(), audio.beeps()))
		offsets.push_back(pair.offsetMs);
	json.open();
	json.put("pairs", offsets.size());
	if (!offsets.empty()) {
		json.put("median", median(offsets));
		json.put("min", *std::min_element(offsets.begin(), offsets.end()));
		json.put("max", *std::max_element(offsets.begin(), offsets.end()));
	}
	putTimes(json, "each", offsets);
	json.close();
}

void putTrack(Json &json, const ReportTrack &track)
{
	json.open();
	json.put("kind", track.kind);
	json.put("codec", track.codec);
	if (track.video != nullptr && !track.video->sizes().empty()) {
		json.put("width", static_cast<std::size_t>(track.video->sizes().back().first));
		json.put("height", static_cast<std::size_t>(track.video->sizes().back().second));
		json.put("sizes", track.video->sizes().size());
	}
	if (track.audio != nullptr) {
		json.put("rate", std::size_t { track.audio->rate() });
		json.put("channels", std::size_t { track.audio->channels() });
	}
	json.close();
}

} // namespace

std::string report(const std::string &path, const std::vector<ReportTrack> &tracks, double expectFps, bool pretty)
{
	const VideoFigures *video = nullptr;
	const AudioFigures *audio = nullptr;
	double end = 0;
	Json json;
	json.open().put("file", path);
	json.list("tracks");
	for (const ReportTrack &track : tracks) {
		putTrack(json, track);
		if (track.video != nullptr) {
			video = video == nullptr ? track.video : video;
			end = std::max(end, spanOf(*track.video).endMs);
		}
		if (track.audio != nullptr) {
			audio = audio == nullptr ? track.audio : audio;
			end = std::max(end, track.audio->endMs());
		}
	}
	json.endList();
	json.put("durationMs", end);
	if (video != nullptr)
		putVideo(json.key("video"), *video, expectFps);
	else
		json.null("video");
	if (audio != nullptr)
		putAudio(json.key("audio"), *audio);
	else
		json.null("audio");
	if (video != nullptr && audio != nullptr)
		putOffset(json.key("avOffsetMs"), *video, *audio);
	else
		json.null("avOffsetMs");
	json.close();
	return json.text(pretty);
}

} // namespace trtc::measure
