// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"

#include <trtc/config.h>
#include <trtc/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The commands a running agent takes on stdin. One table serves the parser, `help` and the manual.
namespace trtc::cli {

/// How a command ended; @p extra are further fields of its `command-result`.
struct CommandOutcome {
	Status status = Unit {};
	Fields extra;
};

/// What the commands act on. Thread-bound. Every reply runs exactly once.
class CommandHost {
public:
	using Reply = std::function<void(CommandOutcome)>;
	virtual void switchRole(Role role, Reply reply) = 0;
	virtual void publish(Reply reply) = 0;
	virtual void unpublish(Reply reply) = 0;
	virtual void subscribe(const UserId &user, const SubscribeOptions &options, Reply reply) = 0;
	virtual void unsubscribe(const UserId &user, Reply reply) = 0;
	virtual void setMuted(MediaKind kind, bool muted, Reply reply) = 0;
	virtual void play(const UserId &user, Reply reply) = 0;
	virtual void stop(const UserId &user, Reply reply) = 0;
	virtual void snapshot(const UserId &user, const std::string &path, Reply reply) = 0;
	/// @p directory: "": the one of before.
	virtual void startRecording(const std::string &directory, Reply reply) = 0;
	virtual void stopRecording(Reply reply) = 0;
	/// @p source: none removes the track; a track that is not there is added.
	virtual void replace(StreamType type, MediaKind kind, const SourceSpec &source, Reply reply) = 0;
	virtual void users(Reply reply) = 0;
	virtual void streams(Reply reply) = 0;
	virtual void stats(Reply reply) = 0;
	virtual void leave(Reply reply) = 0;

protected:
	~CommandHost() = default;
};

struct Command {
	/// May throw Exception before it has replied.
	using Handler = void (*)(CommandHost &host, std::span<const std::string> arguments, CommandHost::Reply reply);
	std::string_view name;	///< one word, or two: "record start"
	std::string_view usage; ///< arguments only, "" for none
	std::string_view help;
	std::size_t minArgs, maxArgs;
	Handler run;
	bool tail = false; ///< the last argument is the rest of the line as it is, blanks included
};
/// Sorted by name.
std::span<const Command> commandTable() noexcept;

/// One line, taken apart.
struct CommandLine {
	std::string id;	  ///< of a leading `@ID `, else ""
	std::string text; ///< the rest, trimmed, at most kMaxEchoBytes, for the answer
	std::vector<std::string> words;
	std::string line; ///< the rest, trimmed, whole
	bool blank() const noexcept { return words.empty() && id.empty(); }
};
/// What of a line is repeated in its answer, bytes.
inline constexpr std::size_t kMaxEchoBytes = 200;
CommandLine splitCommand(std::string_view line);

/// Runs one line. @p reply runs exactly once, also when the line is no command; perhaps before this returns.
void runCommand(CommandHost &host, const CommandLine &line, CommandHost::Reply reply);

/// The answer's event.
EventRecord commandResult(const CommandLine &line, const CommandOutcome &outcome);

} // namespace trtc::cli
