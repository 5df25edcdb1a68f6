// SPDX-License-Identifier: MIT
#include "cli/agent/agent.h"

#include "cli/text.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long leaving may take before the program ends anyway.
constexpr auto kLeaveLimit = 5s;
/// How long after the goodbye the event `left` may come.
constexpr auto kLeftLimit = 500ms;

/// How long a reader of stdout may take for the last events when the agent ends at once.
constexpr auto kGoodbyeLimit = 300ms;

/// A hang-up that was to be ignored (nohup) stays ignored.
bool hangUpCounts()
{
	struct sigaction action {};
	return ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler != SIG_IGN;
}

} // namespace

Agent::Agent(MainLoop &loop, JoinConfig config, EventPrinter &printer, AgentTerminal terminal,
	     std::function<void(std::string_view)> hide)
	: loop_(loop), config_(std::move(config)), printer_(printer), expectations_(config_.expectations),
	  terminal_(std::move(terminal)), hide_(std::move(hide)),
	  stdin_(loop, [this](std::string_view line, bool tooLong) { onLine(line, tooLong); }), manager_(loop)
{
	client_ = std::make_unique<Client>(loop_, config_.client);
	recordings_ = std::make_unique<Recordings>(
		loop_, *client_, config_.recordDirectory, config_.recordName, [this](const Error &error) {
			// The disk went away while we were on air: the recording is what we are here for.
			onFailed({ { ErrorCode::OutputFailed, error.message }, false });
		});
	streamWait_ = std::make_unique<StreamWait>(loop_, *client_);
	snapshots_ = std::make_unique<Snapshots>(loop_, *client_,
						 [this](const Error &error) { fail(error, ExitCode::Ok, false); });
	client_->on([this](const Event &event) { onEvent(event); });
}

Agent::~Agent()
{
	// The client may still say something while it goes.
	state_ = State::Over;
}

Ending Agent::run()
{
	signals_.push_back(loop_.onSignal(SIGINT, [this] { onInterrupt(); }));
	signals_.push_back(loop_.onSignal(SIGTERM, [this] { beginLeave("signal"); }));
	if (hangUpCounts())
		signals_.push_back(loop_.onSignal(SIGHUP, [this] { beginLeave("signal"); }));
	openConsole();
	if (prepare()) {
		startTimers();
		queueJoin();
		if (config_.readStdin)
			watchStdin();
	}
	if (state_ != State::Over)
		try {
			loop_.run();
		} catch (const Exception &error) {
			fail(error.error(), exitCodeFor(error.error().code), true);
		} catch (const std::exception &error) {
			fail({ ErrorCode::Internal, fmt::format("internal error: {}", error.what()) },
			     ExitCode::Internal, true);
		}
	ending_.moved = bytesMoved();
	return ending_;
}

/// What can go wrong on this machine goes wrong before the room hears of us.
bool Agent::prepare()
{
	try {
		if (config_.hasSources()) {
			busy("opening the sources");
			auto stream = std::make_unique<LocalStream>(loop_, config_.local);
			stream->initialize();
			stream_ = std::move(stream);
		}
	} catch (const Exception &error) {
		// Whatever the reason is, it is the source that failed.
		const auto code =
			error.error().code == ErrorCode::InvalidParameter ? ExitCode::Usage : ExitCode::Source;
		fail(error.error(), code, true);
		finish();
		return false;
	}
	try {
		if (!config_.recordDirectory.empty())
			checkRecordDirectory(config_.recordDirectory, "--record");
	} catch (const Exception &error) {
		fail(error.error(), ExitCode::Output, true);
		finish();
		return false;
	}
	if (config_.play)
		playing();
	busy("");
	return openControl();
}

void Agent::startTimers()
{
	client_->enableAudioVolumeEvaluation(config_.audioVolume);
	if (config_.exitAfter)
		exitTimer_ = loop_.after(std::max(0ms, *config_.exitAfter - printer_.elapsed()), [this] {
			// To leave is no failure; never to have arrived is one.
			if (!everJoined_)
				fail({ ErrorCode::ConnectFailed, "the room was not joined before --exit-after: check "
								 "the server address, or give more time" },
				     ExitCode::NoConnection, true);
			beginLeave("exit-after");
		});
	startStats();
	armExpectations();
}

void Agent::armExpectations()
{
	expectTimer_.reset();
	const auto next = expectations_.nextDeadline();
	if (!next || state_ != State::Running)
		return;
	// One millisecond more: the timer's clock and ours round differently.
	expectTimer_ = loop_.after(std::max(0ms, *next - printer_.elapsed()) + 1ms, [this] {
		tell(expectations_.expire(printer_.elapsed()));
		armExpectations();
	});
}

void Agent::queueJoin()
{
	push({ [this](std::function<void()> next) {
		      client_->join(config_.join, [this, next = std::move(next)](Status status) {
			      if (status)
				      queuePublish();
			      else if (state_ == State::Running) {
				      fail(status.error(), exitCodeFor(status.error().code), true);
				      beginLeave("join failed");
			      }
			      next();
		      });
	      },
	       {} });
}

/// In front of every command: they were written for an agent that is on air.
void Agent::queuePublish()
{
	if (!stream_ || !config_.publishOnJoin || config_.join.role != Role::Anchor)
		return;
	push({ [this](std::function<void()> next) {
		      busy("publishing");
		      client_->publish(*stream_, [this, next = std::move(next)](Status status) {
			      if (!status && state_ == State::Running) {
				      fail(status.error(), exitCodeFor(status.error().code), true);
				      beginLeave("publish failed");
			      }
			      busy("");
			      next();
		      });
	      },
	       {} },
	     true);
}

void Agent::push(Task task, bool front)
{
	if (front)
		tasks_.push_front(std::move(task));
	else
		tasks_.push_back(std::move(task));
	loop_.post([this] { pump(); });
}

void Agent::pump()
{
	if (stdinPaused_ && stdinWaiting_ < kMaxStdinWaiting / 2 && state_ == State::Running)
		watchStdin();
	if (state_ != State::Running || current_ || tasks_.empty())
		return;
	current_ = std::move(tasks_.front());
	tasks_.pop_front();
	// A copy: the task may end the agent, which drops current_.
	const auto run = current_->run;
	run([this] {
		loop_.post([this] {
			current_.reset();
			pump();
		});
	});
}

void Agent::onInterrupt()
{
	if (++interrupts_ > 1)
		endNow(ExitCode::Interrupted, "interrupted");
	beginLeave("signal");
}

void Agent::beginLeave(const std::string &reason)
{
	if (state_ != State::Running)
		return;
	state_ = State::Leaving;
	manager_.stopping();
	if (ending_.reason.empty())
		ending_.reason = reason;
	stdin_.pause();
	if (console_)
		console_->leaving();
	exitTimer_.reset();
	expectTimer_.reset();
	watchdog_ = loop_.after(kLeaveLimit, [this] {
		fail({ ErrorCode::Internal,
		       "leaving took more than 5 s: the service may not know that this user left" },
		     ExitCode::Internal, true);
		endNow(ending_.code, ending_.reason);
	});
	// Not joined is no failure here: then there is nothing to leave.
	client_->leave([this](Status) {
		leaveDone_ = true;
		finishIfLeft();
	});
}

void Agent::finishIfLeft()
{
	if (!leaveDone_ || state_ != State::Leaving)
		return;
	if (left_ || !everJoined_)
		loop_.post([this] { finish(); });
	else
		leftTimer_ = loop_.after(kLeftLimit, [this] { finish(); });
}

/// Every command gets its answer and every expectation its verdict; then the loop ends.
void Agent::finish()
{
	if (state_ == State::Over || endingNow_)
		return;
	if (auto reply = std::exchange(leaveReply_, nullptr))
		reply({});
	if (current_ && current_->cancel)
		current_->cancel();
	for (const auto &task : std::exchange(tasks_, {}))
		if (task.cancel)
			task.cancel();
	tell(expectations_.finish());
	state_ = State::Over;
	watchdog_.reset();
	loop_.quit();
}

void Agent::endNow(ExitCode code, const std::string &reason)
{
	endingNow_ = true;
	try {
		client_->stopRecordings();
	} catch (const Exception &error) {
		printer_.complain(error.error().message);
	}
	// What closing has to tell is on its way already; nothing is waited for.
	for (int i = 0; i < 100 && loop_.iterate(); ++i) {}
	control_.reset(); // its file goes
	ending_.code = code;
	reportExpectations(config_, printer_, ending_);
	if (terminal_.screen)
		terminal_.screen->close();
	printer_.print(summaryRecord(code, reason, printer_.elapsed(), ending_.recordings, bytesMoved()));
	static_cast<void>(printer_.finish(kGoodbyeLimit));
	spdlog::default_logger()->flush();
	std::_Exit(static_cast<int>(code));
}

void Agent::onEvent(const Event &event)
{
	if (state_ == State::Over)
		return;
	if (console_)
		console_->observe(event);
	streamWait_->observe(event);
	snapshots_->observe(event);
	if (const auto *failed = std::get_if<Failed>(&event))
		return onFailed(*failed);
	if (const auto *quality = std::get_if<NetworkQuality>(&event))
		return emitQuality(*quality);
	emit(toRecord(event));
	recordings_->observe(event);
	tellManager(event);
	if (playing_)
		playing_->onEvent(event);
	std::visit(overloaded {
			   [this](const Joined &) { everJoined_ = true; },
			   [this](const Left &left) { onLeft(left); },
			   [this](const StreamAdded &info) { wantStream(info); },
			   [this](const StreamSubscribed &info) {
				   if (config_.play)
					   playing().want(info);
			   },
			   [this](const RecordingStopped &stopped) {
				   ending_.recordings.push_back(recordingFields(stopped));
			   },
			   [this](const ClientBanned &banned) {
				   const auto why = banned.reason == "kick"
							    ? "another client joined with this user id, or an "
							      "administrator removed this user"
						    : banned.reason == "room-disband" ? "the room was closed"
										      : "the service removed this user";
				   onFailed({ { ErrorCode::ClientBanned,
						fmt::format("removed from the room ({}): {}", banned.reason, why) },
					      false });
			   },
			   [](const auto &) {},
		   },
		   event);
}

void Agent::onFailed(const Failed &failed)
{
	// An agent that neither publishes nor plays has nothing left to do.
	if (failed.recoverable && failed.error.code == ErrorCode::OutputFailed && recordings_->allFailed() &&
	    !client_->published() && !config_.play)
		return onFailed({ { failed.error.code,
				    failed.error.message + "; no recording is running, so the agent leaves" },
				  false });
	// A call that failed and the event about it are one failure.
	if (!failed.recoverable && fatal_ == failed.error.code)
		return;
	// Whatever breaks after we have said goodbye spoils nothing any more.
	if (state_ == State::Leaving && !failed.recoverable && failed.error.code == ErrorCode::ConnectionLost)
		return;
	fail(failed.error, exitCodeFor(failed.error.code), !failed.recoverable);
	// The agent stays, but a script must see that a file or somebody's media is missing.
	if (failed.error.code == ErrorCode::OutputFailed || exitCodeFor(failed.error.code) == ExitCode::Media)
		noteCode(exitCodeFor(failed.error.code), failed.error);
	if (!failed.recoverable)
		beginLeave("failed");
}

void Agent::onLeft(const Left &left)
{
	left_ = true;
	if (state_ == State::Leaving)
		return finishIfLeft();
	// The room ended it. The reason may come right behind this event, so it gets its turn first.
	loop_.post([this, reason = left.reason] {
		if (state_ == State::Running && !fatal_)
			onFailed(
				{ { ErrorCode::ConnectionLost, fmt::format("the room was lost: {}", reason) }, false });
		beginLeave("left");
	});
}

/// An automatic subscription is the client's; a list is ours.
void Agent::wantStream(const StreamInfo &info)
{
	const auto &listed = config_.subscribeUsers;
	const bool onList = std::find(listed.begin(), listed.end(), info.userId) != listed.end();
	if (config_.subscribe == JoinConfig::Subscribe::None ||
	    (config_.subscribe == JoinConfig::Subscribe::Listed && !onList))
		return;
	// Before the subscription is up, so that no frame is missed.
	recordings_->want(info);
	if (config_.play)
		playing().want(info);
	if (config_.subscribe != JoinConfig::Subscribe::Listed)
		return;
	push({ [this, user = info.userId](std::function<void()> next) {
		      client_->subscribe(user, {}, [this, next = std::move(next)](Status status) {
			      if (!status && state_ == State::Running)
				      fail(status.error(), ExitCode::Ok, false);
			      next();
		      });
	      },
	       {} });
}

void Agent::emit(const EventRecord &record)
{
	printer_.print(record);
	if (printer_.failure() != 0 && !std::exchange(outputBroken_, true)) {
		const Error error {
			ErrorCode::OutputFailed,
			fmt::format("stdout cannot be written: {}; use --events none if no program reads the events",
				    printer_.failureText())
		};
		fail(error, ExitCode::Output, true);
		loop_.post([this] { beginLeave("output failed"); });
	}
	tell(expectations_.observe(record, printer_.elapsed()));
}

/// Every two seconds the same is no news for a person: as text it is told when a level changes.
void Agent::emitQuality(const NetworkQuality &quality)
{
	const auto record = toRecord(quality);
	const std::pair levels(quality.uplink, quality.downlink);
	const bool news = std::exchange(shownQuality_, levels) != levels;
	if (news || printer_.format() != EventFormat::Text)
		return emit(record);
	printer_.aside(record);
	tell(expectations_.observe(record, printer_.elapsed()));
}

void Agent::tell(const std::vector<ExpectationTracker::Outcome> &outcomes)
{
	for (const auto &outcome : outcomes) {
		const auto &text = outcome.expectation->text;
		printer_.print(
			{ outcome.met ? "expectation-met" : "expectation-failed",
			  { { "expectation", text }, { "afterMs", std::int64_t { printer_.elapsed().count() } } } });
		const Error missed { ErrorCode::ExpectationFailed,
				     fmt::format("expectation \"{}\" was not met within {} ms", text,
						 std::min(outcome.expectation->within, printer_.elapsed()).count()) };
		const bool agentFailed = ending_.code != ExitCode::Ok && ending_.code != ExitCode::Expectation;
		Verdict verdict { text, printer_.elapsed(), {}, !outcome.met && agentFailed };
		if (!outcome.met)
			verdict.failure = agentFailed ? ending_.cause : missed;
		ending_.verdicts.push_back(std::move(verdict));
		// An agent that failed anyway has said why; the expectation's own error would hide it.
		if (outcome.met || ending_.code != ExitCode::Ok)
			continue;
		const bool ends = config_.exitWhenExpected;
		fail(missed, ExitCode::Expectation, ends);
		noteCode(ExitCode::Expectation, missed);
		if (ends)
			beginLeave("expectation failed");
	}
	if (!outcomes.empty() && config_.exitWhenExpected && expectations_.allMet())
		beginLeave("expected");
}

/// The line on stderr, the event, and for what ends the agent the exit code.
void Agent::fail(const Error &error, ExitCode code, bool ends)
{
	printer_.complain(error.message);
	if (ends) {
		fatal_ = fatal_.value_or(error.code);
		noteCode(code, error);
	}
	emit(errorRecord(error, !ends));
}

/// The first error wins.
void Agent::noteCode(ExitCode code, const Error &error)
{
	if (ending_.code != ExitCode::Ok)
		return;
	ending_.code = code;
	ending_.reason = errorName(error.code);
	ending_.cause = error;
}

} // namespace trtc::cli
