// SPDX-License-Identifier: MIT
//
// Runs `measure` on clips that `make-pattern` makes. The environment names both: MEASURE, MAKE_PATTERN.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <json-glib/json-glib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Run {
	int status;
	std::string out, err;
};

Run run(std::vector<std::string> arguments)
{
	std::vector<char *> argv;
	for (auto &argument : arguments)
		argv.push_back(argument.data());
	argv.push_back(nullptr);
	gchar *out = nullptr, *err = nullptr;
	int status = -1;
	GError *error = nullptr;
	g_spawn_sync(nullptr, argv.data(), nullptr, G_SPAWN_DEFAULT, nullptr, nullptr, &out, &err, &status, &error);
	const std::string failure = error != nullptr ? error->message : "";
	g_clear_error(&error);
	Run result { WIFEXITED(status) ? WEXITSTATUS(status) : -1, out != nullptr ? out : "",
		     (err != nullptr ? err : "") + failure };
	g_free(out);
	g_free(err);
	return result;
}

std::string tool(const char *variable)
{
	const char *path = std::getenv(variable);
	return path != nullptr ? path : "";
}

/// A folder of its own, gone with the test.
class Clip {
public:
	explicit Clip(const std::vector<std::string> &options = {})
	{
		gchar *made = g_dir_make_tmp("measure-XXXXXX", nullptr);
		REQUIRE(made != nullptr);
		folder_ = made;
		g_free(made);
		if (options.empty())
			return;
		std::vector<std::string> arguments { tool("MAKE_PATTERN"), "clip", path() };
		arguments.insert(arguments.end(), options.begin(), options.end());
		const Run result = run(arguments);
		INFO(result.err);
		REQUIRE(result.status == 0);
	}
	~Clip()
	{
		std::error_code ignored;
		fs::remove_all(folder_, ignored);
	}
	Clip(const Clip &) = delete;
	Clip &operator=(const Clip &) = delete;
	std::string path() const { return folder_ / "clip.mkv"; }

private:
	fs::path folder_;
};

/// Figures by path, as in "video.frames" or "tracks.0.codec".
class Figures {
public:
	explicit Figures(const Clip &clip, const std::vector<std::string> &options = {}) : parser_(json_parser_new())
	{
		std::vector<std::string> arguments { tool("MEASURE"), clip.path(), "--json" };
		arguments.insert(arguments.end(), options.begin(), options.end());
		const Run result = run(arguments);
		INFO(result.err);
		REQUIRE(result.status == 0);
		text_ = result.out;
		REQUIRE(json_parser_load_from_data(parser_, text_.c_str(), -1, nullptr));
	}
	~Figures() { g_object_unref(parser_); }
	Figures(const Figures &) = delete;
	Figures &operator=(const Figures &) = delete;

	JsonNode *node(const std::string &path) const
	{
		JsonNode *at = json_parser_get_root(parser_);
		std::size_t from = 0;
		while (from <= path.size()) {
			const auto dot = std::min(path.find('.', from), path.size());
			const std::string key = path.substr(from, dot - from);
			from = dot + 1;
			if (JSON_NODE_HOLDS_ARRAY(at))
				at = json_array_get_element(json_node_get_array(at),
							    static_cast<guint>(std::stoul(key)));
			else
				at = json_object_get_member(json_node_get_object(at), key.c_str());
			INFO(path);
			REQUIRE(at != nullptr);
		}
		return at;
	}
	double number(const std::string &path) const
	{
		INFO(path);
		REQUIRE(JSON_NODE_HOLDS_VALUE(node(path)));
		return json_node_get_double(node(path));
	}
	std::string string(const std::string &path) const { return json_node_get_string(node(path)); }
	bool flag(const std::string &path) const { return json_node_get_boolean(node(path)) != FALSE; }
	bool null(const std::string &path) const { return JSON_NODE_HOLDS_NULL(node(path)); }
	const std::string &text() const { return text_; }

private:
	JsonParser *parser_;
	std::string text_;
};

} // namespace

TEST_CASE("measure: a clip without faults, H.264")
{
	const Clip clip({ "seconds=5" });
	const Figures figures(clip, { "--expect-fps", "15" });
	INFO(figures.text());
	CHECK(figures.string("tracks.0.codec") == "h264");
	CHECK(figures.number("tracks.0.width") == 640);
	CHECK(figures.number("tracks.0.height") == 480);
	CHECK(figures.string("tracks.1.codec") == "opus");
	CHECK(figures.number("tracks.1.rate") == 48000);
	CHECK(figures.number("tracks.1.channels") == 1);
	CHECK(figures.number("durationMs") == doctest::Approx(5000).epsilon(0.01));
	CHECK(figures.number("video.frames") == 75);
	CHECK(figures.number("video.framesWithCode") == 75);
	CHECK(figures.number("video.firstFrame") == 0);
	CHECK(figures.number("video.lastFrame") == 74);
	CHECK(figures.number("video.missing") == 0);
	CHECK(figures.number("video.duplicates") == 0);
	CHECK(figures.number("video.flashes") == 5);
	CHECK(figures.number("video.wallClockSpanMs") == 4933);
	CHECK(figures.number("video.maxGapMs") == doctest::Approx(67).epsilon(0.03));
	CHECK(figures.number("video.frameShare") == doctest::Approx(1).epsilon(0.01));
	CHECK(figures.flag("video.moves"));
	CHECK(figures.number("audio.seconds") == doctest::Approx(5).epsilon(0.01));
	CHECK(figures.number("audio.nonSilentSeconds") >= 4.8);
	CHECK(figures.number("audio.maxGapMs") <= 2);
	// The first beep starts with the file: nothing quiet comes before it.
	CHECK(figures.number("audio.beeps") == 4);
	CHECK(figures.number("avOffsetMs.pairs") == 4);
	CHECK(std::abs(figures.number("avOffsetMs.median")) <= 5);
	CHECK(std::abs(figures.number("avOffsetMs.min")) <= 5);
	CHECK(std::abs(figures.number("avOffsetMs.max")) <= 5);
}

TEST_CASE("measure: audio 80 ms late is told")
{
	const Figures figures(Clip({ "seconds=4", "shift=80", "video=vp8" }));
	INFO(figures.text());
	CHECK(figures.string("tracks.0.codec") == "vp8");
	CHECK(figures.number("avOffsetMs.pairs") >= 3);
	CHECK(std::abs(figures.number("avOffsetMs.median") - 80) <= 5);
	CHECK(std::abs(figures.number("avOffsetMs.max") - 80) <= 5);
}

TEST_CASE("measure: small pictures at low rates keep their code")
{
	for (const char *video : { "video=h264", "video=vp8" })
		for (const char *size : { "size=160x120", "size=320x240" }) {
			CAPTURE(video);
			CAPTURE(size);
			const Figures figures(Clip({ video, size, "kbps=100", "seconds=3", "audio=none" }));
			INFO(figures.text());
			CHECK(figures.number("video.frames") == 45);
			CHECK(figures.number("video.framesWithCode") == 45);
			CHECK(figures.number("video.flashes") == 3);
			CHECK(figures.null("audio"));
			CHECK(figures.null("avOffsetMs"));
		}
}

TEST_CASE("measure: missing frames are counted and named")
{
	const Figures figures(Clip({ "seconds=3", "drop=20-26", "audio=none", "size=320x240" }));
	INFO(figures.text());
	CHECK(figures.number("video.frames") == 38);
	CHECK(figures.number("video.missing") == 7);
	CHECK(figures.number("video.gaps.0.from") == 20);
	CHECK(figures.number("video.gaps.0.to") == 26);
	CHECK(figures.number("video.maxGapMs") == doctest::Approx(533).epsilon(0.01));
}

TEST_CASE("measure: a picture that stands still does not move")
{
	const Figures figures(Clip({ "seconds=3", "still=1", "audio=none", "size=320x240" }));
	INFO(figures.text());
	CHECK_FALSE(figures.flag("video.moves"));
	CHECK(figures.number("video.duplicates") == 44);
	CHECK(figures.number("video.flashes") == 0);
}

TEST_CASE("measure: dark pictures are told from others")
{
	const Figures pattern(Clip({ "seconds=2" }));
	INFO(pattern.text());
	CHECK(json_array_get_length(json_node_get_array(pattern.node("video.darkMs"))) == 0);
	CHECK(pattern.number("video.lumaMin") > 30);
	CHECK(pattern.number("video.lumaMax") > pattern.number("video.lumaMin"));
	const Figures black(Clip({ "seconds=2", "size=32x24" })); // too small for the pattern
	INFO(black.text());
	CHECK(json_array_get_length(json_node_get_array(black.node("video.darkMs"))) == 1);
	CHECK(black.number("video.darkMs.0.from") == 0);
	CHECK(black.number("video.darkMs.0.to") > 1800);
	CHECK(black.number("video.lumaMax") < 24);
}

TEST_CASE("measure: a tone is found at its frequency alone")
{
	const Clip clip({ "seconds=4" });
	CHECK(Figures(clip, { "--tone", "1000" }).number("audio.toneShare") > 0.7); // the beeps
	CHECK(Figures(clip, { "--tone", "1100" }).number("audio.toneShare") < 0.05);
	CHECK(Figures(clip, { "--tone", "2000" }).number("audio.toneShare") < 0.05);
}

TEST_CASE("measure: sound alone")
{
	const Figures figures(Clip({ "seconds=3", "video=none" }));
	INFO(figures.text());
	CHECK(figures.null("video"));
	CHECK(figures.string("tracks.0.kind") == "audio");
	CHECK(figures.number("audio.beeps") == 2);
}

TEST_CASE("measure: what cannot be decoded is one line and exit code 1")
{
	Clip clip({ "seconds=1" });
	for (const char *content : { "", "this is no film\n", "\x1a\x45\xdf\xa3\x93garbage garbage garbage garbage" }) {
		std::ofstream(clip.path(), std::ios::trunc) << content;
		const Run result = run({ tool("MEASURE"), clip.path(), "--json" });
		CAPTURE(result.err);
		CHECK(result.status == 1);
		CHECK(result.out.empty());
		CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
		CHECK(result.err.find(clip.path()) != std::string::npos);
	}
	CHECK(run({ tool("MEASURE"), clip.path() + ".missing" }).status == 1);
	CHECK(run({ tool("MEASURE") }).status == 2);
	CHECK(run({ tool("MEASURE"), clip.path(), "--expect-fps", "x" }).status == 2);
}

TEST_CASE("measure: a file cut short is read as far as it goes")
{
	Clip clip({ "seconds=4", "size=320x240" });
	fs::resize_file(clip.path(), fs::file_size(clip.path()) / 2);
	const Figures figures(clip);
	INFO(figures.text());
	CHECK(figures.number("video.frames") > 15);
	CHECK(figures.number("video.missing") == 0);
}
