// SPDX-License-Identifier: MIT
#include "cli/serve/service_desk.h"

#include "cli/serve/room_event_record.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <utility>

namespace trtc::cli {

namespace {

CommandOutcome refused(std::string message)
{
	return { Error { ErrorCode::InvalidOperation, std::move(message) }, {} };
}

CommandOutcome noSuchUser(const RoomId &room, const UserId &user)
{
	return refused(fmt::format("user {} is not in room {}; the command users {} lists its users", user.str(),
				   roomText(room), roomText(room)));
}

CommandOutcome noSuchRoom(const RoomId &room)
{
	return refused(fmt::format("room {} does not exist; the command rooms lists the rooms", roomText(room)));
}

Fields whoWhere(const RoomId &room, const UserId &user)
{
	return { { "roomId", roomValue(room) }, { "userId", user.str() } };
}

} // namespace

ServiceDesk::ServiceDesk(MainLoop &loop, const ServeConfig &config, EventPrinter &printer, service::Server &server,
			 const std::shared_ptr<terminal::Screen> &screen, const TerminalUse &use,
			 std::function<void()> stop)
	: loop_(loop), printer_(printer), server_(server), stop_(std::move(stop)), readStdin_(config.readStdin),
	  stdin_(loop, [this](std::string_view line, bool tooLong) { onLine(line, tooLong); })
{
	openControl(config);
	server_.onRoomEvent([this](const service::RoomEvent &event) { printer_.print(toRecord(event)); });
	if (screen && use.input >= 0)
		prompt_ = Prompt::make(screen, { shapesOf(serviceCommandTable()),
						 [this](std::string_view place) { return names(place); },
						 "the service stays: type stop, or press Ctrl-C, to end it",
						 [this](std::string_view line) { onLine(line, false); } });
}

ServiceDesk::~ServiceDesk() { server_.onRoomEvent(nullptr); }

/// It lives without a socket that nobody asked for.
void ServiceDesk::openControl(const ServeConfig &config)
{
	auto path = config.control;
	if (path.empty() && !config.controlAsked)
		path = defaultServiceControlPath(config.runtimeDirectory, std::to_string(server_.port()));
	if (path.empty()) {
		spdlog::info("control socket: none");
		return;
	}
	try {
		if (!config.controlAsked)
			makeControlDirectory(std::filesystem::path(path).parent_path());
		control_ = std::make_unique<ControlSocket>(
			loop_, path, [this](std::string_view line, bool tooLong, const ControlSocket::Answer &answer) {
				return onLine(line, tooLong, answer);
			});
		spdlog::info("control socket: {}", path);
	} catch (const Exception &error) {
		if (config.controlAsked)
			throw;
		spdlog::warn("{}; the service takes no commands from ctl", error.error().message);
	}
}

void ServiceDesk::open()
{
	if (readStdin_ && !prompt_)
		stdin_.start();
}

void ServiceDesk::close()
{
	stdin_.pause();
	if (prompt_)
		prompt_->close();
}

bool ServiceDesk::onLine(std::string_view line, bool tooLong, const AnswerTo &answerTo)
{
	const auto command = splitCommand(line, shapesOf(serviceCommandTable()));
	if (command.blank() && !tooLong)
		return false;
	const auto answer = [this, command, answerTo](const CommandOutcome &outcome) {
		const auto record = commandResult(command, outcome);
		printer_.print(record);
		if (answerTo)
			answerTo(formatJson(record, { std::chrono::system_clock::now(), printer_.elapsed() }));
	};
	// Posted: the control socket counts the command as waiting only when this has returned.
	loop_.post([this, command, tooLong, answer] {
		if (tooLong)
			return answer(tooLongOutcome());
		runCommand(serviceCommandTable(), static_cast<ServiceHost &>(*this), command, answer);
	});
	return true;
}

/// For completion: a name with a blank in it would be two words.
std::vector<std::string> ServiceDesk::names(std::string_view place) const
{
	std::vector<std::string> found;
	for (const auto &info : server_.rooms()) {
		const auto room = roomText(info.room);
		if (room.find(' ') != std::string::npos)
			continue;
		if (place == "ROOM")
			found.push_back(room);
		else if (const auto members = server_.members(info.room); members && place == "USER@ROOM")
			for (const auto &member : *members)
				found.push_back(member.userId.str() + '@' + room);
	}
	if (place == "USER@ROOM")
		for (const auto &ban : server_.bans())
			found.push_back(ban.userId.str() + '@' + roomText(ban.room));
	return found;
}

// ---- the commands -------------------------------------------------------------------------

void ServiceDesk::kick(const RoomId &room, const UserId &user, CommandReply reply)
{
	if (!server_.kick(room, user))
		return reply(noSuchUser(room, user));
	spdlog::info("user {} was kicked out of room {}", user.str(), roomText(room));
	printer_.print({ "user-kicked", whoWhere(room, user) });
	reply({});
}

void ServiceDesk::ban(const RoomId &room, const UserId &user, CommandReply reply)
{
	const bool there = server_.ban(room, user);
	spdlog::info("user {} is banned from room {}", user.str(), roomText(room));
	auto fields = whoWhere(room, user);
	fields.push_back({ "wasPresent", there });
	printer_.print({ "user-banned", std::move(fields) });
	reply({ Unit {}, { { "wasPresent", there } } });
}

void ServiceDesk::unban(const RoomId &room, const UserId &user, CommandReply reply)
{
	if (!server_.unban(room, user))
		return reply(refused(fmt::format("user {} is not banned from room {}; the command bans lists the bans",
						 user.str(), roomText(room))));
	spdlog::info("user {} may join room {} again", user.str(), roomText(room));
	printer_.print({ "user-unbanned", whoWhere(room, user) });
	reply({});
}

void ServiceDesk::disband(const RoomId &room, CommandReply reply)
{
	const auto count = server_.disband(room);
	if (count == 0)
		return reply(noSuchRoom(room));
	spdlog::info("room {} was disbanded with {} users", roomText(room), count);
	printer_.print({ "room-disbanded", { { "roomId", roomValue(room) }, { "userCount", whole(count) } } });
	reply({ Unit {}, { { "userCount", whole(count) } } });
}

void ServiceDesk::rooms(CommandReply reply)
{
	std::vector<Fields> list;
	for (const auto &info : server_.rooms())
		list.push_back({ { "roomId", roomValue(info.room) },
				 { "room", roomText(info.room) },
				 { "userCount", whole(info.users) },
				 { "anchorCount", whole(info.anchors) },
				 { "publisherCount", whole(info.publishers) } });
	reply({ Unit {}, { { "rooms", std::move(list) } } });
}

void ServiceDesk::users(const RoomId &room, CommandReply reply)
{
	const auto members = server_.members(room);
	if (!members)
		return reply(noSuchRoom(room));
	std::vector<Fields> list;
	for (const auto &member : *members)
		list.push_back({ { "userId", member.userId.str() },
				 { "role", toString(member.role) },
				 { "mode", toString(member.mode) },
				 { "address", member.clientIp },
				 { "connected", member.connected },
				 { "audio", member.audio },
				 { "video", member.video },
				 { "smallVideo", member.smallVideo },
				 { "auxVideo", member.auxVideo },
				 { "audioMuted", member.audioMuted },
				 { "videoMuted", member.videoMuted } });
	reply({ Unit {}, { { "users", std::move(list) } } });
}

void ServiceDesk::bans(CommandReply reply)
{
	std::vector<Fields> list;
	for (const auto &ban : server_.bans())
		list.push_back(whoWhere(ban.room, ban.userId));
	reply({ Unit {}, { { "bans", std::move(list) } } });
}

void ServiceDesk::stop(CommandReply reply)
{
	reply({});
	stop_();
}

} // namespace trtc::cli
