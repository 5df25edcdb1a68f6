// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/control_socket.h"
#include "cli/control/prompt.h"
#include "cli/control/stdin_lines.h"
#include "cli/control/terminal_use.h"
#include "cli/events/event_printer.h"
#include "cli/options/options.h"
#include "cli/serve/service_commands.h"
#include "service/server.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::cli {

/// Where a service's administrator is heard: stdin, a prompt on a terminal, the control socket. What a command does is an
/// event on stdout, and so is its answer. Thread-bound.
class ServiceDesk final : private ServiceHost {
public:
	/// Borrows everything. @p stop ends the service, later. Throws Exception when the control socket that was asked for
	/// cannot be had.
	ServiceDesk(MainLoop &loop, const ServeConfig &config, EventPrinter &printer, service::Server &server,
		    const std::shared_ptr<terminal::Screen> &screen, const TerminalUse &use,
		    std::function<void()> stop);
	~ServiceDesk();
	/// From now on commands are read.
	void open();
	/// No more commands.
	void close();

private:
	using AnswerTo = std::function<void(std::string_view)>;
	void openControl(const ServeConfig &config);
	bool onLine(std::string_view line, bool tooLong, const AnswerTo &answerTo = nullptr);
	std::vector<std::string> names(std::string_view place) const;

	// ServiceHost
	void kick(const RoomId &room, const UserId &user, CommandReply reply) override;
	void ban(const RoomId &room, const UserId &user, CommandReply reply) override;
	void unban(const RoomId &room, const UserId &user, CommandReply reply) override;
	void disband(const RoomId &room, CommandReply reply) override;
	void rooms(CommandReply reply) override;
	void users(const RoomId &room, CommandReply reply) override;
	void bans(CommandReply reply) override;
	void stop(CommandReply reply) override;

	MainLoop &loop_;
	EventPrinter &printer_;
	service::Server &server_;
	std::function<void()> stop_;
	bool readStdin_;
	std::unique_ptr<Prompt> prompt_; // null without a terminal
	StdinLines stdin_;
	std::unique_ptr<ControlSocket> control_;
};

} // namespace trtc::cli
