// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/prompt.h"
#include "cli/control/terminal_use.h"
#include "cli/options/options.h"
#include "terminal/screen.h"
#include "terminal/status_line.h"

#include <trtc/client.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace trtc::cli {

/// The agent's face on a terminal: prompt, completion, history, and the status line with what the agent is busy with. It
/// draws at most four times a second. Thread-bound.
class Console {
public:
	/// @p client is borrowed. @p line gets what was typed.
	Console(MainLoop &loop, std::shared_ptr<terminal::Screen> screen, const TerminalUse &use,
		const JoinConfig &config, const Client &client, std::function<void(std::string_view)> line);
	/// The terminal is closed by whoever opened it.
	~Console();
	Console(const Console &) = delete;
	Console &operator=(const Console &) = delete;

	/// Reads commands here, so nobody else may read stdin.
	bool takesInput() const noexcept { return prompt_ != nullptr; }
	/// Commands are carried out slower than typed.
	void pauseInput(bool pause);
	void observe(const Event &event);
	/// Something that may take a while has begun, or ended (""). Shown at once, because the loop may be blocked by it.
	void busy(const std::string &what);
	/// No more commands; the status line stays.
	void leaving();

private:
	using Clock = std::chrono::steady_clock;
	using Stream = std::pair<UserId, StreamType>;
	struct Recording {
		std::string path;
		Clock::time_point since;
	};

	void refresh();
	std::string progress(Clock::time_point now) const;
	std::vector<std::string> userNames() const;

	std::shared_ptr<terminal::Screen> screen_;
	const Client &client_;
	std::unique_ptr<Prompt> prompt_; // null: no input
	terminal::StatusFigures figures_;
	std::string server_, busy_;
	Clock::time_point busySince_, joinSince_;
	enum class Phase { Joining, Inside, Leaving } phase_ = Phase::Joining;
	ConnectionState connection_ = ConnectionState::Disconnected;
	std::map<std::string, Recording> recordings_;	    // by path
	std::map<Stream, Clock::time_point> awaitingFrame_; // subscribed, nothing came yet
	std::set<Stream> flowing_;			    // had their first frame
	SourceHandle timer_;
};

} // namespace trtc::cli
