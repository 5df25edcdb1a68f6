// SPDX-License-Identifier: MIT
#include "cli/control/prompt.h"

#include "cli/control/command_completion.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::cli {

namespace {

constexpr std::string_view kPrompt = "> ";

} // namespace

std::unique_ptr<Prompt> Prompt::make(std::shared_ptr<terminal::Screen> screen, Use use)
{
	std::unique_ptr<Prompt> prompt(new Prompt(std::move(screen), std::move(use)));
	if (!prompt->editor_)
		return nullptr;
	prompt->draw();
	return prompt;
}

Prompt::Prompt(std::shared_ptr<terminal::Screen> screen, Use use)
	: screen_(std::move(screen)), use_(std::move(use)),
	  history_(terminal::defaultHistoryPath(), terminal::kMaxHistory),
	  editor_(terminal::LineEditor::make({
		  [this](const std::string &typed) { onLine(typed); },
		  [this] { draw(); },
		  [this] { screen_->print(use_.atEnd); },
		  [this] { draw(); },
		  [this](std::string_view typed) {
			  return completeCommand(typed, use_.shapes, { use_.names, namesInFolder });
		  },
		  [this](const std::vector<std::string> &candidates) {
			  screen_->print(fmt::format("{}", fmt::join(candidates, "  ")));
		  },
	  }))
{
	if (!editor_)
		return;
	for (const auto &old : history_.read())
		editor_->remember(lastLine_ = old);
	screen_->onInput([this](std::string_view bytes) {
		if (!closed_)
			editor_->feed(bytes);
	});
}

Prompt::~Prompt() { screen_->onInput({}); }

void Prompt::close()
{
	if (!std::exchange(closed_, true))
		screen_->removePrompt();
}

void Prompt::onLine(const std::string &line)
{
	const auto shown = presentable(line, use_.shapes);
	// What was typed stays to be read, as in a shell.
	screen_->print(std::string(kPrompt) + shown);
	if (trim(line).empty())
		return;
	if (line != lastLine_ && shown == line) {
		lastLine_ = line;
		editor_->remember(line);
		history_.append(line);
	}
	use_.line(line);
}

void Prompt::draw()
{
	if (!closed_)
		screen_->setPrompt(std::string(kPrompt), editor_->text(), editor_->cursor());
}

} // namespace trtc::cli
