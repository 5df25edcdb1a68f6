// SPDX-License-Identifier: MIT
#pragma once

#include "cli/agent/console.h"
#include "cli/agent/expectation.h"
#include "cli/agent/junit.h"
#include "cli/agent/playing.h"
#include "cli/agent/recordings.h"
#include "cli/agent/snapshots.h"
#include "cli/agent/stdin_commands.h"
#include "cli/agent/stream_wait.h"
#include "cli/commands/commands.h"
#include "cli/control/control_socket.h"
#include "cli/control/service_manager.h"
#include "cli/control/stdin_lines.h"

#include <trtc/client.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trtc::cli {

/// How an agent ended, for the summary.
struct Ending {
	ExitCode code = ExitCode::Ok;
	std::string reason;
	std::vector<Fields> recordings;
	std::vector<Verdict> verdicts; ///< in the order they were reached
	std::optional<Error> cause;    ///< of a code that is not Ok
	BytesMoved moved;
};

/// Writes the report of `--junit`, if one is wanted. A report that cannot be written is an error of @p ending.
void reportExpectations(const JoinConfig &config, EventPrinter &printer, Ending &ending);
/// The terminal an agent shows itself on; no screen: none.
struct AgentTerminal {
	std::shared_ptr<terminal::Screen> screen;
	TerminalUse use;
};

/// One run of `join`: drives a Client by options, signals and stdin, tells stdout. Thread-bound. Joining, the automatic
/// publication and every command go through one queue, so answers come in the order of the lines.
class Agent final : private CommandHost {
public:
	/// @p printer is borrowed. @p hide gets every secret that comes later. Throws Exception when the client or its settings cannot be made.
	Agent(MainLoop &loop, JoinConfig config, EventPrinter &printer, AgentTerminal terminal = {},
	      std::function<void(std::string_view)> hide = {});
	~Agent();
	Agent(const Agent &) = delete;
	Agent &operator=(const Agent &) = delete;

	/// Opens the sources, checks the record directory, joins, stays, leaves. Blocks. Never throws an expected error.
	Ending run();

private:
	enum class State { Running, Leaving, Over };
	/// One thing at a time: @p run calls its argument when the next may begin; @p cancel when it never will.
	struct Task {
		std::function<void(std::function<void()>)> run;
		std::function<void()> cancel;
	};
	struct PendingCommand {
		CommandLine line;
		bool tooLong = false, answered = false;
		std::function<void(std::string_view)> answerTo;
	};

	// lifecycle
	bool prepare();
	void startTimers();
	void startStats();
	BytesMoved bytesMoved() const;
	void queueJoin();
	void queuePublish();
	void push(Task task, bool front = false);
	void pump();
	void beginLeave(const std::string &reason);
	void finishIfLeft();
	void finish();
	void onInterrupt();
	[[noreturn]] void endNow(ExitCode code, const std::string &reason);

	// what happens
	void onEvent(const Event &event);
	void onFailed(const Failed &failed);
	void onLeft(const Left &left);
	void wantStream(const StreamInfo &info);
	/// Makes what plays, on first use. Says what is missing on this machine.
	Playing &playing();
	/// Takes a snapshot without waiting for the stream or the subscription.
	void takeSnapshot(const UserId &user, const std::string &path, Reply reply);
	void emit(const EventRecord &record);
	void emitQuality(const NetworkQuality &quality);
	void tell(const std::vector<ExpectationTracker::Outcome> &outcomes);
	void armExpectations();
	void fail(const Error &error, ExitCode code, bool ends);
	void noteCode(ExitCode code, const Error &error);

	// the control socket
	bool openControl();

	// systemd
	void tellManager(const Event &event);

	// stdin
	void openConsole();
	void busy(const std::string &what);
	void watchStdin();
	/// @p answerTo: who beside stdout gets the answer; nobody for stdin. False: a blank line.
	using AnswerTo = std::function<void(std::string_view)>;
	bool onLine(std::string_view line, bool tooLong, AnswerTo answerTo = nullptr);
	void answer(PendingCommand &command, const CommandOutcome &outcome);

	// CommandHost
	void switchRole(Role role, Reply reply) override;
	void updatePrivateMapKey(const std::string &privateMapKey, Reply reply) override;
	void publish(Reply reply) override;
	void unpublish(Reply reply) override;
	void subscribe(const UserId &user, const SubscribeOptions &options, Reply reply) override;
	void unsubscribe(const UserId &user, Reply reply) override;
	void setMuted(MediaKind kind, bool muted, Reply reply) override;
	void message(const std::string &text, Reply reply) override;
	void startRecording(const std::string &directory, Reply reply) override;
	void stopRecording(Reply reply) override;
	void replace(StreamType type, MediaKind kind, const SourceSpec &source, Reply reply) override;
	void play(const UserId &user, Reply reply) override;
	void stop(const UserId &user, Reply reply) override;
	void snapshot(const UserId &user, const std::string &path, Reply reply) override;
	void snapshotEvery(std::chrono::milliseconds period, const std::optional<UserId> &user,
			   const std::string &directory, Reply reply) override;
	void stopSnapshots(Reply reply) override;
	void users(Reply reply) override;
	void streams(Reply reply) override;
	void stats(Reply reply) override;
	void leave(Reply reply) override;

	MainLoop &loop_;
	JoinConfig config_;
	EventPrinter &printer_;
	ExpectationTracker expectations_;
	std::unique_ptr<LocalStream> stream_; // lent to client_, so it dies after it
	std::unique_ptr<Client> client_;
	std::unique_ptr<Recordings> recordings_;
	std::unique_ptr<StreamWait> streamWait_;
	std::unique_ptr<Snapshots> snapshots_;
	AgentTerminal terminal_;
	std::function<void(std::string_view)> hide_;
	std::unique_ptr<Console> console_; // null without a terminal; borrows client_
	std::unique_ptr<Playing> playing_; // knows client_, so it dies before it
	State state_ = State::Running;
	Ending ending_;
	std::optional<ErrorCode> fatal_;
	bool everJoined_ = false, left_ = false, leaveDone_ = false, endingNow_ = false, outputBroken_ = false;
	int interrupts_ = 0;
	std::pair<int, int> shownQuality_ { 0, 0 }; // levels, up and down
	Reply leaveReply_;
	std::deque<Task> tasks_;
	std::optional<Task> current_;
	StdinLines stdin_;
	bool stdinPaused_ = false;
	/// Stdin is not read while this many commands wait.
	static constexpr std::size_t kMaxStdinWaiting = 64;
	std::size_t stdinWaiting_ = 0;
	std::unique_ptr<ControlSocket> control_;
	ServiceManager manager_;
	SourceHandle exitTimer_, expectTimer_, watchdog_, leftTimer_, statsTimer_, asideTimer_;
	std::vector<SourceHandle> signals_;
};

} // namespace trtc::cli
