// SPDX-License-Identifier: MIT
#include "cli/agent/console.h"

#include "cli/agent/stdin_commands.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <set>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// Four times a second is as often as a person reads figures.
constexpr auto kRefresh = 250ms;
/// What takes less needs no explanation.
constexpr auto kWorthSaying = 1s;

/// Host and port of a URL, without what may be secret in the rest.
std::string hostOf(std::string_view url)
{
	if (const auto scheme = url.find("://"); scheme != std::string_view::npos)
		url.remove_prefix(scheme + 3);
	url = url.substr(0, url.find_first_of("/?#"));
	if (const auto user = url.rfind('@'); user != std::string_view::npos)
		url.remove_prefix(user + 1);
	return std::string(url);
}

std::string seconds(std::chrono::steady_clock::duration time)
{
	return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

} // namespace

Console::Console(MainLoop &loop, std::shared_ptr<terminal::Screen> screen, const TerminalUse &use,
		 const JoinConfig &config, const Client &client, std::function<void(std::string_view)> line)
	: screen_(std::move(screen)), client_(client), server_(hostOf(config.client.server)), busySince_(Clock::now()),
	  joinSince_(busySince_)
{
	figures_.room = config.join.room.str();
	figures_.userId = config.client.userId.str();
	figures_.role = toString(config.join.role);
	if (use.input >= 0)
		prompt_ = Prompt::make(screen_, { shapesOf(commandTable()),
						  [this](std::string_view place) {
							  return place == "USER" ? userNames()
										 : std::vector<std::string>();
						  },
						  "the agent stays: type leave, or press Ctrl-C, to leave the room",
						  std::move(line) });
	timer_ = loop.every(kRefresh, [this] { refresh(); });
	refresh();
}

Console::~Console() = default;

void Console::pauseInput(bool pause) { screen_->readInput(!pause); }

std::vector<std::string> Console::userNames() const
{
	std::set<std::string> names;
	for (const auto &user : client_.users())
		names.insert(user.userId.str());
	for (const auto *stream : client_.streams())
		names.insert(stream->info().userId.str());
	return { names.begin(), names.end() };
}

void Console::observe(const Event &event)
{
	const auto now = Clock::now();
	std::visit(overloaded {
			   [&](const Joined &) { phase_ = phase_ == Phase::Joining ? Phase::Inside : phase_; },
			   [&](const ConnectionStateChanged &changed) { connection_ = changed.state; },
			   [&](const StreamSubscribed &info) {
				   // What flows already has had its first frame.
				   if (!flowing_.contains({ info.userId, info.streamType }))
					   awaitingFrame_.insert({ { info.userId, info.streamType }, now });
			   },
			   [&](const FirstFrame &frame) {
				   awaitingFrame_.erase({ frame.userId, frame.streamType });
				   flowing_.insert({ frame.userId, frame.streamType });
			   },
			   [&](const StreamUnsubscribed &info) {
				   awaitingFrame_.erase({ info.userId, info.streamType });
				   flowing_.erase({ info.userId, info.streamType });
			   },
			   [&](const StreamRemoved &info) {
				   awaitingFrame_.erase({ info.userId, info.streamType });
				   flowing_.erase({ info.userId, info.streamType });
			   },
			   [&](const RecordingStarted &started) {
				   recordings_[started.path] = { started.path, now };
			   },
			   [&](const RecordingStopped &stopped) { recordings_.erase(stopped.path); },
			   [](const auto &) {},
		   },
		   event);
}

void Console::busy(const std::string &what)
{
	busy_ = what;
	busySince_ = Clock::now();
	if (!what.empty())
		refresh();
}

void Console::leaving()
{
	phase_ = Phase::Leaving;
	joinSince_ = Clock::now();
	if (prompt_)
		prompt_->close();
	refresh();
}

/// What is waited for; the longest-lasting reason comes first.
std::string Console::progress(Clock::time_point now) const
{
	const auto since = [&](const std::string &what, Clock::time_point start) {
		return now - start < kWorthSaying ? what : what + ", " + seconds(now - start);
	};
	if (phase_ == Phase::Leaving)
		return since("leaving", joinSince_);
	if (!busy_.empty() && (phase_ == Phase::Joining || now - busySince_ >= kWorthSaying))
		return since(busy_, busySince_);
	if (phase_ == Phase::Joining)
		return since("connecting to " + server_, joinSince_);
	for (const auto &[stream, start] : awaitingFrame_)
		if (now - start >= kWorthSaying)
			return since("waiting for the first frame of " + stream.first.str(), start);
	return {};
}

void Console::refresh()
{
	const auto now = Clock::now();
	using Tone = terminal::StatusFigures::Tone;
	const bool calm = phase_ == Phase::Inside;
	figures_.state = !calm						? ""
			 : connection_ == ConnectionState::Connected	? "connected"
			 : connection_ == ConnectionState::Reconnecting ? "reconnecting"
			 : connection_ == ConnectionState::Connecting	? "connecting"
									: "disconnected";
	figures_.tone = connection_ == ConnectionState::Connected      ? Tone::Good
			: connection_ == ConnectionState::Disconnected ? Tone::Bad
								       : Tone::Busy;
	figures_.progress = progress(now);
	const auto traffic = client_.traffic();
	const auto streams = client_.streams();
	const bool receives = std::any_of(streams.begin(), streams.end(),
					  [](const RemoteStream *stream) { return stream->subscribed(); });
	figures_.upKbps = client_.published() ? std::optional(traffic.upKbps) : std::nullopt;
	figures_.downKbps = receives ? std::optional(traffic.downKbps) : std::nullopt;
	figures_.lossPercent = traffic.lossPercent;
	figures_.rttMs = traffic.rttMs;
	if (client_.joined()) {
		figures_.role = toString(client_.role());
		figures_.users = client_.users().size();
	} else {
		figures_.users.reset();
	}
	figures_.recordings = recordings_.size();
	figures_.recordingTime.reset();
	figures_.recordingBytes = 0;
	for (const auto &[path, recording] : recordings_) {
		const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(now - recording.since);
		figures_.recordingTime = std::max(figures_.recordingTime.value_or(time), time);
		struct stat about {};
		if (::stat(path.c_str(), &about) == 0)
			figures_.recordingBytes += static_cast<std::uint64_t>(about.st_size);
	}
	screen_->setStatus(terminal::statusLine(figures_, screen_->size().columns - 1, screen_->colours()));
}

} // namespace trtc::cli
