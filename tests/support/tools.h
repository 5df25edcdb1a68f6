// SPDX-License-Identifier: MIT
#pragma once

#include "json/reader.h"

#include <doctest/doctest.h>

#include <glib.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <vector>

/// The measuring tools, run from a test. The environment names them: MEASURE, MAKE_PATTERN.
namespace trtc::test {

struct ToolRun {
	int status = -1;
	std::string out, err;
};

/// @p ms, or more where a sanitizer makes everything slow: a starved jitter buffer stretches its timeline.
inline double patient(double ms)
{
	const char *factor = std::getenv("TEST_TIME_FACTOR");
	return factor ? ms * std::atof(factor) : ms;
}

/// Runs a program to its end; blocks.
inline ToolRun runTool(std::vector<std::string> arguments)
{
	std::vector<char *> argv;
	for (auto &argument : arguments)
		argv.push_back(argument.data());
	argv.push_back(nullptr);
	gchar *out = nullptr, *err = nullptr;
	int status = -1;
	GError *error = nullptr;
	g_spawn_sync(nullptr, argv.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &out, &err, &status, &error);
	const std::string failure = error ? error->message : "";
	g_clear_error(&error);
	ToolRun result { WIFEXITED(status) ? WEXITSTATUS(status) : -1, out ? out : "", (err ? err : "") + failure };
	g_free(out);
	g_free(err);
	return result;
}

inline std::string toolPath(const char *variable)
{
	const char *path = std::getenv(variable);
	REQUIRE_MESSAGE(path, variable, " is not set: run the test through meson");
	return path;
}

/// What `measure` says about a file.
class Figures {
public:
	/// Fails the test when the file cannot be decoded.
	explicit Figures(const std::string &path) : Figures(runTool({ toolPath("MEASURE"), path, "--json" }), path) {}
	/// Empty when the file cannot be decoded.
	static std::optional<Figures> of(const std::string &path)
	{
		const auto run = runTool({ toolPath("MEASURE"), path, "--json" });
		if (run.status != 0)
			return std::nullopt;
		return Figures(run, path);
	}
	bool hasVideo() const { return root_->find("video").has_value(); }
	bool hasAudio() const { return root_->find("audio").has_value(); }
	/// A number by its way, "video.missing".
	double number(const std::string &way) const { return at(way).number(); }
	std::string text(const std::string &way) const { return at(way).string(1024); }
	/// The same of one track: "width", "height", "sizes", "codec".
	json::Value track(const std::string &kind) const
	{
		for (const auto &track : root_->get("tracks").items(16))
			if (track.get("kind").string(16) == kind)
				return track;
		FAIL("no ", kind, " track in ", text_);
		std::abort();
	}
	/// The whole report, for INFO.
	const std::string &report() const noexcept { return text_; }

private:
	Figures(const ToolRun &run, const std::string &path) : text_(run.out)
	{
		INFO(path, ": ", run.err);
		REQUIRE(run.status == 0);
		auto parsed = json::parse(run.out, { 16 * 1024 * 1024, 64 });
		REQUIRE(parsed);
		root_ = parsed.value();
	}
	json::Value at(const std::string &way) const
	{
		auto value = *root_;
		for (std::size_t from = 0; from <= way.size();) {
			const auto dot = std::min(way.find('.', from), way.size());
			value = value.get(way.substr(from, dot - from));
			from = dot + 1;
		}
		return value;
	}

	std::optional<json::Value> root_;
	std::string text_;
};

} // namespace trtc::test
