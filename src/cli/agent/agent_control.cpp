// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>

// What the agent does with its control socket: the same lines as on stdin, and the answers go back as well.
namespace trtc::cli {

/// False: the agent ends. It lives without a socket that nobody asked for.
bool Agent::openControl()
{
	if (config_.control.empty()) {
		spdlog::info("control socket: none");
		return true;
	}
	try {
		if (!config_.controlAsked)
			makeControlDirectory(std::filesystem::path(config_.control).parent_path());
		control_ = std::make_unique<ControlSocket>(
			loop_, config_.control,
			[this](std::string_view line, bool tooLong, ControlSocket::Answer answer) {
				return onLine(line, tooLong, std::move(answer));
			});
		spdlog::info("control socket: {}", config_.control);
	} catch (const Exception &error) {
		if (!config_.controlAsked) {
			spdlog::warn("{}; the agent takes no commands from ctl", error.error().message);
			return true;
		}
		fail(error.error(), ExitCode::Usage, true);
		finish();
		return false;
	}
	return true;
}

/// What `systemctl status` shows.
void Agent::tellManager(const Event &event)
{
	if (const auto *joined = std::get_if<Joined>(&event))
		manager_.ready(fmt::format("in room {} as {}", joined->room.str(), joined->userId.str()));
	else if (const auto *changed = std::get_if<ConnectionStateChanged>(&event);
		 changed && changed->state == ConnectionState::Reconnecting)
		manager_.status("connection lost, reconnecting");
	else if (const auto *started = std::get_if<RecordingStarted>(&event))
		manager_.status(fmt::format("recording {}", started->path));
}

} // namespace trtc::cli
