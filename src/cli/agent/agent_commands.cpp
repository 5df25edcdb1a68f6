// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include <fmt/format.h>

#include <memory>

// What the agent does with stdin: lines in, one `command-result` each out.
namespace trtc::cli {

namespace {

CommandOutcome refused(std::string message)
{
	return { Error { ErrorCode::InvalidOperation, std::move(message) }, {} };
}

Client::Done replyWith(CommandHost::Reply reply)
{
	return [reply = std::move(reply)](Status status) { reply({ std::move(status), {} }); };
}

} // namespace

void Agent::openConsole()
{
	if (terminal_.screen)
		console_ = std::make_unique<Console>(loop_, terminal_.screen, terminal_.use, config_, *client_,
						     [this](std::string_view line) { onLine(line, false); });
}

void Agent::busy(const std::string &what)
{
	if (console_)
		console_->busy(what);
}

void Agent::watchStdin()
{
	stdinPaused_ = false;
	if (console_ && console_->takesInput())
		return console_->pauseInput(false);
	stdin_.start();
}

bool Agent::onLine(std::string_view line, bool tooLong, AnswerTo answerTo)
{
	auto command = std::make_shared<PendingCommand>();
	command->line = splitCommand(line, shapesOf(commandTable()));
	command->tooLong = tooLong;
	command->answerTo = std::move(answerTo);
	if (command->line.blank() && !tooLong)
		return false;
	stdinWaiting_ += command->answerTo ? 0 : 1;
	push({ [this, command](std::function<void()> next) {
		      if (command->tooLong) {
			      answer(*command, tooLongOutcome());
			      return next();
		      }
		      busy(command->line.text);
		      runCommand(*this, command->line,
				 [this, command, next = std::move(next)](const CommandOutcome &outcome) {
					 answer(*command, outcome);
					 next();
				 });
	      },
	       [this, command] { answer(*command, refused("the agent is leaving the room")); } });
	// Whoever says more than we can carry out has to wait.
	if (!stdinPaused_ && stdinWaiting_ >= kMaxStdinWaiting) {
		stdinPaused_ = true;
		if (console_ && console_->takesInput())
			console_->pauseInput(true);
		else
			stdin_.pause();
	}
	return true;
}

void Agent::answer(PendingCommand &command, const CommandOutcome &outcome)
{
	if (std::exchange(command.answered, true))
		return;
	busy("");
	stdinWaiting_ -= command.answerTo ? 0 : 1;
	const auto record = commandResult(command.line, outcome);
	emit(record);
	if (command.answerTo)
		command.answerTo(formatJson(record, { std::chrono::system_clock::now(), printer_.elapsed() }));
}

void Agent::switchRole(Role role, Reply reply) { client_->switchRole(role, replyWith(std::move(reply))); }

void Agent::updatePrivateMapKey(const std::string &privateMapKey, Reply reply)
{
	if (hide_)
		hide_(privateMapKey);
	client_->updatePrivateMapKey(privateMapKey);
	reply({});
}

void Agent::publish(Reply reply)
{
	if (!stream_)
		return reply(refused("nothing to publish: start the agent with --video or --audio, or select a source "
				     "with replace"));
	client_->publish(*stream_, replyWith(std::move(reply)));
}

void Agent::unpublish(Reply reply) { client_->unpublish(replyWith(std::move(reply))); }

void Agent::subscribe(const UserId &user, const SubscribeOptions &options, Reply reply)
{
	streamWait_->until(StreamWait::For::Stream, user, [this, user, options, reply = std::move(reply)]() mutable {
		client_->subscribe(user, options, replyWith(std::move(reply)));
		// Now rather than when it is up, so that no frame is missed; a refused subscription brings no frame.
		for (const auto *stream : client_->streams())
			if (stream->info().userId == user && !stream->subscribed())
				recordings_->want(stream->info());
	});
}

void Agent::unsubscribe(const UserId &user, Reply reply) { client_->unsubscribe(user, replyWith(std::move(reply))); }

void Agent::setMuted(MediaKind kind, bool muted, Reply reply)
{
	const auto name = toString(kind);
	if (!stream_)
		return reply(refused(
			fmt::format("no {} to {}: start the agent with --{}", name, muted ? "mute" : "unmute", name)));
	const bool done = kind == MediaKind::Audio ? (muted ? stream_->muteAudio() : stream_->unmuteAudio())
						   : (muted ? stream_->muteVideo() : stream_->unmuteVideo());
	if (!done)
		return reply(refused(
			fmt::format("no {} to {}: start the agent with --{}", name, muted ? "mute" : "unmute", name)));
	if (client_->published())
		client_->muteChanged();
	reply({});
}

void Agent::message(const std::string &text, Reply reply)
{
	client_->sendSEIMessage({ text.begin(), text.end() }, 243, replyWith(std::move(reply)));
}

void Agent::startRecording(const std::string &directory, Reply reply)
{
	recordings_->start(directory, std::move(reply));
}

void Agent::stopRecording(Reply reply) { recordings_->stop(std::move(reply)); }

void Agent::replace(StreamType type, MediaKind kind, const SourceSpec &source, Reply reply)
{
	const bool auxiliary = type == StreamType::Auxiliary;
	if (!stream_) {
		// The first source of an agent that was started without any.
		auto config = config_.local;
		(auxiliary ? config.auxiliary : kind == MediaKind::Audio ? config.audio : config.video) = source;
		auto stream = std::make_unique<LocalStream>(loop_, config);
		stream->initialize();
		stream_ = std::move(stream);
		return reply({});
	}
	if (source.kind == SourceSpec::Kind::None)
		return stream_->removeTrack(kind, replyWith(std::move(reply)), type);
	const bool there = auxiliary		      ? stream_->hasAuxiliary()
			   : kind == MediaKind::Audio ? stream_->hasAudio()
						      : stream_->hasVideo();
	if (there)
		stream_->replace(kind, source, replyWith(std::move(reply)), type);
	else
		stream_->addTrack(kind, source, replyWith(std::move(reply)), type);
}

void Agent::users(Reply reply)
{
	std::vector<Fields> users;
	for (const auto &user : client_->users())
		users.push_back({ { "userId", user.userId.str() }, { "role", toString(user.role) } });
	reply({ Unit {}, { { "users", std::move(users) } } });
}

void Agent::streams(Reply reply)
{
	std::vector<Fields> streams;
	for (const auto *stream : client_->streams()) {
		const auto &info = stream->info();
		streams.push_back({ { "userId", info.userId.str() },
				    { "streamType", toString(info.streamType) },
				    { "hasAudio", info.hasAudio },
				    { "hasVideo", info.hasVideo },
				    { "hasSmallVideo", info.hasSmallVideo },
				    { "subscribed", stream->subscribed() } });
	}
	reply({ Unit {}, { { "streams", std::move(streams) } } });
}

void Agent::leave(Reply reply)
{
	leaveReply_ = std::move(reply);
	beginLeave("leave");
}

} // namespace trtc::cli
