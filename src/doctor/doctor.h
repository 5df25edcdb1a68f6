// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/facts.h"

#include <trtc/main_loop.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Looks at this machine and at the way to the room service, and says how to mend what is missing. Nothing is contacted
/// but the server that the user named, or loopback. Everything is bounded in time. Thread-bound.
namespace trtc::doctor {

enum class Verdict { Ok, Warn, Fail };

/// One line of the result.
struct Finding {
	std::string name; ///< "plugin x264"
	Verdict verdict = Verdict::Ok;
	std::string what;
	std::string command; ///< what to type; never empty unless the verdict is Ok
};

/// Collects findings, and sees to it that none is without a way out.
class Findings {
public:
	explicit Findings(bool root = true) : root_(root) {}
	void ok(std::string name, std::string what);
	/// Throws std::logic_error when @p command is empty.
	void warn(std::string name, std::string what, std::string command);
	void fail(std::string name, std::string what, std::string command);
	/// The command with `sudo` in front when an ordinary user types it.
	std::string asRoot(const std::string &command) const { return root_ ? command : "sudo " + command; }
	const std::vector<Finding> &all() const noexcept { return all_; }

private:
	void add(std::string name, Verdict verdict, std::string what, std::string command);
	bool root_;
	std::vector<Finding> all_;
};

/// A row of the table: look() fills in its part of the facts and may take its time, judge() is pure.
struct Check {
	std::string_view name;	///< "plugins"
	std::string_view title; ///< for the progress line: "plug-ins of GStreamer"
	void (*look)(MainLoop &loop, const Settings &settings, Facts &facts);
	void (*judge)(const Settings &settings, const Facts &facts, Findings &findings);
};
/// In the order in which they are done; a later one may use the facts of an earlier one.
std::span<const Check> checks() noexcept;

/// Runs every check. @p begun is told before each, @p found after each.
void examine(MainLoop &loop, const Settings &settings, const std::function<void(const Check &)> &begun,
	     const std::function<void(const Check &, const Finding &)> &found);

// ---- the rows, one file for each group; the tests judge by hand ------------------------------

struct PluginNeed {
	std::string_view plugin, element, package;
	std::string_view purpose; ///< ""; every room needs it; else what is not possible without
	/// Another row that does as well, or "".
	std::string_view instead;
};
std::span<const PluginNeed> pluginNeeds() noexcept;

struct CodecTrial {
	std::string_view name, description; ///< "encode H.264 (x264enc)"; a chain that ends before its sink
	std::string_view package;
	/// One of a group is enough; "": on its own.
	std::string_view group;
	std::string_view purpose;
};
std::span<const CodecTrial> codecTrials() noexcept;

/// What this runs on, one line each: libraries, kernel, distribution, processors, and the plug-ins of the table once
/// GStreamer has been started. Reentrant.
std::string versions();

void lookAtGStreamer(MainLoop &, const Settings &, Facts &);
void judgeGStreamer(const Settings &, const Facts &, Findings &);
void lookAtPlugins(MainLoop &, const Settings &, Facts &);
void judgePlugins(const Settings &, const Facts &, Findings &);
void lookAtCodecs(MainLoop &, const Settings &, Facts &);
void judgeCodecs(const Settings &, const Facts &, Findings &);
void lookAtDevices(MainLoop &, const Settings &, Facts &);
void judgeDevices(const Settings &, const Facts &, Findings &);
void lookAtPlaces(MainLoop &, const Settings &, Facts &);
void judgePlaces(const Settings &, const Facts &, Findings &);
void lookAtSockets(MainLoop &, const Settings &, Facts &);
void judgeSockets(const Settings &, const Facts &, Findings &);
void lookAtPort(MainLoop &, const Settings &, Facts &);
void judgePort(const Settings &, const Facts &, Findings &);
void lookAtDisk(MainLoop &, const Settings &, Facts &);
void judgeDisk(const Settings &, const Facts &, Findings &);
void lookAtServer(MainLoop &, const Settings &, Facts &);
void judgeServer(const Settings &, const Facts &, Findings &);
void lookAtClock(MainLoop &, const Settings &, Facts &);
void judgeClock(const Settings &, const Facts &, Findings &);
void lookAtProof(MainLoop &, const Settings &, Facts &);
void judgeProof(const Settings &, const Facts &, Findings &);

} // namespace trtc::doctor
