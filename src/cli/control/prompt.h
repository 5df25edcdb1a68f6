// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/command_line.h"
#include "terminal/history_file.h"
#include "terminal/line_editor.h"
#include "terminal/screen.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::cli {

/// Commands typed on a terminal: editing, history, completion. A secret is neither shown again nor kept. Thread-bound.
class Prompt {
public:
	struct Use {
		std::vector<CommandShape> shapes;
		/// As CompletionWorld::names.
		std::function<std::vector<std::string>(std::string_view place)> names;
		std::string atEnd; ///< said when the user types the end of file
		std::function<void(std::string_view)> line;
	};
	/// Null when lines cannot be edited here.
	static std::unique_ptr<Prompt> make(std::shared_ptr<terminal::Screen> screen, Use use);
	~Prompt();
	Prompt(const Prompt &) = delete;
	Prompt &operator=(const Prompt &) = delete;
	/// No more commands. Idempotent.
	void close();

private:
	Prompt(std::shared_ptr<terminal::Screen> screen, Use use);
	void onLine(const std::string &line);
	void draw();

	std::shared_ptr<terminal::Screen> screen_;
	Use use_;
	terminal::HistoryFile history_;
	std::string lastLine_;
	std::unique_ptr<terminal::LineEditor> editor_;
	bool closed_ = false;
};

} // namespace trtc::cli
