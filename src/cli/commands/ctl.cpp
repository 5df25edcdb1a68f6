// SPDX-License-Identifier: MIT
#include "cli/agent/stdin_commands.h"
#include "cli/commands/commands.h"
#include "cli/control/control_path.h"
#include "cli/control/line_reader.h"
#include "cli/events/event_text.h"
#include "cli/serve/service_commands.h"
#include "cli/text.h"
#include "json/reader.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long an agent may take for one answer. Its own limits are shorter; only one that is stuck needs more.
constexpr auto kAnswerLimit = 60s;
/// How often --wait looks for the socket.
constexpr auto kLookAgain = 20ms;
/// Longest answer taken in, bytes.
constexpr std::size_t kMaxAnswer = 1024 * 1024;

[[noreturn]] void noAgent(std::string message) { throw Exception(ErrorCode::ConnectFailed, std::move(message)); }

/// Does the line make sense to whoever has this table?
bool fits(std::span<const CommandShape> shapes, std::string_view line)
{
	try {
		static_cast<void>(findCommand(shapes, splitCommand(line)));
		return true;
	} catch (const Exception &) {
		return false;
	}
}

/// True for USER@ROOM. Paths contain a slash or end in .sock.
bool isAgentName(const std::string &control)
{
	return control.find('@') != std::string::npos && control.find('/') == std::string::npos &&
	       !control.ends_with(".sock");
}

/// The socket of the agent USER@ROOM. Throws Exception(ConnectFailed) with the names of the running agents.
std::string controlOf(const std::string &directory, const std::string &name)
{
	const auto living = livingControls(directory);
	const auto path = fmt::format("{}/{}.sock", directory, name);
	if (std::find(living.begin(), living.end(), path) != living.end())
		return path;
	std::vector<std::string> names;
	for (const auto &each : living)
		if (isAgentControl(each))
			names.push_back(each.substr(directory.size() + 1, each.size() - directory.size() - 6));
	noAgent(fmt::format(
		"agent {} is not running: {} in {}; start it, or name the path of its socket with --control",
		printable(name, 100),
		names.empty() ? "no agents" : fmt::format("running agents: {}", fmt::join(names, ", ")), directory));
}

/// Which socket the command goes to. Without a name: an agent, unless only a service understands it or only a service is
/// there.
std::string chooseControl(const CtlConfig &config, std::string_view command)
{
	const bool named = isAgentName(config.control);
	if (!config.control.empty() && !named)
		return config.control;
	const auto directory = controlDirectory(config.runtimeDirectory);
	// A command may contain a PrivateMapKey: do not send it to another user's socket.
	checkControlDirectory(directory);
	if (named)
		return controlOf(directory, config.control);
	auto found = livingControls(directory);
	const auto services = std::stable_partition(found.begin(), found.end(), isAgentControl);
	const bool forService = !command.empty() && fits(shapesOf(serviceCommandTable()), command) &&
				!fits(shapesOf(commandTable()), command);
	const bool service = services != found.end() && (forService || services == found.begin());
	if (service)
		found.erase(found.begin(), services);
	else
		found.erase(services, found.end());
	if (found.empty())
		noAgent(fmt::format("no agent is running: there is no control socket in {}; name another place with "
				    "--control",
				    directory));
	if (found.size() > 1)
		throw Exception(ErrorCode::InvalidParameter,
				fmt::format("{} {} are running: choose one with --control: {}", found.size(),
					    service ? "services" : "agents", fmt::join(found, ", ")));
	return found.front();
}

FieldValue toField(const json::Value &value);

Fields toFields(const json::Value &object)
{
	Fields fields;
	for (const auto &key : object.keys())
		if (const auto member = object.find(key))
			fields.push_back({ key, toField(*member) });
	return fields;
}

/// What an event may hold; anything else cannot come from an agent.
FieldValue toField(const json::Value &value)
{
	using Type = json::Value::Type;
	switch (value.type()) {
	case Type::Boolean:
		return value.boolean();
	case Type::Integer:
		return value.integer();
	case Type::Double:
		return value.number();
	case Type::Array: {
		std::vector<Fields> items;
		for (const auto &item : value.items(kMaxAnswer))
			items.push_back(toFields(item));
		return items;
	}
	case Type::Null:
		return std::string();
	case Type::Object:
	case Type::String:
		break;
	}
	return value.string(kMaxAnswer);
}

/// One agent on the other end, blocking.
class Conversation {
public:
	explicit Conversation(const std::string &path) : path_(path), fd_(connectControl(path)) {}

	void say(std::string_view text)
	{
		while (!text.empty()) {
			const auto sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
			if (sent < 0 && errno == EINTR)
				continue;
			if (sent < 0)
				gone();
			text.remove_prefix(static_cast<std::size_t>(sent));
		}
	}

	/// The next line, without its line feed.
	std::string hear()
	{
		for (;;) {
			if (const auto feed = heard_.find('\n'); feed != std::string::npos) {
				auto line = heard_.substr(0, feed);
				heard_.erase(0, feed + 1);
				return line;
			}
			if (heard_.size() > kMaxAnswer)
				noAgent(fmt::format("the program at {} is not a trtc-cli agent or service", path_));
			pollfd poll { fd_.get(), POLLIN, 0 };
			const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kAnswerLimit).count();
			if (::poll(&poll, 1, static_cast<int>(limit)) == 0)
				noAgent(fmt::format(
					"no answer from the agent at {} within {} s: check whether it is suspended",
					path_, kAnswerLimit.count()));
			char buffer[16 * 1024];
			const auto got = ::recv(fd_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
			if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
				gone();
			if (got > 0)
				heard_.append(buffer, static_cast<std::size_t>(got));
		}
	}

private:
	[[noreturn]] void gone() const
	{
		throw Exception(ErrorCode::ConnectionLost,
				fmt::format("the agent at {} closed the connection before it answered: it has exited, "
					    "has too many connections, or runs as another user",
					    path_));
	}

	std::string path_, heard_;
	Descriptor fd_;
};

/// An agent that was started a moment ago has no socket yet.
Conversation connect(const CtlConfig &config, std::string_view command)
{
	const auto end = std::chrono::steady_clock::now() + config.wait;
	for (;;) {
		try {
			return Conversation(chooseControl(config, command));
		} catch (const Exception &error) {
			if (error.error().code != ErrorCode::ConnectFailed || std::chrono::steady_clock::now() >= end)
				throw;
		}
		std::this_thread::sleep_for(kLookAgain);
	}
}

class Ctl {
public:
	Ctl(const CtlConfig &config, std::string_view command)
		: format_(config.events), agent_(connect(config, command))
	{
	}

	void ask(std::string_view line)
	{
		agent_.say(std::string(line) + '\n');
		const auto answer = agent_.hear();
		const auto parsed = json::parse(answer, { kMaxAnswer, 8 });
		if (!parsed || !parsed.value().isObject())
			noAgent("the program at this socket is not a trtc-cli agent or service");
		const auto &event = parsed.value();
		const bool ok = event.booleanOr("ok", false);
		if (!ok && code_ == ExitCode::Ok)
			code_ = exitCodeFor(static_cast<ErrorCode>(
				event.integerOr("code", static_cast<int>(ErrorCode::Unknown), 0, 0xffff)));
		print(answer, event);
	}

	/// Of the first command that failed.
	ExitCode code() const noexcept { return code_; }

private:
	void print(const std::string &answer, const json::Value &event) const
	{
		std::string text;
		if (format_ == EventFormat::Json) {
			text = answer + '\n';
		} else if (format_ == EventFormat::Text) {
			EventRecord record { event.stringOr("event", "", 100), {} };
			for (auto &field : toFields(event))
				if (field.name != "event" && field.name != "time" && field.name != "elapsedMs")
					record.fields.push_back(std::move(field));
			text = formatText(record, std::chrono::milliseconds(event.integerOr("elapsedMs", 0, 0)));
		}
		if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
			throw Exception(ErrorCode::OutputFailed,
					fmt::format("stdout cannot be written: {}", std::strerror(errno)));
	}

	EventFormat format_;
	Conversation agent_;
	ExitCode code_ = ExitCode::Ok;
};

/// Every line of stdin, one after the other.
void askFromStdin(Ctl &ctl)
{
	LineReader lines([&](std::string_view line, bool tooLong) {
		if (tooLong)
			throw Exception(ErrorCode::InvalidParameter,
					fmt::format("line too long: a command has at most {} bytes", kMaxLineBytes));
		if (!trim(line).empty())
			ctl.ask(line);
	});
	char buffer[16 * 1024];
	for (;;) {
		const auto got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return lines.end();
		lines.feed({ buffer, static_cast<std::size_t>(got) });
	}
}

} // namespace

ExitCode runCtl(const CtlConfig &config)
{
	try {
		const auto command = fmt::format("{}", fmt::join(config.words, " "));
		// An agent has no answer to an empty line.
		if (!config.words.empty() && trim(command).empty())
			throw Exception(ErrorCode::InvalidParameter,
					"the command is empty: name a command, as in trtc-cli ctl help, or give no "
					"argument to read commands from stdin");
		Ctl ctl(config, command);
		if (config.words.empty())
			askFromStdin(ctl);
		else
			ctl.ask(command);
		return ctl.code();
	} catch (const Exception &error) {
		complain(error.error().message);
		return exitCodeFor(error.error().code);
	}
}

} // namespace trtc::cli
